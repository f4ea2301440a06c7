"""A scenario file as values (`rules.md` 9). An unknown key is an error."""

from datetime import date, datetime, time
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from common import policy
from common.errors import DomainError


class StoryError(ValueError):
    """A file that cannot be read as a scenario; the message says where and why."""


class Part(BaseModel):
    """A part of a story: strict about keys and about text that YAML would read as a number."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


When = datetime | date


class Dealer(Part):
    country: str = "DK"
    language: str = "da"
    timezone: str = "Europe/Copenhagen"
    subdivision: str | None = None
    closed_days: tuple[date, ...] = ()
    booking_url: str | None = None
    settings: dict[str, Any] = {}


class Source(Part):
    gives: tuple[str, ...] = ("orders", "open_orders", "next_service_date", "appointments", "contracts")


class Workshop(Part):
    id: str
    timezone: str | None = None
    subdivision: str | None = None
    closed_days: tuple[date, ...] = ()
    booking_url: str | None = None


class Consent(Part):
    service: bool | None = None
    leads: bool | None = None
    phone: bool | None = None


class Customer(Part):
    id: str
    at: When | None = None
    name: str | None = None
    email: str | None = None
    mobile: str | None = None
    kind: str | None = None
    groups: tuple[str, ...] = ()
    language: str | None = None
    consent: Consent = Consent()


class Vehicle(Part):
    id: str
    customer: str | None = None
    plate: str | None = Field(default=None, strict=True)
    vin: str | None = Field(default=None, strict=True)
    make: str | None = None
    model: str | None = None
    model_year: int | None = None
    fuel: str | None = None
    variant: str | None = None
    first_registered_on: date | None = None
    owned_since: date | None = None
    country: str | None = None


class Line(Part):
    code: str | None = None
    text: str = ""
    qty: float | None = None
    unit: str | None = None
    amount: float | None = None


class WorkOrder(Part):
    id: str
    at: When | None = None
    vehicle: str | None = None
    customer: str | None = None
    workshop: str | None = None
    status: Literal["open", "finished", "cancelled", "credited"]
    finished_on: date | None = None
    odometer_km: int | None = None
    type: str | None = None
    lines: tuple[Line, ...] = ()
    remarks: str = ""
    next_service_on: date | None = None
    credits: str | None = None

    @field_validator("lines", mode="before")
    @classmethod
    def _texts_are_lines(cls, given: Any) -> Any:
        return [{"text": line} if isinstance(line, str) else line for line in given] if isinstance(given, list) else given


class Contract(Part):
    """A contract, lease or warranty; a repeated id is a change."""

    at: When | None = None
    id: str
    vehicle: str
    kind: Literal["service_contract", "lease", "warranty"]
    starts_on: date | None = None
    ends_on: date | None = None


class Appointment(Part):
    at: When
    id: str
    vehicle: str
    starts_at: When
    text: str = ""
    status: Literal["booked", "cancelled", "moved", "no_show"] = "booked"
    invitation: str | None = None


class Answer(Part):
    at: When
    vehicle: str
    type: str
    answer: Literal["booked", "booking_started", "call_me", "no", "unsubscribe"]
    reason: str | None = None
    by: Literal["link", "staff", "webhook"] = "link"


class Delivery(Part):
    at: When | None = None
    vehicle: str
    type: str
    step: int
    result: Literal["refused", "bounced", "unknown", "delivered"]


RegistryStatus = Literal[
    "registered", "under_way", "deregistered", "scrapped", "exported", "stolen",
    "Registreret", "UnderUdarbejdelse", "Afmeldt", "Skrottet", "Eksporteret", "Stjålet",
]  # fmt: skip
_INSPECTION_TYPES = {
    "periodisksyn",
    "registreringssyn",
    "registreringssyntoldsyn",
    "mot",
    "periodic",
    "registration",
    "customs",
    "other",
}
_INSPECTION_RESULTS = {
    "godkendt", "betingetgodkendt", "ikkegodkendt", "kangodkendesefteromsyn", "kangodkendesvedomsyn",
    "kangodkendesvedomsynafomsynsvirksomhed", "kangodkendesvedomsynafsynsvirksomhed", "passed", "failed", "nottold",
}  # fmt: skip


class RegistryInspection(Part):
    """An inspection in the registry's words or ours, however they are spaced."""

    on: date
    type: str = "PeriodiskSyn"
    result: str | None = None
    odometer_km: int | None = Field(default=None, ge=0, le=2_000_000)

    @field_validator("type", "result")
    @classmethod
    def _known(cls, given: str | None, info: Any) -> str | None:
        known = _INSPECTION_TYPES if info.field_name == "type" else _INSPECTION_RESULTS
        if given is not None and given.casefold().replace(" ", "").replace("_", "") not in known:
            raise ValueError(f"{given} is no {info.field_name} of an inspection; one of: {', '.join(sorted(known))}")
        return given


