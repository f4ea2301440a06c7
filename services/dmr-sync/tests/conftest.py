"""Small files of the registry, written for the tests, and dmr-sync driven by hand on a real database."""

from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID
from zipfile import ZIP_DEFLATED, ZipFile

import pytest

from common.clock import FixedClock
from common.events.customers import VehicleChanged
from common.events.registry import VehicleRegistryChanged
from common.events.settings import DealerChanged
from common.ids import DealerId, VehicleId
from common.testing.postgres import Database
from common.testing.runtime import DEALER, Running, running
from dmr_sync import reading, store
from dmr_sync.domain.elements import NAMESPACE
from dmr_sync.main import service

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
Row = Callable[..., str]
Document = Callable[..., bytes]


def element(name: str, text: object | None, prefix: str = "ns:") -> str:
    return "" if text is None else f"<{prefix}{name}>{text}</{prefix}{name}>"


def _row(
    vin: str | None = "TMBJJ7NE0K0000001",
    plate: str | None = "AB12345",
    *,
    ident: object = 1001,
    kind: str | None = "Personbil",
    use: str | None = "Privat personkørsel",
    status: str | None = "Registreret",
    status_on: str | None = "2019-04-02T09:00:00.000+02:00",
    state: str | None = "Registreret",
    state_on: str | None = "2019-04-02T09:00:00.000+02:00",
    first: str | None = "2019-04-02+02:00",
    plate_since: str | None = None,
    km: object | None = None,
    kg: object | None = "1860",
    seats: object | None = 5,
    lease: tuple[str | None, str | None] = (None, None),
    inspections: Sequence[tuple[str, str, str, object | None]] = (),
    permits: Sequence[tuple[str, str | None, str | None]] = (),
    prefix: str = "ns:",
    inside: str = "",
) -> str:
    def e(name: str, text: object | None) -> str:
        return element(name, text, prefix)

    base = "KoeretoejOplysning"
    parts = [
        e("KoeretoejIdent", ident),
        e("KoeretoejArtNavn", kind),
        e("KoeretoejAnvendelseStruktur", e("KoeretoejAnvendelseNavn", use) if use else None),
        e("LeasingGyldigFra", lease[0]),
        e("LeasingGyldigTil", lease[1]),
        e("RegistreringNummerNummer", plate),
        e("RegistreringNummerRettighedGyldigFra", plate_since),
        inside,
        e(
            f"{base}GrundStruktur",
            e(f"{base}Status", state) + e(f"{base}StatusDato", state_on) + e(f"{base}FoersteRegistreringDato", first)
            + e(f"{base}StelNummer", vin) + e(f"{base}StelNummerAnbringelse", "motorrum") + e(f"{base}TotalVaegt", kg)
            + e(f"{base}SiddepladserMaksimum", seats)
            + e("KoeretoejMotorStruktur", e("KoeretoejMotorKilometerstand", km) if km is not None else None),
        ),
        *(
            e("SynResultatStruktur", e("SynResultatSynsType", kind_) + e("SynResultatSynsDato", on) + e("SynResultatSynsResultat", result)
              + e("KoeretoejMotorKilometerstand", at))
            for on, kind_, result, at in inspections
        ),
        e("KoeretoejRegistreringStatus", status),
        e("KoeretoejRegistreringStatusDato", status_on),
        e(
            "TilladelseSamling",
            "".join(
                e("Tilladelse", e("TilladelseStruktur", e("TilladelseGyldigFra", since) + e("TilladelseGyldigTil", until)
                  + e("TilladelseTypeStruktur", e("TilladelseTypeNavn", name))))
                for name, since, until in permits
            )
            if permits
            else None,
        ),
    ]  # fmt: skip
    return f"<{prefix}Statistik>{''.join(parts)}</{prefix}Statistik>\n"


def _document(
    *rows: str, prefix: str = "ns", encoding: str = "UTF-8", root: str = "ESStatistikListeModtag_I", head: str = ""
) -> bytes:
    colon = f"{prefix}:" if prefix else ""
    binding = f"xmlns:{prefix}" if prefix else "xmlns"
    text = (
        f'<?xml version="1.0" encoding="{encoding}"?>\n{head}<{colon}{root} {binding}="{NAMESPACE}">\n <{colon}StatistikSamling>\n'
        f"{''.join(rows)} </{colon}StatistikSamling>\n</{colon}{root}>\n"
    )
    return text.encode(encoding)


@pytest.fixture
def row() -> Row:
    """Writes one `Statistik` element."""
    return _row


@pytest.fixture
def document() -> Document:
    """Writes a document of rows."""
    return _document


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Writes a file of the registry: a zip with its one entry, or plain XML."""

    def write(content: bytes, name: str = "ESStatistikListeModtag-20261122-193000.zip") -> Path:
        path = tmp_path / name
        if name.endswith(".zip"):
            with ZipFile(path, "w", ZIP_DEFLATED) as file:
                file.writestr("ESStatistikListeModtag.xml", content)
        else:
            path.write_bytes(content)
        return path

    return write


class Office:
    """Dealers with vehicles, and their registry."""

    NOBODY = store.NOBODY

    def __init__(self, rt: Running, write: Callable[..., Path]) -> None:
        self.rt, self._write = rt, write

    async def dealer(self, dealer: DealerId = DEALER, country: str = "DK", revision: int = 1) -> None:
        await self.rt.deliver(
            dealer,
            DealerChanged(
                dealer_id=dealer, revision=revision, slug=f"d{dealer.int % 1000}", title="Nordhavn Auto", country=country, language="da",
                timezone="Europe/Copenhagen",
            ),
        )  # fmt: skip

    async def vehicle(
        self, number: int, *, vin: str | None = None, plate: str | None = None, revision: int = 1, dealer: DealerId = DEALER,
        country: str | None = None,
    ) -> VehicleId:  # fmt: skip
        vehicle = vehicle_id(number)
        changed = VehicleChanged(vehicle_id=vehicle, revision=revision, vin=vin, plate=plate, country=country)
        await self.rt.deliver(dealer, changed)
        return vehicle

    async def read(self, *rows: str, day: str = "20261122", force: bool = False) -> reading.Summary:
        path = self._write(_document(*rows), f"ESStatistikListeModtag-{day}-193000.zip")
        return await reading.read(self.rt, path, force=force)

    async def told(self, dealer: DealerId = DEALER) -> list[VehicleRegistryChanged]:
        """What was told of vehicles since this was last asked."""
        return [event for event in await self.rt.published(dealer) if isinstance(event, VehicleRegistryChanged)]


def vehicle_id(number: int) -> VehicleId:
    return VehicleId(UUID(int=number))


@pytest.fixture
async def office(database: Database, write: Callable[..., Path], tmp_path: Path) -> AsyncIterator[Office]:
    async with running(service, database, clock=FixedClock(NOW), data=tmp_path / "data") as rt:
        yield Office(rt, write)


@pytest.fixture
def office_of(write: Callable[..., Path]) -> Any:
    """Makes an office of a runtime that the test starts itself."""

    def make(rt: Running) -> Office:
        return Office(rt, write)

    make.clock = lambda: FixedClock(NOW)  # type: ignore[attr-defined]
    return make
