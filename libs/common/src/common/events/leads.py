"""Topics `leads` and `lead_due`: chances to sell, each as it stands, and the mails that should leave. Written by leads."""

from datetime import date, datetime, time
from uuid import UUID

from common.events.base import Event, State, topic
from common.events.invitations import Reason
from common.ids import CustomerId, LeadId, MessageId, VehicleId, WorkshopId

TOPIC = topic("leads", writer="leads", kind="state", retention_days=30)
DUE_TOPIC = topic("lead_due", writer="leads", kind="happened", retention_days=30)


class LeadChanged(State):
    """A lead of one type about one vehicle: coming, sent, closed."""

    name = "lead.changed.v1"
    topic = TOPIC
    entity_field = "lead_id"
    lead_id: LeadId
    vehicle_id: VehicleId
    customer_id: CustomerId | None = None
    workshop_id: WorkshopId | None = None
    type: str  # LeadType
    anchor: date  # what it is about: the day a contract ends, of a visit, of first registration
    stage: str  # Stage: planned, pending, sent, closed
    due_on: date | None = None  # the day itself: end of the contract, the visit
    send_on: date | None = None  # the sending day of the mail
    blocked: str | None = None  # Because
    permanent: bool = False
    contacted_on: date | None = None
    call_from_on: date | None = None  # from this day it stands in follow-up, or on the call list
    closes_on: date | None = None
    outcome: str | None = None  # Outcome, when closed or answered
    closed_on: date | None = None
    reasons: tuple[Reason, ...] = ()
    code: str  # in the customer's links

    def key(self) -> UUID:
        return self.vehicle_id


class LeadMessageDue(Event):
    """One mail about one lead, to leave on `send_on` from `send_at` on by that zone's clock, never after `not_after`."""

    name = "lead_message.due.v1"
    topic = DUE_TOPIC
    message_id: MessageId
    customer_id: CustomerId
    vehicle_id: VehicleId
    workshop_id: WorkshopId | None = None
    lead_id: LeadId
    type: str  # LeadType
    due_on: date | None = None
    code: str
    timezone: str
    send_on: date
    send_at: time
    send_to: time
    not_after: date
    decided_at: datetime | None = None  # when the facts were looked at; what came later was not weighed

    def key(self) -> UUID:
        return self.customer_id
