"""Topic `settings`: dealers, workshops and who wants which alert. Written by api."""

from datetime import date
from typing import Any
from uuid import UUID

from common.events.base import Fact, State, topic
from common.ids import DealerId, UserId, WorkshopId

TOPIC = topic("settings", writer="api", kind="state", retention_days=30)


class Sender(Fact):
    """In whose name messages leave. Nothing leaves until `legal_name`, `address`, `registration` and `email` are set."""

    name: str | None = None  # as customers know the workshop
    email: str | None = None
    reply_to: str | None = None
    phone: str | None = None
    sms_name: str | None = None  # at most 11 letters or digits
    legal_name: str | None = None
    address: str | None = None
    registration: str | None = None  # CVR, HRB, KvK

    def is_complete(self) -> bool:
        """Whether the law's minimum for a commercial message is known."""
        return all((self.email, self.legal_name, self.address, self.registration))


class DealerChanged(State):
    """A dealer and its settings (`common.policy` reads them)."""

    name = "dealer.changed.v1"
    topic = TOPIC
    entity_field = "dealer_id"
    dealer_id: DealerId
    slug: str
    title: str
    country: str  # ISO 3166
    language: str
    timezone: str
    subdivision: str | None = None
    closed_days: tuple[date, ...] = ()
    booking_url: str | None = None
    settings: dict[str, Any] = {}
    sender: Sender = Sender()

    def key(self) -> UUID:
        return self.dealer_id


class WorkshopChanged(State):
    """One location of a dealer; what is None is as the dealer has it."""

    name = "workshop.changed.v1"
    topic = TOPIC
    entity_field = "workshop_id"
    workshop_id: WorkshopId
    title: str
    number: str | None = None  # what the dealer's systems call it
    timezone: str | None = None
    subdivision: str | None = None
    closed_days: tuple[date, ...] = ()
    booking_url: str | None = None
    sender: Sender = Sender()

    def key(self) -> UUID:
        return self.workshop_id


class UserAlertsChanged(State):
    """Which alerts an employee gets by mail, of: call_me, no, booked, unsubscribe, campaigns."""

    name = "user.alerts_changed.v1"
    topic = TOPIC
    entity_field = "user_id"
    user_id: UserId
    email: str
    language: str = "da"
    alerts: tuple[str, ...] = ()
    active: bool = True

    def key(self) -> UUID:
        return self.user_id
