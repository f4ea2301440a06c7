"""Customers and vehicles as staff reads them: who and what it is, what is planned and was said, and the orders."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from api import acting, listing, store
from api.listing import InvitationView, OrderView
from common import values
from common.errors import DomainError, NotFound
from common.events.customers import CustomerChanged, VehicleChanged
from common.work import Work


class ActView(BaseModel):
    """What staff did to a customer or vehicle as a whole: excluded, restored, suppressed, owner_released, requested."""

    what: str
    reason: str | None
    at: datetime


class CustomerLine(BaseModel):
    """A customer as found by a search."""

    customer_id: UUID
    number: str | None
    name: str | None
    email: str | None
    mobile: str | None
    kind: str | None
    groups: list[str]


class VehicleLine(BaseModel):
    """A vehicle as found by a search."""

    vehicle_id: UUID
    customer_id: UUID | None
    plate: str | None
    vin: str | None
    name: str | None
    model_year: int | None
    fuel: str | None
    first_registered_on: date | None


class CustomerView(CustomerLine):
    """A customer with everything around."""

    excluded: bool
    suppressed: bool = Field(description="By staff, or by the customer's own unsubscribe.")
    vehicles: list[VehicleLine]
    invitations: list[InvitationView]
    orders: list[OrderView]
    acts: list[ActView]


class VehicleView(VehicleLine):
    """A vehicle with everything around."""

    customer: CustomerLine | None
    excluded: bool
    invitations: list[InvitationView]
    orders: list[OrderView]
    acts: list[ActView]


def customer_line(one: CustomerChanged) -> CustomerLine:
    return CustomerLine(
        customer_id=one.customer_id, number=one.number, name=one.full_name, email=one.email, mobile=one.mobile, kind=one.kind,
        groups=list(one.groups),
    )  # fmt: skip


def vehicle_line(one: VehicleChanged) -> VehicleLine:
    return VehicleLine(
        vehicle_id=one.vehicle_id, customer_id=one.customer_id, plate=one.plate, vin=one.vin, name=listing.vehicle_name(one),
        model_year=one.model_year, fuel=one.fuel, first_registered_on=one.first_registered_on,
    )  # fmt: skip


async def customer(work: Work, customer_id: UUID, language: str, allowed: frozenset[UUID] | None) -> CustomerView:
    """A customer with vehicles, invitations (of the workshops that are allowed), orders and acts. Raises NotFound."""
    person = await acting.customer(work, customer_id)
    cars = await store.vehicles_of(work.session, work.dealer, [customer_id])
    invitations = _seen(await store.invitations_of(work.session, work.dealer, customers=[customer_id]), allowed)
    shown = await listing.views(work, invitations, language)
    orders = await store.orders_of(work.session, work.dealer, customers=[customer_id])
    acts = (await store.acts_of(work.session, work.dealer, [customer_id])).get(customer_id, [])
    unsubscribed = any(answer.said == "unsubscribe" for one in shown for answer in one.answers)
    return CustomerView(
        **customer_line(person).model_dump(),
        excluded=listing.stands(acts, "excluded", "restored"),
        suppressed=unsubscribed or any(act.kind == "suppressed" for act in acts),
        vehicles=[vehicle_line(car) for car in cars],
        invitations=shown,
        orders=listing.order_views(orders.get(customer_id, []), {car.vehicle_id: car.plate for car in cars}),
        acts=_acts(acts),
    )


async def vehicle(work: Work, vehicle_id: UUID, language: str, allowed: frozenset[UUID] | None) -> VehicleView:
    """A vehicle with its customer, invitations (of the workshops that are allowed), orders and acts. Raises NotFound."""
    car = await acting.vehicle(work, vehicle_id)
    owner = await store.told(work.session, work.dealer, CustomerChanged, car.customer_id) if car.customer_id else None
    invitations = _seen(await store.invitations_of(work.session, work.dealer, vehicles=[vehicle_id]), allowed)
    orders = await store.orders_of(work.session, work.dealer, vehicles=[vehicle_id])
    acts = (await store.acts_of(work.session, work.dealer, [vehicle_id])).get(vehicle_id, [])
    return VehicleView(
        **vehicle_line(car).model_dump(),
        customer=customer_line(owner) if owner else None,
        excluded=listing.stands(acts, "excluded", "restored"),
        invitations=await listing.views(work, invitations, language),
        orders=listing.order_views(orders.get(vehicle_id, []), {vehicle_id: car.plate}),
        acts=_acts(acts),
    )


async def vehicle_named(work: Work, name: str) -> VehicleChanged:
    """The vehicle of an id or of a plate. Raises NotFound, and Conflict where several have had that plate."""
    try:
        return await acting.vehicle(work, UUID(name))
    except ValueError:
        pass
    plate = values.plate(name)
    if plate is None:
        raise NotFound("There is no such vehicle.")
    found = await store.search(work.session, work.dealer, VehicleChanged, plate, after=None, limit=20)
    exact = [car for car in found if car.plate == plate]
    if not exact:
        raise NotFound("There is no vehicle with this plate.")
    if len(exact) > 1:
        raise DomainError(
            "Several vehicles have had this plate.", code="ambiguous_plate", status=409, advice="Ask by the vehicle's id."
        )
    return exact[0]


def _seen(invitations: list[Any], allowed: frozenset[UUID] | None) -> list[Any]:
    return [one for one in invitations if allowed is None or one.workshop_id is None or one.workshop_id in allowed]


def _acts(rows: list[Any]) -> list[ActView]:
    return [ActView(what=row.kind, reason=row.reason, at=row.at) for row in rows]
