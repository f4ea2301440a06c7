"""Value types of the trade and where they hide in text: plates, VINs, kilometres, phone numbers and e-mail addresses."""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

import phonenumbers

PLATE_DK = re.compile(
    r"(?<![A-Z0-9ÆØÅ])(?<!\d-)([A-HJ-PR-Z][A-HJ-PR-Z])([ .-]?)(\d\d)[ .-]?(\d{3})(?![A-Z0-9ÆØÅ]|[.,-]\d|\s*(?:KR\b|DKK\b|,-))"
)
_NEVER = {"DK", "KL", "KM", "KR", "NR"}  # before numbers these are no plates
_WORD = re.compile(  # words and units before numbers: with a gap between them they are no plates, unless the text says so
    "AA|AF|AT|CA|CM|DA|DE|DL|DU|EA|EN|ER|ET|FR|HA|HK|HR|JA|KG|KS|KW|LB|LT|ML|MM|NM|NU|PC|PR|PS|SE|ST|TF|TL|UD|VA|VE"
)
_SAYS_PLATE = re.compile(
    r"\b(?:(?:IND)?REG|REGISTRERINGS?|(?:NUMMER|NR)[. -]?PL(?:ADE)?|PLADE)[ .-]*(?:NR|NUMMER)?[\s.:#-]*(?:DK[\s-]+)?$"
)
_SAYS_ARTICLE = re.compile(
    r"(?:\b(?:VARE|ART|ARTIKEL|OEM)[ .-]*(?:NR|NUMMER)?"
    r"|(?:DEL|BEST|BESTILLINGS?|ORDRE|FAKTURA|FAKT|KONTO|SERIE|TILBUDS?)[ .-]*(?:NR|NUMMER))[\s.:#]*$"
)
_PARTS = (  # what ends in one of these has numbers that look like plates
    "OLIE|OLIEN|FILTER|FILTRE|FILTERET|SPEC|SPECIFIKATION|NORM|PAKNING|SKIVER?|KLODS|KLODSER|BATTERI|PÆRER?|TÆNDRØR|REM|SÆT|KIT"
    "|VISKERBLADE?|LEJE|SENSOR|PUMPE|LYGTE"
)
_MAKERS = (  # of parts and oils: so have these
    "AISIN|ATE|BANNER|BERU|BILSTEIN|BOSCH|BREMBO|CASTROL|CONTITECH|CORTECO|DAYCO|DELPHI|DENSO|ELRING|EXIDE|FAG|FEBI|FERODO|FILTRON"
    "|FUCHS|GATES|HELLA|HENGST|INA|KNECHT|KYB|LEMFÖRDER|LUK|MAHLE|MANN|MEYLE|MOLY|MONROE|MOTUL|NGK|NTK|OPTIMAL|OSRAM|PAGID|PETRONAS"
    "|PHILIPS|PIERBURG|PURFLUX|REINZ|SACHS|SHELL|SKF|SNR|SWAG|TEXACO|TEXTAR|TOPRAN|TRW|TUDOR|UFI|VAICO|VALEO|VARTA|VDO|VEMO|WIX|YUASA"
    "|ZIMMERMANN"
)
_NAMES_PART = re.compile(  # the word before, or with one word between that does not lead on to a vehicle
    rf"(?:\b(?:{_MAKERS})|(?:{_PARTS}))\b[\s:+-]*"
    r"(?:(?!(?:PÅ|TIL|FOR|BIL|BILEN|VEDR|SKIFTET|UDFØRT|LAVET|MONTERET)\b)[\w/+-]+[\s:]+)?$"
)
_SPECS = re.compile(r"VW5|MB2[23]|TL5")  # how the makers' oil specifications begin: VW 504 00, MB 229.52
_LENT = r"\b(?:LÅNE|LAANE|BYTTE|LEJE|UDLEJNINGS?|ERSTATNINGS)-?(?:BIL|VOGN)"
_SAYS_LENT = re.compile(rf"(?<!INGEN )(?<!UDEN )(?<!IKKE )(?<!EJ ){_LENT}(?!.*\b(?:KUNDENS|EGEN)\b)")
_IS_LENT = re.compile(rf"\s*(?:\(\s*|(?:ER|SOM)\s+(?:UDLÅNT SOM )?){_LENT}")
_SAID_APART = re.compile(r"(?<!:)\n|[;!?]|(?<=\w{4})\.")
_VIN = re.compile(r"(?<![A-Z0-9])([A-HJ-NPR-Z0-9]{17})(?![A-Z0-9])")
_NUMBER = r"(\d{1,3}(?:[. ]\d{3})+|\d{1,7})"
_KM_BEFORE = re.compile(
    rf"\b(?:km[ .-]?(?:stand|tæller|t\b)?|kilometer(?:stand)?|odometer)\s*[:=.]?\s*{_NUMBER}\b", re.IGNORECASE
)
_KM_AFTER = re.compile(rf"(?<![\d.,]){_NUMBER}\s*(?:km|kilometer)\b", re.IGNORECASE)
_NOT_NOW = re.compile(
    r"(næste(?: gang)?|naeste|next|hver|efter|interval|eftersyn|service|tandrem|skift(?:es)?|forfald|garanti|rækkevidde|inden|maks|max"
    r"|mangler|overskr[ei]d\w*|prøvetur|prøvekørsel|kørsel|bugser\w*|transport|leasing|holder|yderligere|ekstra|resterende"
    r"|\bom|\bpr|\d ?(?:år|mdr|måneder)\.?\W*(?:/|eller))"
    r"(?:\W+(?:ved|pr|på|til|senest|om|hver|med|ca|cirka|omkring|endnu|de|kun))*\W*$",
    re.IGNORECASE,
)
_DISTANCE = re.compile(  # behind a number of kilometres: it was driven, is left or is paid for
    r"\s*(?:(?:/|pr\b\.?|per\b|om)\s*(?:år|md|måned|dag|uge)|årligt|siden|endnu|tilbage|igen|mere|for (?:meget|langt)|[áà@]|[ax*]\s?\d)",
    re.IGNORECASE,
)
_INTERVAL = re.compile(
    r"(?:'?s)?[ \-/]{0,3}(?:stort |lille |års)?"
    r"(?:serviceeftersyn|eftersyn|service|serv\b|interval|inspektion|garanti|rækkevidde|tandrem|(?:eller )?\d+ ?(?:år|mdr|måneder))",
    re.IGNORECASE,
)
_NAMED = re.compile(r"stand|tæller|odometer|[:=]", re.IGNORECASE)
_NEW_LINE = re.compile(r"(?<!:)\n")
_READING = re.compile(r"stand|tæller|odometer", re.IGNORECASE)
_NEXT = re.compile(r"(næste|naeste|next|efter|senest|inden|maks|max|ved)\W*$", re.IGNORECASE)
_EMAIL = re.compile(
    r"[^@\s<>\"(),:;\\\[\]]{1,64}@(?=.{4,254}$)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+"
)
_VALUES = {**{str(digit): digit for digit in range(10)}, **dict(zip("ABCDEFGH", range(1, 9), strict=True))}
_VALUES |= {**dict(zip("JKLMN", range(1, 6), strict=True)), "P": 7, "R": 9, **dict(zip("STUVWXYZ", range(2, 10), strict=True))}
_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
MAX_KM = 2_000_000
_LEAST_KM, _LEAST_UNNAMED_KM = 100, 1_000  # fewer are a trip, unless they are called the reading


