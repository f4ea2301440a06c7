"""The odometer at this visit, read from text: never the name of an interval, a next service, a belt limit or a trip."""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from classifier.domain.orders import Passage
from classifier.domain.text import KEPT
from classifier.domain.wording import Wording

_NUMBER = re.compile(r"(?<![\w.,/'’+-])(\d{1,3}(?:[.,'’ ]\d{3})+|\d{1,7})(?![\d'’])(?![.,/-]\d)")
_APART = re.compile(r"[;,!?()]|(?<!:)\n|(?<=\w{4})\.(?=\s)|\s[-–]\s")
_TIMES = re.compile(r"\s*[áà@x*]\s?\d|\s*/")  # a distance that is paid for: `2.250 km á 3,80`
_NEAR = 60  # letters before a number that may say what it is
_KM_OF_MILE = 1.609344
_ROUND = 5_000  # such a number names an interval, unless it is called a reading
_MOST = 2_000_000
_LEAST_CALLED, _LEAST = 100, 1_000  # fewer are a trip


def odometer(passages: Iterable[Passage], wording: Wording) -> int | None:
    """Kilometres (miles are converted): what is called a reading wins, then `km 61.240`, then `61.240 km`."""
    told = [reading for passage in passages for reading in _readings(passage.text, wording)]
    return max(told, key=lambda reading: reading[0], default=(0, None))[1]


@lru_cache(KEPT)
def _readings(text: str, wording: Wording) -> tuple[tuple[int, int], ...]:
    """Each number that may be a reading, with how surely it is one."""
    return tuple(_found(text, wording))


def _found(text: str, wording: Wording) -> Iterator[tuple[int, int]]:
    for match in _NUMBER.finditer(text):
        before = _APART.split(text[max(match.start() - _NEAR, 0) : match.start()])[-1]
        behind = text[match.end() : match.end() + _NEAR]
        number = int(re.sub(r"\D", "", match[1]))
        kilometres = round(number * _KM_OF_MILE) if wording.miles.match(behind) else number
        sure = _sureness(before, behind, wording)
        least = _LEAST_CALLED if sure == 3 else _LEAST
        if sure and least <= kilometres <= _MOST and not _is_other(before, behind, number, sure=sure, wording=wording):
            yield sure, kilometres


def _sureness(before: str, behind: str, wording: Wording) -> int:
    """3: called a reading, or `km:`. 2: the unit stands before it. 1: the unit stands behind it. 0: just a number."""
    unit = wording.kilometres.match(behind) or wording.miles.match(behind)
    if wording.reading_before.search(before) or wording.reading_behind.match(behind, unit.end() if unit else 0):
        return 3
    unit_before = wording.unit_before.search(before)
    if unit_before:
        return 3 if ":" in unit_before[0] or "=" in unit_before[0] else 2
    return 1 if unit else 0


def _is_other(before: str, behind: str, number: int, *, sure: int, wording: Wording) -> bool:
    is_round = number % _ROUND == 0
    if sure == 3:
        return is_round and wording.ahead.search(before) is not None
    if wording.ahead.search(before) or (sure == 1 and is_round):
        return True
    unit = wording.kilometres.match(behind) or wording.miles.match(behind)
    rest = behind[unit.end() :] if unit else behind
    return bool(_TIMES.match(rest) or wording.distance.match(rest))
