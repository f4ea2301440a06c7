"""Who and which vehicle: ids are minted here alone, under every name a source has for them; what turns out to be one is merged."""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime, time
from uuid import UUID

from common.events.appointments import AppointmentChanged
from common.events.customers import ContractChanged, CustomerChanged, CustomerMerged, VehicleChanged, VehicleMerged
from common.events.work_orders import WorkOrderChanged
from common.ids import CustomerId, DealerId, SourceId, VehicleId, derived_id, new_id
from common.work import Work
from ingest import store
from ingest.domain.merging import Known, identify
from ingest.domain.owning import Registered, owner
from ingest.domain.snapshots import NOT_TOLD, CustomerSnapshot, OrderSnapshot, VehicleRecord, VehicleSnapshot
from ingest.telling import Came, tell

CUSTOMER, VEHICLE = "customer", "vehicle"
_NOTHING: dict[str, object] = {"email": None, "mobile": None, "kind": None, "groups": ()}  # what a register may take back
REGISTER = "~"  # what a source's own list of customers says is newer than what any order says of them


def bookings(dealer: DealerId) -> SourceId:
    """The source that a dealer's booking webhooks are."""
    return SourceId(derived_id("source", dealer, "booking"))


class Identities:
    """Finds, mints and merges customers and vehicles of one source, within one transaction. `numbers_of` is another source
    with the same customer numbers."""

    def __init__(self, work: Work, source: SourceId, numbers_of: SourceId | None = None) -> None:
        self._work, self._source, self._numbers_of = work, source, numbers_of

    async def customer(self, snapshot: CustomerSnapshot, *, as_of: str = REGISTER) -> CustomerId:
        """Record a customer."""
        return (await self.customer_told(snapshot, as_of=as_of))[0]

    async def customer_told(self, snapshot: CustomerSnapshot, *, as_of: str = REGISTER) -> tuple[CustomerId, Came]:
        """Record a customer, and what that changed. What a snapshot does not tell stays as it was; an older one than the newest only
        fills gaps. A register tells all there is: how to reach him and what he is, if it has that no more, nobody has; but it
        takes back only what it, or its source's orders, said."""
        work = self._work
        customer = await self._customer(snapshot.number)
        told = {
            "number": snapshot.number, "full_name": snapshot.full_name, "email": snapshot.email, "mobile": snapshot.mobile,
            "kind": snapshot.kind, "groups": snapshot.groups or None, "language": snapshot.language,
            "consent": None if snapshot.consent == NOT_TOLD else snapshot.consent,
        }  # fmt: skip
        before = await store.told(work.session, work.dealer, CustomerChanged, customer)
        given = await store.given(work.session, work.dealer, CustomerChanged, customer)
        event = before or CustomerChanged(revision=0, customer_id=customer)
        mine = str(self._source)
        gone = {name for name in snapshot.tells if as_of == REGISTER and given.get(name, mine) == mine}
        event = event.model_copy(update={name: _NOTHING[name] for name in gone})
        return customer, await self._update(event, told, as_of, given=given, gone=gone)

    async def customer_as_told(self, number: str) -> CustomerChanged | None:
        """The customer of that number here, where one was told."""
        names = await store.named(self._work.session, self._work.dealer, CUSTOMER, number)
        found = names.get(str(self._source)) or names.get(str(self._numbers_of))
        return await store.told(self._work.session, self._work.dealer, CustomerChanged, found) if found else None

    async def vehicle_as_told(self, snapshot: VehicleSnapshot) -> VehicleChanged | None:
        """The vehicle that a snapshot's surest name belongs to, where one was told."""
        meant = await self._meant(self._names(snapshot))
        found = next(iter(meant.values()), None)
        return await store.told(self._work.session, self._work.dealer, VehicleChanged, found) if found else None

    def _names(self, snapshot: VehicleSnapshot) -> dict[str, str]:
        """A snapshot's names by scope, the surest first."""
        names = {"vin": snapshot.vin, "plate": snapshot.plate, str(self._source): snapshot.key}
        return {scope: name for scope, name in names.items() if name}

    async def customer_named(self, number: str) -> CustomerId:
        """The customer whom a booking names by a number of some source: the one who has it; else one nobody knew yet."""
        found = set((await store.named(self._work.session, self._work.dealer, CUSTOMER, number)).values())
        return CustomerId(found.pop()) if len(found) == 1 else await self.customer(CustomerSnapshot(number), as_of="")

    async def customer_reached(
        self, name: str | None, email: str | None, mobile: str | None, plate: str | None, invited: CustomerId | None
    ) -> CustomerId | None:
        """The only customer with this e-mail address, or else with this number; of several the one whose vehicle it is. Where there is
        none: the one we invited, or else one nobody knew yet. Where that is not sure, nobody."""
        work = self._work
        for address in ({"email": email} if email else {}, {"mobile": mobile} if mobile else {}):
            found = await store.reached_by(work.session, work.dealer, **address) if address else []
            if len(found) > 1:
                owner = await self._owner_by_plate(plate)
                found = [one for one in found if one in (owner, invited)][:1]
                return CustomerId(found[0]) if found else None
            if found:
                return CustomerId(found[0])
        if invited is not None and await store.told(work.session, work.dealer, CustomerChanged, invited) is not None:
            return invited
        if not (email or mobile):
            return None
        customer = await self._customer((email or mobile or "").lower())
        event = CustomerChanged(revision=0, customer_id=customer, full_name=name, email=email, mobile=mobile)
        await tell(work, event)
        return customer

    async def _owner_by_plate(self, plate: str | None) -> UUID | None:
        told = await self.vehicle_as_told(VehicleSnapshot(plate=plate)) if plate else None
        return told.customer_id if told is not None else None

    async def still(self, vehicle: VehicleId | None) -> VehicleId | None:
        """A vehicle under the id that it has now; None for one that was never told."""
        work = self._work
        for _ in range(10):
            if vehicle is None or (merged := await store.told(work.session, work.dealer, VehicleMerged, vehicle)) is None:
                break
            vehicle = merged.into_id
        if vehicle is None or await store.told(work.session, work.dealer, VehicleChanged, vehicle) is None:
            return None
        return vehicle

    async def _customer(self, number: str) -> CustomerId:
        """Find or mint the customer of that number: here, in the source whose numbers these are, else as a booking named him."""
        work = self._work
        names = await store.named(work.session, work.dealer, CUSTOMER, number)
        scopes = dict.fromkeys(str(scope) for scope in (self._source, self._numbers_of) if scope is not None)
        found = {names[scope] for scope in scopes if scope in names}
        if not found and set(names) == {str(bookings(work.dealer))}:
            found = set(names.values())
        customer = CustomerId(min(found, key=lambda one: one.int) if found else new_id())
        for other in found - {customer}:
            await self._merge_customers(CustomerId(other), customer)
        for scope in scopes:
            if scope not in names:
                await store.add_alias(work.session, work.dealer, store.Alias(CUSTOMER, scope, number), customer, work.now)
        return customer

    async def _merge_customers(self, customer: CustomerId, into: CustomerId) -> None:
        """Two customers are one: numbers, facts, vehicles and orders belong to the older from now on."""
        work = self._work
        await store.move_aliases(work.session, work.dealer, CUSTOMER, customer, into)
        merged = await store.told(work.session, work.dealer, CustomerChanged, customer)
        kept = await store.told(work.session, work.dealer, CustomerChanged, into)
        if merged is not None and kept is not None:
            told = {name: value for name, value in merged if getattr(kept, name) in (None, (), NOT_TOLD)}
            await tell(work, kept.model_copy(update=told))
        for order in await store.told_where(work.session, work.dealer, WorkOrderChanged, customer_id=customer):
            await tell(work, order.model_copy(update={"customer_id": into}))
        for vehicle in await store.told_where(work.session, work.dealer, VehicleChanged, customer_id=customer):
            await tell(work, vehicle.model_copy(update={"customer_id": into}))
        for appointment in await store.told_where(work.session, work.dealer, AppointmentChanged, customer_id=customer):
            await tell(work, appointment.model_copy(update={"customer_id": into}))
        for contract in await store.told_where(work.session, work.dealer, ContractChanged, customer_id=customer):
            await tell(work, contract.model_copy(update={"customer_id": into}))
        await store.move_owner(work.session, work.dealer, customer, into)
        await tell(work, CustomerMerged(revision=0, customer_id=customer, into_id=into))

    async def vehicle(self, snapshot: VehicleSnapshot, order: OrderSnapshot | None) -> VehicleId | None:
        """Find or mint the vehicle of a snapshot; None where nothing tells it apart."""
        if not snapshot.is_known():
            return None
        given = self._names(snapshot)
        before = await self._meant(given)
        identity = identify(snapshot.vin, await self._known(before))
        vehicle = VehicleId(identity.vehicle or new_id())
        for other in identity.same:
            await self._merge_vehicles(VehicleId(other), vehicle)
        if identity.same:
            before = await self._meant(given)
        for scope, name in given.items():
            await self._name(vehicle, scope, name, at=_at(order) or self._work.now, before=before.get(scope))
        return vehicle

    async def _meant(self, given: Mapping[str, str]) -> dict[str, UUID]:
        """The vehicles that these names belong to, in the order of the names."""
        aliases = await store.aliased(self._work.session, self._work.dealer, VEHICLE, given)
        return {scope: aliases[scope] for scope in given if scope in aliases}

    async def _known(self, meant: Mapping[str, UUID]) -> list[Known]:
        found = []
        for vehicle in meant.values():
            told = await store.told(self._work.session, self._work.dealer, VehicleChanged, vehicle)
            found.append(Known(vehicle, told.vin if told else None))
        return found

    async def _name(self, vehicle: VehicleId, scope: str, name: str, *, at: datetime, before: UUID | None) -> None:
        """At that moment this name meant this vehicle; whoever had the plate before has it no more."""
        work = self._work
        named = await store.add_alias(work.session, work.dealer, store.Alias(VEHICLE, scope, name), vehicle, at)
        if named and scope == "plate" and before not in (None, vehicle):
            other = await store.told(work.session, work.dealer, VehicleChanged, before)
            if other is not None and other.plate == name:
                await tell(work, other.model_copy(update={"plate": None}))

    async def tell_vehicle(self, vehicle: VehicleId, snapshot: VehicleSnapshot, as_of: str) -> Came:
        """Tell a vehicle with what a snapshot says of it, once its order or appointment is recorded."""
        work = self._work
        before = await store.told(work.session, work.dealer, VehicleChanged, vehicle)
        plate = await store.newest_alias(work.session, work.dealer, VEHICLE, "plate", vehicle)
        now = {"plate": plate, **await self._owner(vehicle)}
        event = before or VehicleChanged(revision=0, vehicle_id=vehicle)
        return await self._update(event.model_copy(update=now), _facts(snapshot), as_of)

    async def register_vehicle(self, vehicle: VehicleId, record: VehicleRecord, customer: CustomerId | None) -> Came:
        """Tell a vehicle as a list of vehicles has it, and whose it is where the list says so."""
        work = self._work
        before = await store.told(work.session, work.dealer, VehicleChanged, vehicle)
        listed = await store.registered(work.session, work.dealer, vehicle)
        if customer is not None:
            same = listed is not None and listed.customer == customer
            listed = Registered(customer, record.owned_since or (listed.since if listed is not None and same else None))
        plate = await store.newest_alias(work.session, work.dealer, VEHICLE, "plate", vehicle)
        now = {"plate": plate, **await self._owner(vehicle, listed)}
        if customer is None and record.owned_since is not None:
            now["owned_since"] = record.owned_since
        event = (before or VehicleChanged(revision=0, vehicle_id=vehicle)).model_copy(update=now)
        beside = {"owner_id": listed.customer, "owner_since": listed.since} if listed is not None else {}
        return await self._update(event, _facts(record.vehicle), REGISTER, beside=beside)

    async def _owner(self, vehicle: VehicleId, listed: Registered | None = None) -> dict[str, object]:
        """Whose a vehicle is; since when it is his only where that was said of him."""
        work = self._work
        listed = listed or await store.registered(work.session, work.dealer, vehicle)
        found = owner(await store.seen_with(work.session, work.dealer, vehicle), listed)
        if listed is None:
            return {"customer_id": found}
        return {"customer_id": found, "owned_since": listed.since if found == listed.customer else None}

    async def settle_owner(self, vehicle: VehicleId | None, *, but: VehicleId | None = None) -> None:
        """A vehicle belongs to the customer of its latest order that stands: look again after one was taken back or moved."""
        work = self._work
        if vehicle is None or vehicle == but:
            return
        told = await store.told(work.session, work.dealer, VehicleChanged, vehicle)
        if told is not None:
            await tell(work, told.model_copy(update=await self._owner(vehicle)))

    async def _merge_vehicles(self, vehicle: VehicleId, into: VehicleId) -> None:
        """Two vehicles are one: its names, facts and orders belong to the older from now on."""
        work = self._work
        await store.move_aliases(work.session, work.dealer, VEHICLE, vehicle, into)
        for order in await store.told_where(work.session, work.dealer, WorkOrderChanged, vehicle_id=vehicle):
            await tell(work, order.model_copy(update={"vehicle_id": into}))
        for appointment in await store.told_where(work.session, work.dealer, AppointmentChanged, vehicle_id=vehicle):
            await tell(work, appointment.model_copy(update={"vehicle_id": into}))
        merged = await store.told(work.session, work.dealer, VehicleChanged, vehicle)
        kept = await store.told(work.session, work.dealer, VehicleChanged, into)
        if merged is not None and kept is not None:
            told = {name: value for name, value in merged if getattr(kept, name) is None}
            listed = await store.registered(work.session, work.dealer, into)
            listed = listed or await store.registered(work.session, work.dealer, vehicle)
            told |= await self._owner(into, listed)
            beside = {"owner_id": listed.customer, "owner_since": listed.since} if listed is not None else {}
            await tell(work, kept.model_copy(update=told), **beside)
        for contract in await store.told_where(work.session, work.dealer, ContractChanged, vehicle_id=vehicle):
            await tell(work, contract.model_copy(update={"vehicle_id": into}))
        await tell(work, VehicleMerged(revision=0, vehicle_id=vehicle, into_id=into))

    async def _update(
        self,
        event: CustomerChanged | VehicleChanged,
        told: Mapping[str, object],
        as_of: str,
        *,
        given: Mapping[str, str] | None = None,
        gone: Collection[str] = (),
        beside: Mapping[str, object] | None = None,
    ) -> Came:
        """Tell an entity with what a snapshot says of it, and keep who gave what of it that may be taken back."""
        newest = await store.as_of(self._work.session, self._work.dealer, type(event), event.entity())
        news = {
            name: value for name, value in told.items() if value is not None and (as_of >= newest or not getattr(event, name))
        }  # fmt: skip
        keep = {"as_of": max(as_of, newest), **(beside or {})}
        if given is not None:
            mine = {name: str(self._source) for name in _NOTHING if name in news}
            keep["given"] = {name: source for name, source in given.items() if name not in gone} | mine
        return await tell(self._work, event.model_copy(update=news), **keep)


def _facts(snapshot: VehicleSnapshot) -> dict[str, object]:
    """What a snapshot says of a vehicle, besides its plate."""
    names = ("vin", "make", "model", "model_year", "fuel", "variant", "first_registered_on", "country")
    return {name: getattr(snapshot, name) for name in names}


def _at(order: OrderSnapshot | None) -> datetime | None:
    """The moment of which a snapshot speaks."""
    day = (order.finished_on or order.changed_on) if order is not None else None
    return datetime.combine(day, time(), UTC) if day is not None else None
