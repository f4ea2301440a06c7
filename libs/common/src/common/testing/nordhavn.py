"""Nordhavn Auto: a dealer for tests, with its customers and vehicles, the events about them, and a notifier's surroundings."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import Any
from uuid import UUID

from common.events import Event
from common.events.answers import CustomerAnswered
from common.events.customers import CustomerChanged, VehicleChanged
from common.events.due import DueContact, MessageDue
from common.events.settings import DealerChanged, Sender, UserAlertsChanged
from common.ids import CustomerId, DealerId, InvitationId, MessageId, UserId, VehicleId, new_id
from common.testing.mail import MailServer, Received
from common.testing.runtime import DEALER, Running

NINE = datetime(2026, 3, 2, 8, tzinfo=UTC)  # a Monday, 09:00 in Copenhagen
ANNE, BO = CustomerId(UUID(int=0xA1)), CustomerId(UUID(int=0xB0))
OCTAVIA, GOLF = VehicleId(UUID(int=0xCA1)), VehicleId(UUID(int=0xCA2))
MIA = UserId(UUID(int=0xE1))
SENDER = Sender(
    name="Nordhavn Auto",
    email="post@nordhavn.example",
    reply_to="kunde@nordhavn.example",
    phone="+4533112233",
    legal_name="Nordhavn Auto ApS",
    address="Havnevej 1, 2150 Nordhavn",
    registration="12345678",
)


def dealer(revision: int = 1, sender: Sender = SENDER, **more: Any) -> DealerChanged:
    return DealerChanged(
        revision=revision, dealer_id=DEALER, slug="nordhavn", title="Nordhavn Auto", country="DK", language="da",
        timezone="Europe/Copenhagen", sender=sender, **more,
    )  # fmt: skip


def anne(revision: int = 1, **more: Any) -> CustomerChanged:
    values = {"full_name": "Anne Holm", "email": "anne@example.com", "mobile": "+4520123456", "kind": "private"} | more
    return CustomerChanged(revision=revision, customer_id=ANNE, **values)


def bo(revision: int = 1, **more: Any) -> CustomerChanged:
    values = {"full_name": "Bo Lind", "email": "bo@example.com", "mobile": "+4520654321", "kind": "private"} | more
    return CustomerChanged(revision=revision, customer_id=BO, **values)


def octavia(revision: int = 1, **more: Any) -> VehicleChanged:
    values = {"plate": "AB12345", "make": "Skoda", "model": "Octavia", "customer_id": ANNE} | more
    return VehicleChanged(revision=revision, vehicle_id=OCTAVIA, **values)


def golf() -> VehicleChanged:
    return VehicleChanged(revision=1, vehicle_id=GOLF, plate="CD67890", make="VW", model="Golf", customer_id=ANNE)


def mia(*alerts: str, revision: int = 1, **more: Any) -> UserAlertsChanged:
    return UserAlertsChanged(revision=revision, user_id=MIA, email="mia@nordhavn.example", alerts=alerts, **more)


def contact(number: int = 1, *, step: int = 1, vehicle: VehicleId = OCTAVIA) -> DueContact:
    """One invitation's part: invitation `number`, with a code of its own."""
    return DueContact(
        invitation_id=invitation(number), vehicle_id=vehicle, type="service", step=step, due_on=date(2026, 4, 2),
        code=f"abcdefgh{number:02}",
    )  # fmt: skip


def invitation(number: int = 1) -> InvitationId:
    return InvitationId(UUID(int=0x1000 + number))


def due(*contacts: DueContact, channel: str = "email", message_id: UUID | None = None, **more: Any) -> MessageDue:
    values: dict[str, Any] = {
        "customer_id": ANNE, "timezone": "Europe/Copenhagen", "send_on": date(2026, 3, 2), "send_from": time(9),
        "send_to": time(18), "not_after": date(2026, 3, 16),
    } | more  # fmt: skip
    return MessageDue(message_id=MessageId(message_id or new_id()), channel=channel, contacts=contacts or (contact(),), **values)


def answered(answer: str, number: int = 1, *, at: datetime = NINE, **more: Any) -> CustomerAnswered:
    return CustomerAnswered(
        invitation_id=invitation(number), vehicle_id=OCTAVIA, customer_id=ANNE, type="service", answer=answer, at=at, **more
    )


@dataclass
class World:
    """A notifier and what is around it."""

    rt: Running
    mail: MailServer
    sms: Any  # the simulator of GatewayAPI
    dealer: DealerId = DEALER
    settings: dict[str, Any] = field(default_factory=dict)

    async def hear(self, *events: Event) -> None:
        await self.rt.deliver(self.dealer, *events)

    async def send(self) -> datetime | None:
        return await self.rt.run_errand("send", self.dealer)

    async def told(self, *kinds: type[Event]) -> list[Any]:
        """What was published since last asked, of those kinds."""
        return [event for event in await self.rt.published(self.dealer) if not kinds or isinstance(event, kinds)]

    async def states(self) -> list[str]:
        rows = await self.rt.sql(self.dealer, "select state from notifier.message order by decided_at, message_id")
        return [row.state for row in rows]

    async def row(self) -> Any:
        """The only message there is."""
        (found,) = await self.rt.sql(self.dealer, "select * from notifier.message")
        return found

    async def contacts(self) -> dict[tuple[UUID, int], str]:
        rows = await self.rt.sql(self.dealer, "select reference, step, state from notifier.contact")
        return {(row.reference, row.step): row.state for row in rows}

    async def lose_the_sender(self) -> None:
        """Whoever has a claim is not heard of again, and its lease ends."""
        await self.rt.sql(self.dealer, "update notifier.message set leased_until = now() - interval '1 second'")

    def mails(self) -> list[Received]:
        return self.mail.received
