"""What else the text tells: the next service date, hours, mechanics, the odometer, how an official inspection ended."""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from classifier.domain import numbers
from classifier.domain.clauses import Clause
from classifier.domain.matching import Hit
from classifier.domain.orders import Order
from classifier.domain.text import Joined

_DATE = re.compile(r"\b(?:(\d{4})-(\d{2})-(\d{2})|(\d{1,2})[./-](\d{1,2})[./-](\d{4}|\d{2}))\b")
_HOURS = re.compile(r"(?<![\d.,])(\d{1,3}(?:[.,]\d{1,2})?)\s*(?:timers?\b|arbejdstimer\b|t\b(?!\.\w))", re.IGNORECASE)
_NAME = re.compile(r"\s*[:.\-]?\s*([A-ZÆØÅ][A-Za-zÆØÅæøå]{0,20}\b(?:\s+[A-ZÆØÅ][a-zæøå]{1,20}\b)?)")
_HOUR_UNITS = frozenset({"t", "time", "timer", "h", "hour", "hours", "std", "uur"})
_NEAR = 45  # a date at most this many letters behind "næste service" belongs to it
_MOST_HOURS = 200.0


@dataclass(frozen=True)
class Notes:
    """What was told beside the tags; what the order's own fields say wins."""

    odometer_km: int | None = None
    mechanics: tuple[str, ...] = ()
    hours: float | None = None
    next_service_on: date | None = None
    plate: str | None = None
    vin: str | None = None


def read(order: Order, joined: Joined, hits: Sequence[Hit]) -> Notes:
    """Fill from the text what no field of the order has."""
    return Notes(
        odometer_km=order.odometer_km if order.odometer_km is not None else numbers.odometer(joined.passages),
        mechanics=order.mechanics or tuple(dict.fromkeys(_mechanics(joined, hits))),
        hours=order.hours if order.hours is not None else _hours(order),
        next_service_on=order.next_service_on or _next_service(order, joined, hits),
        plate=numbers.plate(joined.passages),
        vin=numbers.vin(joined.passages),
    )


def inspection_result(found: Sequence[Clause], names: Collection[str]) -> str | None:
    """Passed or failed, as the last word on it says; None where there was no inspection or nothing tells."""
    if "official_inspection" not in names:
        return None
    told = [
        hit for clause in found for hit in clause.things if hit.group in ("passed", "failed") and not _is_refused(hit, clause)
    ]
    last = max(told, default=None)
    return last.group if last else None


def _is_refused(hit: Hit, clause: Clause) -> bool:
    """`Tandrem afvist` is no result: its word says what the customer did not want."""
    return any(cue.group == "cue.declined" and (cue.first, cue.last) == (hit.first, hit.last) for cue in clause.cues)


def _mechanics(joined: Joined, hits: Sequence[Hit]) -> Iterator[str]:
    for hit in hits:
        if hit.group == "mechanic_label":
            word = joined.words[hit.last]
            if match := _NAME.match(joined.passages[word.passage].text, word.ends):
                yield match[1]


def _hours(order: Order) -> float | None:
    """Hours of lines that are counted in hours, else those that the lines name."""
    counted = [line.quantity for line in order.lines if line.quantity and (line.unit or "").casefold().strip(". ") in _HOUR_UNITS]
    named = [float(match[1].replace(",", ".")) for line in order.lines for match in _HOURS.finditer(line.text)]
    total = sum(counted) if counted else sum(named)
    return round(total, 2) if 0 < total <= _MOST_HOURS else None


def _next_service(order: Order, joined: Joined, hits: Sequence[Hit]) -> date | None:
    """The latest date that stands right behind "næste service"; "om 12 mdr." is an interval and no date."""
    told: list[date] = []
    for hit in hits:
        if hit.group != "next_service":
            continue
        word = joined.words[hit.last]
        behind = joined.passages[word.passage].text[word.ends : word.ends + _NEAR].split("\n")[0]
        told.extend(day for day in _dates(behind) if order.on is None or day > order.on)
    return max(told, default=None)


def _dates(text: str) -> Iterator[date]:
    for match in _DATE.finditer(text):
        year, month, day = (match[1], match[2], match[3]) if match[1] else (match[6], match[5], match[4])
        try:
            yield date(int(year) + (2000 if len(year) == 2 else 0), int(month), int(day))
        except ValueError:
            continue
        return