def plate(given: str | None) -> str | None:
    """A plate as everybody stores it: upper case, without spaces, dots and dashes; None for what cannot be one."""
    found = re.sub(r"[\s.\-·]", "", (given or "")).upper()
    return found if re.fullmatch(r"[A-Z0-9ÆØÅ]{2,10}", found) and re.search(r"\d", found) else None


def danish_plate_in(text: str) -> str | None:
    """The Danish plate (two letters, five digits) in a text, as `danish_plate_among` finds it."""
    return danish_plate_among([text])


def danish_plate_among(told: Iterable[str], charged: Iterable[str] = ()) -> str | None:
    """The surest plate: what is called one, wherever it stands; else the only one of the first text `told` that has any.
    What is `charged` for names parts and oils, whose numbers look alike: there nothing else counts."""
    free = [_danish_plates(text) for text in told]
    bound = [_danish_plates(text) for text in charged]
    called = [plate for plates in free + bound for plate, is_called in plates if is_called]
    if called:
        return called[0]
    likely = next(({plate for plate, _ in plates} for plates in free if plates), set[str]())
    return likely.pop() if len(likely) == 1 else None


@lru_cache(8_192)  # lines of workshops repeat
def _danish_plates(text: str) -> tuple[tuple[str, bool], ...]:
    """What may be plates, and whether the text calls them so; never that of a car that was lent."""
    return tuple(_found_danish_plates(text))


def _found_danish_plates(text: str) -> Iterator[tuple[str, bool]]:
    whole, behind = text.upper(), 0
    for match in PLATE_DK.finditer(whole):
        before = whole[max(behind, match.start() - 60) : match.start()]
        lent = _IS_LENT.match(whole, match.end())
        behind = (lent or match).end()
        if lent or _SAYS_LENT.search(_SAID_APART.split(_SAYS_PLATE.sub(" ", before))[-1]):
            continue
        is_called = _SAYS_PLATE.search(before) is not None
        if is_called or _may_be_plate(match, before):
            yield f"{match[1]}{match[3]}{match[4]}", is_called


def _may_be_plate(match: re.Match[str], before: str) -> bool:
    letters, gap, two, _ = match.groups()
    is_word = letters in _NEVER or (gap and _WORD.fullmatch(letters))
    is_part = _SPECS.match(letters + two) or _NAMES_PART.search(before) or _SAYS_ARTICLE.search(before)
    return not (is_word or is_part)


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
            is_named = pattern is _KM_BEFORE and _NAMED.search(match[0])
            least = _LEAST_KM if is_named else _LEAST_UNNAMED_KM
            if least <= kilometres <= MAX_KM and not _is_other(text, match, pattern):
                return kilometres
    return None


def _is_other(text: str, match: re.Match[str], pattern: re.Pattern[str]) -> bool:
    """Whether the words around a number name what is ahead, an interval or a distance, so that it is no reading."""
    before = _NEW_LINE.split(text[max(match.start() - 40, 0) : match.start()])[-1]
    if _READING.search(match[0]):
        return _NEXT.search(before) is not None
    if _NOT_NOW.search(before):
        return True
    return pattern is _KM_AFTER and any(behind.match(text, match.end()) for behind in (_INTERVAL, _DISTANCE))


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
