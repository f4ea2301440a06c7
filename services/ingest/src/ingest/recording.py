"""The one way in: a snapshot is recorded under the ids that ingest mints, and told only when it changed something."""

from datetime import UTC, datetime
from uuid import UUID

from common.events.appointments import AppointmentChanged
from common.events.customers import CustomerChanged, SourceChanged, VehicleChanged, VehicleMerged
from common.events.work_orders import WorkOrderChanged
from common.ids import AppointmentId, CustomerId, InvitationId, OrderId, SourceId, VehicleId, WorkshopId, derived_id, new_id
from common.work import Work
from ingest import store
from ingest.domain.merging import Known, identify
from ingest.domain.snapshots import AppointmentSnapshot, CustomerSnapshot, OrderSnapshot, VehicleSnapshot, credited

CUSTOMER, VEHICLE, ORDER, APPOINTMENT = "customer", "vehicle", "order", "appointment"


class Recorder:
    """Records what one source tells, within one transaction."""

    def __init__(self, work: Work, source_id: UUID, gives: tuple[str, ...]) -> None:
        self._work, self._source, self._gives = work, SourceId(source_id), gives

    async def order(self, snapshot: OrderSnapshot) -> bool:
        """Record an order with its customer and vehicle; False when nothing changed by it."""
        await store.lock_dealer(self._work.session, self._work.dealer)
        customer = await self.customer(snapshot.customer) if snapshot.customer else None
        vehicle = await self.vehicle(snapshot.vehicle, customer, snapshot)
        order = await self._find(ORDER, snapshot.number)
        if order is not None and snapshot.status != "credited":
            before = await store.told(self._work.session, self._work.dealer, WorkOrderChanged, order)
            if before is not None and before.status == "credited":
                snapshot = credited(snapshot)  # a credit note came first, or was read before this
        event = self._order_event(OrderId(order or await self._mint(ORDER, snapshot.number)), snapshot, customer, vehicle)
        changed = await self._tell(event)
        if snapshot.is_credit:
            changed |= await self._take_back(snapshot, event)
        return changed

    async def customer(self, snapshot: CustomerSnapshot) -> CustomerId:
        """Record a customer; what this snapshot does not tell stays as it was told."""
        work = self._work
        found = await self._find(CUSTOMER, snapshot.number)
        customer = CustomerId(found or await self._mint(CUSTOMER, snapshot.number))
        before = await store.told(work.session, work.dealer, CustomerChanged, customer)
        told = {
            "number": snapshot.number, "full_name": snapshot.full_name, "email": snapshot.email, "mobile": snapshot.mobile,
            "kind": snapshot.kind, "groups": snapshot.groups or None, "language": snapshot.language,
        }  # fmt: skip
        known = {name: value for name, value in told.items() if value is not None}
        event = (before or CustomerChanged(revision=0, customer_id=customer)).model_copy(update=known)
        await self._tell(event)
        return customer

    async def vehicle(
        self, snapshot: VehicleSnapshot, customer: CustomerId | None, order: OrderSnapshot | None
    ) -> VehicleId | None:
        """Find or mint the vehicle of a snapshot; None where nothing tells it apart."""
        if not snapshot.is_known():
            return None
        work = self._work
        names = {"vin": snapshot.vin, "plate": snapshot.plate, str(self._source): snapshot.key}
        given = {scope: name for scope, name in names.items() if name}
        known = await store.aliased(work.session, work.dealer, VEHICLE, given)
        of_plate = await store.told(work.session, work.dealer, VehicleChanged, known["plate"]) if "plate" in known else None
        identity = identify(
            snapshot,
            Known(known.get("vin"), known.get("plate"), known.get(str(self._source)), of_plate.vin if of_plate else None),
        )
        vehicle = VehicleId(identity.vehicle or new_id())
        for other in identity.same:
            await self._merge(VehicleId(other), vehicle)
        for scope, name in given.items():
            await store.add_alias(work.session, work.dealer, VEHICLE, scope, name, vehicle, work.now)
        await self._tell(await self._vehicle_event(vehicle, snapshot, customer, order))
        return vehicle

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

    async def _vehicle_event(
        self, vehicle: VehicleId, snapshot: VehicleSnapshot, customer: CustomerId | None, order: OrderSnapshot | None
    ) -> VehicleChanged:
        before = await store.told(self._work.session, self._work.dealer, VehicleChanged, vehicle)
        told = {
            "plate": snapshot.plate, "vin": snapshot.vin, "make": snapshot.make, "model": snapshot.model,
            "model_year": snapshot.model_year, "fuel": snapshot.fuel, "variant": snapshot.variant,
            "first_registered_on": snapshot.first_registered_on,
        }  # fmt: skip
        known: dict[str, object] = {name: value for name, value in told.items() if value is not None}
        if customer is not None and (before is None or await self._is_latest(vehicle, order)):
            known["customer_id"] = customer
        return (before or VehicleChanged(revision=0, vehicle_id=vehicle)).model_copy(update=known)

    async def _is_latest(self, vehicle: VehicleId, order: OrderSnapshot | None) -> bool:
        """Whether no finished order of this vehicle is later than this one."""
        if order is None or order.finished_on is None:
            return False
        orders = await store.told_where(self._work.session, self._work.dealer, WorkOrderChanged, vehicle_id=str(vehicle))
        return all(other.finished_on is None or other.finished_on <= order.finished_on for other in orders)

    async def _merge(self, vehicle: VehicleId, into: VehicleId) -> None:
        """Two vehicles are one: its names, facts and orders belong to the older from now on."""
        work = self._work
        await store.move_aliases(work.session, work.dealer, VEHICLE, vehicle, into)
        merged = await store.told(work.session, work.dealer, VehicleChanged, vehicle)
        kept = await store.told(work.session, work.dealer, VehicleChanged, into)
        if merged is not None and kept is not None:
            missing = {name: value for name, value in merged if getattr(kept, name) is None and value is not None}
            await self._tell(kept.model_copy(update=missing))
        for order in await store.told_where(work.session, work.dealer, WorkOrderChanged, vehicle_id=str(vehicle)):
            await self._tell(order.model_copy(update={"vehicle_id": into}))
        for appointment in await store.told_where(work.session, work.dealer, AppointmentChanged, vehicle_id=str(vehicle)):
            await self._tell(appointment.model_copy(update={"vehicle_id": into}))
        await self._tell(VehicleMerged(revision=0, vehicle_id=vehicle, into_id=into))

    async def _take_back(self, credit: OrderSnapshot, told: WorkOrderChanged) -> bool:
        """A credit note takes back the order it names, else the customer's one order of the mirrored amount."""
        work = self._work
        if credit.credits is not None:
            named = await self._find(ORDER, credit.credits)
            target = await store.told(work.session, work.dealer, WorkOrderChanged, named) if named else None
        else:
            target = await self._mirrored(credit, told)
        if target is None or target.order_id == told.order_id or target.status == "credited":
            return False
        return await self._tell(target.model_copy(update={"status": "credited"}))

    async def _mirrored(self, credit: OrderSnapshot, told: WorkOrderChanged) -> WorkOrderChanged | None:
        if told.customer_id is None:
            return None
        orders = await store.told_where(
            self._work.session, self._work.dealer, WorkOrderChanged, customer_id=str(told.customer_id)
        )
        mirrored = [
            order
            for order in orders
            if order.status == "finished"
            and (told.vehicle_id is None or order.vehicle_id == told.vehicle_id)
            and sum(line.amount or 0 for line in order.lines) == -credit.total() != 0
            and (order.finished_on is None or credit.finished_on is None or order.finished_on <= credit.finished_on)
        ]
        return max(mirrored, key=lambda order: (str(order.finished_on), order.number), default=None)

    async def end_open_orders_but(self, standing: set[str]) -> None:
        """Open orders of this source that are not among these any more were invoiced or deleted: they ask for nothing."""
        found = await store.told_where(
            self._work.session, self._work.dealer, WorkOrderChanged, source_id=str(self._source), status="open"
        )
        for order in found:
            if order.number not in standing:
                await self._tell(order.model_copy(update={"status": "cancelled", "changed_on": self._work.now.date()}))

    async def _find(self, kind: str, number: str) -> UUID | None:
        found = await store.aliased(self._work.session, self._work.dealer, kind, {str(self._source): number})
        return found.get(str(self._source))

    async def _mint(self, kind: str, number: str) -> UUID:
        entity = new_id()
        await store.add_alias(self._work.session, self._work.dealer, kind, str(self._source), number, entity, self._work.now)
        return entity

    async def _tell(
        self, event: WorkOrderChanged | CustomerChanged | VehicleChanged | VehicleMerged | AppointmentChanged | SourceChanged
    ) -> bool:
        told = await store.save(self._work.session, self._work.dealer, event)
        if told is None:
            return False
        self._work.publish(told)
        return True
