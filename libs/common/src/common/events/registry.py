"""Topic `registry`: what a country's motor registry says of a dealer's vehicles. Written by dmr-sync."""

from datetime import date
from uuid import UUID

from common.events.base import Fact, State, topic
from common.ids import VehicleId

TOPIC = topic("registry", writer="dmr-sync", kind="state", retention_days=30)


class RegistryInspection(Fact):
    """An official inspection as the registry has it."""

    on: date
    kind: str = "periodic"  # InspectionKind; only periodic ones start a period
    result: str = "not_told"  # InspectionResult
    odometer_km: int | None = None


class LeasingPeriod(Fact):
    """A lease; an end of None is not told."""

    from_on: date | None = None
    to_on: date | None = None


class OwnershipSign(Fact):
    """Something that may mean that the vehicle has another owner since that day."""

    on: date
    sign: str  # status, plate, lease, owner
    confidence: str = "probable"  # probable, certain


class VehicleRegistryChanged(State):
    """A vehicle of the dealer as its country's registry has it now. `known` False: the registry has no row of it."""

    name = "vehicle.registry_changed.v1"
    topic = TOPIC
    entity_field = "vehicle_id"
    vehicle_id: VehicleId
    country: str  # ISO 3166, of registration
    known: bool = True
    kind: str | None = None  # in the registry's words, as is the use
    use: str | None = None
    status: str | None = None  # RegistryStatus
    status_on: date | None = None
    plate: str | None = None
    first_registered_on: date | None = None
    owner_since: date | None = None  # where the registry gives it (NL)
    odometer_km: int | None = None
    odometer_on: date | None = None
    inspections: tuple[RegistryInspection, ...] = ()  # oldest first
    inspection_expires_on: date | None = None  # the registry's own date, where it gives one
    next_inspection_on: date | None = None
    next_inspection_estimated: bool = True
    next_inspection_because: str | None = None  # Because, where there is no date
    next_inspection_params: dict[str, str] = {}  # of that reason
    inspection_rule: str | None = None  # the rule that gave the date, with its source
    inspection_every_months: int | None = None  # from a passed inspection to the next, by that rule
    leasing: tuple[LeasingPeriod, ...] = ()
    signs: tuple[OwnershipSign, ...] = ()
    read_on: date  # the day of the registry's file, or of the question

    def key(self) -> UUID:
        return self.vehicle_id


class RegistryRead(State):
    """A registry was read to its end for this dealer; `country` is not connected before the first."""

    name = "registry.read.v1"
    topic = TOPIC
    entity_field = "registry_id"
    registry_id: UUID  # derived from the country
    country: str
    read_on: date  # of the file, by its name

    def key(self) -> UUID:
        return self.registry_id
