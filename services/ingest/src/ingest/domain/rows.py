"""Rows of a file as what they tell: the cells of one order, appointment, contract, customer or vehicle become a snapshot."""

import contextlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import TypeVar
from zoneinfo import ZoneInfo

from common import values
from common.events.customers import Consent
from common.events.words import ContractKind
from common.events.work_orders import OrderLine
from ingest.domain.mapping import BadRow, FileMapping
from ingest.domain.snapshots import (
    EARLIEST,
    AppointmentSnapshot,
    ContractSnapshot,
    CustomerSnapshot,
    OrderSnapshot,
    Thing,
    VehicleRecord,
    VehicleSnapshot,
    could_be,
    months_after,
    next_after,
)

Cells = Mapping[str, str]
W = TypeVar("W")
_TIMES = ("%H:%M", "%H.%M", "%H:%M:%S")
_STATUSES = {
    "": "finished", "finished": "finished", "afsluttet": "finished", "faktureret": "finished", "invoiced": "finished",
    "open": "open", "åben": "open", "aaben": "open", "cancelled": "cancelled", "annulleret": "cancelled",
    "credited": "credited", "krediteret": "credited",
}  # fmt: skip
_APPOINTMENTS = {
    "": "booked", "booked": "booked", "booket": "booked", "bekræftet": "booked", "moved": "moved", "flyttet": "moved",
    "cancelled": "cancelled", "aflyst": "cancelled", "annulleret": "cancelled", "no_show": "no_show", "udeblevet": "no_show",
}  # fmt: skip
_CONTRACTS = {
    **{kind.value: kind for kind in ContractKind},
    **dict.fromkeys(
        ("service contract", "serviceaftale", "servicekontrakt", "servicevertrag", "wartungsvertrag", "onderhoudscontract"),
        ContractKind.SERVICE_CONTRACT,
    ),
    **dict.fromkeys(("leasing", "leasingkontrakt", "leasingaftale", "leasingvertrag", "leasecontract"), ContractKind.LEASE),
    **dict.fromkeys(("garanti", "nybilsgaranti", "garantie", "neuwagengarantie", "fabrieksgarantie"), ContractKind.WARRANTY),
}
_STANDS = {
    **dict.fromkeys(("", "active", "aktiv", "actief", "open", "true", "yes", "ja", "1"), True),
    **dict.fromkeys(
        ("ended", "cancelled", "inactive", "ophørt", "opsagt", "annulleret", "inaktiv", "beendet", "gekündigt"), False
    ),
    **dict.fromkeys(("beëindigd", "inactief", "false", "no", "nej", "nein", "nee", "0"), False),
}
_YES_NO = {
    **dict.fromkeys(("yes", "ja", "j", "y", "true", "sand", "1", "x"), True),
    **dict.fromkeys(("no", "nej", "nein", "nee", "n", "false", "falsk", "0"), False),
}
_KINDS = {
    **dict.fromkeys(("private", "privat", "privatkunde", "particulier", "p"), "private"),
    **dict.fromkeys(
        ("business", "erhverv", "erhvervskunde", "firma", "firmakunde", "zakelijk", "gewerblich", "company"), "business"
    ),
}


def thing_of(rows: Sequence[Cells], mapping: FileMapping, country: str, zone: ZoneInfo) -> Thing:
    """What the rows of one number tell. Raises BadRow or TooLarge."""
    match mapping.kind:
        case "orders":
            return order_of(rows, mapping, country)
        case "appointments":
            return appointment_of(rows[-1], mapping, country, zone)
        case "contracts":
            return contract_of(rows[-1], mapping, country)
        case "customers":
            return customer_of(rows[-1], mapping, country)
        case "vehicles":
            return vehicle_of(rows[-1], mapping, country)


