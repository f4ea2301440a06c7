"""Value types of the trade and where they hide in text: plates, VINs, kilometres, phone numbers and e-mail addresses."""

import re
from collections.abc import Iterator

import phonenumbers

_PLATE_DK = re.compile(
    r"(?<![A-Z0-9ÆØÅ])(?<!\d-)([A-HJ-PR-Z][A-HJ-PR-Z])([ .-]?)(\d\d)[ .-]?(\d{3})(?![A-Z0-9ÆØÅ]|[.,-]\d|\s*(?:KR\b|DKK\b|,-))"
)
_NEVER = {"DK", "KL", "KM", "KR", "NR"}  # before numbers these are no plates
_WORD = re.compile(  # words and units before numbers: with a gap between them they are no plates, unless the text says so
    "AA|AF|AT|CA|CM|DA|DE|DL|DU|EA|EN|ER|ET|FR|HA|HK|HR|JA|KG|KS|KW|LB|LT|ML|MM|NM|NU|PC|PR|PS|SE|ST|TF|TL|UD|VA|VE"
)
_SAYS_PLATE = re.compile(r"(?:\b(?:IND)?REG|REGISTRERINGS?|PLADE)[ .]*(?:NR|NUMMER)?[\s.:#]*$")
_SAYS_ARTICLE = re.compile(
    r"(?:\b(?:VARE|ART|ARTIKEL|OEM)[ .-]*(?:NR|NUMMER)?"
    r"|(?:DEL|BEST|BESTILLINGS?|ORDRE|FAKTURA|FAKT|KONTO|SERIE|TILBUDS?)[ .-]*(?:NR|NUMMER))[\s.:#]*$"
)
_VIN = re.compile(r"(?<![A-Z0-9])([A-HJ-NPR-Z0-9]{17})(?![A-Z0-9])")
_NUMBER = r"(\d{1,3}(?:[. ]\d{3})+|\d{1,7})"
_KM_BEFORE = re.compile(
    rf"\b(?:km[ .-]?(?:stand|tæller|t\b)?|kilometer(?:stand)?|odometer)\s*[:=.]?\s*{_NUMBER}\b", re.IGNORECASE
)
_KM_AFTER = re.compile(rf"(?<![\d.,]){_NUMBER}\s*(?:km|kilometer)\b", re.IGNORECASE)
_NOT_NOW = re.compile(
    r"(næste(?: gang)?|naeste|next|hver|efter|interval|eftersyn|service|tandrem|skift(?:es)?|forfald|garanti|rækkevidde|inden|maks|max"
    r"|\bom|\bpr|\d ?(?:år|mdr|måneder)\.?\W*(?:/|eller))"
    r"(?:\W+(?:ved|pr|på|til|senest|om|hver))?\W*$",
    re.IGNORECASE,
)
_INTERVAL = re.compile(
    r"(?:'?s)?[ \-/]{0,3}(?:stort |lille |års)?"
    r"(?:serviceeftersyn|eftersyn|service|serv\b|interval|inspektion|garanti|rækkevidde|tandrem|(?:eller )?\d+ ?(?:år|mdr|måneder))",
    re.IGNORECASE,
)
_READING = re.compile(r"stand|tæller|odometer", re.IGNORECASE)
_NEXT = re.compile(r"(næste|naeste|next|efter|senest|inden|maks|max|ved)\W*$", re.IGNORECASE)
_EMAIL = re.compile(
    r"[^@\s<>\"(),:;\\\[\]]{1,64}@(?=.{4,254}$)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+"
)
_VALUES = {**{str(digit): digit for digit in range(10)}, **dict(zip("ABCDEFGH", range(1, 9), strict=True))}
_VALUES |= {**dict(zip("JKLMN", range(1, 6), strict=True)), "P": 7, "R": 9, **dict(zip("STUVWXYZ", range(2, 10), strict=True))}
_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
MAX_KM = 2_000_000


def plate(given: str | None) -> str | None:
    """A plate as everybody stores it: upper case, without spaces, dots and dashes; None for what cannot be one."""
    found = re.sub(r"[\s.\-·]", "", (given or "")).upper()
    return found if re.fullmatch(r"[A-Z0-9ÆØÅ]{2,10}", found) and re.search(r"\d", found) else None


def danish_plate_in(text: str) -> str | None:
    """The first Danish plate (two letters, five digits) in a text."""
    return next(_danish_plates(text), None)


def _danish_plates(text: str) -> Iterator[str]:
    for match in _PLATE_DK.finditer(text.upper()):
        letters, gap, two, three = match.groups()
        before = match.string[max(match.start() - 30, 0) : match.start()]
        is_word = letters in _NEVER or (gap and _WORD.fullmatch(letters))
        if _SAYS_PLATE.search(before) or not (is_word or _SAYS_ARTICLE.search(before)):
            yield f"{letters}{two}{three}"


def vin(given: str | None) -> str | None:
    """A VIN as everybody stores it; None for what is no VIN of 17 characters without I, O and Q."""
    found = re.sub(r"[\s.\-]", "", (given or "")).upper()
    return found if _VIN.fullmatch(found) and re.search(r"\d", found) else None


def vin_in(text: str) -> str | None:
    """The first VIN in a text: 17 characters with letters and at least three digits."""
    for match in _VIN.finditer(text.upper()):
        found = match[1]
        if len(re.findall(r"\d", found)) >= 3 and re.search(r"[A-Z]", found):
            return found
    return None


def vin_check_digit_fits(given: str) -> bool:
    """Whether position 9 is the check digit that ISO 3779 gives; makers in Europe need not keep to it, so this only informs."""
    total = sum(_VALUES.get(letter, 0) * weight for letter, weight in zip(given, _WEIGHTS, strict=True))
    return given[8] == "0123456789X"[total % 11]


def kilometres_in(text: str) -> int | None:
    """The odometer at this visit where a text tells it; not the name of an interval, a next service or a belt limit."""
    for pattern in (_KM_BEFORE, _KM_AFTER):
        for match in pattern.finditer(text):
            kilometres = int(re.sub(r"\D", "", match[1]))
            if 100 <= kilometres <= MAX_KM and not _is_ahead(text, match, pattern):
                return kilometres
    return None


def _is_ahead(text: str, match: re.Match[str], pattern: re.Pattern[str]) -> bool:
    """Whether the words around a number name what is ahead or an interval, so that it is no reading."""
    before = text[max(match.start() - 30, 0) : match.start()]
    if _READING.search(match[0]):
        return _NEXT.search(before) is not None
    return _NOT_NOW.search(before) is not None or (pattern is _KM_AFTER and _INTERVAL.match(text, match.end()) is not None)


def phone(given: str | None, country: str) -> str | None:
    """A number in E.164; None for what cannot be dialled. Danish numbers do not tell mobiles from landlines."""
    try:
        number = phonenumbers.parse(given or "", country)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def mobile(given: str | None, country: str) -> str | None:
    """A number in E.164 that may take an SMS; None for landlines where numbers tell."""
    found = phone(given, country)
    if found is None:
        return None
    kind = phonenumbers.number_type(phonenumbers.parse(found, None))
    can = (phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE)
    return found if kind in can else None


def email(given: str | None) -> str | None:
    """An address as it is compared and used: trimmed, the domain in lower case; None for what is no address."""
    found = (given or "").strip()
    name, at, domain = found.rpartition("@")
    found = f"{name}{at}{domain.lower()}"
    return found if _EMAIL.fullmatch(found) else None
