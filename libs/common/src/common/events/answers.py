"""Topic `answers`: what customers and staff said. Written by api."""

from datetime import datetime
from uuid import UUID

from common.events.base import Event, topic
from common.ids import CustomerId, InvitationId, UserId, VehicleId

TOPIC = topic("answers", writer="api", kind="happened", retention_days=365)


class CustomerAnswered(Event):
    """An answer to one invitation. `by`: link, staff or webhook; `reason` goes with no."""

    name = "customer.answered.v1"
    topic = TOPIC
    invitation_id: InvitationId
    vehicle_id: VehicleId
    customer_id: CustomerId | None = None
    type: str
    answer: str  # Answer
    reason: str | None = None
    by: str = "link"
    at: datetime

    def key(self) -> UUID:
        return self.vehicle_id


class ContactSuppressed(Event):
    """Never contact this customer again, at any address known then or later; `channel` None is all channels."""

    name = "contact.suppressed.v1"
    topic = TOPIC
    customer_id: CustomerId
    channel: str | None = None
    by: str = "link"
    at: datetime

    def key(self) -> UUID:
        return self.customer_id


class InvitationHeld(Event):
    """Staff keeps this invitation from leaving, with a reason."""

    name = "invitation.held.v1"
    topic = TOPIC
    invitation_id: InvitationId
    vehicle_id: VehicleId
    reason: str | None = None
    user_id: UserId | None = None
    at: datetime

    def key(self) -> UUID:
        return self.vehicle_id


class InvitationRestored(Event):
    """A hold is undone; without an invitation, every hold and exclusion of that vehicle and customer."""

    name = "invitation.restored.v1"
    topic = TOPIC
    vehicle_id: VehicleId
    invitation_id: InvitationId | None = None
    customer_id: CustomerId | None = None
    user_id: UserId | None = None
    at: datetime

    def key(self) -> UUID:
        return self.vehicle_id


class CustomerExcluded(Event):
    """Staff leaves this customer, or one vehicle, out of all invitations."""

    name = "customer.excluded.v1"
    topic = TOPIC
    customer_id: CustomerId | None = None
    vehicle_id: VehicleId | None = None
    reason: str | None = None
    user_id: UserId | None = None
    at: datetime

    def key(self) -> UUID:
        return self.vehicle_id or self.customer_id or UUID(int=0)


class FollowUpRecorded(Event):
    """Staff says how a follow-up ended; `outcome` is an `Outcome`."""

    name = "follow_up.recorded.v1"
    topic = TOPIC
    invitation_id: InvitationId
    vehicle_id: VehicleId
    outcome: str
    note: str | None = None
    user_id: UserId | None = None
    at: datetime

    def key(self) -> UUID:
        return self.vehicle_id
