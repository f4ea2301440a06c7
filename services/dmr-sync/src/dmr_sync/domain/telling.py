"""What a dealer is told of a vehicle: the registry's record, or that it has none."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from common.events.registry import LeasingPeriod, OwnershipSign, VehicleRegistryChanged
from common.events.words import Because, RegistryStatus
from common.ids import VehicleId
from dmr_sync.domain import inspections
from dmr_sync.domain.inspections import Due
from dmr_sync.domain.records import VIN_LETTERS, Record

_ON_AGAIN = timedelta(days=1)  # a period that begins so soon after another ends continues it


@dataclass(frozen=True)
class Found:
    """A record of the registry, and as of which day it stands."""

    key: str
    record: Record
    read_on: date


@dataclass(frozen=True)
class Wanted:
    """A dealer's vehicle: by what it may be found, and the record that was given for it by name, if one was."""

    vehicle_id: UUID
    vin: str | None = None
    plate: str | None = None
    given: str | None = None
    looked_on: date | None = None  # of the newest complete file in which it was looked for


def choose(wanted: Wanted, found: Sequence[Found]) -> Found | None:
    """The record of a dealer's vehicle: the one of its VIN; else of its plate, unless that record has another VIN. A plate may have
    been on several vehicles: a registered one goes first, then the newest. A record that its registry no longer has is none."""
    stand = [each for each in found if wanted.looked_on is None or each.read_on >= wanted.looked_on or each.key == wanted.given]
    if wanted.given is not None:
        return next((each for each in stand if each.key == wanted.given), None)
    by_vin = [each for each in stand if wanted.vin is not None and each.record.vin == wanted.vin]
    by_plate = [each for each in stand if wanted.plate is not None and each.record.plate == wanted.plate]
    return max(by_vin or [each for each in by_plate if not _other(wanted, each.record)], key=_order, default=None)


def _other(wanted: Wanted, record: Record) -> bool:
    return wanted.vin is not None and record.vin is not None and len(record.vin) == VIN_LETTERS


def _order(found: Found) -> tuple[bool, date, str]:
    return found.record.status is RegistryStatus.REGISTERED, found.record.changed_on or date.min, found.key


def tell(wanted: Wanted, country: str, found: Found | None, *, today: date) -> VehicleRegistryChanged | None:
    """The event, its revision left open; None while it was not looked for yet, for nobody can say that there is none."""
    vehicle = VehicleId(wanted.vehicle_id)
    if found is None:
        if wanted.looked_on is None:
            return None
        return VehicleRegistryChanged(
            vehicle_id=vehicle, revision=0, country=country, known=False, read_on=wanted.looked_on,
            next_inspection_because=Because.NO_REGISTRY_ROW,
        )  # fmt: skip
    record = found.record
    due = inspections.next_inspection(record, inspections.rules(country), today=today)
    why = {} if isinstance(due, Due) else {"next_inspection_because": due.because, "next_inspection_params": dict(due.params)}
    when = (
        {
            "next_inspection_on": due.on, "next_inspection_estimated": due.estimated, "inspection_rule": due.rule,
            "inspection_every_months": due.every_months,
        }
        if isinstance(due, Due)
        else {}
    )  # fmt: skip
    return VehicleRegistryChanged(
        vehicle_id=vehicle, revision=0, country=country, kind=record.kind, use=next(iter(record.uses), None), status=record.status,
        status_on=record.status_on, plate=record.plate, first_registered_on=record.first_registered_on,
        owner_since=record.owner_since, odometer_km=record.odometer_km, odometer_on=record.odometer_on,
        inspections=record.inspections, inspection_expires_on=record.inspection_expires_on, leasing=record.leasing,
        signs=tuple(sorted(set(_signs(wanted, record, today)), key=lambda sign: (sign.on, sign.sign))), read_on=found.read_on,
        **when, **why,
    )  # fmt: skip


def _signs(wanted: Wanted, record: Record, today: date) -> Iterator[OwnershipSign]:
    """What was noticed between reads, leases, and a plate that is not the one the dealer knows."""
    yield from record.signs
    yield from (sign for sign in _leases(record.leasing) if sign.on <= today)
    registered, changed_on = record.status is RegistryStatus.REGISTERED, record.plate_since or record.status_on
    if registered and changed_on is not None and None not in (wanted.plate, record.plate) and wanted.plate != record.plate:
        yield OwnershipSign(on=changed_on, sign="plate")


def _leases(periods: Sequence[LeasingPeriod]) -> Iterator[OwnershipSign]:
    """A period that begins, and one that ends without another that goes on from there."""
    for period in periods:
        if period.from_on is not None:
            yield OwnershipSign(on=period.from_on, sign="lease")
        if period.to_on is not None and not any(_goes_on(period.to_on, other) for other in periods if other is not period):
            yield OwnershipSign(on=period.to_on, sign="lease")


def _goes_on(ended_on: date, other: LeasingPeriod) -> bool:
    begins, ends = other.from_on or date.min, other.to_on or date.max
    return begins <= ended_on + _ON_AGAIN and ends > ended_on


def same(event: VehicleRegistryChanged, told: dict[str, object] | None) -> bool:
    """Whether that was told already; on which day the registry was read is no news."""
    if told is None:
        return False
    beside = {"revision", "read_on"}
    before = VehicleRegistryChanged.model_validate({**told, "revision": 0})
    return event.model_dump(exclude=beside) == before.model_dump(exclude=beside)
