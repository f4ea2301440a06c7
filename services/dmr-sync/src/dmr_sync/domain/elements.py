"""One `Statistik` element of the Danish registry as a record."""

import math
import re
from collections.abc import Iterator
from datetime import date, datetime

from lxml import etree

from common import values
from common.events.registry import LeasingPeriod, RegistryInspection
from dmr_sync.domain import words
from dmr_sync.domain.records import MOST, Permit, Record
from dmr_sync.domain.schedule import ZONE

NAMESPACE = "http://skat.dk/dmr/2007/05/31/"
_DATE = re.compile(r"(\d{4}-\d\d-\d\d)(?:T(\d\d:\d\d:\d\d)(?:\.\d+)?)?(Z|[+-]\d\d:\d\d)?")
_YEARS = range(1886, 2100)  # 9999 stands for "no end"
_THOUSANDS_BELOW = 2000  # odometers are in thousands of km, but for one in ten thousand that is in km
_MOST_KG, _MOST_PERSONS = 1_000_000, 1_000


def tag(path: str) -> str:
    """A path of the registry's names as lxml wants it."""
    return "/".join(f"{{{NAMESPACE}}}{name}" for name in path.split("/"))


ROW = tag("Statistik")
VIN = tag("KoeretoejOplysningGrundStruktur/KoeretoejOplysningStelNummer")
PLATE = tag("RegistreringNummerNummer")
_BASE = "KoeretoejOplysningGrundStruktur/KoeretoejOplysning"
_IDENT, _KIND = tag("KoeretoejIdent"), tag("KoeretoejArtNavn")
_USE, _USES = tag("KoeretoejAnvendelseStruktur/KoeretoejAnvendelseNavn"), tag("KoeretoejAnvendelseSamlingStruktur")
_USE_NAME = tag("KoeretoejAnvendelseNavn")
_PLATE_SINCE = tag("RegistreringNummerRettighedGyldigFra")
_LEASE_FROM, _LEASE_TO = tag("LeasingGyldigFra"), tag("LeasingGyldigTil")
_REGISTERED, _REGISTERED_ON = tag("KoeretoejRegistreringStatus"), tag("KoeretoejRegistreringStatusDato")
_STATE, _STATE_ON = tag(f"{_BASE}Status"), tag(f"{_BASE}StatusDato")
_FIRST, _TOTAL = tag(f"{_BASE}FoersteRegistreringDato"), tag(f"{_BASE}TotalVaegt")
_TECHNICAL, _SEATS = tag(f"{_BASE}TekniskTotalVaegt"), tag(f"{_BASE}SiddepladserMaksimum")
_MOTOR_KM = tag("KoeretoejOplysningGrundStruktur/KoeretoejMotorStruktur/KoeretoejMotorKilometerstand")
_INSPECTION, _INSPECTION_KM = tag("SynResultatStruktur"), tag("KoeretoejMotorKilometerstand")
_TYPE, _ON, _RESULT = (tag(f"SynResultat{name}") for name in ("SynsType", "SynsDato", "SynsResultat"))
_PERMIT, _PERMIT_NAME = tag("TilladelseStruktur"), tag("TilladelseTypeStruktur/TilladelseTypeNavn")
_PERMIT_FROM, _PERMIT_TO = tag("TilladelseGyldigFra"), tag("TilladelseGyldigTil")


def read(row: etree._Element) -> Record:
    """A row as a record; what is not as it should be is not told."""
    status = words.standing(row.findtext(_REGISTERED), row.findtext(_STATE))
    registered_on, state_on = day(row.findtext(_REGISTERED_ON)), day(row.findtext(_STATE_ON))
    by_registration = status is not None and status == words.status(row.findtext(_REGISTERED))
    inspections = tuple(_inspections(row))
    inspected = max((each for each in inspections if each.odometer_km), key=lambda each: each.on, default=None)
    period = LeasingPeriod(from_on=day(row.findtext(_LEASE_FROM)), to_on=day(row.findtext(_LEASE_TO)))
    return Record(
        ident=words.told(row.findtext(_IDENT)),
        vin=words.vin(row.findtext(VIN)),
        plate=values.plate(words.told(row.findtext(PLATE))),
        plate_since=day(row.findtext(_PLATE_SINCE)),
        kind=words.told(row.findtext(_KIND)),
        uses=tuple(dict.fromkeys(_uses(row)))[:MOST],
        permits=tuple(_permits(row))[:MOST],
        status=status,
        status_on=registered_on if by_registration else state_on or registered_on,
        changed_on=max((each for each in (registered_on, state_on) if each), default=None),
        first_registered_on=day(row.findtext(_FIRST)),
        total_kg=whole(row.findtext(_TOTAL), _MOST_KG) or whole(row.findtext(_TECHNICAL), _MOST_KG),
        persons=whole(row.findtext(_SEATS), _MOST_PERSONS),
        odometer_km=inspected.odometer_km if inspected else kilometres(row.findtext(_MOTOR_KM)),
        odometer_on=inspected.on if inspected else None,
        inspections=inspections,
        leasing=(period,) if period != LeasingPeriod() else (),
    )


def _inspections(row: etree._Element) -> Iterator[RegistryInspection]:
    for found in row.findall(_INSPECTION)[:MOST]:
        if (on := day(found.findtext(_ON))) is not None:
            yield RegistryInspection(
                on=on,
                kind=words.inspection_kind(found.findtext(_TYPE)),
                result=words.inspection_result(found.findtext(_RESULT)),
                odometer_km=kilometres(found.findtext(_INSPECTION_KM)),
            )


def _uses(row: etree._Element) -> Iterator[str]:
    more = row.find(_USES)
    for text in (row.findtext(_USE), *(each.text for each in (more.iter(_USE_NAME) if more is not None else ()))):
        if (use := words.told(text)) is not None:
            yield use


def _permits(row: etree._Element) -> Iterator[Permit]:
    for found in row.iter(_PERMIT):
        if (name := words.told(found.findtext(_PERMIT_NAME))) is not None:
            yield Permit(name=name, from_on=day(found.findtext(_PERMIT_FROM)), to_on=day(found.findtext(_PERMIT_TO)))


def day(text: str | None) -> date | None:
    """The Danish day of a date (`2021-01-20+01:00`: as it is written) or of a moment; None for what is none."""
    found = _DATE.fullmatch((text or "").strip())
    if found is None:
        return None
    on, clock, offset = found.groups()
    try:
        parsed = date.fromisoformat(on)
        if clock is not None and offset is not None:
            parsed = datetime.fromisoformat(f"{on}T{clock}{offset.replace('Z', '+00:00')}").astimezone(ZONE).date()
    except (ValueError, OverflowError):
        return None
    return parsed if parsed.year in _YEARS else None


def whole(text: str | None, most: int) -> int | None:
    """A whole number above nought as the registry writes it (`2773.0`, `1.6E3`); None for what is none or too much."""
    try:
        number = float((text or "").strip())
    except ValueError:
        return None
    return round(number) if math.isfinite(number) and 1 <= number <= most else None


def kilometres(text: str | None) -> int | None:
    """An odometer in km."""
    number = whole(text, values.MAX_KM)
    return number * 1000 if number is not None and number < _THOUSANDS_BELOW else number
