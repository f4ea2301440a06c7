"""Topic `answers`: what customers and staff said. Written by api."""

from datetime import date, datetime
from uuid import UUID

from common.events.base import Event, topic
from common.ids import CampaignId, CustomerId, InvitationId, LeadId, UserId, VehicleId

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


class LeadAnswered(Event):
    """An answer to a lead: call_me, no or unsubscribe. `by`: link or staff; `reason` goes with no."""

    name = "lead.answered.v1"
    topic = TOPIC
    lead_id: LeadId
    vehicle_id: VehicleId
    customer_id: CustomerId | None = None
    type: str  # LeadType
    answer: str  # Answer
    reason: str | None = None
    by: str = "link"
    at: datetime

    def key(self) -> UUID:
        return self.vehicle_id


class LeadFollowUpRecorded(Event):
    """Staff says how a lead ended; `outcome` is an `Outcome`."""

    name = "lead.follow_up_recorded.v1"
    topic = TOPIC
    lead_id: LeadId
    vehicle_id: VehicleId
    outcome: str
    note: str | None = None
    user_id: UserId | None = None
    at: datetime

    def key(self) -> UUID:
        return self.vehicle_id


class OwnerReleased(Event):
    """Staff knows that the vehicle's owner is still this customer: changes known until now are cleared for good."""

    name = "owner.released.v1"
    topic = TOPIC
    vehicle_id: VehicleId
    customer_id: CustomerId | None = None
    user_id: UserId | None = None
    at: datetime

    def key(self) -> UUID:
        return self.vehicle_id


class InvitationRequested(Event):
    """Staff asks for one invitation to leave by hand: same ledger, same blocks, same two contacts."""

    name = "invitation.requested.v1"
    topic = TOPIC
    vehicle_id: VehicleId
    type: str  # InvitationType
    user_id: UserId | None = None
    at: datetime

    def key(self) -> UUID:
        return self.vehicle_id


class CampaignAnswered(Event):
    """The dealer says how a wheel season is to run; what is None stays as it is."""

    name = "campaign.answered.v1"
    topic = TOPIC
    campaign_id: CampaignId
    from_on: date | None = None
    to_on: date | None = None
    audience: tuple[str, ...] | None = None  # of: changed, hotel
    capacity_per_day: int | None = None  # customers; 0 is no limit
    deal_again: bool = False  # over the days left
    stopped: bool = False
    user_id: UserId | None = None
    at: datetime

    def key(self) -> UUID:
        return self.campaign_id
