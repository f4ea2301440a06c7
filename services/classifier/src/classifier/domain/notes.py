"""What else the text tells, from where the engine found that it may: the next service date, hours, mechanics, plate and VIN."""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date

from reading_engine import fold

from classifier.domain import naming
from classifier.domain.orders import Order
from classifier.domain.wording import Wording
from common import values

_DATE = re.compile(r"\b(?:(\d{4})-(\d{2})-(\d{2})|(\d{1,2})[./\- ]{1,2}(\d{1,2}|[^\W\d_]{3,10})[./,\- ]{1,2}(\d{4}|\d{2}))\b")
_A_NAME = r"(?:[A-ZÀ-Þ]\.[A-ZÀ-Þ]\.|[A-ZÀ-Þ][A-Za-zÀ-ÿ]?\.(?!\w)|[A-ZÀ-Þ][A-Za-zÀ-ÿ]{0,20}(?!-?\w))"
_NAME = re.compile(rf"{_A_NAME}(?: (?:de|van|von|der|den|la|af)\b)*(?: (?:[A-ZÀ-Þ][a-zß-ÿ]{{1,20}}(?!-?\w)|[A-Z]\.))?")
_NUMBER = re.compile(r"\d{1,3}(?=\s*(?:$|[.,](?!\d)|[;\n]|\s{2}))")  # a mechanic's number
_LEADS = re.compile(r"[^\S\n]*(?::\s*|[.\-]?[^\S\n]*)")  # on to the next line only behind a colon
_JOINS = re.compile(r"\s*(?:[,/&+]|\b[^\W\d_]{1,3}\b)\s*")
_NEAR = 45  # a date at most this many letters behind "næste service" belongs to it
_MOST_HOURS = 200.0


def hours(order: Order, named: float, wording: Wording) -> float | None:
    """Hours of lines that are counted in hours, else those that the text names."""
    counted = (
        line.quantity
        for line in order.lines
        if line.unit and line.quantity and line.unit.casefold().strip(". ") in wording.hour_units
    )
    total = sum(counted) or named
    return round(total, 2) if 0 < total <= _MOST_HOURS else None


def plate(sieved: Iterable[tuple[str, int, bool, bool]], wording: Wording) -> str | None:
    """What is called a plate, in the remarks rather than on a line, else the only one of a country of the language; on charged lines
    look-alikes are part numbers. `sieved`: passages, what they may hold (`naming.sieves`), whether charged for, whether the remarks."""
    found = sorted(sieved, key=lambda one: not one[3])
    texts = (text for text, bits, _, _ in found if bits & naming.LABEL)
    called = next((plate for text in texts for plate in naming.plates_called(text, wording)), None)
    alike = [(text, priced) for text, bits, priced, _ in found if bits & naming.LOOKS]
    if alike and "DK" in wording.plates:
        free, charged = ([text for text, priced in alike if priced is is_priced] for is_priced in (False, True))
        if danish := values.danish_plate_among(free, charged):
            return danish
    known = {plate for text, priced in alike if not priced for plate in naming.plates_alike(text, wording)}
    return called or (known.pop() if len(known) == 1 else None)


def vin(sieved: Iterable[tuple[str, int, bool, bool]], wording: Wording) -> str | None:
    """The first vehicle identification number of the passages that may hold one."""
    texts = (text for text, bits, _, _ in sieved if bits & naming.NUMBER)
    return next((found for text in texts if (found := naming.vin(text, wording))), None)


def mechanics(labels: Iterable[tuple[str, int]], lists: Collection[str]) -> tuple[str, ...]:
    """The names behind a label, as in `Mekaniker: Jens Holm og Ole`, or the number of one. `labels`: texts, and where they end there."""
    return tuple(dict.fromkeys(name for text, end in labels for name in _names(text, end, lists)))


def _names(text: str, at: int, lists: Collection[str]) -> Iterator[str]:
    lead = _LEADS.match(text, at)
    at = lead.end() if lead else at
    if number := _NUMBER.match(text, at):
        yield number[0]
        return
    while match := _NAME.match(text, at):
        yield match[0] if re.search(r"(?:^|[ .])\w\.$", match[0]) else match[0].rstrip(".")
        joint = _JOINS.match(text, match.end())
        if joint is None or (joint[0].strip().isalpha() and fold(joint[0]) not in lists) or match[0].endswith("."):
            return
        at = joint.end()


def next_service(on: date | None, services: Iterable[tuple[str, int]], wording: Wording) -> date | None:
    """The latest date that stands right behind "næste service" (`services`: texts, and where such words end there); "om 12 mdr." is an
    interval and no date."""
    behind = (text[end : end + _NEAR].split("\n")[0] for text, end in services)
    return max((day for text in behind for day in _dates(text, wording) if on is None or day > on), default=None)


def _dates(text: str, wording: Wording) -> Iterator[date]:
    """The first date: day, month (as a number or by its name) and year, or year, month and day."""
    for match in _DATE.finditer(text):
        year, month, day = (match[1], match[2], match[3]) if match[1] else (match[6], match[5], match[4])
        number = int(month) if month.isdigit() else _month(month.casefold(), wording.months)
        try:
            yield date(int(year) + (2000 if len(year) == 2 else 0), number, int(day))
        except ValueError:
            continue
        return


def _month(name: str, months: Sequence[str]) -> int:
    """The number of a month by its name or the beginning of it; 0 for another word."""
    return next((number for number, month in enumerate(months, 1) if month.startswith(name)), 0)
