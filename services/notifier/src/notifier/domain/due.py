"""What is due, as notifier keeps it: a message to a customer as others decided it, or an alert to an employee."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from common.events.due import CampaignQuestionDue, MessageDue
from common.events.leads import LeadMessageDue
from common.events.messages import Contact
from notifier.domain.states import Purpose
from notifier.domain.window import Window

SEND = "send"  # what the errand is woken by


class AlertDue(BaseModel):
    """An employee is to be told of an answer, or the dealer to be asked about a wheel season."""

    model_config = ConfigDict(frozen=True)
    kind: str
    reference: UUID
    vehicle_id: UUID | None = None
    type: str | None = None
    reason: str | None = None
    said_at: datetime
    campaign: CampaignQuestionDue | None = None


@dataclass(frozen=True)
class PartDue:
    """One invitation's, or the lead's, part of a message."""

    reference: UUID
    vehicle_id: UUID
    customer_id: UUID
    type: str
    step: int
    due_on: date | None
    code: str


@dataclass(frozen=True)
class LetterDue:
    """A message to a customer: to whom, about what, and when it may leave."""

    customer_id: UUID
    parts: tuple[PartDue, ...]
    window: Window


MARGIN = timedelta(minutes=1)  # a fact is told with its moment and committed a little later


def weighed_until(due: MessageDue | LeadMessageDue, heard_at: datetime) -> datetime:
    """What was told up to then who decided had before him; what came later he may not have seen."""
    return (due.decided_at or heard_at) - MARGIN


def letter_due(due: MessageDue | LeadMessageDue) -> LetterDue:
    """What the scheduler, or leads, wants to leave. A lead is one mail, its only step."""
    if isinstance(due, LeadMessageDue):
        part = PartDue(due.lead_id, due.vehicle_id, due.customer_id, due.type, 1, due.due_on, due.code)
        window = Window(due.timezone, due.send_on, due.send_at, due.send_to, due.not_after)
        return LetterDue(due.customer_id, (part,), window)
    parts = tuple(
        PartDue(
            part.invitation_id, part.vehicle_id, part.customer_id or due.customer_id, part.type, part.step, part.due_on, part.code
        )
        for part in due.contacts
    )
    window = Window(due.timezone, due.send_on, due.send_from, due.send_to, due.not_after)
    return LetterDue(due.customer_id, parts, window)


def kept_letter(purpose: str, due: dict[str, Any]) -> LetterDue:
    """The same, as it was kept."""
    kind = LeadMessageDue if purpose == Purpose.LEAD else MessageDue
    return letter_due(kind.model_validate(due))


def contacts_due(purpose: str, due: dict[str, Any]) -> list[Contact]:
    """The contacts a message would make: one per invitation, the one of a lead, or the one of an alert."""
    if purpose == Purpose.ALERT:
        alert = AlertDue.model_validate(due)
        return [Contact(purpose=purpose, reference=alert.reference, step=1, vehicle_id=alert.vehicle_id, type=alert.type)]
    return list(dict.fromkeys(_contact(purpose, part) for part in kept_letter(purpose, due).parts))


def _contact(purpose: str, part: PartDue) -> Contact:
    return Contact.model_validate(
        {"purpose": purpose, "reference": part.reference, "step": part.step, "vehicle_id": part.vehicle_id, "type": part.type}
    )