def order_of(rows: Sequence[Cells], mapping: FileMapping, country: str) -> OrderSnapshot:
    """One order from its rows. Raises BadRow."""
    first = rows[0]
    status = _word(first, "status", _STATUSES)
    finished_on = _date(first, "finished_on", mapping)
    if status == "finished" and finished_on is None:
        raise BadRow("a finished order needs its date", "finished_on", "Write the day on which it was finished.")
    changed_on = _date(first, "changed_on", mapping) or finished_on
    return OrderSnapshot(
        number=first["number"],
        status=status,
        finished_on=finished_on,
        changed_on=changed_on,
        customer=_customer(first, mapping, country),
        vehicle=vehicle_among(_vehicle(first, mapping), _told(rows), _charged(rows), country),
        workshop=first.get("workshop") or None,
        lines=tuple(_line(row, mapping) for row in rows if row.get("text") or row.get("code")),
        remarks="\n".join(dict.fromkeys(row["remarks"] for row in rows if row.get("remarks"))),
        odometer_km=_whole(first, "odometer_km"),
        order_type=first.get("order_type") or None,
        mechanics=tuple(dict.fromkeys(row["mechanic"] for row in rows if row.get("mechanic"))),
        hours=_number(first, "hours", mapping),
        currency=mapping.currency,
        next_service_on=next_after(_date(first, "next_service_on", mapping, may_be_filler=True), finished_on or changed_on),
        credits=first.get("credits") or None,
    )


def appointment_of(row: Cells, mapping: FileMapping, country: str, zone: ZoneInfo) -> AppointmentSnapshot:
    """One appointment from its row; its time is that on the workshop's wall. Raises BadRow."""
    text = "\n".join(row[name] for name in ("text", "remarks") if row.get(name))
    return AppointmentSnapshot(
        row["number"],
        _instant(row, mapping, zone),
        _word(row, "status", _APPOINTMENTS),
        text,
        vehicle_in(_vehicle(row, mapping), text, country),
        _customer(row, mapping, country),
    )


def contract_of(row: Cells, mapping: FileMapping, country: str) -> ContractSnapshot:
    """One contract from its row; where no column has its end, it follows from its length. Raises BadRow."""
    vehicle = _vehicle(row, mapping)
    if not vehicle.is_known():
        raise BadRow(
            "nothing tells which vehicle it is for",
            _first(mapping, "plate", "vin", "vehicle_number"),
            "Write its plate or its VIN.",
        )
    starts_on, ends_on, months = _date(row, "starts_on", mapping), _date(row, "ends_on", mapping), _whole(row, "months")
    if ends_on is None and months is not None:
        if starts_on is None or not 1 <= months <= 600:
            raise BadRow(f"months: {row['months']!r} from {row.get('starts_on') or 'no day'} is no end", "months")
        ends_on = months_after(starts_on, months)
    if starts_on is not None and ends_on is not None and ends_on < starts_on:
        raise BadRow(f"it ends ({ends_on}) before it begins ({starts_on})", "ends_on")
    return ContractSnapshot(
        mapping.number_of(row), _word(row, "contract_kind", _CONTRACTS), vehicle, starts_on, ends_on,
        _word(row, "status", _STANDS), _customer(row, mapping, country),
    )  # fmt: skip


def customer_of(row: Cells, mapping: FileMapping, country: str) -> CustomerSnapshot:
    """One customer from his row. Raises BadRow."""
    found = _customer(row, mapping, country)
    assert found is not None  # a row without his number has nothing that tells it apart
    return found


def vehicle_of(row: Cells, mapping: FileMapping, country: str) -> VehicleRecord:
    """One vehicle from its row, with whose it is. Raises BadRow."""
    vehicle = _vehicle(row, mapping)
    if not vehicle.is_known():
        raise BadRow("its plate or VIN is none", _first(mapping, "plate", "vin"), "Write a plate, or a VIN of 17 characters.")
    return VehicleRecord(vehicle, _customer(row, mapping, country), _date(row, "owned_since", mapping))


def vehicle_in(vehicle: VehicleSnapshot, text: str, country: str) -> VehicleSnapshot:
    """A vehicle that no field tells of is looked for in what was written."""
    return vehicle_among(vehicle, [text], [], country)


def vehicle_among(vehicle: VehicleSnapshot, told: Sequence[str], charged: Sequence[str], country: str) -> VehicleSnapshot:
    """A vehicle that no field tells of is looked for in what was written freely and on lines that were charged for."""
    if vehicle.is_known():
        return vehicle
    plate = values.danish_plate_among(told, charged) if country == "DK" else None
    return replace(vehicle, plate=plate, vin=values.vin_in("\n".join([*told, *charged])))


def _first(mapping: FileMapping, *fields: str) -> str | None:
    """The first of these that the file has."""
    return next((name for name in fields if name in mapping.columns.values()), None)


