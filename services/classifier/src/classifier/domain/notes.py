"""What else the text tells: the next service date, hours, mechanics, the odometer, how an official inspection ended."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from classifier.domain import naming
from classifier.domain.clauses import Clause
from classifier.domain.cues import NOW, Overruling
from classifier.domain.lexicon import Lexicon
from classifier.domain.matching import Hit
from classifier.domain.odometer import odometer
from classifier.domain.orders import Order
from classifier.domain.text import KEPT, Joined, fold
from classifier.domain.wording import Wording

_DATE = re.compile(r"\b(?:(\d{4})-(\d{2})-(\d{2})|(\d{1,2})[./\- ]{1,2}(\d{1,2}|[^\W\d_]{3,10})[./,\- ]{1,2}(\d{4}|\d{2}))\b")
_A_NAME = r"(?:[A-ZÀ-Þ]\.[A-ZÀ-Þ]\.|[A-ZÀ-Þ][A-Za-zÀ-ÿ]?\.(?!\w)|[A-ZÀ-Þ][A-Za-zÀ-ÿ]{0,20}(?!-?\w))"
_NAME = re.compile(rf"{_A_NAME}(?: (?:de|van|von|der|den|la|af)\b)*(?: (?:[A-ZÀ-Þ][a-zß-ÿ]{{1,20}}(?!-?\w)|[A-Z]\.))?")
_NUMBER = re.compile(r"\d{1,3}(?=\s*(?:$|[.,](?!\d)|[;\n]|\s{2}))")  # a mechanic's number
_LEADS = re.compile(r"[^\S\n]*(?::\s*|[.\-]?[^\S\n]*)")  # on to the next line only behind a colon
_JOINS = re.compile(r"\s*(?:[,/&+]|\b[^\W\d_]{1,3}\b)\s*")
_SENTENCE = re.compile(r"[\n;]|\.(?=\s|$)")
_NEAR = 45  # a date at most this many letters behind "næste service" belongs to it
_MOST_HOURS = 200.0
INSPECTION = "official_inspection"
FINE = "fine"  # words that tell of an inspection only beside it: ok, uden bemærkninger
_RESULTS = ("passed", "failed", FINE)


@dataclass(frozen=True)
class Notes:
    """What was told beside the tags; what the order's own fields say wins."""

    odometer_km: int | None = None
    mechanics: tuple[str, ...] = ()
    hours: float | None = None
    next_service_on: date | None = None
    plate: str | None = None
    vin: str | None = None


def read(order: Order, joined: Joined, hits: Sequence[Hit], lexicon: Lexicon) -> Notes:
    """Fill from the text what no field of the order has."""
    wording, passages = lexicon.wording, joined.passages
    return Notes(
        odometer_km=order.odometer_km if order.odometer_km is not None else odometer(passages, wording),
        mechanics=order.mechanics or tuple(dict.fromkeys(_mechanics(joined, hits, lexicon.lists))),
        hours=order.hours if order.hours is not None else _hours(order, wording),
        next_service_on=order.next_service_on or _next_service(order, joined, hits, wording),
        plate=naming.plate(passages, wording),
        vin=naming.vin(passages, wording),
    )


def inspection_result(
    found: Sequence[Clause], inspected: Collection[Hit], against: Mapping[Hit, Sequence[Overruling]], lexicon: Lexicon
) -> str | None:
    """Passed or failed, as the last word on it says; None where there was no inspection or nothing tells.
    `inspected`: the words that an inspection was read from. A mere `ok` counts in a sentence that speaks of one, or by itself."""
    if not inspected:
        return None
    speaking = frozenset[str]().union(*(group for rule in lexicon.rules if rule.tag == INSPECTION for group in rule.groups))
    sentences = {one.sentence for one in found if any(hit.group in speaking - frozenset(_RESULTS) for hit in one.things)}
    told = [
        hit
        for clause in found
        for hit in clause.things
        if hit.group in _RESULTS
        and not any(one.cue.why == "earlier" for one in against.get(hit, ()))
        and not _is_refused(hit, clause, lexicon)
        and (hit.group != FINE or clause.sentence in sentences or _says_only_that(clause))
    ]
    last = max(told, default=None)
    return None if last is None else "failed" if last.group == "failed" else "passed"


def _says_only_that(clause: Clause) -> bool:
    spans = {(thing.first, thing.last) for thing in clause.things if thing.group in _RESULTS}
    others = (hit for hit in (*clause.things, *clause.cues) if hit.group != NOW)
    return bool(spans) and clause.unknown == 0 and all((hit.first, hit.last) in spans for hit in others)


def _is_refused(hit: Hit, clause: Clause, lexicon: Lexicon) -> bool:
    """`Tandrem afvist` is no result: its word says what the customer did not want."""
    refusals = (cue for cue in clause.cues if lexicon.cues[cue.group].why == "refused")
    return any((cue.first, cue.last) == (hit.first, hit.last) for cue in refusals)


def _mechanics(joined: Joined, hits: Sequence[Hit], lists: Collection[str]) -> Iterator[str]:
    """The names behind a label, as in `Mekaniker: Jens Holm og Ole`, or the number of one."""
    for hit in hits:
        if hit.group == "mechanic_label":
            word = joined.words[hit.last]
            yield from _names(joined.passages[joined.passage_of[hit.last]].text, word.ends, lists)


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


def _hours(order: Order, wording: Wording) -> float | None:
    """Hours of lines that are counted in hours, else those that the lines name, else those that the remarks call worked."""
    counted = [
        line.quantity for line in order.lines if line.quantity and (line.unit or "").casefold().strip(". ") in wording.hour_units
    ]
    total = sum(counted) or sum(_named_hours(line.text, wording) for line in order.lines)
    if not total:
        noted = [part for part in _SENTENCE.split(order.remarks) if wording.worked.search(part)]
        total = sum(_named_hours(part, wording) for part in noted)
    return round(total, 2) if 0 < total <= _MOST_HOURS else None


@lru_cache(KEPT)
def _named_hours(text: str, wording: Wording) -> float:
    return sum(float(match[1].replace(",", ".")) for match in wording.hours.finditer(text))


def _next_service(order: Order, joined: Joined, hits: Sequence[Hit], wording: Wording) -> date | None:
    """The latest date that stands right behind "næste service"; "om 12 mdr." is an interval and no date."""
    told: list[date] = []
    for hit in hits:
        if hit.group != "next_service":
            continue
        word = joined.words[hit.last]
        behind = joined.passages[joined.passage_of[hit.last]].text[word.ends : word.ends + _NEAR].split("\n")[0]
        told.extend(day for day in _dates(behind, wording) if order.on is None or day > order.on)
    return max(told, default=None)


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
