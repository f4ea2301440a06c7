"""What names the vehicle in the text of an order: its plate and its VIN."""

import re
from collections.abc import Iterator, Mapping

from classifier.domain.wording import Wording
from common import values

_PLATES: Mapping[str, re.Pattern[str]] = {  # as they are written where nothing calls them plates (but Denmark's: see `values`)
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


def sieves(wording: Wording) -> tuple[str, ...]:
    """What a text holds that may name a vehicle: a label of a plate, a VIN, then what looks like a plate of each country."""
    looks = (values.PLATE_DK if country == "DK" else _PLATES[country] for country in wording.plates)
    return (wording.plate_labels, _VIN.pattern, *(look.pattern for look in looks))


LABEL, NUMBER, LOOKS = 1, 2, ~3  # their bits


def plates_alike(text: str, wording: Wording) -> tuple[str, ...]:
    """What looks like a plate of a country of the language (but Denmark, whose are found by `values`)."""
    upper = text.upper()
    looks = (_PLATES[country] for country in wording.plates if country in _PLATES)
    return tuple(plate for look in looks for match in look.finditer(upper) if (plate := values.plate(match[0])))


def plates_called(text: str, wording: Wording) -> tuple[str, ...]:
    """What is called a plate in a text."""
    return tuple(_labelled(text, wording))


def _labelled(text: str, wording: Wording) -> Iterator[str]:
    for label in wording.plate_label.finditer(text):
        match = _CALLED.match(text, label.end())
        found = values.plate(match[0]) if match else None
        if found and 4 <= len(found) <= 8 and not found.isdigit():
            yield found


def vin(text: str, wording: Wording) -> str | None:
    """The first vehicle identification number that is called one, or whose check digit fits where its maker must keep to it."""
    for match in _VIN.finditer(text.upper()):
        is_called = wording.vin_before.search(text[: match.start()][-_NEAR:])
        if is_called or match[0][0] not in _CHECKED or values.vin_check_digit_fits(match[0]):
            return match[0]
    return None
