"""Which known vehicle a snapshot is: found by VIN, plate or the source's key, and when two of them turn out to be one."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True)
class Known:
    """A vehicle that one of a snapshot's names belongs to, and its VIN where that was ever told."""

    vehicle: UUID
    vin: str | None = None


@dataclass(frozen=True)
class Identity:
    """The vehicle that a snapshot is (None: a new one), and those that turn out to be the same."""

    vehicle: UUID | None
    same: tuple[UUID, ...] = ()


def identify(vin: str | None, found: Sequence[Known]) -> Identity:
    """Find the vehicle among those found, the surest first. A name on another VIN is another vehicle: plates move, VINs do not."""
    same: list[Known] = []
    for known in found:
        vin = vin or known.vin
        if known.vin in (None, vin) and known.vehicle not in [other.vehicle for other in same]:
            same.append(known)
    if not same:
        return Identity(None)
    oldest = min((known.vehicle for known in same), key=lambda vehicle: vehicle.int)  # ids sort by the moment they were minted
    return Identity(oldest, tuple(known.vehicle for known in same if known.vehicle != oldest))
