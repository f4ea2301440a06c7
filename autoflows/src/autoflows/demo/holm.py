"""Holm Auto, the demo's dealer: how it is set up, and what its accounting system holds. Everyone in it is invented."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

TITLE, SLUG, OWNER = "Holm Auto", "holm-auto", "owner@holm-auto.example"
BOOKING = "https://booking.example/holm-auto"
FIRST = (
    "Anne", "Peter", "Mette", "Lars", "Søren", "Ida", "Åse", "Jens", "Kirsten", "Bo", "Ulla", "Niels", "Hanne", "Per", "Lone", "Ole",
    "Karen", "Erik", "Pia", "Mads",
)  # fmt: skip
LAST = ("Holm", "Ravn", "Ærø", "Bech", "Lind", "Krogh", "Toft", "Dahl", "Bruun", "Friis", "Juhl", "Skov", "Winther", "Møller")
_TOWNS = (("4000", "Roskilde"), ("4100", "Ringsted"), ("4600", "Køge"), ("4300", "Holbæk"), ("4130", "Viby Sj."))
CARS = (
    ("Skoda", "Octavia"),
    ("VW", "Golf"),
    ("Toyota", "Yaris"),
    ("Peugeot", "208"),
    ("Ford", "Focus"),
    ("Kia", "Ceed"),
    ("Volvo", "V60"),
)
_SERVICE = (
    ("Serviceeftersyn {km} km", "SERV", 1.0, 1495.0),
    ("Motorolie 5W-30 longlife", "OLIE", 4.5, 119.0),
    ("Oliefilter", "FILT", 1.0, 149.0),
    ("Arbejdsløn mekaniker", "TIMER", 1.5, 745.0),
)
_WINTER = (("Hjulskifte til vinterhjul", "HJUL", 1.0, 399.0), ("Opbevaring af sommerhjul", "HOTEL", 1.0, 449.0))
_SUMMER = (("Hjulskifte til sommerhjul", "HJUL", 1.0, 399.0), ("Opbevaring af vinterhjul", "HOTEL", 1.0, 449.0))
_BRAKES = (("Bremseklodser for udskiftet", "BREM", 1.0, 1290.0), ("Arbejdsløn mekaniker", "TIMER", 1.2, 745.0))
_CHECK = (("Synstjek før periodisk syn", "SYN", 1.0, 449.0),)
_TALK = (("Olie og filter skiftes næste gang, kunden ønsker ikke service i dag", "TEKST", 0.0, 0.0), *_BRAKES)
Lines = Sequence[tuple[str, str, float, float]]


@dataclass(frozen=True)
class Owner:
    """A customer with one car."""

    number: int
    name: str
    email: str | None
    mobile: str | None
    car: str
    plate: str
    km: int  # at the last service
    invited_in: int  # days after the demo's start at which its next invitation is due


def owners() -> list[Owner]:
    """Sixty of them; their services fall around the demo's start, so that the next weeks have something every day."""
    return [_owner(n) for n in range(60)]


PLATE = "HA20000"


def _owner(n: int) -> Owner:
    first, last = FIRST[n % len(FIRST)], LAST[(n * 3) % len(LAST)]
    plain = f"{first}.{last}".lower().translate({ord("æ"): "ae", ord("ø"): "oe", ord("å"): "aa"})
    make, model = CARS[n % len(CARS)]
    return Owner(
        number=1001 + n,
        name=f"{first} {last}",
        email=None if n % 12 == 7 else f"{plain}.{n}@example.com",
        mobile=None if n % 10 == 4 else f"201234{n:02}",
        car=f"{make} {model}",
        plate=f"HA{20000 + 137 * n}",
        km=24_000 + 1_750 * n,
        invited_in=(n * 7) % 48 - 6,
    )


def customers(started_on: date) -> list[dict[str, Any]]:
    """The customers, as e-conomic tells them."""
    return [_customer(owner, started_on) for owner in owners()]


def invoices(started_on: date) -> list[dict[str, Any]]:
    """Every booked invoice in the order of its date; those of days to come are booked when the demo's clock is there."""
    found = sorted((job for owner in owners() for job in _jobs(owner, started_on)), key=lambda job: (job[1], job[0].number))
    return [_invoice(number, owner, on, km, lines) for number, (owner, on, km, lines) in enumerate(found, 40_001)]


def orders(started_on: date) -> list[dict[str, Any]]:
    """Open orders: work that has begun and is not invoiced. One is a service, so that customer is not invited now."""
    serviced, tyred = owners()[3], owners()[11]
    return [
        _order(7001, serviced, started_on - timedelta(days=2), serviced.km + 14_000, _SERVICE),
        _order(7002, tyred, started_on - timedelta(days=1), tyred.km + 11_000, _tyres(started_on)),
    ]


