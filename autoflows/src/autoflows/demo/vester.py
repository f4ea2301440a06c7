"""Vester Auto, the demo's second dealer: its system writes files. A wheel season and leads are under way, and whoever was here is
invited before an inspection. Everyone in it is invented."""

import json
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from autoflows.demo.holm import CARS, FIRST, LAST, Owner

TITLE, SLUG, LOGIN = "Vester Auto", "vester-auto", "owner@vester-auto.example"
SOURCE = "dms"
_SERVICE = ("Stort serviceeftersyn", "Motorolie 5W-30", "Oliefilter")
_REPAIRS = (("Bremseskiver og klodser bag",), ("Forrude udskiftet",), ("Batteri udskiftet",), ("Undervognsbehandling",))
_WHEELS = {"wheel_winter": "Skiftet til vinterhjul", "wheel_summer": "Skiftet til sommerhjul"}


def owners() -> list[Owner]:
    """Two dozen customers with a car each."""
    return [_owner(n) for n in range(24)]


def _owner(n: int) -> Owner:
    first, last = FIRST[(n * 7 + 3) % len(FIRST)], LAST[(n * 5 + 1) % len(LAST)]
    plain = f"{first}.{last}".lower().translate({ord("æ"): "ae", ord("ø"): "oe", ord("å"): "aa"})
    make, model = CARS[(n * 3) % len(CARS)]
    return Owner(
        number=3001 + n,
        name=f"{first} {last}",
        email=None if n % 14 == 6 else f"{plain}.v{n}@example.com",
        mobile=None if n % 11 == 2 else f"+45201235{n:02}",
        car=f"{make} {model}",
        plate=f"VA{30000 + 211 * n}",
        km=31_000 + 2_300 * n,
        invited_in=(n * 5) % 40 - 4,
    )


def season(started_on: date) -> dict[str, Any]:
    """The wheel season that begins a few days after the demo does."""
    kind = "wheel_summer" if 2 <= started_on.month <= 7 else "wheel_winter"
    first, last = started_on + timedelta(days=4), started_on + timedelta(days=32)
    return {"type": kind, "from": first.isoformat(), "to": last.isoformat(), "capacity_per_day": 3}


def lines(started_on: date) -> Iterator[dict[str, Any]]:
    """What the dealer's system has written by the demo's start: orders, appointments and contracts."""
    changed_to = "wheel_summer" if season(started_on)["type"] == "wheel_winter" else "wheel_winter"
    for place, owner in enumerate(owners()):
        served_on = started_on + timedelta(days=owner.invited_in - 335)
        yield _order(owner, "s", served_on, owner.km, _SERVICE)
        if place % 3 != 1:
            yield _order(owner, "w", started_on - timedelta(days=200 + place), owner.km + 5_000, (_WHEELS[changed_to],))
        if place % 3 == 0:
            last_season = started_on - timedelta(days=330 + place)
            yield _order(owner, "v", last_season, owner.km - 2_000, (_WHEELS[season(started_on)["type"]],))
        if place % 5 == 2:
            yield _order(owner, "r", started_on - timedelta(days=90 + place), owner.km + 9_000, _REPAIRS[place % len(_REPAIRS)])
        if place % 6 == 4:
            yield _contract(owner, place, started_on)
        if place % 9 == 5:
            at = started_on + timedelta(days=5 + place % 4)
            yield {"id": f"a{owner.number}", "starts_at": f"{at}T08:30:00", "text": "Bremser efterses", **_who(owner)}


def _order(owner: Owner, kind: str, on: date, km: int, texts: tuple[str, ...]) -> dict[str, Any]:
    return {"id": f"{kind}{owner.number}", "date": on.isoformat(), "odometer_km": km, "lines": list(texts), **_who(owner)}


def _contract(owner: Owner, place: int, started_on: date) -> dict[str, Any]:
    kind, days = (("lease", 184), ("warranty", 62), ("service_contract", 184))[place // 6 % 3]
    ends_on = started_on + timedelta(days=days + place // 3)
    return {
        "id": f"c{owner.number}", "contract": kind, "ends_on": ends_on.isoformat(),
        "starts_on": (ends_on - timedelta(days=3 * 365)).isoformat(), **_who(owner),
    }  # fmt: skip


def _who(owner: Owner) -> dict[str, Any]:
    make, _, model = owner.car.partition(" ")
    told = {"number": str(owner.number), "name": owner.name, "email": owner.email, "mobile": owner.mobile, "kind": "private"}
    return {
        "customer": {name: value for name, value in told.items() if value is not None},
        "vehicle": {"plate": owner.plate, "make": make, "model": model},
    }


def write(folder: Path, started_on: date) -> Path:
    """Write the file that the dealer's system wrote."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{SLUG}.jsonl"
    path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines(started_on)), encoding="utf-8")
    return path


def commands(file: Path, started_on: date) -> list[list[str]]:
    """The commands that set the dealer up, the same that a real one is set up with."""
    settings = {
        "inspection": {"audience": "any_visit"},
        "intervals": [{"type": "underbody", "months": 24}],
        "campaigns": [season(started_on)],
        "leads": {"basis": "existing_customer"},
    }
    return [
        ["dealers", "add", "--slug", SLUG, "--title", TITLE, "--booking-url", "https://booking.example/vester-auto"],
        [
            *("dealers", "sender", SLUG, "--legal-name", f"{TITLE} ApS", "--registration", "CVR 00000001"),
            *("--address", "Eksempelgade 7, 6700 Esbjerg", "--email", f"service@{SLUG}.example"),
            *("--phone", "+4520123500", "--sms-name", "VesterAuto"),
        ],
        ["dealers", "settings", SLUG, *(f"{key}={json.dumps(value)}" for key, value in settings.items())],
        ["users", "add", LOGIN, "--dealer", SLUG, "--role", "owner", "--alerts", "call_me,no,booked,unsubscribe"],
        ["connect", "file", "--dealer", SLUG, "--name", SOURCE],
        ["import", str(file), "--dealer", SLUG, "--source", SOURCE],
    ]
