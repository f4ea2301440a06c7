"""Reads one order: the tags with their evidence, what was overruled and why, and what else its text tells."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from classifier.domain import notes
from classifier.domain.evidence import Found, Overruled
from classifier.domain.lexicon import Lexicon
from classifier.domain.matching import Matcher
from classifier.domain.orders import Order, Passage, is_too_long, passages

SURE_FROM = 0.6  # weaker evidence is for somebody to look at; the engine's own figure

# What the engine says of an order: tags, what was overruled, how an inspection ended, whether somebody should look; where labels of
# mechanics and of a next service end (number of the passage, letters); the odometer, hours, and which passages may hold plates and VIN.
Numbers = tuple[int | None, float, list[tuple[int, int]]]
Places = list[tuple[int, int]]
Answer = tuple[tuple[Found, ...], tuple[Overruled, ...], str | None, bool, Places, Places, Numbers]
Day = tuple[int, int, str]


@dataclass(frozen=True)
class Read:
    """All that was read of one order."""

    tags: tuple[Found, ...] = ()
    overruled: tuple[Overruled, ...] = ()
    inspection_result: str | None = None
    odometer_km: int | None = None
    mechanics: tuple[str, ...] = ()
    hours: float | None = None
    next_service_on: date | None = None
    plate: str | None = None
    vin: str | None = None
    review: bool = False

    def names(self) -> frozenset[str]:
        return frozenset(found.tag for found in self.tags)


def read(order: Order, matcher: Matcher) -> Read:
    """Read an order with the lexicon of its language."""
    told = passages(order)
    answer = matcher.engine.read(told, day(order.on), order.finished)
    return whole(order, told, answer, matcher.lexicon)


def day(on: date | None) -> Day | None:
    """A day as the engine takes it: year, month, and as it is written in evidence."""
    return (on.year, on.month, on.isoformat()) if on is not None else None


def whole(order: Order, told: Sequence[Passage], answer: Answer, lexicon: Lexicon) -> Read:
    """What the engine says, with names and dates; what the order's own fields say wins."""
    tags, overruled, result, review, labels, services, (odometer_km, hours, sieved) = answer
    wording = lexicon.wording
    return Read(
        tags=tags,
        overruled=overruled,
        inspection_result=result,
        odometer_km=odometer_km if order.odometer_km is None else order.odometer_km,
        mechanics=order.mechanics or (notes.mechanics(told, labels, lexicon.lists) if labels else ()),
        hours=notes.hours(order, hours, wording) if order.hours is None else order.hours,
        next_service_on=order.next_service_on or (notes.next_service(order.on, told, services, wording) if services else None),
        plate=notes.plate(told, sieved, wording) if sieved else None,
        vin=notes.vin(told, sieved, wording) if sieved else None,
        review=review or is_too_long(order),
    )