def _jobs(owner: Owner, started_on: date) -> Iterator[tuple[Owner, date, int, Lines]]:
    last_service = _service_before(started_on + timedelta(days=owner.invited_in))
    yield owner, last_service - timedelta(days=364), owner.km - 15_000, _SERVICE
    if owner.number % 15 == 2:
        return  # skipped last year's service: nobody is invited twice for what is long gone
    yield owner, last_service, owner.km, _SERVICE
    if owner.number % 5 == 3:
        yield owner, last_service - timedelta(days=330), owner.km - 14_000, _CHECK
    if owner.number % 4 == 0:
        changed_on = last_service + timedelta(days=140)
        yield owner, changed_on, owner.km + 6_000, _tyres(changed_on)
    if owner.number % 9 == 0:
        yield owner, last_service + timedelta(days=200), owner.km + 9_000, _TALK
    if owner.number % 11 == 5:  # comes by himself, a week or two after the demo's start
        yield owner, started_on + timedelta(days=8 + owner.number % 5), owner.km + 15_000, _SERVICE


def _tyres(on: date) -> Lines:
    return _SUMMER if 2 <= on.month <= 8 else _WINTER


def _service_before(invited_on: date) -> date:
    """The day of the service whose yearly invitation falls on that day: eleven months before."""
    year, month = (invited_on.year - 1, invited_on.month + 1) if invited_on.month < 12 else (invited_on.year, 1)
    return date(year, month, min(invited_on.day, 28))


def _customer(owner: Owner, started_on: date) -> dict[str, Any]:
    town = _TOWNS[owner.number % len(_TOWNS)]
    business = owner.number % 13 == 0
    told = {
        "customerNumber": owner.number,
        "currency": "DKK",
        "name": f"{owner.name} VVS ApS" if business else owner.name,
        "address": f"Eksempelvej {owner.number - 1000}",
        "zip": town[0],
        "city": town[1],
        "country": "Danmark",
        "email": owner.email,
        "mobilePhone": owner.mobile,
        "corporateIdentificationNumber": f"0000{owner.number}" if business else None,
        "customerGroup": {"customerGroupNumber": 2 if business else 1},
        "lastUpdated": f"{started_on - timedelta(days=30)}T08:00:00Z",
    }
    return {name: value for name, value in told.items() if value is not None}  # e-conomic leaves out what it does not know


def _invoice(number: int, owner: Owner, on: date, km: int, lines: Lines) -> dict[str, Any]:
    return {"bookedInvoiceNumber": number, **_document(owner, on, km, lines)}


def _order(number: int, owner: Owner, on: date, km: int, lines: Lines) -> dict[str, Any]:
    return {"orderNumber": number, **_document(owner, on, km, lines)}


def _document(owner: Owner, on: date, km: int, lines: Lines) -> dict[str, Any]:
    net = round(sum(quantity * price for _, _, quantity, price in lines), 2)
    return {
        "date": on.isoformat(),
        "currency": "DKK",
        "netAmount": net,
        "grossAmount": round(net * 1.25, 2),
        "vatAmount": round(net * 0.25, 2),
        "customer": {"customerNumber": owner.number},
        "recipient": {"name": owner.name},
        "notes": {"heading": f"{owner.car}, reg.nr. {owner.plate}", "textLine1": f"Km-stand: {_dotted(km)}"},
        "references": {"other": owner.plate},
        "lines": [
            {
                "lineNumber": place,
                "sortKey": place,
                "description": text.format(km=_dotted(round(km, -3))),
                "product": {"productNumber": code},
                **({"unit": {"unitNumber": 2, "name": "Timer"}} if code == "TIMER" else {}),
                "quantity": quantity,
                "unitNetPrice": price,
                "totalNetAmount": round(quantity * price, 2),
            }
            for place, (text, code, quantity, price) in enumerate(lines, 1)
        ],
    }


def _dotted(number: int) -> str:
    return f"{number:,}".replace(",", ".")


def commands(economic_url: str) -> list[list[str]]:
    """The commands that set the dealer up, the same that a real one is set up with; secrets come by the environment."""
    return [
        ["dealers", "add", "--slug", SLUG, "--title", TITLE, "--booking-url", BOOKING],
        [
            *("dealers", "sender", SLUG, "--legal-name", f"{TITLE} ApS", "--registration", "CVR 00000000"),
            *("--address", "Eksempelvej 100, 4000 Roskilde", "--email", f"service@{SLUG}.example"),
            *("--phone", "+4520123400", "--sms-name", "HolmAuto"),
        ],
        ["users", "add", OWNER, "--dealer", SLUG, "--role", "owner", "--alerts", "call_me,no,booked,unsubscribe"],
        ["webhooks", "add", "--dealer", SLUG],
        ["connect", "economic", "--dealer", SLUG, "--url", economic_url, "--open-orders", "--every", "4h"],
    ]
