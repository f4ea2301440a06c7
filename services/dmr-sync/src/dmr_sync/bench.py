"""How fast a zip of the registry is searched, in MB of XML a second: by us, by lxml's `iterparse`, and by nothing but inflating it.

The file is made here, like the real one: 8.6 kB a row in the order of the real elements, squeezed some 19 to 1. Contenders run by turns,
each in a process of its own, which also tells the peak of its memory.
"""

import json
import random
import re
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

from lxml import etree

from common.benches import Measured, Speed
from dmr_sync.domain import elements
from dmr_sync.scan import SWITCH_SECONDS, read_wanted
from dmr_sync.scanning import Wanted, scan
from dmr_sync.sources import CHUNK, Source

ROWS, WANTED, RUNS = 30_000, 200_000, 5
_EVERY = 100  # one row in so many is of a wanted vehicle
_ALPHABET = "ABCDEFGHJKLMNPRSTUVWXYZ0123456789"
_EQUIPMENT = (
    "ABS bremser",
    "Airbags",
    "Metallak",
    "radio",
    "selealarm",
    "6-gear manuel",
    "klimaanlæg",
    "ESP",
    "fartpilot",
    "tagræling",
)
_MODELS = (
    ("SKODA", "OCTAVIA"),
    ("VOLKSWAGEN", "GOLF"),
    ("TOYOTA", "YARIS"),
    ("PEUGEOT", "208"),
    ("FORD", "FOCUS"),
    ("KIA", "CEED"),
)


def measure(rows: int = ROWS, wanted: int = WANTED, runs: int = RUNS) -> Measured:
    """Make a file and let all three have it by turns. Raises RuntimeError when we and the peer do not find the same."""
    seconds: dict[str, list[float]] = {who: [] for who in CONTENDERS}
    peaks: dict[str, int] = {}
    found: dict[str, object] = {}
    with tempfile.TemporaryDirectory(prefix="autoflows-bench-") as folder:
        path, wishes = Path(folder) / "registry.zip", Path(folder) / "wanted"
        size = write(path, wishes, rows, wanted)
        squeezed = path.stat().st_size
        for _ in range(runs):
            for who in CONTENDERS:
                command = [sys.executable, "-m", "dmr_sync.bench", who, str(path), str(wishes)]
                told = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)  # noqa: S603 - ourselves
                seconds[who].append(told["seconds"])
                peaks[who] = max(peaks.get(who, 0), told["peak_kb"])
                found[who] = told["found"]
    if found["ours"] != found["peer"]:
        raise RuntimeError("we and the peer did not find the same vehicles")
    speeds = {who: Speed(tuple(size / 1e6 / each for each in taken)) for who, taken in seconds.items()}
    return Measured(
        "registry", "MB/s", speeds["ours"], speeds["peer"], speeds["limit"],
        what={"peer": "lxml.iterparse, the same rows found and read", "limit": "inflating alone (zipfile)"},
        beside={
            "xml_mb": round(size / 1e6), "zip_mb": round(squeezed / 1e6, 1), "rows": rows, "bytes_a_row": round(size / rows),
            "wanted": wanted, "found": rows // _EVERY, "peak_mb": {who: round(peak / 1000) for who, peak in peaks.items()},
        },
    )  # fmt: skip


