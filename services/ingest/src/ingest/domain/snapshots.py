"""What a source tells of customers, vehicles, orders, appointments and contracts, before anybody knows whose they are."""

import calendar
from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any

from common.events.customers import Consent
from common.events.work_orders import OrderLine

NOT_TOLD = Consent()
ALL_TOLD = frozenset({"email", "mobile", "kind", "groups"})  # what a list of customers has of each: how to reach him, what he is
MOST_LINES, MOST_TEXT = 2_000, 100_000  # of one order: what is larger could not be told to the others
MOST_WORD, MOST_WORDS = 300, 100  # of a name, a number or a code, and of how many a list may have
EARLIEST, LATEST = date(1950, 1, 1), date(2100, 12, 31)


class TooLarge(ValueError):
    """Something with more text than the others can be told."""


def could_be(when: date) -> bool:
    """Whether a workshop's day or instant could be then; what is outside is a slip, and overflows in another zone."""
    return EARLIEST.year <= when.year <= LATEST.year


def is_charged(line: OrderLine) -> bool:
    """Whether a line names something sold: a part's or oil's numbers look like plates."""
    return line.code is not None or bool(line.amount)


def months_after(day: date, months: int) -> date:
    """The same day so many months later, or the last of that month."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def next_after(told: date | None, day: date | None) -> date | None:
    """The next service that an order tells; one that is not after the order's own day is a filler, and not told."""
    return None if told is not None and day is not None and told <= day else told


def _must_fit(told: Any, *texts: str) -> None:
    """Raises TooLarge for a word that is none. `texts` are counted by themselves."""
    for one in fields(told):
        value = getattr(told, one.name)
        words = value if isinstance(value, tuple) else (value,)
        if one.name not in texts and len(words) > MOST_WORDS:
            raise TooLarge(f"its {one.name} are {len(words):,}, at most {MOST_WORDS:,}")
        longest = max((len(word) for word in words if isinstance(word, str)), default=0)
        if one.name not in texts and longest > MOST_WORD:
            raise TooLarge(f"its {one.name} has {longest:,} characters, at most {MOST_WORD:,}")


@dataclass(frozen=True)
class CustomerSnapshot:
    """A customer as one source has him; `number` is the source's own. A list of customers that `tells` of something and has
    nothing there says that there is none. Raises TooLarge."""

    number: str
    full_name: str | None = None
    email: str | None = None
    mobile: str | None = None
    kind: str | None = None
    groups: tuple[str, ...] = ()
    language: str | None = None
    consent: Consent = NOT_TOLD
    tells: frozenset[str] = ALL_TOLD

    def __post_init__(self) -> None:
        _must_fit(self)


@dataclass(frozen=True)
class VehicleSnapshot:
    """A vehicle as one source has it; known again by VIN, plate or the source's own key. Raises TooLarge."""

    plate: str | None = None
    vin: str | None = None
    key: str | None = None
    make: str | None = None
    model: str | None = None
    model_year: int | None = None
    fuel: str | None = None
    variant: str | None = None
    first_registered_on: date | None = None
    country: str | None = None  # where it is registered, if not where the dealer is

    def __post_init__(self) -> None:
        _must_fit(self)

    def is_known(self) -> bool:
        """Whether there is anything to know it again by."""
        return bool(self.plate or self.vin or self.key)


@dataclass(frozen=True)
class OrderSnapshot:
    """An order as one source has it now. `credits` names the order that it takes back; `seems_to_credit` is only read from
    its text, so it counts where that is an order of the same customer. Raises TooLarge."""

    number: str
    status: str
    finished_on: date | None = None
    changed_on: date | None = None
    customer: CustomerSnapshot | None = None
    vehicle: VehicleSnapshot = VehicleSnapshot()
    workshop: str | None = None
    lines: tuple[OrderLine, ...] = ()
    remarks: str = ""
    odometer_km: int | None = None
    order_type: str | None = None
    mechanics: tuple[str, ...] = ()
    hours: float | None = None
    currency: str | None = None
    next_service_on: date | None = None
    credits: str | None = None
    seems_to_credit: str | None = None

    def __post_init__(self) -> None:
        characters = sum(map(len, self._texts()))
        if len(self.lines) > MOST_LINES or characters > MOST_TEXT:
            raise TooLarge(
                f"it has {len(self.lines):,} lines and {characters:,} characters; at most {MOST_LINES:,} and {MOST_TEXT:,}"
            )
        _must_fit(self, "lines", "remarks")

    def _texts(self) -> Iterable[str]:
        yield from (self.remarks, *self.mechanics)
        for line in self.lines:
            yield from (line.text, line.code or "", line.unit or "")

    def is_credit_note(self) -> bool:
        """Whether it takes another order back: it says so, or its amount is negative."""
        return self.credits is not None or (self.status in ("finished", "credited") and self.total() < 0)

    def total(self) -> int:
        """The net amount of all lines, in minor units."""
        return sum(line.amount or 0 for line in self.lines)

    def as_of(self) -> str:
        """Sorts the snapshots of one source by age."""
        return f"{self.finished_on or self.changed_on or ''} {self.number:>20}"


@dataclass(frozen=True)
class AppointmentSnapshot:
    """An appointment as one source has it now. Raises TooLarge."""

    number: str
    starts_at: datetime
    status: str = "booked"
    text: str = ""
    vehicle: VehicleSnapshot = VehicleSnapshot()
    customer: CustomerSnapshot | None = None
    answers: str | None = None  # our reference, where the booking carries it

    def __post_init__(self) -> None:
        if len(self.text) > MOST_TEXT:
            raise TooLarge(f"it has {len(self.text):,} characters, at most {MOST_TEXT:,}")
        _must_fit(self, "text")


@dataclass(frozen=True)
class ContractSnapshot:
    """A contract of one vehicle as one source has it now. Raises TooLarge."""

    number: str
    kind: str  # ContractKind
    vehicle: VehicleSnapshot
    starts_on: date | None = None
    ends_on: date | None = None
    active: bool = True
    customer: CustomerSnapshot | None = None

    def __post_init__(self) -> None:
        _must_fit(self)


@dataclass(frozen=True)
class VehicleRecord:
    """A row of a source's list of vehicles: the vehicle, whose it is, and since when."""

    vehicle: VehicleSnapshot
    customer: CustomerSnapshot | None = None
    owned_since: date | None = None


Thing = OrderSnapshot | AppointmentSnapshot | ContractSnapshot | CustomerSnapshot | VehicleRecord
