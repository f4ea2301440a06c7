"""How the columns of a file become fields: data, kept per source, so that a system nobody foresaw needs no code."""

import contextlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from common import values
from common.errors import DomainError
from common.events.work_orders import OrderLine
from ingest.domain.snapshots import (
    EARLIEST,
    AppointmentSnapshot,
    CustomerSnapshot,
    OrderSnapshot,
    VehicleSnapshot,
    could_be,
    next_after,
)

FIELDS = frozenset({
    "number", "status", "finished_on", "changed_on", "workshop", "text", "code", "quantity", "unit", "amount", "remarks",
    "odometer_km", "order_type", "mechanic", "hours", "next_service_on", "customer_number", "customer_name", "email", "mobile",
    "customer_kind", "customer_group", "plate", "vin", "make", "model", "model_year", "fuel", "first_registered_on", "credits",
    "variant", "vehicle_number", "language", "starts_at", "starts_time",
})  # fmt: skip
_DATES = ("%Y-%m-%d", "%d-%m-%Y", "%d.%m.%Y", "%d/%m/%Y", "%Y%m%d")
_TIMES = ("%H:%M", "%H.%M", "%H:%M:%S")
Gives = Literal["orders", "open_orders", "appointments", "next_service_date", "contracts"]
_STATUSES = {
    "": "finished", "finished": "finished", "afsluttet": "finished", "faktureret": "finished", "invoiced": "finished",
    "open": "open", "åben": "open", "aaben": "open", "cancelled": "cancelled", "annulleret": "cancelled",
    "credited": "credited", "krediteret": "credited",
}  # fmt: skip
_APPOINTMENTS = {
    "": "booked", "booked": "booked", "booket": "booked", "bekræftet": "booked", "moved": "moved", "flyttet": "moved",
    "cancelled": "cancelled", "aflyst": "cancelled", "annulleret": "cancelled", "no_show": "no_show", "udeblevet": "no_show",
}  # fmt: skip


class FileMapping(BaseModel):
    """A file's shape. Rows with the same order number are lines of one order; where a column says when an appointment starts,
    every row is one."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    columns: dict[str, str]  # column of the file -> field
    delimiter: Literal[",", ";", "\t", "|"] = ";"
    encoding: Literal["utf-8", "cp1252", "utf-16"] = "utf-8"
    decimal: Literal[",", "."] = ","
    currency: str = "DKK"
    dates: tuple[str, ...] = Field(default=_DATES, min_length=1)  # as `strptime` has them, the first that fits
    gives: tuple[Gives, ...] = ()
    defaults: dict[str, str] = Field(default_factory=dict)

    @field_validator("columns")
    @classmethod
    def _known_fields(cls, columns: dict[str, str]) -> dict[str, str]:
        unknown = sorted(set(columns.values()) - FIELDS)
        if unknown:
            raise ValueError(f"there is no field {', '.join(unknown)}; there are {', '.join(sorted(FIELDS))}")
        if "number" not in columns.values():
            raise ValueError("some column must be the order's number")
        return columns

    @field_validator("dates")
    @classmethod
    def _full_dates(cls, dates: tuple[str, ...]) -> tuple[str, ...]:
        for shape in dates:
            day = datetime(2026, 12, 31)  # noqa: DTZ001 - a calendar day, of no zone
            try:
                fits = datetime.strptime(day.strftime(shape), shape) == day  # noqa: DTZ007 - as above
            except ValueError:
                fits = False
            if not fits:
                raise ValueError(f"{shape!r} does not tell a day; one that does is %d-%m-%Y")
        return dates

    def has_appointments(self) -> bool:
        """Whether its rows are appointments."""
        return "starts_at" in self.columns.values()

    def told(self) -> tuple[str, ...]:
        """What a source of such files can tell."""
        return self.gives or (("appointments",) if self.has_appointments() else ("orders",))


class BadRow(ValueError):
    """A row that cannot be used; the message says why."""


def read_mapping(given: Any) -> FileMapping:
    """Read a mapping. Raises DomainError that says what is wrong."""
    try:
        return FileMapping.model_validate(given)
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, found['loc'])) or 'mapping'}: {found['msg']}" for found in error.errors())
        raise DomainError(f"The mapping cannot be used: {wrong}.", code="bad_mapping") from error


def order_of(rows: Sequence[Mapping[str, str]], mapping: FileMapping, country: str) -> OrderSnapshot:
    """One order from its rows. Raises BadRow."""
    first = rows[0]
    status = _STATUSES.get(first.get("status", "").casefold())
    if status is None:
        raise BadRow(f"its status {first['status']!r} is unknown")
    finished_on = _date(first, "finished_on", mapping)
    if status == "finished" and finished_on is None:
        raise BadRow("a finished order needs its date")
    changed_on = _date(first, "changed_on", mapping) or finished_on
    return OrderSnapshot(
        number=first["number"],
        status=status,
        finished_on=finished_on,
        changed_on=changed_on,
        customer=_customer(first, country),
        vehicle=vehicle_among(_vehicle(first, mapping), _told(rows), _charged(rows), country),
        workshop=first.get("workshop") or None,
        lines=tuple(_line(row, mapping) for row in rows if row.get("text") or row.get("code")),
        remarks="\n".join(dict.fromkeys(row["remarks"] for row in rows if row.get("remarks"))),
        odometer_km=_whole(first.get("odometer_km"), "odometer_km"),
        order_type=first.get("order_type") or None,
        mechanics=tuple(dict.fromkeys(row["mechanic"] for row in rows if row.get("mechanic"))),
        hours=_number(first.get("hours"), mapping, "hours"),
        currency=mapping.currency,
        next_service_on=next_after(_date(first, "next_service_on", mapping, may_be_filler=True), finished_on or changed_on),
        credits=first.get("credits") or None,
    )


def appointment_of(row: Mapping[str, str], mapping: FileMapping, country: str, zone: ZoneInfo) -> AppointmentSnapshot:
    """One appointment from its row; its time is that on the workshop's wall. Raises BadRow."""
    status = _APPOINTMENTS.get(row.get("status", "").casefold())
    if status is None:
        raise BadRow(f"its status {row['status']!r} is unknown")
    text = "\n".join(row[name] for name in ("text", "remarks") if row.get(name))
    return AppointmentSnapshot(
        row["number"],
        _instant(row, mapping, zone),
        status,
        text,
        vehicle_in(_vehicle(row, mapping), text, country),
        _customer(row, country),
    )


