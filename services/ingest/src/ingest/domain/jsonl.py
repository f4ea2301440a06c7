"""Orders as JSON lines: one object a line, the customer and the vehicle in it where they are known."""

import datetime as dt

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from common import values
from common.events.work_orders import OrderLine
from common.web import strict_json
from ingest.domain.mapping import BadRow
from ingest.domain.snapshots import CustomerSnapshot, OrderSnapshot, VehicleSnapshot


class Part(BaseModel):
    """A part of a line: strict about its keys, so that a misspelt one is told."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Line(Part):
    code: str | None = None
    text: str = Field(default="", max_length=10_000)
    qty: float | None = None
    unit: str | None = None
    amount: float | None = None


class Customer(Part):
    number: str
    name: str | None = None
    email: str | None = None
    mobile: str | None = None
    kind: str | None = None
    groups: tuple[str, ...] = ()


class Vehicle(Part):
    plate: str | None = None
    vin: str | None = None
    make: str | None = None
    model: str | None = None
    model_year: int | None = None
    fuel: str | None = None
    first_registered_on: dt.date | None = None


class Order(Part):
    """One line of the file."""

    id: str = Field(min_length=1, max_length=100)
    date: dt.date
    lang: str | None = None
    status: str = Field(default="finished", pattern="^(open|finished|cancelled|credited)$")
    odometer_km: int | None = Field(default=None, ge=0, le=values.MAX_KM)
    lines: tuple[Line, ...] = Field(default=(), max_length=2000)
    remarks: str = Field(default="", max_length=100_000)
    next_service_on: dt.date | None = None
    credits: str | None = None
    customer: Customer | None = None
    vehicle: Vehicle = Vehicle()


def order_of(raw: bytes, country: str) -> OrderSnapshot:
    """One line as an order. Raises BadRow."""
    try:
        told = Order.model_validate(strict_json(raw))
    except ValidationError as error:
        wrong = error.errors()[0]
        raise BadRow(f"{'.'.join(map(str, wrong['loc'])) or 'line'}: {wrong['msg']}") from error
    except ValueError as error:
        raise BadRow(f"it is no JSON: {error}") from error
    customer = told.customer
    return OrderSnapshot(
        number=told.id,
        status=told.status,
        finished_on=told.date if told.status in ("finished", "credited") else None,
        changed_on=told.date,
        customer=CustomerSnapshot(
            customer.number,
            customer.name,
            values.email(customer.email),
            values.mobile(customer.mobile, country),
            customer.kind,
            customer.groups,
        )
        if customer
        else None,
        vehicle=VehicleSnapshot(
            **told.vehicle.model_dump() | {"plate": values.plate(told.vehicle.plate), "vin": values.vin(told.vehicle.vin)}
        ),
        lines=tuple(
            OrderLine(
                code=line.code,
                text=line.text,
                quantity=line.qty,
                unit=line.unit,
                amount=None if line.amount is None else round(line.amount * 100),
            )
            for line in told.lines
        ),
        remarks=told.remarks,
        odometer_km=told.odometer_km,
        next_service_on=told.next_service_on,
        credits=told.credits,
    )