class RegistryLease(Part):
    from_: date | None = Field(default=None, alias="from")
    to: date | None = None


class RegistryRow(Part):
    """What a registry shows of a vehicle from that moment on."""

    at: When
    vehicle: str
    kind: str | None = None
    use: str | None = None
    status: RegistryStatus | None = None
    status_on: date | None = None
    plate: str | None = Field(default=None, strict=True)
    owner_since: date | None = None
    odometer_km: int | None = Field(default=None, ge=0, le=2_000_000)
    inspections: tuple[RegistryInspection, ...] = ()
    inspection_expires_on: date | None = None
    leasing: tuple[RegistryLease, ...] = ()


class Action(Part):
    at: When
    do: Literal["hold", "restore", "exclude", "suppress", "release_owner", "outcome", "settings"]
    vehicle: str | None = None
    customer: str | None = None
    type: str | None = None
    channel: str | None = None
    reason: str | None = None
    settings: dict[str, Any] = {}


class Span(Part):
    from_: date = Field(alias="from")
    to: date


class Run(Span):
    down: tuple[Span, ...] = ()


class ExpectedContact(Part):
    on: date
    time: str | None = None
    vehicle: str
    type: str
    step: int
    channel: str | None = None
    message: str | int | None = None

    @field_validator("time", mode="before")
    @classmethod
    def _clock_text(cls, given: Any) -> Any:
        return given.strftime("%H:%M") if isinstance(given, time) else given


class ExpectedLead(Part):
    on: date
    vehicle: str
    type: str
    channel: str | None = None


class OnDay(Part):
    on: date
    vehicle: str
    type: str
    because: str | None = None


class Closed(Part):
    vehicle: str
    type: str
    outcome: str
    because: str | None = None


class Expect(Part):
    contacts: tuple[ExpectedContact, ...] = ()
    leads: tuple[ExpectedLead, ...] | None = None
    follow_up: tuple[OnDay, ...] | None = None
    pending: tuple[OnDay, ...] = ()
    closed: tuple[Closed, ...] = ()
    held: tuple[OnDay, ...] = ()
    not_: tuple[OnDay, ...] = Field(default=(), alias="not")


class Story(Part):
    """One file."""

    title: str | None = None
    dealer: Dealer = Dealer()
    source: Source = Source()
    workshops: tuple[Workshop, ...] = ()
    customers: tuple[Customer, ...] = ()
    vehicles: tuple[Vehicle, ...] = ()
    work_orders: tuple[WorkOrder, ...] = ()
    registry: tuple[RegistryRow, ...] = ()
    contracts: tuple[Contract, ...] = ()
    appointments: tuple[Appointment, ...] = ()
    answers: tuple[Answer, ...] = ()
    deliveries: tuple[Delivery, ...] = ()
    actions: tuple[Action, ...] = ()
    run: Run
    expect: Expect = Expect()


def read(path: Path) -> Story:
    """Read a scenario file. Raises StoryError with the places that are wrong."""
    try:
        loaded = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, YAMLError) as error:
        raise StoryError(f"{path}: {error}") from error
    if not isinstance(loaded, dict):
        raise StoryError(f"{path}: a scenario is a mapping of dealer, customers, …, run and expect")
    try:
        story = Story.model_validate(loaded)
        for settings in (story.dealer.settings, *(action.settings for action in story.actions)):
            policy.read(settings)
        return story
    except DomainError as error:
        raise StoryError(f"{path}: {error}") from error
    except ValidationError as error:
        where = [f"{'.'.join(map(str, found['loc']))}: {found['msg']}" for found in error.errors()]
        raise StoryError("\n".join(f"{path}: {line}" for line in where)) from error