def _told(rows: Sequence[Cells]) -> list[str]:
    """What was written freely: the remarks, then the lines without a code or an amount."""
    remarks = dict.fromkeys(row.get("remarks", "") for row in rows)
    return [*remarks, *(row.get("text", "") for row in rows if not _is_charged(row))]


def _charged(rows: Sequence[Cells]) -> list[str]:
    return [row.get("text", "") for row in rows if _is_charged(row)]


def _is_charged(row: Cells) -> bool:
    return bool(row.get("code") or row.get("amount"))


def _customer(row: Cells, mapping: FileMapping, country: str) -> CustomerSnapshot | None:
    """An address that is none is left out: the order counts all the same."""
    number = row.get("customer_number")
    if not number:
        return None
    kind = row.get("customer_kind") or None
    told = {*mapping.columns.values(), *mapping.defaults}
    has = {"email": "email", "mobile": "mobile", "kind": "customer_kind", "groups": "customer_group"}
    return CustomerSnapshot(
        number, row.get("customer_name") or None, values.email(row.get("email")), values.mobile(row.get("mobile"), country),
        _KINDS.get(kind.casefold(), kind) if kind else None, _groups(row.get("customer_group", "")), row.get("language") or None,
        Consent(**{name: _yes_no(row, f"consent_{name}") for name in ("service", "leads", "phone")}),
        frozenset(name for name, field in has.items() if field in told),
    )  # fmt: skip


def _groups(cell: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, (word.strip() for word in re.split(r"[,;|/]", cell)))))


def _vehicle(row: Cells, mapping: FileMapping) -> VehicleSnapshot:
    return VehicleSnapshot(
        plate=values.plate(row.get("plate")), vin=values.vin(row.get("vin")), key=row.get("vehicle_number") or None,
        make=row.get("make") or None, model=row.get("model") or None, model_year=_whole(row, "model_year"),
        fuel=row.get("fuel") or None, variant=row.get("variant") or None,
        first_registered_on=_date(row, "first_registered_on", mapping), country=(row.get("country") or "").upper() or None,
    )  # fmt: skip


def _line(row: Cells, mapping: FileMapping) -> OrderLine:
    amount = _number(row, "amount", mapping)
    return OrderLine(
        code=row.get("code") or None, text=row.get("text", ""), quantity=_number(row, "quantity", mapping),
        unit=row.get("unit") or None, amount=None if amount is None else round(amount * 100),
    )  # fmt: skip


def _word(row: Cells, field: str, words: Mapping[str, W]) -> W:
    """What a cell's word means; an empty cell means what the empty word does."""
    given = row.get(field, "")
    if given.casefold() not in words:
        known = ", ".join(dict.fromkeys(str(word) for word in words if word))
        raise BadRow(
            f"its {field} {given!r} is unknown",
            field,
            f"Write one of {known}, or say in the mapping's words what {given!r} means.",
        )
    return words[given.casefold()]


def _yes_no(row: Cells, field: str) -> bool | None:
    return _word(row, field, _YES_NO) if row.get(field) else None


def _instant(row: Cells, mapping: FileMapping, zone: ZoneInfo) -> datetime:
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
    raise BadRow(f"starts_at: {given!r} is no day with a time", "starts_at", "Write the day and the time, as 2026-07-10 09:00.")


def _date(row: Cells, name: str, mapping: FileMapping, *, may_be_filler: bool = False) -> date | None:
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
    example = date(2026, 12, 31).strftime(mapping.dates[0])
    raise BadRow(
        f"{name}: {given!r} is no date", name, f"Write the day as {example}, or say in the mapping how dates are written."
    )


def _number(row: Cells, name: str, mapping: FileMapping) -> float | None:
    given = row.get(name)
    if not given:
        return None
    plain = given.replace(" ", "").replace("." if mapping.decimal == "," else ",", "").replace(mapping.decimal, ".")
    if not re.fullmatch(r"-?\d{1,12}(\.\d{1,6})?", plain):
        raise BadRow(f"{name}: {given!r} is no number", name, f"Write digits, with {mapping.decimal!r} before the decimals.")
    return float(plain)


def _whole(row: Cells, name: str) -> int | None:
    given = row.get(name)
    if not given:
        return None
    digits = re.sub(r"[ .]", "", given)
    if not re.fullmatch(r"\d{1,7}", digits):
        raise BadRow(f"{name}: {given!r} is no whole number", name, "Write digits only.")
    return int(digits)
