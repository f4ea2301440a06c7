"""What is put together before a message is written: whom to greet, which cars, and where each link leads."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from common.events.customers import CustomerChanged, VehicleChanged
from common.events.settings import Sender
from notifier.domain import names

HINTS = {"book": "book", "call": "ring", "no": "nej", "unsubscribe": "afmeld"}
"""What each button suggests to the answer page; it changes nothing until the customer presses a button there."""


@dataclass(frozen=True)
class Link:
    """One followable place in one message: an unguessable token for a path of the answer pages."""

    token: str
    kind: str
    path: str
    reference: UUID | None = None
    step: int | None = None


@dataclass(frozen=True)
class Car:
    """One vehicle of a message, and one kind of work on it, with its own answers."""

    what: str  # service
    name: str  # Skoda Octavia, or just "bil"
    title: str  # Skoda Octavia (AB 12 345)
    short: str  # AB 12 345
    due: str | None
    due_short: str | None
    link: str  # the short one, for an SMS
    heading: str = ""
    links: Mapping[str, str] = field(default_factory=dict)
    detail: str = ""


@dataclass(frozen=True)
class Part:
    """One contact that leaves, with its vehicle."""

    reference: UUID
    step: int
    type: str
    code: str
    due_on: date | None
    vehicle: VehicleChanged


@dataclass(frozen=True)
class Letter:
    """Everything a message to a customer is written from."""

    channel: str
    customer: CustomerChanged
    parts: tuple[Part, ...]
    sender: Sender
    language: str
    on: date | None = None  # the local day on which it leaves


@dataclass(frozen=True)
class Places:
    """Where links lead: api's pages and notifier's own redirects, and how a token is minted."""

    public_url: str
    notifier_url: str
    mint: Callable[[], str]


@dataclass(frozen=True)
class Written:
    """A message as it leaves. For an SMS `html` and `subject` are None."""

    address: str
    text: str
    subject: str | None = None
    html: str | None = None
    links: tuple[Link, ...] = ()
    unsubscribe_url: str | None = None


def vehicles_of(letter: Letter) -> int:
    """How many vehicles a message is about."""
    return len({part.vehicle.vehicle_id for part in letter.parts})


def listed(found: Sequence[str], joined_by: str) -> str:
    """One, two and three: a, b og c."""
    *first, last = found
    return f"{', '.join(first)} {joined_by} {last}" if first else last


def car_of(part: Part, *, unknown: str, places: Places, what: str = "", on: date | None = None) -> Car:
    """How a vehicle is called in a message. A day that went by is not told as one that comes."""
    name = names.car_name(part.vehicle.make, part.vehicle.model) or unknown
    plate = names.plate(part.vehicle.plate)
    due_on = None if part.due_on and on and part.due_on < on else part.due_on
    return Car(
        what=what,
        name=name,
        title=f"{name} ({plate})" if plate else name,
        short=plate or name,
        due=names.day(due_on),
        due_short=names.day(due_on, year=False),
        link=f"{places.public_url}/s/{part.code}",
    )


def answer_link(part: Part, kind: str, places: Places) -> Link:
    """The redirect to one car's answer page, with a hint of what was pressed."""
    return Link(places.mint(), kind, f"/a/{part.code}?svar={HINTS[kind]}", part.reference, part.step)
