"""Facts for tests of the domain: one vehicle of Anne's at a Danish dealer, each part replaceable."""

from dataclasses import replace
from datetime import UTC, date, datetime, time
from typing import Any
from uuid import UUID

from common.calendar import calendar
from common.policy import Leads, Policy, Sending
from leads.domain.facts import Answer, Appointment, Contract, Customer, Decision, Lead, Mail, Vehicle, VehicleFacts, Visit

ANNE, BO = UUID(int=0xA1), UUID(int=0xB0)
LEAD = UUID(int=0x7001)
CALENDAR = calendar("DK", None, Sending(), ())
VEHICLE = Vehicle(UUID(int=0xCA1), "AB12345", ANNE, 2019, date(2019, 4, 2), date(2019, 4, 2))


def anne(**more: Any) -> Customer:
    return Customer(ANNE, **({"email": "anne@example.com", "kind": "private"} | more))


def policy(**leads: Any) -> Policy:
    return Policy(leads=Leads(**({"basis": "existing_customer"} | leads)))


def contract(kind: str, ends_on: date | None, starts_on: date | None = None, customer: UUID | None = ANNE) -> Contract:
    return Contract(kind, starts_on, ends_on, customer)


def appointment(starts_on: date, status: str = "booked") -> Appointment:
    return Appointment(starts_on, status, ANNE)


def instant(day: date, hour: int = 12) -> datetime:
    return datetime.combine(day, time(hour), UTC)


def said(answer: str, on: date, reason: str | None = None, to: UUID = LEAD) -> Answer:
    return Answer(to, answer, reason, instant(on))


def car(*contracts: Contract, **more: Any) -> VehicleFacts:
    """A car of Anne's that was here once, with these contracts."""
    values: dict[str, Any] = {
        "vehicle": VEHICLE, "policy": policy(), "calendar": CALENDAR, "timezone": "Europe/Copenhagen", "customers": {ANNE: anne()},
        "contracts": contracts, "visits": (Visit(date(2020, 4, 20), ANNE),),
    } | more  # fmt: skip
    return VehicleFacts(**values)


def new_car(registered_on: date, **more: Any) -> VehicleFacts:
    return car(vehicle=replace(VEHICLE, first_registered_on=registered_on, owned_since=registered_on), visits=(), **more)


def sent(on: date, **more: Any) -> Mail:
    return Mail("accepted", ANNE, on, on, **more)


def lead(kind: str, anchor: date, mail: Mail | None = None, **more: Any) -> Lead:
    """A lead that was begun."""
    return Lead(
        kind, anchor, **({"lead_id": LEAD, "code": "abcdefghjk", "stage": "sent" if mail else "planned"} | more), mail=mail
    )


def as_stored(facts: VehicleFacts, found: Decision) -> VehicleFacts:
    """The facts on the next look: what was decided is stored, and what is new has an id."""
    leads = {one.lead_id: one for one in facts.leads}
    for standing in found.standings:
        one = replace(
            standing.lead, stage=standing.stage, outcome=standing.outcome, closed_on=standing.closed_on, reasons=standing.reasons,
            lead_id=standing.lead.lead_id or UUID(int=0x7000 + len(leads) + 1),
        )  # fmt: skip
        leads[one.lead_id] = one
    return replace(facts, leads=tuple(leads.values()))


def with_mail(facts: VehicleFacts, of: UUID | None, mail: Mail | None) -> VehicleFacts:
    """The same, once a lead's mail is in the notifier's hands, or what became of it."""
    return replace(facts, leads=tuple(replace(one, mail=mail) if one.lead_id == of else one for one in facts.leads))
