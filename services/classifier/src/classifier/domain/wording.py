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
_NEVER = r"[^\s\S]"  # no words: nothing is found
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
    "totals",
    "parts",
    "untaxed",
    "currencies",
)
_SUM = r"\d{1,3}(?:[.,'’ ]\d{3})+(?:[.,]\d{2})?|\d{1,7}(?:[.,]\d{2})?"


@dataclass(frozen=True, eq=False)
class Wording:
    """What a lexicon says of numbers. Each expression looks where its name says, seen from the number; those that are texts are for the
    engine, which knows no looking around."""

    plates: tuple[str, ...]  # countries whose plates are known without being called so
    plate_labels: str
    plate_label: re.Pattern[str]
    vin_before: re.Pattern[str]
    reading_before: str
    reading_behind: str
    kilometres: str
    miles: str
    unit_before: str
    ahead: str
    distance: str
    hour_units: frozenset[str]
    hours: str
    worked: str
    months: tuple[str, ...]
    total_label: re.Pattern[str]
    parts_label: re.Pattern[str]
    parts_list: re.Pattern[str]
    untaxed: re.Pattern[str]
    sum_behind: re.Pattern[str]  # on to the sum behind a label: `before` and `behind` it a currency


def parse_wording(data: Mapping[str, Any]) -> Wording:
    """Make the table `notes` ready. Raises KeyError for a key that is missing."""
    words = {key: tuple(str(word) for word in data[key]) for key in KEYS}
    km, miles, reading = _any(words["kilometres"]), _any(words["miles"]), _any(words["reading"])
    plate_labels = _any(words["plate_labels"])
    currency = "|".join(map(re.escape, words["currencies"])) or _NEVER
    other = (*words["hours"], *words["kilometres"], *words["miles"], "%", "stk", "x")  # what a number may count instead of money
    return Wording(
        plates=words["plates"],
        plate_labels=plate_labels,
        plate_label=_compiled(rf"\b{plate_labels}[\s.:#\-]*"),
        vin_before=_compiled(rf"\b{_any(words['vin_labels'])}[\s.:#\-]*$"),
        reading_before=rf"\b{reading}[\s.:=\-]*(?:{km}[ .:=]*)?$",
        reading_behind=rf"[ .:=\-]*{reading}",
        kilometres=rf"\s*{km}",
        miles=rf"\s*{miles}",
        unit_before=rf"\b{km}[\s.:=\-]*$",
        ahead=rf"\b{_any(words['ahead'])}",
        distance=rf"[\s\-]*{_any(words['distance'])}",
        hour_units=frozenset(word.casefold() for word in words["hours"]),
        hours=rf"(\d{{1,3}}(?:[.,]\d{{1,2}}|\s?[½¼¾])?)\s*{_any(words['hours'])}",
        worked=rf"\b{_any(words['worked'])}",
        months=tuple(month.casefold() for month in words["months"]),
        total_label=_compiled(rf"\b{_any(words['totals'])}"),
        parts_label=_compiled(rf"\b{_any(words['parts'])}"),
        parts_list=_compiled(rf"\b{_any(words['parts'])}\s?:(?!\s{{0,3}}(?:{currency})?\.?\s{{0,3}}\d)"),
        untaxed=_compiled(_any(words["untaxed"])),
        sum_behind=_compiled(
            rf"[^\d\n;!?]{{0,25}}?(?P<before>{currency})?\.?\s{{0,3}}(?P<sum>{_SUM})(?![\d.,]\d)(?!\s{{0,3}}{_any(other)})"
            rf"\s{{0,3}}(?P<behind>{currency}|,-)?"
        ),
    )


def _any(words: Iterable[str]) -> str:
    """Any of these, the longest first. A space may also be a full stop, a hyphen or nothing; `word*` may go on."""
    told = sorted({word.casefold() for word in words}, key=lambda word: -len(word))
    return "(?:" + "|".join(map(_spelt, told)) + ")" if told else _NEVER


def _spelt(word: str) -> str:
    letters = "".join(map(_letter, word.removesuffix("*")))
    return letters if word.endswith("*") else letters + r"\b"


def _letter(letter: str) -> str:
    return _GAP if letter == " " else _SPELLINGS.get(letter) or re.escape(letter)


def _compiled(expression: str) -> re.Pattern[str]:
    return re.compile(expression, re.IGNORECASE)
