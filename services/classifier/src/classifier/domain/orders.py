"""An order as the reader sees it."""

from dataclasses import dataclass
from datetime import date

from reading_engine import MOST_LETTERS


@dataclass(frozen=True)
class Line:
    """One line of an order; `amount` in minor units."""

    text: str = ""
    code: str | None = None
    quantity: float | None = None
    unit: str | None = None
    amount: int | None = None


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


def is_too_long(order: Order) -> bool:
    """Whether part of the text is left unread."""
    return sum(len(line.text) + len(line.code or "") for line in order.lines) + len(order.remarks) > MOST_LETTERS
