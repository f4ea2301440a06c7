"""Numbers that name or measure the vehicle, read from the passages of an order: odometer, plate, VIN."""

import re
from collections.abc import Iterable

from classifier.domain.orders import Passage

_KM = re.compile(
    r"(?<![\w])(?:(?<!\d )(?<!\d)km|kilometer)[ .\-]?(?:stand|tal|tæller|taeller)?(?:en)?\b\s*(?:er|var|d\.d\.)?\s*[:.=]?\s*"
    r"(\d{1,3}(?:[ .]\d{3}){1,2}|\d{2,7})\b(?!\s*[,.]?\d)"
    r"|\b(?:kørt|koert|aflæst|aflaest|tæller|stand)\s*[:.]?\s*(\d{1,3}(?:[ .]\d{3}){1,2}|\d{3,7})\s*km\b",
    re.IGNORECASE,
)
_OTHER_KM = re.compile(r"(?:næste|naeste|inden|ved|interval\w*|senest|hver|efter|til)\W+(?:[\wæøåÆØÅ]+\W+){0,3}$", re.IGNORECASE)
_PLATE = re.compile(r"(?<![\w-])([A-ZÆØÅ]{2})[ ]?(\d{2})[ ]?(\d{3})(?![\w-])")
_LABELLED_PLATE = re.compile(
    r"\b(?:reg|registrering|nummerplade|plade)[a-z]*\.?\s*(?:nr|nummer)?\b[ .:]*([a-zæøå]{2})[ ]?(\d{2})[ ]?(\d{3})\b",
    re.IGNORECASE,
)
_VIN = re.compile(r"(?<!\w)(?=\w*\d{4})(?=\w*[A-HJ-NPR-Z]{2})[A-HJ-NPR-Z0-9]{17}(?!\w)", re.IGNORECASE)
_MOST_KM = 2_000_000
_NO_PLATE = frozenset({"VW", "MB", "GM", "ML", "NR", "KR", "TL"})  # norms and units that look like one: VW 50400


def odometer(passages: Iterable[Passage]) -> int | None:
    """The reading at this visit; not the name of an interval, a next service or a limit."""
    for passage in passages:
        for match in _KM.finditer(passage.text):
            kilometres = int(re.sub(r"\D", "", match[1] or match[2]))
            if kilometres <= _MOST_KM and not _OTHER_KM.search(passage.text, max(match.start() - 60, 0), match.start()):
                return kilometres
    return None


def plate(passages: Iterable[Passage]) -> str | None:
    """A Danish plate, without spaces; one that is called so comes first."""
    texts = [passage.text for passage in passages]
    for pattern in (_LABELLED_PLATE, _PLATE):
        for text in texts:
            for match in pattern.finditer(text):
                if match[1].upper() not in _NO_PLATE:
                    return "".join(match.groups()).upper()
    return None


def vin(passages: Iterable[Passage]) -> str | None:
    """A vehicle identification number: 17 letters and digits without I, O and Q."""
    for passage in passages:
        if match := _VIN.search(passage.text):
            return match.group().upper()
    return None
