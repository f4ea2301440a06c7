"""Which answers an employee is told of by mail, and what makes two of them one."""

from datetime import datetime
from uuid import UUID

from common.events.words import Answer
from common.ids import derived_id

UNSUBSCRIBE = "unsubscribe"
KINDS = frozenset({Answer.CALL_ME.value, Answer.NO.value, Answer.BOOKED.value, UNSUBSCRIBE})


def alert_for(answer: str, by: str) -> str | None:
    """The alert that an answer raises; None for what staff did themselves, or what nobody needs a mail for."""
    return answer if answer in KINDS and by != "staff" else None


def reference(kind: str, subject: UUID, user_id: UUID, at: datetime) -> UUID:
    """What an alert is about, for one employee: said twice, it is one alert. To ask for a call on another day is asking again."""
    again = at.date() if kind == Answer.CALL_ME else ""
    return derived_id("alert", kind, subject, user_id, again)
