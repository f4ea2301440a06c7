"""The words of one language around numbers, names and dates, made ready to look for: the table `notes` of its lexicon."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

_SPELLINGS = {
    "æ": "(?:æ|ae)",
    "ø": "(?:ø|oe)",
    "å": "(?:å|aa)",
    "ä": "(?:ä|ae)",
    "ö": "(?:ö|oe)",
    "ü": "(?:ü|ue)",
    "ß": "(?:ß|ss)",
}
_GAP = r"[\s.\-/]{0,2}"
_NEVER = "(?!)"  # no words: nothing is found
KEYS = (
    "plates",
    "plate_labels",
    "vin_labels",
    "reading",
    "kilometres",
    "miles",
    "ahead",
    "distance",
    "hours",
    "worked",
    "months",
)


@dataclass(frozen=True, eq=False)
class Wording:
    """What a lexicon says of numbers. Each expression looks where its name says, seen from the number."""

    plates: tuple[str, ...]  # countries whose plates are known without being called so
    plate_before: re.Pattern[str]
    vin_before: re.Pattern[str]
    reading_before: re.Pattern[str]
    reading_behind: re.Pattern[str]
    kilometres: re.Pattern[str]
    miles: re.Pattern[str]
    unit_before: re.Pattern[str]
    ahead: re.Pattern[str]
    distance: re.Pattern[str]
    hour_units: frozenset[str]
    hours: re.Pattern[str]
    worked: re.Pattern[str]
    months: tuple[str, ...]


def parse_wording(data: Mapping[str, Any]) -> Wording:
    """Make the table `notes` ready. Raises KeyError for a key that is missing."""
    words = {key: tuple(str(word) for word in data[key]) for key in KEYS}
    km, miles, reading = _any(words["kilometres"]), _any(words["miles"]), _any(words["reading"])
    return Wording(
        plates=words["plates"],
        plate_before=_compiled(rf"\b{_any(words['plate_labels'])}[\s.:#\-]*$"),
        vin_before=_compiled(rf"\b{_any(words['vin_labels'])}[\s.:#\-]*$"),
        reading_before=_compiled(rf"\b{reading}[\s.:=\-]*(?:{km}[ .:=]*)?$"),
        reading_behind=_compiled(rf"[ .:=\-]*{reading}(?!\W{{0,3}}\d)"),
        kilometres=_compiled(rf"\s*{km}"),
        miles=_compiled(rf"\s*{miles}"),
        unit_before=_compiled(rf"\b{km}[\s.:=\-]*$"),
        ahead=_compiled(rf"\b{_any(words['ahead'])}"),
        distance=_compiled(rf"[\s\-]*{_any(words['distance'])}"),
        hour_units=frozenset(word.casefold() for word in words["hours"]),
        hours=_compiled(rf"(?<![\d.,])(\d{{1,3}}(?:[.,]\d{{1,2}})?)\s*{_any(words['hours'])}(?!\.\w)"),
        worked=_compiled(rf"\b{_any(words['worked'])}"),
        months=tuple(month.casefold() for month in words["months"]),
    )


def _any(words: Iterable[str]) -> str:
    """Any of these, the longest first. A space may also be a full stop, a hyphen or nothing; `word*` may go on."""
    told = sorted({word.casefold() for word in words}, key=lambda word: -len(word))
    return "(?:" + "|".join(map(_spelt, told)) + ")" if told else _NEVER


def _spelt(word: str) -> str:
    letters = "".join(map(_letter, word.removesuffix("*")))
    return letters if word.endswith("*") else letters + r"(?!\w)"


def _letter(letter: str) -> str:
    return _GAP if letter == " " else _SPELLINGS.get(letter) or re.escape(letter)


def _compiled(expression: str) -> re.Pattern[str]:
    return re.compile(expression, re.IGNORECASE)