def write(path: Path, wishes: Path, rows: int, wanted: int) -> int:
    """Write a zip like the registry's, and a list of what is looked for; gives the bytes of XML."""
    chance = random.Random(20261122)  # noqa: S311 - the same file every time
    size = 0
    with wishes.open("w") as wish, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        wish.writelines(f"V{_vin(chance)}\nP{_plate(chance)}\n" for _ in range(wanted // 2))
        with file.open("ESStatistikListeModtag.xml", "w", force_zip64=True) as xml:
            for part in _parts(rows, chance, wish.write):
                size += xml.write(part.encode())
    return size


def _parts(rows: int, chance: random.Random, wish: Callable[[str], object]) -> Iterator[str]:
    yield f'<?xml version="1.0" encoding="UTF-8"?>\n<ns:ESStatistikListeModtag_I xmlns:ns="{elements.NAMESPACE}"><ns:StatistikSamling>'
    for number in range(rows):
        vin, plate = _vin(chance), _plate(chance)
        if number % _EVERY == 0:
            wish(f"V{vin}\n")
        yield _row(number, vin, plate if chance.random() < 0.7 else None, chance)
    yield "</ns:StatistikSamling></ns:ESStatistikListeModtag_I>\n"


def _row(number: int, vin: str, plate: str | None, chance: random.Random) -> str:
    """A row with the real elements in the real order, those that nobody reads included."""
    make, model = chance.choice(_MODELS)
    first = f"{chance.randint(1995, 2026)}-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}"
    moment = f"{first}T{chance.randint(7, 18):02}:{chance.randint(0, 59):02}:{chance.randint(0, 59):02}.000+01:00"
    kilos, km = chance.randint(900, 3500), chance.randint(5, 350)
    base = _all(
        "KoeretoejOplysning", OprettetUdFra="Typegodkendelse", Status="Registreret", StatusDato=moment,
        FoersteRegistreringDato=f"{first}+01:00", StelNummer=vin, StelNummerAnbringelse="motorrum", TotalVaegt=kilos,
        KoereklarVaegtMinimum=kilos - 500, TekniskTotalVaegt=kilos, AkselAntal=2, SiddepladserMinimum=1, SiddepladserMaksimum=5,
        TilkoblingMulighed="true", TilkoblingsvaegtUdenBremser=650, TilkoblingsvaegtMedBremser=1300, NCAPTest="true",
        TraekkendeAksler=1, EgnetTilTaxi="false", TypeAnmeldelseNummer=f"E{chance.randint(10000, 99999)}",
        TypeGodkendelseNummer=f"e1*2001/116*{chance.randint(0, 9999):04}", Kommentar=f"{chance.getrandbits(900):x}",
        AntalDoere=chance.randint(2, 5), Trafikskade="false",
    )  # fmt: skip
    named = (
        _in("KoeretoejBetegnelseStruktur", _all("KoeretoejMaerkeType", Nummer=chance.randint(10000, 20000), Navn=make)
            + _in("Model", _all("KoeretoejModelType", Nummer=chance.randint(10**7, 2 * 10**7), Navn=model))
            + _in("Variant", _all("KoeretoejVariantType", Nummer=chance.randint(10**9, 2 * 10**9), Navn=_litres(chance)))
            + _in("Type", _all("KoeretoejTypeType", Nummer=chance.randint(10**9, 2 * 10**9), Navn=f"{chance.randint(1, 9)}E")))
        + _in("KoeretoejFarveStruktur", _in("FarveTypeStruktur", _all("FarveType", Nummer=chance.randint(1, 20), Navn="Ukendt")))
        + _in("KarrosseriTypeStruktur", _all("KarrosseriType", Nummer=chance.randint(1, 9), Navn="Stationcar"))
        + _in("KoeretoejNormStruktur", _in("NormTypeStruktur", _all("NormType", Nummer=chance.randint(1, 9), Navn="Euro 6")))
        + _in("KoeretoejMiljoeOplysningStruktur", _all(
            "KoeretoejMiljoeOplysning", CO2Udslip=f"{chance.randint(80, 250)}.0", EmissionCO=f"{chance.random():.6f}",
            Roegtaethed=f"{chance.random():.4E}", PartikelFilter="true"))
    )  # fmt: skip
    motor = _in(
        "KoeretoejMotorStruktur",
        _all("KoeretoejMotor", CylinderAntal=4, SlagVolumen=f"{chance.randint(900, 3000)}.0", SlagVolumenIkkeTilgaengelig="false",
             StoersteEffekt=f"{chance.randint(40, 300)}.0", StoersteEffektIkkeTilgaengelig="false", Kilometerstand=km,
             KilometerstandDokumentation="false", KilometerstandIkkeTilgaengelig="false", InnovativTeknik="false")
        + _in("KoeretoejDrivmiddelSamlingStruktur", _in("KoeretoejDrivmiddelSamling", _in(
            "DrivmiddelStruktur", _in("DrivkraftTypeStruktur", _all("DrivkraftType", Nummer=2, Navn="Diesel"))
            + _in("KoeretoejBraendstofStruktur", _all("KoeretoejMotor", KmPerLiter=f"{chance.randint(80, 300) / 10}"))
            + _all("KoeretoejMotor", DrivmiddelPrimaer="true")))),
    )  # fmt: skip
    fitted = "".join(
        _in("KoeretoejUdstyrStruktur", _all("KoeretoejUdstyr", Antal=chance.randint(0, 8)) + _in("KoeretoejUdstyrTypeStruktur", _all(
            "KoeretoejUdstyrType", Nummer=chance.randint(100, 9999), Navn=name, VisesVedSyn="true", VisesVedForespoergsel="false",
            VisesVedStandardOprettelse="false")))
        for name in chance.sample(_EQUIPMENT, 4)
    )  # fmt: skip
    inspection = _in(
        "SynResultatStruktur",
        _all("SynResultat", SynsType="PeriodiskSyn", SynsDato=f"{chance.randint(2022, 2026)}-05-{chance.randint(1, 28):02}+02:00",
             SynsResultat="Godkendt", SynStatus="Aktiv", SynStatusDato="2026-05-11+02:00")
        + _all("KoeretoejMotor", Kilometerstand=km),
    )  # fmt: skip
    return _in(
        "Statistik",
        _all("Koeretoej", Ident=10**15 + number, ArtNummer=1, ArtNavn="Personbil")
        + _in("KoeretoejAnvendelseStruktur", _all("KoeretoejAnvendelse", Nummer=1, Navn="Privat personkørsel"))
        + (_all("RegistreringNummer", Nummer=plate, RettighedGyldigFra=f"{first}+01:00") if plate else "")
        + _in("KoeretoejOplysningGrundStruktur", base + named + motor
              + _in("KoeretoejUdstyrSamlingStruktur", _in("KoeretoejUdstyrSamling", fitted)))
        + inspection
        + _all("KoeretoejRegistrering", Status="Registreret", StatusDato=moment),
    )  # fmt: skip


def _litres(chance: random.Random) -> str:
    return f"{chance.randint(10, 30) / 10} TDI {chance.randint(60, 300)} HK {chance.getrandbits(48):x}"


def _in(name: str, inner: str) -> str:
    return f"<ns:{name}>{inner}</ns:{name}>"


def _all(prefix: str, **values: object) -> str:
    return "".join(_in(prefix + name, str(value)) for name, value in values.items())


def _vin(chance: random.Random) -> str:
    return "TMB" + "".join(chance.choices(_ALPHABET, k=7)) + f"{chance.randrange(10**7):07}"


def _plate(chance: random.Random) -> str:
    return "".join(chance.choices("ABCDEHJKLMNPRSTUVXYZ", k=2)) + f"{chance.randrange(10**5):05}"


def ours(path: Path, wanted: Wanted) -> Iterator[str]:
    """As `scan.py` does it."""
    sys.setswitchinterval(SWITCH_SECONDS)
    with Source(path) as source:
        for record in scan(source, wanted):
            yield record.key()


def peer(path: Path, wanted: Wanted) -> Iterator[str]:
    """As one writes it with lxml: every row is parsed, looked at and cleared."""
    with Source(path) as source:
        for _, row in etree.iterparse(source, tag=elements.ROW):  # it has `read`, which is enough
            vin, plate = row.findtext(elements.VIN), row.findtext(elements.PLATE)
            if wanted.has(vin.encode() if vin else None, plate.encode() if plate else None):
                yield elements.read(row).key()
            row.clear()
            parent = row.getparent()
            while parent is not None and row.getprevious() is not None:
                del parent[0]


def limit(path: Path, _: Wanted) -> Iterator[str]:
    """Inflating, and nothing with what comes out."""
    with Source(path) as source:
        while source.read(CHUNK):
            pass
    return iter(())


CONTENDERS: dict[str, Callable[[Path, Wanted], Iterator[str]]] = {"ours": ours, "peer": peer, "limit": limit}


def main(who: str, path: str, wishes: str) -> None:
    """Run one contender in this process."""
    wanted = read_wanted(Path(wishes))
    began_at = time.perf_counter()
    found = sorted(CONTENDERS[who](Path(path), wanted))
    seconds = time.perf_counter() - began_at
    peak = re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())
    assert peak is not None
    print(json.dumps({"seconds": seconds, "peak_kb": int(peak[1]), "found": found}))  # noqa: T201 - its parent reads it


if __name__ == "__main__":
    main(*sys.argv[1:4])