def vehicle_in(vehicle: VehicleSnapshot, text: str, country: str) -> VehicleSnapshot:
    """A vehicle that no field tells of is looked for in what was written."""
    return vehicle_among(vehicle, [text], [], country)


def vehicle_among(vehicle: VehicleSnapshot, told: Sequence[str], charged: Sequence[str], country: str) -> VehicleSnapshot:
    """A vehicle that no field tells of is looked for in what was written freely and on lines that were charged for."""
    if vehicle.is_known():
        return vehicle
    plate = values.danish_plate_among(told, charged) if country == "DK" else None
    return replace(vehicle, plate=plate, vin=values.vin_in("\n".join([*told, *charged])))


def _told(rows: Sequence[Mapping[str, str]]) -> list[str]:
    """What was written freely: the remarks, then the lines without a code or an amount."""
    remarks = dict.fromkeys(row.get("remarks", "") for row in rows)
    return [*remarks, *(row.get("text", "") for row in rows if not _is_charged(row))]


def _charged(rows: Sequence[Mapping[str, str]]) -> list[str]:
    return [row.get("text", "") for row in rows if _is_charged(row)]


def _is_charged(row: Mapping[str, str]) -> bool:
    return bool(row.get("code") or row.get("amount"))


def _customer(row: Mapping[str, str], country: str) -> CustomerSnapshot | None:
    """An address that is none is left out: the order counts all the same."""
    number = row.get("customer_number")
    if not number:
        return None
    group = row.get("customer_group")
    return CustomerSnapshot(
        number, row.get("customer_name") or None, values.email(row.get("email")), values.mobile(row.get("mobile"), country),
        row.get("customer_kind") or None, (group,) if group else (), row.get("language") or None,
    )  # fmt: skip


def _vehicle(row: Mapping[str, str], mapping: FileMapping) -> VehicleSnapshot:
    return VehicleSnapshot(
        plate=values.plate(row.get("plate")), vin=values.vin(row.get("vin")), key=row.get("vehicle_number") or None,
        make=row.get("make") or None, model=row.get("model") or None, model_year=_whole(row.get("model_year"), "model_year"),
        fuel=row.get("fuel") or None, variant=row.get("variant") or None,
        first_registered_on=_date(row, "first_registered_on", mapping),
    )  # fmt: skip


def _line(row: Mapping[str, str], mapping: FileMapping) -> OrderLine:
    amount = _number(row.get("amount"), mapping, "amount")
    return OrderLine(
        code=row.get("code") or None, text=row.get("text", ""), quantity=_number(row.get("quantity"), mapping, "quantity"),
        unit=row.get("unit") or None, amount=None if amount is None else round(amount * 100),
    )  # fmt: skip


def _instant(row: Mapping[str, str], mapping: FileMapping, zone: ZoneInfo) -> datetime:
    """When it starts: an ISO instant, or a day and a time in one column or two."""
    given = " ".join(row[name] for name in ("starts_at", "starts_time") if row.get(name))
    with contextlib.suppress(ValueError):
        if ":" in given and could_be(found := datetime.fromisoformat(given)):
            return found if found.tzinfo else found.replace(tzinfo=zone)
    day, _, time = given.partition(" ")
    for shape in _TIMES:
        with contextlib.suppress(ValueError):
            told = datetime.strptime(time.strip(), shape).time()  # noqa: DTZ007 - the zone follows
            if (on := _date({"starts_at": day}, "starts_at", mapping)) is not None:
                return datetime.combine(on, told, zone)
    raise BadRow(f"starts_at: {given!r} is no day with a time")


def _date(row: Mapping[str, str], name: str, mapping: FileMapping, *, may_be_filler: bool = False) -> date | None:
    given = row.get(name)
    if not given:
        return None
    for shape in mapping.dates:
        try:
            found = datetime.strptime(given, shape).date()  # noqa: DTZ007 - a calendar day, of no zone
        except ValueError:
            continue
        if could_be(found) or (may_be_filler and found < EARLIEST):
            return found
    raise BadRow(f"{name}: {given!r} is no date")


def _number(given: str | None, mapping: FileMapping, name: str) -> float | None:
    if not given:
        return None
    plain = given.replace(" ", "").replace("." if mapping.decimal == "," else ",", "").replace(mapping.decimal, ".")
    if not re.fullmatch(r"-?\d{1,12}(\.\d{1,6})?", plain):
        raise BadRow(f"{name}: {given!r} is no number")
    return float(plain)


def _whole(given: str | None, name: str) -> int | None:
    if not given:
        return None
    digits = re.sub(r"[ .]", "", given)
    if not re.fullmatch(r"\d{1,7}", digits):
        raise BadRow(f"{name}: {given!r} is no whole number")
    return int(digits)
