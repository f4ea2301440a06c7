"""The one way in: a snapshot is recorded under the ids that ingest mints, and told only when it changed something."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from common.events.appointments import AppointmentChanged
from common.events.customers import SourceChanged
from common.events.work_orders import WorkOrderChanged
from common.ids import AppointmentId, CustomerId, InvitationId, OrderId, SourceId, VehicleId, WorkshopId, derived_id, new_id
from common.work import Work
from ingest import store
from ingest.domain import crediting
from ingest.domain.snapshots import AppointmentSnapshot, CustomerSnapshot, OrderSnapshot
from ingest.identity import REGISTER, Identities, bookings
from ingest.telling import tell

ORDER, APPOINTMENT = "order", "appointment"
POLL = "poll"  # the errand that reads sources
TOLD_EVERY = timedelta(hours=6)


def told_again(cursor: Mapping[str, Any], now: datetime) -> bool:
    """Whether it is time to tell again how fresh a source is; `told_at` of its cursor is when that was told last."""
    return "told_at" not in cursor or now - datetime.fromisoformat(cursor["told_at"]) >= TOLD_EVERY


class Recorder:
    """Records what one source tells, within one transaction."""

    def __init__(self, work: Work, source_id: UUID, gives: tuple[str, ...], numbers_of: UUID | None = None) -> None:
        self._work, self._source, self._gives = work, SourceId(source_id), gives
        self._identities = Identities(work, self._source, SourceId(numbers_of) if numbers_of is not None else None)

    @classmethod
    def of(cls, work: Work, source: Any) -> "Recorder":
        """What a connection of this dealer tells."""
        numbers_of = source.config.get("numbers_of")
        return cls(work, source.source_id, tuple(source.config["gives"]), UUID(numbers_of) if numbers_of else None)

    async def customer(self, snapshot: CustomerSnapshot, *, as_of: str = REGISTER) -> CustomerId:
        """Record a customer."""
        return await self._identities.customer(snapshot, as_of=as_of)

    async def order(self, snapshot: OrderSnapshot) -> bool:
        """Record an order with its customer and vehicle; False when nothing changed by it."""
        await store.lock_dealer(self._work.session, self._work.dealer)
        customer = await self.customer(snapshot.customer, as_of=snapshot.as_of()) if snapshot.customer else None
        vehicle = await self._identities.vehicle(snapshot.vehicle, snapshot)
        before = await self._order(snapshot.number)
        order = before.order_id if before is not None else OrderId(await self._mint(ORDER, snapshot.number))
        changed = await self._tell_order(self._order_event(order, snapshot, customer, vehicle), snapshot)
        if vehicle is not None:
            await self._identities.tell_vehicle(vehicle, snapshot.vehicle, snapshot.as_of())
        await self._identities.settle_owner(before.vehicle_id if before is not None else None, but=vehicle)
        return changed

    async def _tell_order(self, event: WorkOrderChanged, snapshot: OrderSnapshot) -> bool:
        if snapshot.is_credit_note():
            return await self._credit_note(event.model_copy(update={"status": "credited"}), snapshot)
        return await tell(self._work, await self._judged(event))

    async def appointment(self, snapshot: AppointmentSnapshot, invitation: InvitationId | None = None) -> bool:
        """Record an appointment; False when nothing changed by it."""
        work = self._work
        await store.lock_dealer(work.session, work.dealer)
        customer = await self._customer_of(snapshot)
        vehicle = await self._identities.vehicle(snapshot.vehicle, None)
        found = AppointmentId(await self._find(APPOINTMENT, snapshot.number) or await self._mint(APPOINTMENT, snapshot.number))
        before = await store.told(work.session, work.dealer, AppointmentChanged, found)
        event = AppointmentChanged(
            revision=0, appointment_id=found, source_id=self._source, vehicle_id=vehicle or (before.vehicle_id if before else None),
            customer_id=customer or (before.customer_id if before else None), starts_at=snapshot.starts_at.astimezone(UTC),
            made_at=before.made_at if before else work.now, text=snapshot.text or (before.text if before else ""),
            status=snapshot.status, invitation_id=invitation or (before.invitation_id if before else None),
        )  # fmt: skip
        changed = await tell(work, event)
        if vehicle is not None:
            await self._identities.tell_vehicle(vehicle, snapshot.vehicle, "")
        await self._identities.settle_owner(before.vehicle_id if before is not None else None, but=vehicle)
        return changed

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

    async def _credit_note(self, note: WorkOrderChanged, snapshot: OrderSnapshot) -> bool:
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
        await self._identities.settle_owner(target.vehicle_id)
        return took_back or changed

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
