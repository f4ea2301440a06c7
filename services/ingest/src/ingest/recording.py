"""The one way in: a snapshot is recorded under the ids that ingest mints, and told only when it changed something."""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from common.events import State
from common.events.appointments import AppointmentChanged
from common.events.customers import ContractChanged, SourceChanged
from common.events.work_orders import WorkOrderChanged
from common.ids import (
    AppointmentId,
    ContractId,
    CustomerId,
    InvitationId,
    OrderId,
    SourceId,
    VehicleId,
    WorkshopId,
    derived_id,
    new_id,
)
from common.work import Work
from ingest import store
from ingest.domain import contracts, crediting
from ingest.domain.mapping import ContractLine
from ingest.domain.snapshots import (
    AppointmentSnapshot,
    ContractSnapshot,
    CustomerSnapshot,
    OrderSnapshot,
    Thing,
    VehicleRecord,
)
from ingest.identity import REGISTER, Identities, bookings
from ingest.telling import Came, tell

ORDER, APPOINTMENT, CONTRACT = "order", "appointment", "contract"
SOLD_CONTRACT = "sold_contract"  # on a line of an order: no file of contracts takes it back
POLL = "poll"  # the errand that reads sources
TOLD_EVERY = timedelta(hours=6)


def told_again(cursor: Mapping[str, Any], now: datetime) -> bool:
    """Whether it is time to tell again how fresh a source is; `told_at` of its cursor is when that was told last."""
    return "told_at" not in cursor or now - datetime.fromisoformat(cursor["told_at"]) >= TOLD_EVERY


