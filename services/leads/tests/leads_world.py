"""Leads at work for the dealer Nordhavn Auto: the events it hears, its tick, and a notifier that takes what is due."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from common.events import Event
from common.events.appointments import AppointmentChanged
from common.events.customers import ContractChanged, SourceChanged
from common.events.leads import LeadChanged, LeadMessageDue
from common.events.messages import Contact, MessageAccepted, MessageEvent
from common.events.work_orders import OrderLine, WorkOrderChanged
from common.ids import AppointmentId, ContractId, OrderId, SourceId, VehicleId
from common.testing.nordhavn import ANNE, OCTAVIA, anne, dealer, octavia
from common.testing.runtime import DEALER, Running

E = TypeVar("E", bound=Event)
ZONE = ZoneInfo("Europe/Copenhagen")
SOURCE = SourceId(UUID(int=0x50))
ENDS = date(2026, 9, 10)
SENDS = date(2026, 3, 10)
DECLARED = {"leads": {"basis": "existing_customer"}}


def at(day: date, hour: int = 10, minute: int = 0) -> datetime:
    """That hour on the wall in Copenhagen."""
    return datetime.combine(day, time(hour, minute), ZONE).astimezone(UTC)


def source(revision: int = 1, **more: Any) -> SourceChanged:
    values = {"title": "DMS", "kind": "file", "gives": ("orders", "appointments", "contracts"), "polled": False} | more
    return SourceChanged(source_id=SOURCE, revision=revision, **values)


def contract(
    number: int, kind: str, ends_on: date | None, *, revision: int = 1, vehicle: VehicleId = OCTAVIA, **more: Any
) -> Event:
    values = {"customer_id": ANNE, "starts_on": date(2023, 9, 11)} | more
    return ContractChanged(
        contract_id=ContractId(UUID(int=0xC000 + number)),
        revision=revision,
        vehicle_id=vehicle,
        kind=kind,
        ends_on=ends_on,
        **values,
    )


def order(number: int, on: date | None, *, revision: int = 1, vehicle: VehicleId = OCTAVIA, **more: Any) -> Event:
    values = {"customer_id": ANNE, "status": "finished" if on else "open", "lines": (OrderLine(text="Serviceeftersyn"),)} | more
    return WorkOrderChanged(
        order_id=OrderId(UUID(int=0x0D00 + number)), source_id=SOURCE, revision=revision, number=str(number), vehicle_id=vehicle,
        finished_on=on, remarks="ring til Anne", **values,
    )  # fmt: skip


def appointment(number: int, starts_on: date, *, revision: int = 1, **more: Any) -> Event:
    values = {"status": "booked", "vehicle_id": OCTAVIA, "customer_id": ANNE} | more
    return AppointmentChanged(
        appointment_id=AppointmentId(UUID(int=0xAB00 + number)), revision=revision, starts_at=at(starts_on, 8),
        made_at=at(date(2026, 1, 5)), **values,
    )  # fmt: skip


def about(kind: type[MessageEvent], due: LeadMessageDue, day: date, **more: Any) -> MessageEvent:
    """What the notifier tells of a mail."""
    contact = Contact(purpose="lead", reference=due.lead_id, step=1, vehicle_id=due.vehicle_id, type=due.type)
    values = {"message_id": due.message_id, "customer_id": due.customer_id, "channel": "email", "at": at(day, 10, 1)} | more
    return kind(contacts=(contact,), **values)


class World:
    """The leads of one dealer."""

    def __init__(self, rt: Running) -> None:
        self.rt = rt
        self._seen: list[Event] = []

    async def hear(self, *events: Event) -> None:
        await self.rt.deliver(DEALER, *events)

    async def begin(self, *more: Event) -> None:
        """A dealer with one customer and her old car, and whatever else."""
        car = octavia(first_registered_on=date(2019, 4, 2), owned_since=date(2019, 4, 2))
        await self.hear(dealer(settings=DECLARED), source(), anne(), car, order(1, date(2020, 4, 20)), *more)

    async def tick(self, day: date, hour: int = 10, minute: int = 0) -> datetime | None:
        """Run the tick; when it next wants to run, as what wakes it would have it."""
        self.rt.at(at(day, hour, minute))
        await self.rt.sql(DEALER, "update leads.wakeup set at = null where name = 'tick'")
        wanted = [await self.rt.run_job("tick", DEALER), (await self.rt.wakes(DEALER)).get("tick")]
        return min((instant for instant in wanted if instant is not None), default=None)

    async def told(self, kind: type[E]) -> list[E]:
        """What was published of that kind since the last time that kind was asked for."""
        self._seen += await self.rt.published(DEALER)
        found = [event for event in self._seen if isinstance(event, kind)]
        self._seen = [event for event in self._seen if not isinstance(event, kind)]
        return found

    async def due(self) -> list[LeadMessageDue]:
        return await self.told(LeadMessageDue)

    async def one_due(self) -> LeadMessageDue:
        (found,) = await self.due()
        return found

    async def send(self, day: date) -> list[LeadMessageDue]:
        """The tick of a day, and a mail server that takes everything."""
        await self.tick(day)
        messages = await self.due()
        self.rt.at(at(day, 10, 1))
        for message in messages:
            await self.hear(about(MessageAccepted, message, day, local_on=day))
        return messages

    async def days(self, first: date, last: date) -> list[tuple[date, str]]:
        """On which day a lead of which type left, from one day through another."""
        return [(day, message.type) for day in between(first, last) for message in await self.send(day)]

    async def leads(self) -> list[LeadChanged]:
        """Each lead as it was told last, oldest anchor first."""
        rows = await self.rt.sql(DEALER, "select told from leads.lead order by anchor, type, lead_id")
        return [LeadChanged.model_validate(row.told) for row in rows]

    async def lead(self) -> LeadChanged:
        (found,) = await self.leads()
        return found


def between(first: date, last: date) -> Iterator[date]:
    return (first + timedelta(days=ahead) for ahead in range((last - first).days + 1))
