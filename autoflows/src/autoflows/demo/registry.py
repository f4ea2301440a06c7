"""The demo's motor registry: a file in the shape of Denmark's, with the cars of the demo's customers. Everything in it is invented."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

from autoflows.demo import holm, vester
from autoflows.demo.holm import Owner

_NAMESPACE = "http://skat.dk/dmr/2007/05/31/"
_YEARS = (6, 8, 11, 5, 9, 3, 14)  # how old cars are
_SOLD, _GONE, _UNKNOWN, _LEASED = 23, 41, 57, (5, 19, 33)  # owners by place: who sold it lately, and so on


def write(folder: Path, started_on: date) -> Path:
    """Write the registry's file as of the demo's start, as a zip with its one entry."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"ESStatistikListeModtag-{started_on:%Y%m%d}-030000.zip"
    rows = "".join(
        _row(place, owner, started_on) for place, owner in enumerate([*holm.owners(), *vester.owners()]) if place != _UNKNOWN
    )
    text = f"<ns:StatistikSamling>{rows}</ns:StatistikSamling>"
    root = f'<ns:ESStatistikListeModtag_I xmlns:ns="{_NAMESPACE}">{text}</ns:ESStatistikListeModtag_I>'
    with ZipFile(path, "w", ZIP_DEFLATED) as file:
        file.writestr("ESStatistikListeModtag.xml", f'<?xml version="1.0" encoding="UTF-8"?>\n{root}\n')
    return path


def _row(place: int, owner: Owner, started_on: date) -> str:
    first = started_on - timedelta(days=365 * _YEARS[place % len(_YEARS)] + 41 * place % 300)
    sold_on = started_on - timedelta(days=12)
    changed_on = sold_on if place == _SOLD else started_on - timedelta(days=60) if place == _GONE else first
    registered, state = ("Afmeldt", "Eksporteret") if place == _GONE else ("Registreret", "Registreret")
    make, _, model = owner.car.partition(" ")
    return _in(
        "Statistik",
        _all("Koeretoej", Ident=9_000_000_000 + owner.number, ArtNummer=1, ArtNavn="Personbil")
        + _in("KoeretoejAnvendelseStruktur", _all("KoeretoejAnvendelse", Nummer=1, Navn="Privat personkørsel"))
        + "".join(_lease(place, started_on))
        + _all("RegistreringNummer", Nummer=owner.plate)
        + _in(
            "KoeretoejOplysningGrundStruktur",
            _all(
                "KoeretoejOplysning", Status=state, StatusDato=_moment(changed_on), FoersteRegistreringDato=_day(first),
                StelNummer=f"TMBZZZ1Z0H{owner.number:07}", TotalVaegt=1_700 + 13 * place,
            )
            + _in(
                "KoeretoejBetegnelseStruktur",
                _all("KoeretoejMaerkeType", Navn=make.upper()) + _in("Model", _all("KoeretoejModelType", Navn=model.upper())),
            )
            + _in("KoeretoejMotorStruktur", _all("KoeretoejMotor", Kilometerstand=owner.km // 1000)),
        )
        + "".join(_inspection(place, owner, first, started_on))
        + _all("KoeretoejRegistrering", Status=registered, StatusDato=_moment(changed_on)),
    )  # fmt: skip


def _inspection(place: int, owner: Owner, first: date, started_on: date) -> Iterator[str]:
    """The latest one, so that the next is due within four months; a car younger than four years has had none."""
    inspected_on = started_on + timedelta(days=place * 11 % 120 - 730)
    if inspected_on < first + timedelta(days=4 * 365 - 60):
        return
    yield _in(
        "SynResultatStruktur",
        _all("SynResultat", SynsType="PeriodiskSyn", SynsDato=_day(inspected_on), SynsResultat="Godkendt", SynStatus="Aktiv")
        + _all("KoeretoejMotor", Kilometerstand=max(owner.km - 22_000, 5_000) // 1000),
    )


def _lease(place: int, started_on: date) -> Iterator[str]:
    """Some are leased, and the lease ends half a year from now or later."""
    if place in _LEASED:
        ends_on = started_on + timedelta(days=190 + 9 * place)
        yield _all("LeasingGyldig", Fra=_day(ends_on - timedelta(days=3 * 365)), Til=_day(ends_on))


def _in(name: str, inner: str) -> str:
    return f"<ns:{name}>{inner}</ns:{name}>"


def _all(prefix: str, **values: object) -> str:
    return "".join(_in(prefix + name, str(value)) for name, value in values.items())


def _day(day: date) -> str:
    return f"{day}+01:00"


def _moment(day: date) -> str:
    return f"{day}T10:15:00.000+01:00"
