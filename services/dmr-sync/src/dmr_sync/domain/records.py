"""What the registry has of one vehicle, folded from its rows: the registry writes one row for each leasing period."""

from collections.abc import Iterable, Sequence
from datetime import date
from itertools import chain

from pydantic import BaseModel, ConfigDict

from common.events.registry import LeasingPeriod, OwnershipSign, RegistryInspection
from common.events.words import InspectionKind, InspectionResult, RegistryStatus

MOST = 40  # inspections, periods and signs kept of a vehicle: the newest
VIN_LETTERS = 17


class Permit(BaseModel):
    """A permission that the vehicle has, such as hire without driver."""

    model_config = ConfigDict(frozen=True)

    name: str
    from_on: date | None = None
    to_on: date | None = None


class Record(BaseModel):
    """A vehicle as the registry has it, in one row or folded from all of its rows."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    ident: str | None = None
    vin: str | None = None  # may be shorter than 17 letters
    plate: str | None = None
    plate_since: date | None = None
    kind: str | None = None
    uses: tuple[str, ...] = ()  # the main one first
    permits: tuple[Permit, ...] = ()
    status: RegistryStatus | None = None
    status_on: date | None = None
    changed_on: date | None = None  # of either status: of two rows the newer one is true
    first_registered_on: date | None = None
    total_kg: int | None = None
    persons: int | None = None  # seats, the driver's included
    odometer_km: int | None = None
    odometer_on: date | None = None
    inspections: tuple[RegistryInspection, ...] = ()  # oldest first
    leasing: tuple[LeasingPeriod, ...] = ()
    signs: tuple[OwnershipSign, ...] = ()  # noticed so far
    owner_since: date | None = None  # where a registry gives it
    inspection_expires_on: date | None = None  # likewise

    def key(self) -> str:
        """What makes two rows the same vehicle: the VIN, else the registry's own number. A chassis number that is no VIN may be
        another maker's, too."""
        if self.vin is not None and (len(self.vin) == VIN_LETTERS or self.ident is None):
            return f"vin {self.vin}"
        return f"ident {self.ident or self.plate}"


def fold(rows: Sequence[Record]) -> Record:
    """One vehicle from its rows, in the order of the file: the newest status is true; inspections, periods and permits of all
    count."""
    ordered = sorted(rows, key=lambda row: row.changed_on or date.min)  # stable: of two alike the later in the file
    newest = ordered[-1]
    reading = max((row for row in ordered if row.odometer_km), key=_odometer_age, default=newest)
    return newest.model_copy(
        update={
            "inspections": _inspections(chain.from_iterable(row.inspections for row in ordered)),
            "leasing": _periods(ordered),
            "permits": tuple(dict.fromkeys(chain.from_iterable(row.permits for row in reversed(ordered))))[:MOST],
            "odometer_km": reading.odometer_km,
            "odometer_on": reading.odometer_on,
        }
    )


def follow(earlier: Record | None, now: Record, read_on: date) -> Record:
    """What a new read says, with what earlier ones showed and this one no longer does: inspections, and signs of another owner."""
    if earlier is None:
        return now.model_copy(update={"signs": _signs(_noticed(None, now, read_on))})
    return now.model_copy(
        update={
            "inspections": _inspections([*earlier.inspections, *now.inspections]),
            "signs": _signs([*earlier.signs, *_noticed(earlier, now, read_on)]),
        }
    )


def _noticed(earlier: Record | None, now: Record, read_on: date) -> Iterable[OwnershipSign]:
    """A registered vehicle whose status is of another day than its first registration, and one that has another plate than before."""
    registered = now.status is RegistryStatus.REGISTERED
    if registered and now.status_on is not None and now.status_on != now.first_registered_on:
        yield OwnershipSign(on=now.status_on, sign="status")
    if registered and earlier is not None and None not in (earlier.plate, now.plate) and earlier.plate != now.plate:
        yield OwnershipSign(on=now.plate_since or now.status_on or read_on, sign="plate")
    if now.owner_since is not None:
        yield OwnershipSign(on=now.owner_since, sign="owner", confidence="certain")


def _signs(signs: Iterable[OwnershipSign]) -> tuple[OwnershipSign, ...]:
    return tuple(sorted(set(signs), key=lambda sign: (sign.on, sign.sign)))[-MOST:]


def _inspections(told: Iterable[RegistryInspection]) -> tuple[RegistryInspection, ...]:
    """Each once, by day and kind; what is told later of the same one is true. On one day the pass comes last."""
    found = {(each.on, each.kind): each for each in told}
    return tuple(sorted(found.values(), key=_inspection_order))[-MOST:]


def _inspection_order(each: RegistryInspection) -> tuple[date, bool, bool]:
    return each.on, each.kind == InspectionKind.PERIODIC, each.result == InspectionResult.PASSED


def _periods(rows: Sequence[Record]) -> tuple[LeasingPeriod, ...]:
    """Each period once, by its start; a newer row says when it ends, and of rows of one day the one that says more."""
    found: dict[date | None, tuple[date, LeasingPeriod]] = {}
    for row in rows:
        as_of = row.changed_on or date.min
        for period in row.leasing:
            before = found.get(period.from_on)
            if before is None or as_of > before[0] or (period.to_on or date.min) > (before[1].to_on or date.min):
                found[period.from_on] = (as_of, period)
    periods = [period for _, period in found.values()]
    return tuple(sorted(periods, key=lambda each: (each.from_on or date.min, each.to_on or date.max)))[-MOST:]


def _odometer_age(row: Record) -> tuple[date, int]:
    return row.odometer_on or date.min, row.odometer_km or 0
