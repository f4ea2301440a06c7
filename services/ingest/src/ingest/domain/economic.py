"""e-conomic's bodies as snapshots. There is no vehicle in them: plate, VIN and km are taken from notes, references and lines.

Shapes: e-conomic's REST API (booked invoices, draft and sent orders, customers); missing fields are simply absent.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from common import values
from common.events.work_orders import OrderLine
from ingest.domain.snapshots import CustomerSnapshot, OrderSnapshot, VehicleSnapshot, could_be, is_charged

_CREDITED = (  # the surest first
    re.compile(
        r"(?:kreditnota|krediteret|krediterer|kredit|credit)\D{0,40}?(?:faktura|fakt\.?|nr\.?|invoice)\D{0,12}(\d+)",
        re.IGNORECASE,
    ),
    re.compile(r"\b(?:faktura|fakt\.?|invoice)[ .]*(?:nummer|nr|no)?[ .:#]*(\d+)", re.IGNORECASE),
)
_LARGEST = 1e12  # nothing that is sold costs or counts more
_HOURS = re.compile(r"^(?:time|timer|t|hour|hours)$", re.IGNORECASE)


class Unreadable(ValueError):
    """A body that is not what e-conomic documents."""


def customer(body: Mapping[str, Any], country: str) -> CustomerSnapshot:
    """A customer of `/customers`. One with a company's or an EAN number counts as business; nothing is told of consent."""
    given_mobile = body.get("mobilePhone") or body.get("telephoneAndFaxNumber")
    return CustomerSnapshot(
        number=_number(body, "customerNumber"),
        full_name=_text(body.get("name")),
        email=values.email(_first_address(body.get("email"))),
        mobile=values.mobile(given_mobile, country),
        kind="business" if body.get("corporateIdentificationNumber") or body.get("ean") else "private",
        groups=_groups(body),
    )


def invoice(body: Mapping[str, Any]) -> OrderSnapshot:
    """A booked invoice with its lines: a finished order, or a credit note."""
    booked_on = _date(body.get("date"))
    if booked_on is None:
        raise Unreadable("it has no date")
    net = body.get("netAmount")
    lines = tuple(_lines(body))
    is_credit = (sum(line.amount or 0 for line in lines) if net is None else _measure(net, "netAmount") or 0) < 0
    text = "\n".join(_texts(body))
    return OrderSnapshot(
        number=_number(body, "bookedInvoiceNumber"),
        status="credited" if is_credit else "finished",
        finished_on=booked_on,
        changed_on=booked_on,
        customer=_recipient(body),
        vehicle=vehicle_in(body),
        lines=lines,
        remarks="\n".join(_remarks(body)),
        odometer_km=values.kilometres_in(text),
        hours=_hours(body),
        mechanics=_mechanics(body),
        currency=_text(body.get("currency")),
        seems_to_credit=_credited_number(text, body) if is_credit else None,
    )


def order(body: Mapping[str, Any]) -> OrderSnapshot:
    """A draft or sent order with its lines: an open order."""
    text = "\n".join(_texts(body))
    return OrderSnapshot(
        number=open_number(_number(body, "orderNumber")),
        status="open",
        changed_on=_date(body.get("lastUpdated")) or _date(body.get("date")),
        customer=_recipient(body),
        vehicle=vehicle_in(body),
        lines=tuple(_lines(body)),
        remarks="\n".join(_remarks(body)),
        odometer_km=values.kilometres_in(text),
        mechanics=_mechanics(body),
        currency=_text(body.get("currency")),
    )


def open_number(number: int | str) -> str:
    """An open order's number: e-conomic counts orders and invoices apart."""
    return f"order-{number}"


def vehicle_in(body: Mapping[str, Any]) -> VehicleSnapshot:
    """The vehicle that an invoice or order is about: the surest plate and the first VIN in its references, notes and lines."""
    lines = list(_lines(body))
    told = [*_remarks(body), *(line.text for line in lines if not is_charged(line))]
    charged = [line.text for line in lines if is_charged(line)]
    return VehicleSnapshot(plate=values.danish_plate_among(told, charged), vin=values.vin_in("\n".join(_texts(body))))


def _number(body: Mapping[str, Any], name: str) -> str:
    """Raises Unreadable for a body without its number."""
    given = body.get(name)
    if not isinstance(given, int) or isinstance(given, bool):
        raise Unreadable(f"it has no {name}")
    return str(given)


def _groups(body: Mapping[str, Any]) -> tuple[str, ...]:
    number = (body.get("customerGroup") or {}).get("customerGroupNumber")
    return (str(number),) if number is not None else ()


def _recipient(body: Mapping[str, Any]) -> CustomerSnapshot | None:
    number = (body.get("customer") or {}).get("customerNumber")
    if number is None:
        return None
    return CustomerSnapshot(number=str(number), full_name=_text((body.get("recipient") or {}).get("name")))


def _texts(body: Mapping[str, Any]) -> Iterator[str]:
    yield from _remarks(body)
    yield from (line.text for line in _lines(body))


def _remarks(body: Mapping[str, Any]) -> Iterator[str]:
    references, notes = body.get("references") or {}, body.get("notes") or {}
    delivery, project = body.get("delivery") or {}, body.get("project") or {}
    found = (
        references.get("other"), notes.get("heading"), notes.get("textLine1"), notes.get("textLine2"),
        project.get("name"), delivery.get("address"), delivery.get("deliveryTerms"),
    )  # fmt: skip
    yield from (text for text in map(_text, found) if text)


def _lines(body: Mapping[str, Any]) -> Iterator[OrderLine]:
    for line in body.get("lines") or ():
        amount = _measure(line.get("totalNetAmount"), "totalNetAmount")
        yield OrderLine(
            code=_text((line.get("product") or {}).get("productNumber")),
            text=_text(line.get("description")) or "",
            quantity=_measure(line.get("quantity"), "quantity"),
            unit=_text((line.get("unit") or {}).get("name")),
            amount=None if amount is None else round(amount * 100),
        )


def _hours(body: Mapping[str, Any]) -> float | None:
    hours = [line.quantity for line in _lines(body) if line.unit and _HOURS.match(line.unit) and line.quantity is not None]
    return sum(hours) if hours else None


def _mechanics(body: Mapping[str, Any]) -> tuple[str, ...]:
    person = (body.get("references") or {}).get("salesPerson") or {}
    return (f"employee {person['employeeNumber']}",) if "employeeNumber" in person else ()


def _measure(given: object, name: str) -> float | None:
    """A number that can be counted with. Raises Unreadable."""
    if given is None:
        return None
    if not isinstance(given, int | float) or isinstance(given, bool) or not abs(given) < _LARGEST:
        raise Unreadable(f"its {name} is no number that can be")
    return float(given)


def _credited_number(text: str, body: Mapping[str, Any]) -> str | None:
    """The invoice that a credit note's text names; its own number is none."""
    named = (found[1] for pattern in _CREDITED for found in pattern.finditer(text))
    return next((number for number in named if number != str(body.get("bookedInvoiceNumber"))), None)


def _first_address(given: object) -> str | None:
    return re.split(r"[;,\s]+", given.strip())[0] if isinstance(given, str) and given.strip() else None


def _text(given: object) -> str | None:
    """A text as it can be stored: without NUL and half characters."""
    if not isinstance(given, str):
        return None
    return given.replace("\x00", "").encode("utf-8", "replace").decode().strip() or None


def _date(given: object) -> date | None:
    try:
        found = date.fromisoformat(str(given)[:10]) if given else None
    except ValueError:
        return None
    return found if found is not None and could_be(found) else None
