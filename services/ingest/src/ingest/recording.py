"""The one way in: a snapshot is recorded under the ids that ingest mints, and told only when it changed something."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from uuid import UUID

from common.events.appointments import AppointmentChanged
from common.events.customers import CustomerChanged, SourceChanged, VehicleChanged, VehicleMerged
from common.events.work_orders import WorkOrderChanged
from common.ids import AppointmentId, CustomerId, InvitationId, OrderId, SourceId, VehicleId, WorkshopId, derived_id, new_id
from common.work import Work
from ingest import store
from ingest.domain import crediting
from ingest.domain.merging import Known, identify
from ingest.domain.snapshots import AppointmentSnapshot, CustomerSnapshot, OrderSnapshot, VehicleSnapshot

CUSTOMER, VEHICLE, ORDER, APPOINTMENT = "customer", "vehicle", "order", "appointment"
POLL = "poll"  # the errand that reads sources
REGISTER = "~"  # what a source's own list of customers says is newer than what any order says of them
Told = WorkOrderChanged | CustomerChanged | VehicleChanged | VehicleMerged | AppointmentChanged | SourceChanged


class Recorder:
    """Records what one source tells, within one transaction."""

    def __init__(self, work: Work, source_id: UUID, gives: tuple[str, ...]) -> None:
        self._work, self._source, self._gives = work, SourceId(source_id), gives

    async def order(self, snapshot: OrderSnapshot) -> bool:
        """Record an order with its customer and vehicle; False when nothing changed by it."""
        await store.lock_dealer(self._work.session, self._work.dealer)
        customer = await self.customer(snapshot.customer, as_of=snapshot.as_of()) if snapshot.customer else None
        vehicle = await self.vehicle(snapshot.vehicle, customer, snapshot)
        order = OrderId(await self._find(ORDER, snapshot.number) or await self._mint(ORDER, snapshot.number))
        event = self._order_event(order, snapshot, customer, vehicle)
        if snapshot.is_credit_note():
            return await self._credit_note(event.model_copy(update={"status": "credited"}), snapshot)
        return await self._tell(await self._judged(event))

    async def customer(self, snapshot: CustomerSnapshot, *, as_of: str = REGISTER) -> CustomerId:
        """Record a customer. What a snapshot does not tell stays as it was; an older one than the newest only fills gaps."""
        work = self._work
        customer = CustomerId(await self._find(CUSTOMER, snapshot.number) or await self._mint(CUSTOMER, snapshot.number))
        told = {
            "number": snapshot.number, "full_name": snapshot.full_name, "email": snapshot.email, "mobile": snapshot.mobile,
            "kind": snapshot.kind, "groups": snapshot.groups or None, "language": snapshot.language,
        }  # fmt: skip
        before = await store.told(work.session, work.dealer, CustomerChanged, customer)
        await self._update(before or CustomerChanged(revision=0, customer_id=customer), told, as_of)
        return customer

    async def vehicle(
        self, snapshot: VehicleSnapshot, customer: CustomerId | None, order: OrderSnapshot | None
    ) -> VehicleId | None:
        """Find or mint the vehicle of a snapshot; None where nothing tells it apart."""
        if not snapshot.is_known():
            return None
        names = {"vin": snapshot.vin, "plate": snapshot.plate, str(self._source): snapshot.key}
        given = {scope: name for scope, name in names.items() if name}
        identity = identify(snapshot.vin, await self._known(given))
        vehicle = VehicleId(identity.vehicle or new_id())
        for other in identity.same:
            await self._merge(VehicleId(other), vehicle)
        for scope, name in given.items():
            await self._name(vehicle, scope, name, _at(order) or self._work.now)
        await self._tell_vehicle(vehicle, snapshot, customer, order)
        return vehicle

    async def _known(self, given: Mapping[str, str]) -> list[Known]:
        """The vehicles that these names belong to, in the order of the names."""
        work = self._work
        aliases = await store.aliased(work.session, work.dealer, VEHICLE, given)
        found = []
        for scope in given:
            if scope in aliases:
                told = await store.told(work.session, work.dealer, VehicleChanged, aliases[scope])
                found.append(Known(aliases[scope], told.vin if told else None))
        return found

    async def _name(self, vehicle: VehicleId, scope: str, name: str, at: datetime) -> None:
        """At that moment this name meant this vehicle; whoever had the plate before has it no more."""
        work = self._work
        before = (await store.aliased(work.session, work.dealer, VEHICLE, {scope: name})).get(scope)
        await store.add_alias(work.session, work.dealer, store.Alias(VEHICLE, scope, name), vehicle, at)
        after = (await store.aliased(work.session, work.dealer, VEHICLE, {scope: name})).get(scope)
        if scope == "plate" and before is not None and before != after:
            other = await store.told(work.session, work.dealer, VehicleChanged, before)
            if other is not None and other.plate == name:
                await self._tell(other.model_copy(update={"plate": None}))

    async def appointment(self, snapshot: AppointmentSnapshot, invitation: InvitationId | None = None) -> bool:
        """Record an appointment; False when nothing changed by it."""
        work = self._work
        await store.lock_dealer(work.session, work.dealer)
        customer = await self.customer(snapshot.customer) if snapshot.customer else None
        vehicle = await self.vehicle(snapshot.vehicle, customer, None)
        found = AppointmentId(await self._find(APPOINTMENT, snapshot.number) or await self._mint(APPOINTMENT, snapshot.number))
        before = await store.told(work.session, work.dealer, AppointmentChanged, found)
        return await self._tell(
            AppointmentChanged(
                revision=0, appointment_id=found, source_id=self._source, vehicle_id=vehicle or (before.vehicle_id if before else None),
                customer_id=customer or (before.customer_id if before else None), starts_at=snapshot.starts_at.astimezone(UTC),
                made_at=before.made_at if before else work.now, text=snapshot.text or (before.text if before else ""),
                status=snapshot.status, invitation_id=invitation or (before.invitation_id if before else None),
            )
        )  # fmt: skip

    async def source(self, *, title: str, kind: str, fresh_at: datetime | None, polled: bool) -> None:
        """Tell what this source can tell, and how fresh it is."""
        await self._tell(
            SourceChanged(
                revision=0, source_id=self._source, title=title, kind=kind, gives=self._gives, fresh_at=fresh_at, polled=polled
            )
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

    async def _tell_vehicle(
        self, vehicle: VehicleId, snapshot: VehicleSnapshot, customer: CustomerId | None, order: OrderSnapshot | None
    ) -> None:
        work = self._work
        before = await store.told(work.session, work.dealer, VehicleChanged, vehicle)
        event = before or VehicleChanged(revision=0, vehicle_id=vehicle)
        if customer is not None and (event.customer_id is None or await self._is_latest(vehicle, order)):
            event = event.model_copy(update={"customer_id": customer})
        plate = await store.newest_alias(work.session, work.dealer, VEHICLE, "plate", vehicle)
        told = {
            name: getattr(snapshot, name)
            for name in ("vin", "make", "model", "model_year", "fuel", "variant", "first_registered_on")
        }
        await self._update(event.model_copy(update={"plate": plate}), told, order.as_of() if order else "")

    async def _is_latest(self, vehicle: VehicleId, order: OrderSnapshot | None) -> bool:
        """Whether no finished order of this vehicle is later than this one."""
        if order is None or order.finished_on is None:
            return False
        orders = await store.told_where(self._work.session, self._work.dealer, WorkOrderChanged, vehicle_id=vehicle)
        here = (order.finished_on, order.number)
        return all(other.finished_on is None or (other.finished_on, other.number) <= here for other in orders)

    async def _merge(self, vehicle: VehicleId, into: VehicleId) -> None:
        """Two vehicles are one: its names, facts and orders belong to the older from now on."""
        work = self._work
        await store.move_aliases(work.session, work.dealer, VEHICLE, vehicle, into)
        merged = await store.told(work.session, work.dealer, VehicleChanged, vehicle)
        kept = await store.told(work.session, work.dealer, VehicleChanged, into)
        theirs = await store.told_where(work.session, work.dealer, WorkOrderChanged, vehicle_id=vehicle)
        ours = await store.told_where(work.session, work.dealer, WorkOrderChanged, vehicle_id=into)
        if merged is not None and kept is not None:
            told = {name: value for name, value in merged if getattr(kept, name) is None}
            finished = [order for order in (*theirs, *ours) if order.finished_on and order.customer_id]
            latest = max(finished, key=lambda order: (order.finished_on or date.min, order.number), default=kept)
            await self._tell(kept.model_copy(update=told | {"customer_id": latest.customer_id}))
        for order in theirs:
            await self._tell(order.model_copy(update={"vehicle_id": into}))
        for appointment in await store.told_where(work.session, work.dealer, AppointmentChanged, vehicle_id=vehicle):
            await self._tell(appointment.model_copy(update={"vehicle_id": into}))
        await self._tell(VehicleMerged(revision=0, vehicle_id=vehicle, into_id=into))

    async def _credit_note(self, note: WorkOrderChanged, snapshot: OrderSnapshot) -> bool:
        """Record a credit note, and take back the order it names, else the customer's one of the mirrored amount."""
        work = self._work
        number = snapshot.credits or await store.credit_of(work.session, work.dealer, note.order_id)
        if number is None:
            orders = await self._orders_of_customer(note)
            credited = crediting.named_by(snapshot.seems_to_credit, orders) or crediting.mirrored_by(note, orders)
            number = credited.number if credited is not None else None
        changed = await self._tell(note, credits=number)
        order = await self._find(ORDER, number) if number is not None else None
        target = await store.told(work.session, work.dealer, WorkOrderChanged, order) if order is not None else None
        if target is None or target.order_id == note.order_id or target.status != "finished":
            return changed
        return await self._tell(await self._judged(target)) or changed

    async def _judged(self, order: WorkOrderChanged) -> WorkOrderChanged:
        """The order as it stands once every credit note that we know was held against it, whichever came first."""
        if order.status != "finished":
            return order
        work = self._work
        notes = await store.orders_where(work.session, work.dealer, self._source, credits=order.number)
        if not notes and (note := crediting.mirroring(order, await self._loose_notes(order))) is not None:
            await self._tell(note, credits=order.number)
            notes = [note]
        return order.model_copy(update={"status": "credited"}) if crediting.covers(notes, order) else order

    async def _loose_notes(self, order: WorkOrderChanged) -> list[WorkOrderChanged]:
        """Credit notes of this customer for which no order was found yet."""
        return [
            note
            for note in await self._orders_of_customer(order, credits=None)
            if note.status == "credited" and crediting.total(note) < 0
        ]

    async def _orders_of_customer(self, order: WorkOrderChanged, **columns: str | None) -> list[WorkOrderChanged]:
        if order.customer_id is None:
            return []
        found = {"customer_id": order.customer_id, **columns}
        return await store.orders_where(self._work.session, self._work.dealer, self._source, **found)

    async def end_open_orders_but(self, standing: set[str]) -> None:
        """Open orders of this source that are not among these any more were invoiced or deleted: they ask for nothing."""
        await store.lock_dealer(self._work.session, self._work.dealer)
        for order in await store.orders_where(self._work.session, self._work.dealer, self._source, status="open"):
            if order.number not in standing:
                await self._tell(order.model_copy(update={"status": "cancelled", "changed_on": self._work.now.date()}))

    async def _find(self, kind: str, number: str) -> UUID | None:
        found = await store.aliased(self._work.session, self._work.dealer, kind, {str(self._source): number})
        return found.get(str(self._source))

    async def _mint(self, kind: str, number: str) -> UUID:
        entity = new_id()
        alias = store.Alias(kind, str(self._source), number)
        await store.add_alias(self._work.session, self._work.dealer, alias, entity, self._work.now)
        return entity

    async def _update(self, event: CustomerChanged | VehicleChanged, told: Mapping[str, object], as_of: str) -> None:
        """Tell an entity with what a snapshot says of it."""
        newest = await store.as_of(self._work.session, self._work.dealer, type(event), event.entity())
        news = {
            name: value for name, value in told.items() if value is not None and (as_of >= newest or not getattr(event, name))
        }  # fmt: skip
        await self._tell(event.model_copy(update=news), as_of=max(as_of, newest))

    async def _tell(self, event: Told, **beside: str | None) -> bool:
        told = await store.save(self._work.session, self._work.dealer, event, **beside)
        if told is None:
            return False
        self._work.publish(told)
        return True


def _at(order: OrderSnapshot | None) -> datetime | None:
    """The moment of which a snapshot speaks."""
    day = (order.finished_on or order.changed_on) if order is not None else None
    return datetime.combine(day, time(), UTC) if day is not None else None
