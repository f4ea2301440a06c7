"""Topic `invitations`: each invitation as it stands, with its reasons. Written by scheduler."""

from datetime import date
from typing import Any
from uuid import UUID

from common.events.base import Fact, State, topic
from common.ids import CustomerId, InvitationId, VehicleId, WorkshopId

TOPIC = topic("invitations", writer="scheduler", kind="state", retention_days=30)


class Reason(Fact):
    """Why, as a code with parameters; `common.reasons.sentence` makes it a sentence in the reader's language."""

    code: str  # Because
    params: dict[str, Any] = {}


class InvitationChanged(State):
    """One cycle of one type for one vehicle. Lists are date filters on this, joined with api's own facts."""

    name = "invitation.changed.v1"
    topic = TOPIC
    entity_field = "invitation_id"
    invitation_id: InvitationId
    vehicle_id: VehicleId
    customer_id: CustomerId | None = None
    workshop_id: WorkshopId | None = None
    type: str  # InvitationType
    anchor: date  # what the cycle hangs on: for service the day of the last one
    stage: str  # Stage
    step: int = 0  # the last step that was contacted: 0, 1 or 2
    due_on: date | None = None
    invite_on: date | None = None  # by the rule
    send_on: date | None = None  # the sending day of the next step, moved off closed days
    blocked: str | None = None  # Because, of what holds the next step now
    permanent: bool = False  # that block does not pass by itself
    contacted_on: date | None = None  # local day of the last contact
    call_from_on: date | None = None  # from this day it stands in follow-up as "call now"
    closes_on: date | None = None
    outcome: str | None = None  # Outcome, when closed
    closed_on: date | None = None
    reasons: tuple[Reason, ...] = ()
    code: str  # in the customer's links

    def key(self) -> UUID:
        return self.vehicle_id
