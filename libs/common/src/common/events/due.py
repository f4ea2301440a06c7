"""Topic `due`: a message should leave, to a customer or to the dealer. Written by scheduler, heard by notifier."""

from datetime import date, datetime, time
from uuid import UUID

from common.events.base import Event, Fact, topic
from common.ids import CampaignId, CustomerId, InvitationId, MessageId, VehicleId, WorkshopId

TOPIC = topic("due", writer="scheduler", kind="happened", retention_days=30)


class DueContact(Fact):
    """One invitation's part of a message."""

    invitation_id: InvitationId
    vehicle_id: VehicleId
    customer_id: CustomerId | None = None  # whom this part invites: customers with one address share a message
    type: str  # InvitationType
    step: int  # 1 or 2
    due_on: date | None = None
    code: str


class MessageDue(Event):
    """One message with one or more contacts, to leave on `send_on` inside the window of that zone, never after `not_after`."""

    name = "message.due.v1"
    topic = TOPIC
    message_id: MessageId
    customer_id: CustomerId
    workshop_id: WorkshopId | None = None
    channel: str  # Channel
    contacts: tuple[DueContact, ...]
    timezone: str
    send_on: date
    send_from: time
    send_to: time
    not_after: date
    decided_at: datetime | None = None  # when the facts were looked at; what came later was not weighed

    def key(self) -> UUID:
        return self.customer_id


class CampaignQuestionDue(Event):
    """The dealer is to be asked by mail how a wheel season is to run, asked again, or told that it runs with these settings."""

    name = "campaign.question_due.v1"
    topic = TOPIC
    campaign_id: CampaignId
    type: str  # InvitationType: wheel_winter or wheel_summer
    question: str  # ask, ask_again, tell
    workshop_id: WorkshopId | None = None
    from_on: date
    to_on: date
    audience: tuple[str, ...] = ()  # of: changed, hotel
    capacity_per_day: int | None = None  # customers
    vehicles: int = 0  # that it is about, as far as known
    timezone: str
    send_on: date

    def key(self) -> UUID:
        return self.campaign_id
