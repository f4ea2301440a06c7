"""An order as the reader sees it: passages of text, each with its place, and what is known beside the text."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple


@dataclass(frozen=True)
class Line:
    """One line of an order; `amount` in minor units."""

    text: str = ""
    code: str | None = None
    quantity: float | None = None
    unit: str | None = None
    amount: int | None = None

    @property
    def is_credit(self) -> bool:
        """A line that takes back: less than nothing of it, or for less than nothing."""
        return (self.amount or 0) < 0 or (self.quantity or 0) < 0

    @property
    def is_priced(self) -> bool:
        return bool(self.amount)


@dataclass(frozen=True)
class Order:
    """The text of one order or appointment. `finished` False: it says what is wanted, not what was done."""

    lines: tuple[Line, ...] = ()
    remarks: str = ""
    on: date | None = None
    finished: bool = True
    odometer_km: int | None = None
    mechanics: tuple[str, ...] = ()
    hours: float | None = None
    next_service_on: date | None = None


class Passage(NamedTuple):
    """A piece of text with its place (`line 2`, `remarks`); `priced` when the line was charged for."""

    place: str
    text: str
    priced: bool = False
    amount: int | None = None  # what was charged for it, in minor units
    dropped: bool = False  # cancelled on the same invoice, or itself the cancellation
    takes_back: int | None = None  # an amount that it takes back, where no line says the same as it does


REMARKS = "remarks"  # their place
MOST_LETTERS = 20_000  # no order that a person wrote is longer


def is_too_long(order: Order) -> bool:
    """Whether part of the text is left unread."""
    return sum(len(line.text) + len(line.code or "") for line in order.lines) + len(order.remarks) > MOST_LETTERS


def passages(order: Order) -> list[Passage]:
    """The texts of the order in reading order, up to a length; the remarks first have their share."""
    told = list(_all(order))
    if not is_too_long(order):
        return told
    room = MOST_LETTERS - min(len(order.remarks), MOST_LETTERS // 2)
    for number, passage in enumerate(told):
        if passage.place == REMARKS:
            room = MOST_LETTERS // 2
        told[number] = passage._replace(text=passage.text[:room])
        room = max(room - len(passage.text), 0)
    return told


def _all(order: Order) -> Iterator[Passage]:
    gone, alone = _cancelled(order.lines)
    for index, line in enumerate(order.lines):
        text = f"{line.text}\n{line.code}" if line.code and line.code not in line.text else line.text
        takes_back = abs(line.amount) if index in alone and line.amount else None
        yield Passage(f"line {index + 1}", text, line.is_priced, line.amount, index in gone, takes_back)
    if order.remarks:
        yield Passage(REMARKS, order.remarks)


def _cancelled(lines: tuple[Line, ...]) -> tuple[set[int], set[int]]:
    """Lines that take back with the line that each takes back, the nearest one before (else after) that says the same; and those
    that take back for which no line says the same."""
    gone: set[int] = set()
    alone: set[int] = set()
    for index, line in enumerate(lines):
        if not line.is_credit:
            continue
        gone.add(index)
        twins = [*range(index - 1, -1, -1), *range(index + 1, len(lines))]
        twin = next((other for other in twins if other not in gone and _takes_back(line, lines[other])), None)
        if twin is None:
            alone.add(index)
        else:
            gone.add(twin)
    return gone, alone


def _takes_back(credit: Line, line: Line) -> bool:
    same_work = _told(credit.code) == _told(line.code) and _told(credit.text) == _told(line.text)
    same_amount = credit.amount is None or line.amount is None or abs(credit.amount) == abs(line.amount)
    return same_work and same_amount and not line.is_credit


def _told(text: str | None) -> str:
    return " ".join((text or "").casefold().split())
