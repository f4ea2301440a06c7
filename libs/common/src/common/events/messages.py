"""Topic `messages`: what became of each message. Written by notifier."""

from datetime import date, datetime
from uuid import UUID

from common.events.base import Event, Fact, topic
from common.ids import CustomerId, InvitationId, LeadId, MessageId, UserId, VehicleId

TOPIC = topic("messages", writer="notifier", kind="happened", retention_days=30, personal=True)


class Contact(Fact):
    """What a message was for: `purpose` invitation, alert or lead; `reference` the invitation (or answer, or lead); the step."""

    purpose: str
    reference: UUID
    step: int
    vehicle_id: VehicleId | None = None
    type: str | None = None


class MessageEvent(Event):
    """What all of them say. `local_on` is the day in the workshop's zone on which the contacts were claimed."""

    topic = TOPIC
    message_id: MessageId
    customer_id: CustomerId | None = None
    user_id: UserId | None = None  # for alerts
    channel: str
    contacts: tuple[Contact, ...]
    at: datetime

    def key(self) -> UUID:
        return self.customer_id or self.message_id

    def invitations(self) -> dict[InvitationId, int]:
        """The invitations that this message was for, each with its step."""
        return {InvitationId(c.reference): c.step for c in self.contacts if c.purpose == "invitation"}

    def leads(self) -> list[LeadId]:
        """The leads that this message was for."""
        return [LeadId(c.reference) for c in self.contacts if c.purpose == "lead"]


class MessageAccepted(MessageEvent):
    """The provider took it: from here on it counts as sent."""

    name = "message.accepted.v1"
    local_on: date


class MessageRefused(MessageEvent):
    """The provider refused it for certain; it was not sent. Another channel may be tried, as the same contact."""

    name = "message.refused.v1"
    because: str


class MessageUnknown(MessageEvent):
    """Nobody can say whether it was sent: it counts as sent and is never sent again."""

    name = "message.unknown.v1"
    local_on: date
    because: str


class MessageDelivered(MessageEvent):
    name = "message.delivered.v1"


class MessageBounced(MessageEvent):
    """It was accepted and came back."""

    name = "message.bounced.v1"
    because: str


class MessageOpened(MessageEvent):
    """Its pixel was fetched; mail programs fetch ahead, so this drives nothing."""

    name = "message.opened.v1"


class LinkClicked(MessageEvent):
    """A link was followed; `by_machine` when it looks like a scanner. Drives nothing."""

    name = "message.link_clicked.v1"
    by_machine: bool = False


class ContactWithdrawn(MessageEvent):
    """A contact was touched before it left: it was never sent, and the scheduler decides again. `because` is a `Because`."""

    name = "message.withdrawn.v1"
    because: str
