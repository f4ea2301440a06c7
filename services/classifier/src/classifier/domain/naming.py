"""What names the vehicle in the text of an order: its plate and its VIN."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache

from classifier.domain.orders import Passage
from classifier.domain.text import KEPT
from classifier.domain.wording import Wording
from common import values

_PLATES: Mapping[str, re.Pattern[str]] = {  # as they are written where nothing calls them plates
    "DE": re.compile(r"(?<![\w-])[A-ZÄÖÜ]{1,3}-[A-Z]{1,2}[ -]?\d{1,4}[EH]?(?![\w-])"),
    "NL": re.compile(
        r"(?<![\w-])(?=[\w-]*\d)(?=[\w-]*[A-Z])(?=[\w-]{8}(?![\w-]))(?:[A-Z]{1,3}|\d{1,3})(?:-(?:[A-Z]{1,3}|\d{1,3})){2}"
    ),
    "BE": re.compile(r"(?<![\w-])[1-9]-[A-Z]{3}-\d{3}(?![\w-])"),
    "GB": re.compile(r"(?<!\w)[A-Z]{2}\d{2} ?[A-Z]{3}(?!\w)"),
    "IE": re.compile(r"(?<![\w-])\d{2,3}-[A-Z]{1,2}-\d{1,6}(?![\w-])"),
}
_CALLED = re.compile(r"(?<![\w-])(?=[\w .\-]{0,9}\d)[A-ZÆØÅÄÖÜ0-9]{1,5}(?:[ .\-]?[A-ZÆØÅÄÖÜ0-9]{1,5}){0,2}(?![\w-])")
_VIN = re.compile(r"(?<![A-Z0-9])(?=[A-Z0-9]*[A-Z])(?=(?:[A-Z]*\d){3})[A-HJ-NPR-Z0-9]{17}(?![A-Z0-9])")
_NEAR = 30
_CHECKED = "12345"  # North America: there position 9 must be the check digit


def plate(passages: Sequence[Passage], wording: Wording) -> str | None:
    """What is called a plate, else the only one of a country of the language; on charged lines look-alikes are part numbers."""
    told = sorted(passages, key=lambda passage: passage.place != "remarks")
    called = next((found for passage in told for found in _called(passage.text, wording)), None)
    free = [passage.text for passage in told if not passage.priced]
    if "DK" in wording.plates and (danish := values.danish_plate_among(free, [one.text for one in told if one.priced])):
        return danish
    known = {found for text in free for found in _alike(text, wording)}
    return called or (known.pop() if len(known) == 1 else None)


@lru_cache(KEPT)
def _alike(text: str, wording: Wording) -> tuple[str | None, ...]:
    """What looks like a plate of a country of the language."""
    return tuple(values.plate(match[0]) for country in wording.plates for match in _matches(country, text))


def _matches(country: str, text: str) -> Iterator[re.Match[str]]:
    return _PLATES[country].finditer(text.upper()) if country in _PLATES else iter(())


@lru_cache(KEPT)
def _called(text: str, wording: Wording) -> tuple[str, ...]:
    """What is called a plate in a text."""
    return tuple(_labelled(text, wording))


def _labelled(text: str, wording: Wording) -> Iterator[str]:
    for match in _CALLED.finditer(text):
        found = values.plate(match[0])
        if found and 4 <= len(found) <= 8 and not found.isdigit() and wording.plate_before.search(text[: match.start()][-_NEAR:]):
            yield found


def vin(passages: Iterable[Passage], wording: Wording) -> str | None:
    """The first vehicle identification number that is called one, or whose check digit fits where its maker must keep to it."""
    return next((found for passage in passages if (found := _vin(passage.text, wording)) is not None), None)


@lru_cache(KEPT)
def _vin(text: str, wording: Wording) -> str | None:
    for match in _VIN.finditer(text.upper()):
        is_called = wording.vin_before.search(text[: match.start()][-_NEAR:])
        if is_called or match[0][0] not in _CHECKED or values.vin_check_digit_fits(match[0]):
            return match[0]
    return None
