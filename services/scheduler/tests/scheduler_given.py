"""Facts for tests of the domain: one vehicle of Anne's at a Danish dealer, each part replaceable."""

from dataclasses import replace
from datetime import UTC, date, datetime, time
from typing import Any
from uuid import UUID

from common.calendar import calendar
from common.policy import Policy, Sending
from scheduler.domain.facts import Appointment, Contact, Customer, Cycle, Decision, Order, Vehicle, VehicleFacts, Visit

ANNE = UUID(int=0xA1)
BO = UUID(int=0xB0)
VEHICLE = Vehicle(UUID(int=0xCA1), "AB12345", "Skoda", "Octavia", 2019, "diesel", None, date(2019, 4, 2))
INVITATION = UUID(int=0x1001)
CALENDAR = calendar("DK", None, Sending(), ())


def anne(**more: Any) -> Customer:
    return Customer(ANNE, **({"email": "anne@example.com", "mobile": "+4520123456"} | more))


def bo(**more: Any) -> Customer:
    return Customer(BO, **({"email": "bo@example.com", "mobile": "+4520654321"} | more))


def instant(day: date, hour: int = 9) -> datetime:
    return datetime.combine(day, time(hour), UTC)


def order(number: int, on: date, customer: UUID = ANNE, **more: Any) -> Order:
    """A finished order that was read."""
    values: dict[str, Any] = {"customer_id": customer, "finished_on": on, "tags": frozenset({"service"})} | more
    return Order(UUID(int=0x0D00 + number), str(number), values.pop("status", "finished"), **values)


def open_order(number: int, changed_on: date, *tags: str, **more: Any) -> Order:
    values: dict[str, Any] = {"customer_id": ANNE, "changed_on": changed_on, "tags": frozenset(tags)} | more
    return Order(UUID(int=0x0D00 + number), str(number), "open", **values)


def visit(number: int, on: date, *tags: str, **more: Any) -> Visit:
    return Visit(UUID(int=0x0D00 + number), on, frozenset(tags or ("service",)), words={"service": ("serviceeftersyn",)}, **more)


def appointment(number: int, starts_on: date, made_on: date, *tags: str, **more: Any) -> Appointment:
    values: dict[str, Any] = {"status": "booked", "changed_on": made_on, "tags": frozenset(tags)} | more
    return Appointment(UUID(int=0xAB00 + number), starts_on, instant(made_on, 12), **values)


def served(*days: date, **more: Any) -> VehicleFacts:
    """A vehicle that had its service on these days, all of them read."""
    values: dict[str, Any] = {
        "vehicle": VEHICLE, "policy": Policy(), "calendar": CALENDAR, "timezone": "Europe/Copenhagen", "customers": {ANNE: anne()},
        "orders": tuple(order(n, day) for n, day in enumerate(days, 1)),
        "visits": tuple(visit(n, day) for n, day in enumerate(days, 1)),
    } | more  # fmt: skip
    return VehicleFacts(**values)


def left(step: int, on: date, channel: str = "email", **more: Any) -> Contact:
    """A step that left on that day."""
    values: dict[str, Any] = {"customer_id": ANNE, "handed_on": on, "on": on, "at": instant(on)} | more
    return Contact(step, "accepted", channel, **values)


def cycle(anchor: date, *contacts: Contact, **more: Any) -> Cycle:
    """An invitation that was minted, with the steps that left."""
    values: dict[str, Any] = {"invitation_id": INVITATION, "code": "abcdefghjk"} | more
    return Cycle(anchor, contacts={contact.step: contact for contact in contacts}, **values)


def with_more(facts: VehicleFacts, **more: Any) -> VehicleFacts:
    """The same facts and some more of what comes in rows."""
    return replace(facts, **{name: (*getattr(facts, name), *rows) for name, rows in more.items()})


def as_stored(facts: VehicleFacts, found: Decision) -> VehicleFacts:
    """The facts on the next look: what was decided is stored, and what is new has an id."""
    cycles = {one.invitation_id: one for one in facts.cycles}
    for standing in found.standings:
        one = replace(
            standing.cycle, stage=standing.stage, outcome=standing.outcome, closed_on=standing.closed_on, stood_on=standing.stood_on,
            invitation_id=standing.cycle.invitation_id or UUID(int=0x2000 + len(cycles)),
        )  # fmt: skip
        cycles[one.invitation_id] = one
    return replace(facts, cycles=tuple(cycles.values()))


def with_contact(facts: VehicleFacts, anchor: date, contact: Contact) -> VehicleFacts:
    """The same, once the step of that anchor's invitation is in the notifier's hands, or left."""
    cycles = [
        replace(one, contacts={**one.contacts, contact.step: contact}) if one.anchor == anchor else one for one in facts.cycles
    ]
    return replace(facts, cycles=tuple(cycles))
