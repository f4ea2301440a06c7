"""What is due, as notifier keeps it: a message to a customer as the scheduler decided it, or an alert to an employee."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from common.events.due import DueContact, MessageDue
from common.events.messages import Contact
from notifier.domain.states import Purpose
from notifier.domain.window import Window

SEND = "send"  # what the errand is woken by


class AlertDue(BaseModel):
    """An employee is to be told of an answer."""

    model_config = ConfigDict(frozen=True)
    kind: str
    reference: UUID
    vehicle_id: UUID | None = None
    type: str | None = None
    reason: str | None = None
    said_at: datetime


MARGIN = timedelta(minutes=1)  # a fact is told with its moment and committed a little later


def weighed_until(due: MessageDue, heard_at: datetime) -> datetime:
    """What was told up to then the scheduler had before it when it decided; what came later it may not have seen."""
    return (due.decided_at or heard_at) - MARGIN


def window_of(due: MessageDue) -> Window:
    return Window(due.timezone, due.send_on, due.send_from, due.send_to, due.not_after)


def contacts_due(purpose: str, due: dict[str, Any]) -> list[Contact]:
    """The contacts a message would make: one per invitation, or the one of an alert."""
    if purpose == Purpose.ALERT:
        alert = AlertDue.model_validate(due)
        return [Contact(purpose=purpose, reference=alert.reference, step=1, vehicle_id=alert.vehicle_id, type=alert.type)]
    return list(dict.fromkeys(_contact(part) for part in MessageDue.model_validate(due).contacts))


def _contact(part: DueContact) -> Contact:
    return Contact(
        purpose=Purpose.INVITATION, reference=part.invitation_id, step=part.step, vehicle_id=part.vehicle_id, type=part.type
    )
