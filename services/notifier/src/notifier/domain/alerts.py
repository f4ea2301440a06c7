"""Which answers an employee is told of by mail, what the dealer is asked, and what makes two of them one."""

from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from common.events.due import CampaignQuestionDue
from common.events.settings import UserAlertsChanged
from common.events.words import Answer
from common.ids import CampaignId, UserId, derived_id

UNSUBSCRIBE = "unsubscribe"
CAMPAIGNS = "campaigns"
TOO_OLD_TO_TELL = timedelta(days=7)
_AT_WORK_FROM = time(9)
KINDS = frozenset({Answer.CALL_ME.value, Answer.NO.value, Answer.BOOKED.value, UNSUBSCRIBE})


def alert_for(answer: str, by: str) -> str | None:
    """The alert that an answer raises; None for what staff did themselves, or what nobody needs a mail for."""
    return answer if answer in KINDS and by != "staff" else None


def reference(kind: str, subject: UUID, user_id: UUID, at: datetime) -> UUID:
    """What an alert is about, for one employee: said twice, it is one alert. To ask for a call on another day is asking again."""
    again = at.date() if kind == Answer.CALL_ME else ""
    return derived_id("alert", kind, subject, user_id, again)


def asked_at(question: CampaignQuestionDue) -> datetime:
    """When the dealer is asked: on that day, by the workshop's clock, when people are at work."""
    return datetime.combine(question.send_on, _AT_WORK_FROM, ZoneInfo(question.timezone)).astimezone(UTC)


def is_worth_asking(question: CampaignQuestionDue, now: datetime) -> bool:
    """Not long after its day, and not once the season has begun: then it tells nothing that can still be chosen."""
    begun = now.astimezone(ZoneInfo(question.timezone)).date() >= question.from_on
    return not begun and now - asked_at(question) < TOO_OLD_TO_TELL


def who_is_asked(users: Iterable[UserAlertsChanged]) -> list[UserId | None]:
    """Everyone who wants to be asked; None, the dealer's own address, where nobody does."""
    return [user.user_id for user in users if user.active and CAMPAIGNS in user.alerts] or [None]


def question_reference(campaign_id: CampaignId, question: str, user_id: UserId | None) -> UUID:
    """What makes a question to one employee (or to the dealer's address) one, however often it is said."""
    return derived_id("campaign question", campaign_id, question, user_id or "dealer")
