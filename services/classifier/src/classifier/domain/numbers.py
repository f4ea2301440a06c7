"""Numbers that name or measure the vehicle, read from the passages of an order: odometer, plate, VIN."""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from classifier.domain.orders import Passage
from common import values

T = TypeVar("T")
_SAID_BEHIND = re.compile(
    r"(\b(?:kørt|koert|aflæst|aflaest|stand|tæller|taeller)\s*[:.]?\s*)?\b(\d{1,3}(?:[. ]?\d{3}))\s*km\b", re.IGNORECASE
)
_AHEAD = re.compile(r"\b(?:næste|naeste|inden|senest|hver)\b[^\n;,]{0,40}", re.IGNORECASE)
_ROUND_KM = 5_000


def odometer(passages: Iterable[Passage]) -> int | None:
    """The reading at this visit; a round number (`30.000 km eftersyn`) names an interval, unless it is called a reading."""
    return _first(passages, lambda text: values.kilometres_in(_AHEAD.sub(" ", _SAID_BEHIND.sub(_without_interval, text))))


def _without_interval(match: re.Match[str]) -> str:
    is_interval = not match[1] and int(re.sub(r"\D", "", match[2])) % _ROUND_KM == 0
    return " " * len(match[0]) if is_interval else match[0]


def plate(passages: Sequence[Passage]) -> str | None:
    """The surest Danish plate, the remarks first."""
    told = sorted((passage for passage in passages if not passage.priced), key=lambda passage: passage.place != "remarks")
    charged = [passage.text for passage in passages if passage.priced]
    return values.danish_plate_among([passage.text for passage in told], charged)


def vin(passages: Iterable[Passage]) -> str | None:
    """The first vehicle identification number."""
    return _first(passages, values.vin_in)


def _first(passages: Iterable[Passage], find: Callable[[str], T | None]) -> T | None:
    return next((found for passage in passages if (found := find(passage.text)) is not None), None)
