"""Which known vehicle a snapshot is: found by VIN, plate or the source's key, and when two of them turn out to be one."""

from dataclasses import dataclass
from uuid import UUID

from ingest.domain.snapshots import VehicleSnapshot


@dataclass(frozen=True)
class Known:
    """What the aliases say of a snapshot: the vehicle that each of its names belongs to, and the VINs of those vehicles."""

    by_vin: UUID | None = None
    by_plate: UUID | None = None
    by_key: UUID | None = None
    vin_of_plate: str | None = None  # the VIN of the vehicle that has the plate


@dataclass(frozen=True)
class Identity:
    """The vehicle that a snapshot is (None: a new one), and those that turn out to be the same."""

    vehicle: UUID | None
    same: tuple[UUID, ...] = ()


def identify(snapshot: VehicleSnapshot, known: Known) -> Identity:
    """Find the vehicle. A plate on another VIN is another vehicle: plates move, VINs do not."""
    plate_moved = bool(snapshot.vin and known.vin_of_plate and known.vin_of_plate != snapshot.vin)
    found = [
        known.by_vin,
        None if plate_moved else known.by_plate,
        None if plate_moved and known.by_key == known.by_plate else known.by_key,
    ]
    distinct = list(dict.fromkeys(vehicle for vehicle in found if vehicle is not None))
    if not distinct:
        return Identity(None)
    oldest = min(distinct, key=lambda vehicle: vehicle.int)  # ids are sorted by the moment they were minted in
    return Identity(oldest, tuple(vehicle for vehicle in distinct if vehicle != oldest))
