"""A scheduler at work for the dealer Nordhavn Auto: the events it hears, its tick, and a notifier that takes what is due."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from common.events import Event
from common.events.appointments import AppointmentChanged
from common.events.customers import SourceChanged
from common.events.due import MessageDue
from common.events.invitations import InvitationChanged
from common.events.messages import Contact, MessageAccepted, MessageEvent
from common.events.visits import AppointmentClassified, Evidence, OpenOrderClassified, TagRead, VisitClassified
from common.events.work_orders import WorkOrderChanged
from common.ids import AppointmentId, InvitationId, OrderId, SourceId, VehicleId, derived_id
from common.testing.nordhavn import ANNE, OCTAVIA, anne, dealer, octavia
from common.testing.runtime import DEALER, Running

E = TypeVar("E", bound=Event)
ZONE = ZoneInfo("Europe/Copenhagen")
LAST = date(2025, 3, 10)
INVITED = date(2026, 2, 10)
REMINDED = date(2026, 2, 17)
SOURCE = SourceId(UUID(int=0x50))


def at(day: date, hour: int = 9, minute: int = 0) -> datetime:
    """That hour on the wall in Copenhagen."""
    return datetime.combine(day, time(hour, minute), ZONE).astimezone(UTC)


def source(revision: int = 1, **more: Any) -> SourceChanged:
    values = {
        "title": "e-conomic",
        "kind": "economic",
        "gives": ("orders", "open_orders", "appointments"),
        "polled": False,
    } | more
    return SourceChanged(source_id=SOURCE, revision=revision, **values)


def order(
    number: int, on: date | None, *, revision: int = 1, vehicle: VehicleId = OCTAVIA, customer: UUID = ANNE, **more: Any
) -> Event:
    values = {"status": "finished" if on else "open", "changed_on": on} | more
    return WorkOrderChanged(
        order_id=OrderId(UUID(int=0x0D00 + number)), source_id=SOURCE, revision=revision, number=str(number), vehicle_id=vehicle,
        customer_id=customer, finished_on=on, **values,
    )  # fmt: skip


def _tags(*tags: str) -> tuple[TagRead, ...]:
    return tuple(TagRead(tag=tag, evidence=(Evidence(words=f"{tag}ord", place="line 1", rule="lexicon"),)) for tag in tags)


def visit(number: int, on: date, *tags: str, revision: int = 1, vehicle: VehicleId = OCTAVIA, **more: Any) -> Event:
    values = {"text_revision": revision, "counts": True} | more
    return VisitClassified(
        order_id=OrderId(UUID(int=0x0D00 + number)), revision=revision, vehicle_id=vehicle, customer_id=ANNE, visited_on=on,
        tags=_tags(*tags), **values,
    )  # fmt: skip


def open_order_read(number: int, *tags: str, revision: int = 1, **more: Any) -> Event:
    values = {"text_revision": revision} | more
    return OpenOrderClassified(
        order_id=OrderId(UUID(int=0x0D00 + number)),
        revision=revision,
        vehicle_id=OCTAVIA,
        customer_id=ANNE,
        tags=_tags(*tags),
        **values,
    )


def appointment(number: int, starts_on: date, made_at: datetime, *, revision: int = 1, **more: Any) -> Event:
    values = {"status": "booked"} | more
    return AppointmentChanged(
        appointment_id=AppointmentId(UUID(int=0xAB00 + number)), revision=revision, vehicle_id=OCTAVIA, customer_id=ANNE,
        starts_at=at(starts_on), made_at=made_at, **values,
    )  # fmt: skip


def appointment_read(number: int, *tags: str, revision: int = 1) -> Event:
    return AppointmentClassified(
        appointment_id=AppointmentId(UUID(int=0xAB00 + number)), revision=revision, text_revision=revision, vehicle_id=OCTAVIA,
        tags=_tags(*tags),
    )  # fmt: skip


def history(*, vehicle: VehicleId = OCTAVIA, on: date = LAST, number: int = 1) -> list[Event]:
    """A finished service that was read."""
    return [order(number, on, vehicle=vehicle), visit(number, on, "service", vehicle=vehicle)]


def about(kind: type[MessageEvent], due: MessageDue, day: date, **more: Any) -> MessageEvent:
    """What the notifier tells of a message."""
    contacts = tuple(
        Contact(purpose="invitation", reference=one.invitation_id, step=one.step, vehicle_id=one.vehicle_id, type=one.type)
        for one in due.contacts
    )
    values = {"message_id": due.message_id, "customer_id": due.customer_id, "channel": due.channel, "at": at(day, 9, 1)} | more
    return kind(contacts=contacts, **values)


class World:
    """The scheduler of one dealer."""

    def __init__(self, rt: Running) -> None:
        self.rt = rt
        self._seen: list[Event] = []

    async def hear(self, *events: Event) -> None:
        await self.rt.deliver(DEALER, *events)

    async def begin(self, *more: Event) -> None:
        """A dealer with one customer and one vehicle, and whatever else."""
        await self.hear(dealer(), source(), anne(), octavia(first_registered_on=date(2019, 4, 2)), *more)

    async def tick(self, day: date, hour: int = 9, minute: int = 0) -> datetime | None:
        """Run the tick; when it next wants to run, as what wakes it would have it."""
        self.rt.at(at(day, hour, minute))
        await self.rt.sql(DEALER, "update scheduler.wakeup set at = null where name = 'tick'")
        wanted = [await self.rt.run_job("tick", DEALER), (await self.rt.wakes(DEALER)).get("tick")]
        return min((instant for instant in wanted if instant is not None), default=None)

    async def told(self, kind: type[E]) -> list[E]:
        """What was published of that kind since the last time that kind was asked for."""
        self._seen += await self.rt.published(DEALER)
        found = [event for event in self._seen if isinstance(event, kind)]
        self._seen = [event for event in self._seen if not isinstance(event, kind)]
        return found

    async def due(self) -> list[MessageDue]:
        return await self.told(MessageDue)

    async def one_due(self) -> MessageDue:
        (found,) = await self.due()
        return found

    async def send(self, day: date) -> list[MessageDue]:
        """The tick of a day, and a provider that takes everything."""
        await self.tick(day)
        messages = await self.due()
        self.rt.at(at(day, 9, 1))
        for message in messages:
            await self.hear(about(MessageAccepted, message, day, local_on=day))
        return messages

    async def days(self, first: date, last: date) -> list[tuple[date, MessageDue]]:
        """Every day's tick from one day through another."""
        found: list[tuple[date, MessageDue]] = []
        for ahead in range((last - first).days + 1):
            day = first + timedelta(days=ahead)
            found += [(day, message) for message in await self.send(day)]
        return found

    async def invitations(self, kind: str = "service") -> list[InvitationChanged]:
        """Each invitation of a type as it was told last, oldest anchor first."""
        rows = await self.rt.sql(DEALER, f"select told from scheduler.cycle where type = '{kind}' order by anchor, invitation_id")
        return [InvitationChanged.model_validate(row.told) for row in rows]

    async def invitation(self) -> InvitationChanged:
        (found,) = await self.invitations()
        return found

    async def contacts(self) -> list[tuple[InvitationId, int, str]]:
        rows = await self.rt.sql(DEALER, "select invitation_id, step, state from scheduler.contact order by handed_on, step")
        return [(InvitationId(row.invitation_id), row.step, row.state) for row in rows]


def steps(sent: list[tuple[date, MessageDue]]) -> list[tuple[date, int, str]]:
    """On which day which step left by which channel."""
    return [(day, contact.step, message.channel) for day, message in sent for contact in message.contacts]


def twin(name: str) -> VehicleId:
    """Another record of a vehicle."""
    return VehicleId(derived_id("vehicle", name))
