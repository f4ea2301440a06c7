"""All SQL of api, by what it is about. `lists` is what dealers read, `changes` what watchers hear, `replies` what was answered."""

from api.store import changes, lists
from api.store.doors import (
    begin_session,
    count_try,
    end_session,
    end_sessions,
    endpoint,
    forget_tries,
    link,
    login,
    see_session,
    session_of,
    take_back_try,
    tries,
)
from api.store.invitations import (
    acts_of,
    add_act,
    add_answer,
    answers_of,
    invitation,
    invitations_of,
    remember_invitation,
    stages_of,
    suppressed,
)
from api.store.people import add_user, change_user, lock_users, user, users
from api.store.states import all_told, around, customers_numbered, orders_of, remember, search, sources, told, vehicles_of
from api.store.webhooks import add_endpoint, endpoint_secrets, take_delivery
from api.tables import ReplyRow
from common.replies import Replies

replies = Replies(ReplyRow.__table__)  # type: ignore[attr-defined]  # sqlmodel does not type it

__all__ = [
    "acts_of", "add_act", "add_answer", "add_endpoint", "add_user", "all_told", "answers_of", "around", "begin_session",
    "change_user", "changes", "count_try", "customers_numbered", "end_session", "end_sessions", "endpoint", "endpoint_secrets",
    "forget_tries", "invitation", "invitations_of", "link", "lists", "lock_users", "login", "orders_of", "remember",
    "remember_invitation", "replies", "search", "see_session", "session_of", "sources", "stages_of", "suppressed",
    "take_back_try", "take_delivery", "told", "tries", "user", "users", "vehicles_of",
]  # fmt: skip
