"""Orders and appointments as JSON lines: one object a line, the customer and the vehicle in it where they are known."""

import datetime as dt
from collections.abc import Sequence
from typing import Annotated, Any, TypeVar
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from common import values
from common.events.customers import Consent
from common.events.work_orders import OrderLine
from common.web import strict_json
from ingest.domain.mapping import BadRow, vehicle_among
from ingest.domain.snapshots import (
    EARLIEST,
    LATEST,
    AppointmentSnapshot,
    CustomerSnapshot,
    OrderSnapshot,
    VehicleSnapshot,
    could_be,
    is_charged,
    next_after,
)

D = TypeVar("D", bound=dt.date)


def _possible(told: D) -> D:
    if not could_be(told):
        raise ValueError(f"it must be between {EARLIEST.year} and {LATEST.year}")
    return told


Day = Annotated[dt.date, AfterValidator(_possible)]
Instant = Annotated[dt.datetime, AfterValidator(_possible)]
Text = Annotated[str, Field(max_length=10_000)]
Measure = Annotated[float, Field(gt=-1e12, lt=1e12)]
Name = Annotated[str, Field(min_length=1, max_length=200)]
P = TypeVar("P", bound="Part")


class Part(BaseModel):
    """A part of a line: strict about its keys, so that a misspelt one is told."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Line(Part):
    code: str | None = None
    text: Text = ""
    qty: Measure | None = None
    unit: str | None = None
    amount: Measure | None = None


class Customer(Part):
    number: Name
    name: str | None = None
    email: str | None = None
    mobile: str | None = None
    kind: str | None = None
    groups: tuple[str, ...] = ()
    language: str | None = None
    consent: Consent = Consent()


class Vehicle(Part):
    id: Name | None = None  # the source's own
    plate: str | None = None
    vin: str | None = None
    make: str | None = None
    model: str | None = None
    model_year: int | None = None
    fuel: str | None = None
    variant: str | None = None
    first_registered_on: dt.date | None = None


class Told(Part):
    """What an order and an appointment have in common."""

    id: Name
    customer: Customer | None = None
    vehicle: Vehicle = Vehicle()

    def who(self, country: str) -> CustomerSnapshot | None:
        one = self.customer
        if one is None:
            return None
        mobile = values.mobile(one.mobile, country)
        return CustomerSnapshot(
            one.number, one.name, values.email(one.email), mobile, one.kind, one.groups, one.language, one.consent
        )  # fmt: skip

    def which(self, country: str, free: Sequence[str], charged: Sequence[str] = ()) -> VehicleSnapshot:
        told = self.vehicle.model_dump(exclude={"id"})
        known = {"key": self.vehicle.id, "plate": values.plate(self.vehicle.plate), "vin": values.vin(self.vehicle.vin)}
        return vehicle_among(VehicleSnapshot(**told | known), free, charged, country)


class Order(Told):
    """An order."""

    date: Day
    lang: str | None = None
    status: str = Field(default="finished", pattern="^(open|finished|cancelled|credited)$")
    finished_on: Day | None = None  # where the visit was on another day than the date
    workshop: Name | None = None
    type: str | None = None
    odometer_km: int | None = Field(default=None, ge=0, le=values.MAX_KM)
    lines: tuple[Line | Text, ...] = Field(default=(), max_length=2000)
    remarks: str = Field(default="", max_length=100_000)
    mechanics: tuple[str, ...] = ()
    hours: Measure | None = None
    currency: str | None = None
    next_service_on: Annotated[dt.date, Field(le=LATEST)] | None = None
    credits: str | None = None


class Appointment(Told):
    """An appointment; a time without a zone is that on the workshop's wall."""

    starts_at: Instant
    status: str = Field(default="booked", pattern="^(booked|moved|cancelled|no_show)$")
    text: Text = ""


def thing_of(raw: bytes, country: str, zone: ZoneInfo) -> OrderSnapshot | AppointmentSnapshot:
    """One line as an order, or as an appointment where it says when it starts. Raises BadRow."""
    try:
        given = strict_json(raw)
    except ValueError as error:
        raise BadRow(f"it is no JSON: {error}") from error
    if isinstance(given, dict) and "starts_at" in given:
        return _appointment(_valid(Appointment, given), country, zone)
    return _order(_valid(Order, given), country)


def name_of(raw: bytes) -> tuple[str, str] | None:
    """What a line tells of, an order or an appointment, and its id; None for one that cannot be used anyway."""
    try:
        given = strict_json(raw)
    except ValueError:
        return None
    number = given.get("id") if isinstance(given, dict) else None
    if not isinstance(number, str) or not number:
        return None
    return ("appointment" if "starts_at" in given else "order"), number


def _valid(kind: type[P], given: Any) -> P:
    try:
        return kind.model_validate(given)
    except ValidationError as error:
        wrong = error.errors()[0]
        raise BadRow(f"{'.'.join(map(str, wrong['loc'])) or 'line'}: {wrong['msg']}") from error


def _appointment(told: Appointment, country: str, zone: ZoneInfo) -> AppointmentSnapshot:
    starts_at = told.starts_at if told.starts_at.tzinfo else told.starts_at.replace(tzinfo=zone)
    return AppointmentSnapshot(
        told.id, starts_at, told.status, told.text, told.which(country, [told.text]), told.who(country)
    )  # fmt: skip


def _order(told: Order, country: str) -> OrderSnapshot:
    lines = tuple(_line(line) for line in told.lines)
    return OrderSnapshot(
        number=told.id,
        status=told.status,
        finished_on=(told.finished_on or told.date) if told.status in ("finished", "credited") else None,
        changed_on=told.date,
        customer=told.who(country),
        vehicle=told.which(
            country,
            [told.remarks, *(line.text for line in lines if not is_charged(line))],
            [line.text for line in lines if is_charged(line)],
        ),
        workshop=told.workshop,
        lines=lines,
        remarks=told.remarks,
        odometer_km=told.odometer_km,
        order_type=told.type,
        mechanics=told.mechanics,
        hours=told.hours,
        currency=told.currency,
        next_service_on=next_after(told.next_service_on, told.finished_on or told.date),
        credits=told.credits,
    )


def _line(told: Line | str) -> OrderLine:
    if isinstance(told, str):
        return OrderLine(text=told)
    amount = None if told.amount is None else round(told.amount * 100)
    return OrderLine(code=told.code, text=told.text, quantity=told.qty, unit=told.unit, amount=amount)
