"""Mechanics as orders write them, by code or by name, and the names that codes stand for."""

import re
from collections.abc import Iterable, Mapping

MOST = 20  # of an order
LONGEST = 60  # letters
_CODE = re.compile(r"[^\W_]{1,6}(?:[-./][^\W_]{1,4})?")


def code_of(written: str) -> str:
    """What is compared: whatever the case and the spaces."""
    return " ".join(written.upper().split())[:LONGEST].strip()


def is_code(written: str) -> bool:
    """Whether this stands for somebody rather than naming him: short, with a digit or in capitals only."""
    told = " ".join(written.split())
    return bool(_CODE.fullmatch(told)) and (any(letter.isdigit() for letter in told) or told.isupper())


def codes(written: Iterable[str]) -> dict[str, str]:
    """Each mechanic of an order once, as written, by code."""
    found = {code: one for one in written if (code := code_of(one))}
    return dict(list(found.items())[:MOST])


def named(written: Iterable[str], names: Mapping[str, str]) -> tuple[str, ...]:
    """By name where it is known, else as written; nobody twice."""
    return tuple(dict.fromkeys(names.get(code_of(one), one) for one in written))
