"""SMS parts: GSM-7 (160, or 153 in each of several) and UCS-2 (70, or 67), what fits, and a sender's name."""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION = frozenset("^{}\\[~]|€\f")  # each is sent as an escape and a letter
_PLAIN = {"“": '"', "”": '"', "„": '"', "’": "'", "‘": "'", "–": "-", "—": "-", "…": "...", "\u00a0": " ", "\t": " "}
_SENDER = {"æ": "ae", "ø": "oe", "å": "aa", "Æ": "Ae", "Ø": "Oe", "Å": "Aa", "ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"}
MAX_PARTS = 2


@dataclass(frozen=True)
class Parts:
    """How a text is sent: its encoding, its length in units of that, and how many parts it takes."""

    encoding: str  # GSM7 or UCS2
    units: int
    count: int


def parts(text: str) -> Parts:
    """Count as phones do. A letter of two units is never cut in two, so a part may end one unit early."""
    if all(letter in _BASIC or letter in _EXTENSION for letter in text):
        sizes = [2 if letter in _EXTENSION else 1 for letter in text]
        return Parts("GSM7", sum(sizes), _count(sizes, whole=160, each=153))
    sizes = [2 if ord(letter) > 0xFFFF else 1 for letter in text]
    return Parts("UCS2", sum(sizes), _count(sizes, whole=70, each=67))


def _count(sizes: list[int], *, whole: int, each: int) -> int:
    if sum(sizes) <= whole:
        return 1
    if max(sizes) == 1:
        return ceil(len(sizes) / each)
    count, used = 1, 0
    for size in sizes:
        if used + size > each:
            count, used = count + 1, 0
        used += size
    return count


def plain(text: str) -> str:
    """The text in GSM-7: what it lacks becomes its nearest letter (ë is e) and is left out where there is none."""
    return "".join(_nearest(letter) for letter in unicodedata.normalize("NFC", text))


def _nearest(letter: str) -> str:
    if letter in _BASIC or letter in _EXTENSION:
        return letter
    simple = _PLAIN.get(letter) or unicodedata.normalize("NFKD", letter)
    return "".join(found for found in simple if found in _BASIC or found in _EXTENSION)


def fitting(wordings: Iterable[str]) -> str:
    """The first wording, from long to short, that fits the parts we send; the last one as it is. In GSM-7, since
    one rare letter would make three parts of two."""
    shorter = ""
    for wording in wordings:
        shorter = plain(wording)
        if parts(shorter).count <= MAX_PARTS:
            break
    return shorter


def sender_name(*wishes: str | None) -> str:
    """Up to eleven letters or digits, which is all that phones show: the first wish that leaves any."""
    for wish in wishes:
        spelled = "".join(_SENDER.get(letter, letter) for letter in wish or "")
        simple = unicodedata.normalize("NFKD", spelled)
        if name := "".join(letter for letter in simple if letter.isascii() and letter.isalnum())[:11]:
            return name
    return "Vaerksted"
