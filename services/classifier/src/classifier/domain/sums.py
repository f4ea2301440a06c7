"""What the text says of money and parts, for orders of which no line has an amount."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from reading_engine import MOST_LETTERS

from classifier.domain.orders import Order
from classifier.domain.wording import Wording

_DECIMALS = re.compile(r"[.,](\d{2})$")
_NEAR = 25  # letters behind an amount that may say that it is without tax,
_APART = re.compile(r"[,;\n\d]")  # up to one of these
_MOST = 100_000_000  # minor units: no workshop bills a million for one visit
_MOST_PARTS = 20
_PARTS_APART = re.compile(r"[+&]|(?<!\d),|,(?!\d)")
_LIST_ENDS = re.compile(r"[\n;]|\.(?=\s|$)")
_LONGEST_LIST = 500  # letters


@dataclass(frozen=True)
class Sums:
    """Amounts in minor units, without tax where the text has both, and parts by name."""

    amount: int | None = None
    parts_amount: int | None = None
    parts: tuple[str, ...] = ()


NO_SUMS = Sums()


def read_sums(order: Order, wording: Wording) -> Sums:
    """The sum of the order, that of its parts, and parts that are listed by name; nothing where a line has an amount of its own."""
    if any(line.amount is not None for line in order.lines):
        return NO_SUMS
    texts = [text[:MOST_LETTERS] for text in (*(line.text for line in order.lines), order.remarks)]
    return Sums(
        amount=_chosen(sum_ for text in texts for sum_ in _sums(text, wording.total_label, wording)),
        parts_amount=_chosen(sum_ for text in texts for sum_ in _sums(text, wording.parts_label, wording)),
        parts=tuple(dict.fromkeys(islice((part for text in texts for part in _parts(text, wording)), _MOST_PARTS))),
    )


def _chosen(sums: Iterable[tuple[bool, int]]) -> int | None:
    """The greatest sum that is called one without tax, else the greatest: part sums stand before the whole."""
    return max(sums, default=(False, None))[1]


def _sums(text: str, label: re.Pattern[str], wording: Wording) -> Iterator[tuple[bool, int]]:
    """Each sum behind a label, and whether it is called one without tax."""
    for found in label.finditer(text):
        match = wording.sum_behind.match(text, found.end())
        if match is None or not (match["before"] or match["behind"] or _DECIMALS.search(match["sum"])):
            continue
        if (amount := _minor(match["sum"])) <= _MOST:
            behind = _APART.split(text[match.end() : match.end() + _NEAR])[0]
            yield wording.untaxed.search(text[found.start() : match.end()] + behind) is not None, amount


def _minor(written: str) -> int:
    decimals = _DECIMALS.search(written)
    whole = re.sub(r"\D", "", written[: decimals.start()] if decimals else written)
    return int(whole) * 100 + (int(decimals[1]) if decimals else 0)


def _parts(text: str, wording: Wording) -> Iterator[str]:
    """Names behind `Dele:`, up to the end of the sentence."""
    for found in wording.parts_list.finditer(text):
        rest = text[found.end() : found.end() + _LONGEST_LIST]
        ends = _LIST_ENDS.search(rest)
        listed = rest[: ends.start()] if ends else rest
        for part in _PARTS_APART.split(listed):
            if re.search(r"[^\W\d_]{3}", part) and len(part) <= 60:
                yield part.strip()
