"""JSON lines: one object a line, an order, appointment, contract, customer or vehicle; the customer and the vehicle in it where
they are known."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any, TypeVar
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from common import values
from common.events.customers import Consent
from common.events.words import ContractKind
from common.events.work_orders import OrderLine
from common.web import strict_json
from ingest.domain.mapping import BadRow
from ingest.domain.rows import vehicle_among
from ingest.domain.snapshots import (
    ALL_TOLD,
    EARLIEST,
    LATEST,
    AppointmentSnapshot,
    ContractSnapshot,
    CustomerSnapshot,
    OrderSnapshot,
    Thing,
    VehicleRecord,
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
    country: str | None = None


class OwnedVehicle(Vehicle):
    owned_since: Day | None = None


class Told(Part):
    """What all that has a number has in common."""

    id: Name
    customer: Customer | None = None
    vehicle: Vehicle = Vehicle()

    def who(self, country: str) -> CustomerSnapshot | None:
        return _who(self.customer, country)

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


class Contract(Told):
    """A contract of a vehicle."""

    contract: ContractKind
    starts_on: Day | None = None
    ends_on: Day | None = None
    active: bool = True


class CustomerLine(Part):
    """A customer, as the source's list of customers has him."""

    customer: Customer


class VehicleLine(Part):
    """A vehicle, as the source's list of vehicles has it."""

    vehicle: OwnedVehicle
    customer: Customer | None = None


def thing_of(raw: bytes, country: str, zone: ZoneInfo) -> Thing:
    """One line as what it tells: its keys say what that is. Raises BadRow or TooLarge."""
    try:
        given = strict_json(raw)
    except ValueError as error:
        raise BadRow(f"it is no JSON: {error}") from error
    match _kind(given):
        case "appointment":
            return _appointment(_valid(Appointment, given), country, zone)
        case "contract":
            return _contract(_valid(Contract, given), country)
        case "vehicle":
            return _vehicle(_valid(VehicleLine, given), country)
        case "customer":
            one = _valid(CustomerLine, given).customer
            tells = frozenset(one.model_fields_set) & ALL_TOLD
            return replace(_snapshot(one, country), tells=tells)
        case _:
            return _order(_valid(Order, given), country)


def _kind(given: Any) -> str:
    """What a line tells of: an appointment says when it starts, a contract what it is; a customer or vehicle stands alone."""
    if not isinstance(given, dict) or "date" in given:
        return "order"
    for key, kind in (("starts_at", "appointment"), ("contract", "contract")):
        if key in given:
            return kind
    alone = "id" not in given
    return next((kind for kind in ("vehicle", "customer") if alone and kind in given), "order")


def name_of(raw: bytes) -> tuple[str, str] | None:
    """What a line tells of, and by what that is known again; None for one that cannot be used anyway."""
    try:
        given = strict_json(raw)
    except ValueError:
        return None
    kind = _kind(given)
    inner = given.get(kind) if isinstance(given, dict) and kind in ("vehicle", "customer") else given
    keys = {"vehicle": ("id", "vin", "plate"), "customer": ("number",)}.get(kind, ("id",))
    told = [inner.get(key) for key in keys] if isinstance(inner, dict) else []
    number = next((one for one in told if isinstance(one, str) and one), None)
    return (kind, number) if number is not None else None


def _valid(kind: type[P], given: Any) -> P:
    try:
        return kind.model_validate(given)
    except ValidationError as error:
        wrong = error.errors()[0]
        where = ".".join(map(str, wrong["loc"])) or "line"
        raise BadRow(f"{where}: {wrong['msg']}", where) from error


def _who(one: Customer | None, country: str) -> CustomerSnapshot | None:
    return _snapshot(one, country) if one is not None else None


def _snapshot(one: Customer, country: str) -> CustomerSnapshot:
    mobile = values.mobile(one.mobile, country)
    return CustomerSnapshot(
        one.number, one.name, values.email(one.email), mobile, one.kind, one.groups, one.language, one.consent
    )  # fmt: skip


def _contract(told: Contract, country: str) -> ContractSnapshot:
    vehicle = told.which(country, [])
    if not vehicle.is_known():
        raise BadRow("nothing tells which vehicle it is for", "vehicle", "Write its plate or its VIN.")
    if told.starts_on and told.ends_on and told.ends_on < told.starts_on:
        raise BadRow(f"it ends ({told.ends_on}) before it begins ({told.starts_on})", "ends_on")
    return ContractSnapshot(
        told.id, told.contract, vehicle, told.starts_on, told.ends_on, told.active, told.who(country)
    )  # fmt: skip


def _vehicle(told: VehicleLine, country: str) -> VehicleRecord:
    one = told.vehicle
    given = one.model_dump(exclude={"id", "owned_since"})
    known = {"key": one.id, "plate": values.plate(one.plate), "vin": values.vin(one.vin)}
    vehicle = VehicleSnapshot(**given | known)
    if not vehicle.is_known():
        raise BadRow("its plate or VIN is none", "vehicle", "Write a plate, or a VIN of 17 characters.")
    return VehicleRecord(vehicle, _who(told.customer, country), one.owned_since)


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
