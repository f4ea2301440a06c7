"""Reads one order: the tags with their evidence, what was overruled and why, and what else its text tells."""

from dataclasses import dataclass
from datetime import date

from classifier.domain import notes
from classifier.domain.evidence import Found, Overruled
from classifier.domain.lexicon import Lexicon
from classifier.domain.matching import Matcher
from classifier.domain.orders import Order
from classifier.domain.sums import NO_SUMS, Sums, read_sums

Led = list[tuple[str, int]]
Sieved = list[tuple[str, int, bool, bool]]
Answer = tuple[
    tuple[Found, ...], tuple[Overruled, ...], str | None, bool, tuple[int | None, float], tuple[Led, Led, Sieved]
]  # what the engine says of an order: `Engine.read`


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
    sums: Sums = NO_SUMS

    def names(self) -> frozenset[str]:
        return frozenset(found.tag for found in self.tags)


def read(order: Order, matcher: Matcher) -> Read:
    """Read an order with the lexicon of its language."""
    return whole(order, matcher.engine.read(order), matcher.lexicon)


def whole(order: Order, answer: Answer, lexicon: Lexicon) -> Read:
    """What the engine says, with names and dates; what the order's own fields say wins."""
    tags, overruled, result, review, (odometer_km, hours), (labels, services, sieved) = answer
    wording = lexicon.wording
    return Read(
        tags=tags,
        overruled=overruled,
        inspection_result=result,
        odometer_km=odometer_km if order.odometer_km is None else order.odometer_km,
        mechanics=order.mechanics or (notes.mechanics(labels, lexicon.lists) if labels else ()),
        hours=notes.hours(order, hours, wording) if order.hours is None else order.hours,
        next_service_on=order.next_service_on or (notes.next_service(order.on, services, wording) if services else None),
        plate=notes.plate(sieved, wording) if sieved else None,
        vin=notes.vin(sieved, wording) if sieved else None,
        review=review,
        sums=read_sums(order, wording),
    )