class Recorder:
    """Records what one source tells, within one transaction."""

    def __init__(
        self,
        work: Work,
        source_id: UUID,
        gives: tuple[str, ...],
        numbers_of: UUID | None = None,
        contract_lines: Mapping[str, ContractLine] | None = None,
    ) -> None:
        self._work, self._source, self._gives = work, SourceId(source_id), gives
        self._contract_lines = contract_lines or {}
        self._identities = Identities(work, self._source, SourceId(numbers_of) if numbers_of is not None else None)

    @classmethod
    def of(cls, work: Work, source: Any, contract_lines: Mapping[str, ContractLine] | None = None) -> "Recorder":
        """What a connection of this dealer tells."""
        numbers_of, gives = source.config.get("numbers_of"), tuple(source.config["gives"])
        lines = contract_lines or contracts.lines_of(source.config)
        return cls(work, source.source_id, gives, UUID(numbers_of) if numbers_of else None, lines)

    async def record(self, thing: Thing) -> Came:
        """Record whatever a source told, and say what that changed."""
        match thing:
            case OrderSnapshot():
                return await self.order(thing)
            case AppointmentSnapshot():
                return await self.appointment(thing)
            case ContractSnapshot():
                return await self.contract(thing)
            case VehicleRecord():
                return await self.vehicle(thing)
            case CustomerSnapshot():
                await store.lock_dealer(self._work.session, self._work.dealer)
                return (await self._identities.customer_told(thing))[1]

    async def as_told(self, thing: Thing) -> State | None:
        """What such a thing was last told as; None where it was not told yet."""
        session, dealer = self._work.session, self._work.dealer
        match thing:
            case OrderSnapshot():
                return await self._order(thing.number)
            case AppointmentSnapshot():
                found = await self._find(APPOINTMENT, thing.number)
                return await store.told(session, dealer, AppointmentChanged, found) if found else None
            case ContractSnapshot():
                found = await self._find(CONTRACT, thing.number)
                return await store.told(session, dealer, ContractChanged, found) if found else None
            case VehicleRecord():
                return await self._identities.vehicle_as_told(thing.vehicle)
            case CustomerSnapshot():
                return await self._identities.customer_as_told(thing.number)

    async def customer(self, snapshot: CustomerSnapshot, *, as_of: str = REGISTER) -> CustomerId:
        """Record a customer."""
        return await self._identities.customer(snapshot, as_of=as_of)

    async def order(self, snapshot: OrderSnapshot) -> Came:
        """Record an order with its customer and vehicle, and the contracts that its lines sell."""
        await store.lock_dealer(self._work.session, self._work.dealer)
        customer = await self.customer(snapshot.customer, as_of=snapshot.as_of()) if snapshot.customer else None
        vehicle = await self._identities.vehicle(snapshot.vehicle, snapshot)
        before = await self._order(snapshot.number)
        order = before.order_id if before is not None else OrderId(await self._mint(ORDER, snapshot.number))
        came = await self._tell_order(self._order_event(order, snapshot, customer, vehicle), snapshot)
        came = max(came, await self._sold_by(snapshot.number, before))
        if vehicle is not None:
            await self._identities.tell_vehicle(vehicle, snapshot.vehicle, snapshot.as_of())
        await self._identities.settle_owner(before.vehicle_id if before is not None else None, but=vehicle)
        return came

    async def vehicle(self, record: VehicleRecord) -> Came:
        """Record a row of a list of vehicles."""
        await store.lock_dealer(self._work.session, self._work.dealer)
        customer = await self.customer(record.customer, as_of="") if record.customer else None
        vehicle = await self._identities.vehicle(record.vehicle, None)
        assert vehicle is not None  # whoever reads a list leaves out what nothing tells apart
        return await self._identities.register_vehicle(vehicle, record, customer)

    async def contract(self, snapshot: ContractSnapshot) -> Came:
        """Record a contract with its vehicle and customer."""
        work = self._work
        await store.lock_dealer(work.session, work.dealer)
        customer = await self.customer(snapshot.customer, as_of="") if snapshot.customer else None
        vehicle = await self._identities.vehicle(snapshot.vehicle, None)
        assert vehicle is not None  # as above
        contract = await self._find(CONTRACT, snapshot.number) or await self._mint(CONTRACT, snapshot.number)
        before = await store.told(work.session, work.dealer, ContractChanged, contract)
        came = await tell(
            work,
            ContractChanged(
                revision=0, contract_id=ContractId(contract), vehicle_id=vehicle, kind=snapshot.kind, starts_on=snapshot.starts_on,
                customer_id=customer or (before.customer_id if before else None), ends_on=snapshot.ends_on, active=snapshot.active,
            ),
        )  # fmt: skip
        await self._identities.tell_vehicle(vehicle, snapshot.vehicle, "")
        return came

    async def contracts_but(self, there: set[str]) -> list[UUID]:
        """This source's contracts that stand, and are not among these."""
        work = self._work
        standing = await store.standing(work.session, work.dealer, ContractChanged, CONTRACT, str(self._source))
        return contracts.gone(standing, there)

    async def take_back(self, gone: Collection[UUID]) -> None:
        """These contracts are no more."""
        work = self._work
        await store.lock_dealer(work.session, work.dealer)
        for contract in gone:
            told = await store.told(work.session, work.dealer, ContractChanged, contract)
            if told is not None:
                await tell(work, told.model_copy(update={"active": False}))

    async def _sold_by(self, number: str | None, before: WorkOrderChanged | None) -> Came:
        """The contracts that an order's lines sell, as the order stands now; what it sold before and does no more is taken back."""
        came = Came.UNCHANGED
        if not self._contract_lines or (order := await self._order(number)) is None:
            return came
        work = self._work
        for sold in contracts.sold_by(order, self._contract_lines, before):
            contract = await self._find(SOLD_CONTRACT, sold.name) or await self._mint(SOLD_CONTRACT, sold.name)
            known = await store.told(work.session, work.dealer, ContractChanged, contract)
            if (event := sold.event(ContractId(contract), order, known)) is not None:
                came = max(came, min(await tell(work, event), Came.CHANGED))
        return came

    async def _tell_order(self, event: WorkOrderChanged, snapshot: OrderSnapshot) -> Came:
        if snapshot.is_credit_note():
            return await self._credit_note(event.model_copy(update={"status": "credited"}), snapshot)
        return await tell(self._work, await self._judged(event))

    async def appointment(
        self,
        snapshot: AppointmentSnapshot,
        invitation: InvitationId | None = None,
        *,
        customer: CustomerId | None = None,
        vehicle: VehicleId | None = None,
    ) -> Came:
        """Record an appointment. `customer` and `vehicle` are those that are known otherwise; what a snapshot names goes first."""
        work = self._work
        await store.lock_dealer(work.session, work.dealer)
        customer = await self._customer_of(snapshot) or customer
        vehicle = await self._identities.vehicle(snapshot.vehicle, None) or await self._identities.still(vehicle)
        found = AppointmentId(await self._find(APPOINTMENT, snapshot.number) or await self._mint(APPOINTMENT, snapshot.number))
        before = await store.told(work.session, work.dealer, AppointmentChanged, found)
        event = AppointmentChanged(
            revision=0, appointment_id=found, source_id=self._source, vehicle_id=vehicle or (before.vehicle_id if before else None),
            customer_id=customer or (before.customer_id if before else None), starts_at=snapshot.starts_at.astimezone(UTC),
            made_at=before.made_at if before else work.now, text=snapshot.text or (before.text if before else ""),
            status=snapshot.status, invitation_id=invitation or (before.invitation_id if before else None),
        )  # fmt: skip
        came = await tell(work, event)
        if vehicle is not None:
            await self._identities.tell_vehicle(vehicle, snapshot.vehicle, "")
        await self._identities.settle_owner(before.vehicle_id if before is not None else None, but=vehicle)
        return came

    async def forget_appointment(self, number: str) -> None:
        """This turned out to be another appointment that is told: it is none by itself."""
        found = await self._find(APPOINTMENT, number)
        told = await store.told(self._work.session, self._work.dealer, AppointmentChanged, found) if found else None
        if told is not None:
            await tell(self._work, told.model_copy(update={"status": "cancelled"}))
            await self._identities.settle_owner(told.vehicle_id)

    async def whoever(
        self, name: str | None, email: str | None, mobile: str | None, plate: str | None, invited: CustomerId | None
    ) -> CustomerId | None:
        """The customer who booked: the one with this address or number, else the one we invited, else a new one."""
        return await self._identities.customer_reached(name, email, mobile, plate, invited)

    async def _customer_of(self, snapshot: AppointmentSnapshot) -> CustomerId | None:
        if snapshot.customer is None:
            return None
        if self._source == bookings(self._work.dealer):  # it has no customers of its own: the numbers are some other source's
            return await self._identities.customer_named(snapshot.customer.number)
        return await self._identities.customer(snapshot.customer, as_of="")

    async def source(self, *, title: str, kind: str, fresh_at: datetime | None, polled: bool) -> None:
        """Tell what this source can tell, and how fresh it is."""
        await tell(
            self._work,
            SourceChanged(
                revision=0, source_id=self._source, title=title, kind=kind, gives=self._gives, fresh_at=fresh_at, polled=polled
            ),
        )

    def _order_event(
        self, order: OrderId, snapshot: OrderSnapshot, customer: CustomerId | None, vehicle: VehicleId | None
    ) -> WorkOrderChanged:
        workshop = WorkshopId(derived_id("workshop", self._work.dealer, snapshot.workshop)) if snapshot.workshop else None
        return WorkOrderChanged(
            revision=0, order_id=order, source_id=self._source, number=snapshot.number, vehicle_id=vehicle, customer_id=customer,
            workshop_id=workshop, status=snapshot.status, finished_on=snapshot.finished_on, changed_on=snapshot.changed_on,
            odometer_km=snapshot.odometer_km, order_type=snapshot.order_type, lines=snapshot.lines, remarks=snapshot.remarks,
            mechanics=snapshot.mechanics, hours=snapshot.hours, currency=snapshot.currency,
            next_service_on=snapshot.next_service_on, gives=self._gives,
        )  # fmt: skip

    async def _credit_note(self, note: WorkOrderChanged, snapshot: OrderSnapshot) -> Came:
        """Record a credit note, and take back the order it names, else the customer's one of the mirrored amount."""
        work = self._work
        number = snapshot.credits or await store.credit_of(work.session, work.dealer, note.order_id)
        if number is None:
            credited = await self._seems_credited(note, snapshot.seems_to_credit) or await self._mirrored(note)
            number = credited.number if credited is not None else None
        changed = await tell(work, note, credits=number)
        target = await self._order(number)
        if target is None or target.order_id == note.order_id or target.status != "finished":
            return changed
        took_back = await tell(work, await self._judged(target))
        await self._sold_by(target.number, target)
        await self._identities.settle_owner(target.vehicle_id)
        return max(took_back, changed)

    async def _seems_credited(self, note: WorkOrderChanged, number: str | None) -> WorkOrderChanged | None:
        order = await self._order(number)
        if order is None or note.customer_id is None or order.customer_id != note.customer_id:
            return None
        return crediting.named_by(number, [order])

    async def _mirrored(self, note: WorkOrderChanged) -> WorkOrderChanged | None:
        return crediting.mirrored_by(note, await self._of_customer(note, status="finished"))

    async def _judged(self, order: WorkOrderChanged) -> WorkOrderChanged:
        """The order as it stands once every credit note that we know was held against it, whichever came first."""
        if order.status != "finished":
            return order
        work = self._work
        notes = await store.orders_where(work.session, work.dealer, self._source, credits=order.number)
        if not notes and (note := crediting.mirroring(order, await self._loose_notes(order))) is not None:
            await tell(self._work, note, credits=order.number)
            notes = [note]
        return order.model_copy(update={"status": "credited"}) if crediting.covers(notes, order) else order

    async def _loose_notes(self, order: WorkOrderChanged) -> list[WorkOrderChanged]:
        """Credit notes of this customer for which no order was found yet, and that mirror this one."""
        return await self._of_customer(order, status="credited", credits=None) if crediting.total(order) > 0 else []

    async def _of_customer(self, order: WorkOrderChanged, **columns: str | None) -> list[WorkOrderChanged]:
        """Orders of this one's customer of the mirrored amount; never all of them: a fleet has thousands."""
        amount = -crediting.total(order)
        if order.customer_id is None or amount == 0:
            return []
        found = {"customer_id": order.customer_id, "amount": amount, **columns}
        return await store.orders_where(self._work.session, self._work.dealer, self._source, **found)

    async def end_open_orders_but(self, standing: set[str]) -> None:
        """Open orders of this source that are not among these any more were invoiced or deleted: they ask for nothing."""
        await store.lock_dealer(self._work.session, self._work.dealer)
        for order in await store.orders_where(self._work.session, self._work.dealer, self._source, status="open"):
            if order.number not in standing:
                await tell(self._work, order.model_copy(update={"status": "cancelled", "changed_on": self._work.now.date()}))
                await self._identities.settle_owner(order.vehicle_id)

    async def _order(self, number: str | None) -> WorkOrderChanged | None:
        """The order of that number as last told."""
        order = await self._find(ORDER, number) if number is not None else None
        return await store.told(self._work.session, self._work.dealer, WorkOrderChanged, order) if order is not None else None

    async def _find(self, kind: str, number: str) -> UUID | None:
        found = await store.aliased(self._work.session, self._work.dealer, kind, {str(self._source): number})
        return found.get(str(self._source))

    async def _mint(self, kind: str, number: str) -> UUID:
        entity = new_id()
        alias = store.Alias(kind, str(self._source), number)
        await store.add_alias(self._work.session, self._work.dealer, alias, entity, self._work.now)
        return entity
