"""How the columns of a file become fields: data, kept per source, so that a system nobody foresaw needs no code."""

import csv
import io
import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from common import values
from common.errors import DomainError
from common.events.work_orders import OrderLine
from ingest.domain.snapshots import CustomerSnapshot, OrderSnapshot, VehicleSnapshot

FIELDS = frozenset({
    "number", "status", "finished_on", "changed_on", "workshop", "text", "code", "quantity", "unit", "amount", "remarks",
    "odometer_km", "order_type", "mechanic", "hours", "next_service_on", "customer_number", "customer_name", "email", "mobile",
    "customer_kind", "customer_group", "plate", "vin", "make", "model", "model_year", "fuel", "first_registered_on", "credits",
})  # fmt: skip
MAX_CELL = 10_000
_DATES = ("%Y-%m-%d", "%d-%m-%Y", "%d.%m.%Y", "%d/%m/%Y", "%Y%m%d")
_STATUSES = {
    "": "finished", "finished": "finished", "afsluttet": "finished", "faktureret": "finished", "invoiced": "finished",
    "open": "open", "åben": "open", "aaben": "open", "cancelled": "cancelled", "annulleret": "cancelled",
    "credited": "credited", "krediteret": "credited",
}  # fmt: skip


class FileMapping(BaseModel):
    """A file's shape. Rows with the same order number are lines of one order."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    columns: dict[str, str]  # column of the file -> field
    delimiter: Literal[",", ";", "\t", "|"] = ";"
    encoding: Literal["utf-8", "cp1252", "utf-16"] = "utf-8"
    decimal: Literal[",", "."] = ","
    currency: str = "DKK"
    gives: tuple[str, ...] = ("orders",)
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


class BadRow(ValueError):
    """A row that cannot be used; the message says why."""


def read_mapping(given: Any) -> FileMapping:
    """Read a mapping. Raises DomainError that says what is wrong."""
    try:
        return FileMapping.model_validate(given)
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, found['loc'])) or 'mapping'}: {found['msg']}" for found in error.errors())
        raise DomainError(f"The mapping cannot be used: {wrong}.", code="bad_mapping") from error


def decode(raw: bytes, encoding: str) -> str:
    """A file's text. Raises DomainError where the bytes are of another encoding."""
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16"
    try:
        text = raw.decode("utf-8-sig" if encoding == "utf-8" else encoding)
    except UnicodeDecodeError as error:
        raise DomainError(
            f"The file is not {encoding}: byte {error.start} does not fit. Say its encoding in the mapping.", code="bad_encoding"
        ) from error
    if "\x00" in text:
        raise DomainError("The file holds NUL characters, so it is not text of that encoding.", code="bad_encoding")
    return text


def csv_rows(text: str, mapping: FileMapping) -> Iterator[tuple[int, dict[str, str]]]:
    """The rows of a CSV by field, each with its line. Raises DomainError for a file that is no such CSV."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=mapping.delimiter, strict=True)
    try:
        header = next(reader, None)
        if header is None:
            raise DomainError("The file is empty.", code="empty_file")
        missing = sorted(set(mapping.columns) - {name.strip() for name in header})
        if missing:
            raise DomainError(
                f"The file has no column {', '.join(missing)}; it has {', '.join(header[:50])}.", code="missing_columns"
            )
        if len(set(header)) != len(header):
            raise DomainError("Two columns of the file have the same name.", code="double_columns")
        fields = [mapping.columns.get(name.strip()) for name in header]
        for row in reader:
            if any(cell.strip() for cell in row):
                cells = {field: cell.strip() for field, cell in zip(fields, row, strict=False) if field}
                yield (
                    reader.line_num,
                    {**mapping.defaults, **cells, **({} if len(row) == len(header) else {"_columns": str(len(row))})},
                )
    except csv.Error as error:
        raise DomainError(
            f"Line {reader.line_num} cannot be read as CSV: {error}. A quote is probably not closed.", code="bad_csv"
        ) from error


def order_of(rows: list[Mapping[str, str]], mapping: FileMapping, country: str) -> OrderSnapshot:
    """One order from its rows. Raises BadRow."""
    first = rows[0]
    for row in rows:
        if "_columns" in row:
            raise BadRow(f"it has {row['_columns']} columns, the header has another number")
        if any(len(cell) > MAX_CELL for cell in row.values()):
            raise BadRow(f"a cell has more than {MAX_CELL:,} characters")
    if not first.get("number"):
        raise BadRow("it has no order number")
    status = _STATUSES.get(first.get("status", "").casefold())
    if status is None:
        raise BadRow(f"its status {first['status']!r} is unknown")
    finished_on = _date(first.get("finished_on"), "finished_on")
    if status == "finished" and finished_on is None:
        raise BadRow("a finished order needs its date")
    return OrderSnapshot(
        number=first["number"],
        status=status,
        finished_on=finished_on,
        changed_on=_date(first.get("changed_on"), "changed_on") or finished_on,
        customer=_customer(first, country),
        vehicle=_vehicle(first),
        workshop=first.get("workshop") or None,
        lines=tuple(_line(row, mapping) for row in rows if row.get("text") or row.get("code")),
        remarks="\n".join(dict.fromkeys(row["remarks"] for row in rows if row.get("remarks"))),
        odometer_km=_whole(first.get("odometer_km"), "odometer_km"),
        order_type=first.get("order_type") or None,
        mechanics=tuple(dict.fromkeys(row["mechanic"] for row in rows if row.get("mechanic"))),
        hours=_number(first.get("hours"), mapping, "hours"),
        currency=mapping.currency,
        next_service_on=_date(first.get("next_service_on"), "next_service_on"),
        credits=first.get("credits") or None,
    )


def _customer(row: Mapping[str, str], country: str) -> CustomerSnapshot | None:
    number = row.get("customer_number")
    if not number:
        return None
    if row.get("email") and values.email(row["email"]) is None:
        raise BadRow(f"{row['email']!r} is no e-mail address")
    group = row.get("customer_group")
    return CustomerSnapshot(
        number, row.get("customer_name") or None, values.email(row.get("email")), values.mobile(row.get("mobile"), country),
        row.get("customer_kind") or None, (group,) if group else (),
    )  # fmt: skip


def _vehicle(row: Mapping[str, str]) -> VehicleSnapshot:
    if row.get("vin") and values.vin(row["vin"]) is None:
        raise BadRow(f"{row['vin']!r} is no VIN")
    return VehicleSnapshot(
        plate=values.plate(row.get("plate")), vin=values.vin(row.get("vin")), make=row.get("make") or None,
        model=row.get("model") or None, model_year=_whole(row.get("model_year"), "model_year"), fuel=row.get("fuel") or None,
        first_registered_on=_date(row.get("first_registered_on"), "first_registered_on"),
    )  # fmt: skip


def _line(row: Mapping[str, str], mapping: FileMapping) -> OrderLine:
    amount = _number(row.get("amount"), mapping, "amount")
    return OrderLine(
        code=row.get("code") or None, text=row.get("text", ""), quantity=_number(row.get("quantity"), mapping, "quantity"),
        unit=row.get("unit") or None, amount=None if amount is None else round(amount * 100),
    )  # fmt: skip


def _date(given: str | None, name: str) -> date | None:
    if not given:
        return None
    for shape in _DATES:
        try:
            found = datetime.strptime(given, shape).date()  # noqa: DTZ007 - a calendar day, of no zone
        except ValueError:
            continue
        if 1950 <= found.year <= 2100:
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
