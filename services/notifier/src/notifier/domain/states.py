"""The states of a message and of its contacts: due → claimed → accepted | refused | unknown → delivered | bounced | failed."""

from enum import StrEnum


class State(StrEnum):
    DUE = "due"
    CLAIMED = "claimed"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    DELIVERED = "delivered"
    BOUNCED = "bounced"  # an e-mail that came back
    FAILED = "failed"  # an SMS that did not reach the phone
    WITHDRAWN = "withdrawn"  # touched before it left: never sent
    SUPERSEDED = "superseded"  # all its contacts were made by another message


class ContactState(StrEnum):
    CLAIMED = "claimed"
    ACCEPTED = "accepted"
    UNKNOWN = "unknown"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    RELEASED = "released"  # claimed, and given back before anything was looked at


FREE = frozenset({ContactState.REFUSED, ContactState.WITHDRAWN, ContactState.RELEASED})
"""A contact in one of these was not made, for certain: the same row may be claimed again."""

GIVEN_UP = frozenset({State.REFUSED, State.WITHDRAWN, State.SUPERSEDED})
"""A message in one of these did not leave; the scheduler may say again that it is due."""


class Purpose(StrEnum):
    INVITATION = "invitation"
    ALERT = "alert"
    LEAD = "lead"


class Waits(StrEnum):
    """Why a message that is due has not left yet, as a dealer sees it."""

    WINDOW = "window"
    SENDER_INCOMPLETE = "sender_incomplete"
    DEALER_UNKNOWN = "dealer_unknown"
    CUSTOMER_UNKNOWN = "customer_unknown"
    NO_TEXT = "no_text"
    CANNOT_BE_WRITTEN = "cannot_be_written"  # our fault: it is in the log
    NOT_CAUGHT_UP = "not_caught_up"
    PROVIDER_AWAY = "provider_away"
    REFUSED_FOR_NOW = "refused_for_now"
