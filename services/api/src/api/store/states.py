"""States as last told: dealers and workshops by api itself; customers, vehicles, orders and sources by the others."""

from collections.abc import Collection, Mapping
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import and_, or_, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from api import tables as t
from common.events import State
from common.events.customers import CustomerChanged, SourceChanged, VehicleChanged
from common.events.invitations import InvitationChanged
from common.events.leads import LeadChanged
from common.events.work_orders import WorkOrderChanged

S = TypeVar("S", bound=State)
_told = t.columns(t.ToldRow)
_SEARCHED = {
    CustomerChanged.name: ("full_name", "number", "email", "mobile"),
    VehicleChanged.name: ("plate", "vin"),
}
_NEWEST = """
    order by (body->>'status' = 'open') desc, coalesce(body->>'finished_on', body->>'changed_on', '') desc, entity limit :each
"""
_ORDERS = f"""
select whose, body from unnest(cast(:vehicles as uuid[])) as whose cross join lateral (
    select body from api.told where dealer_id = :dealer and name = :name and vehicle_id = whose {_NEWEST}) found
union all
select whose, body from unnest(cast(:customers as uuid[])) as whose cross join lateral (
    select body from api.told where dealer_id = :dealer and name = :name and customer_id = whose {_NEWEST}) found
"""  # noqa: S608 - made of the constants above


async def told(session: AsyncSession, dealer: UUID, kind: type[S], entity: UUID) -> S | None:
    """A state as last told."""
    body = await session.scalar(select(_told.c.body).where(_is(dealer, kind.name, entity)))
    return kind.model_validate(body) if body is not None else None


async def all_told(session: AsyncSession, dealer: UUID, kind: type[S]) -> list[S]:
    """Every state of a kind."""
    rows = await session.execute(select(_told.c.body).where(_told.c.dealer_id == dealer, _told.c.name == kind.name))
    return [kind.model_validate(row.body) for row in rows]


async def remember(session: AsyncSession, dealer: UUID, event: State) -> bool:
    """Keep the newest of a state; False when it was known."""
    values: dict[str, Any] = {
        "dealer_id": dealer, "name": event.name, "entity": event.entity(), "revision": event.revision,
        "vehicle_id": getattr(event, "vehicle_id", None), "customer_id": getattr(event, "customer_id", None),
        "body": event.model_dump(mode="json"),
    }  # fmt: skip
    write = insert(_told).values(values)
    newer = write.on_conflict_do_update(
        index_elements=["dealer_id", "name", "entity"], set_=values, where=_told.c.revision < write.excluded.revision
    )
    return (await session.execute(newer.returning(_told.c.entity))).first() is not None


def _is(dealer: UUID, name: str, entity: UUID) -> Any:
    return and_(_told.c.dealer_id == dealer, _told.c.name == name, _told.c.entity == entity)


async def around(
    session: AsyncSession, dealer: UUID, invitations: Collection[InvitationChanged | LeadChanged]
) -> tuple[Mapping[UUID, CustomerChanged], Mapping[UUID, VehicleChanged], Mapping[UUID, list[WorkOrderChanged]]]:
    """The customers and the vehicles of some invitations or leads, and the latest orders of both, newest first, by either's id."""
    customers = {found.customer_id for found in invitations if found.customer_id}
    vehicles = {found.vehicle_id for found in invitations}
    people = await of(session, dealer, CustomerChanged, customers)
    cars = await of(session, dealer, VehicleChanged, vehicles)
    orders = await orders_of(session, dealer, vehicles=vehicles, customers=customers)
    return people, cars, orders


async def of(session: AsyncSession, dealer: UUID, kind: type[S], entities: Collection[UUID]) -> dict[UUID, S]:
    """The states of these entities, as far as they are known."""
    query = select(_told.c.entity, _told.c.body).where(
        _told.c.dealer_id == dealer, _told.c.name == kind.name, _told.c.entity.in_(list(entities))
    )
    return {row.entity: kind.model_validate(row.body) for row in await session.execute(query)}


async def orders_of(
    session: AsyncSession, dealer: UUID, *, vehicles: Collection[UUID] = (), customers: Collection[UUID] = (), each: int = 10
) -> dict[UUID, list[WorkOrderChanged]]:
    """The latest orders of each of these vehicles and customers, newest first, by the id of either; open ones before all."""
    rows = await session.execute(
        text(_ORDERS),
        {"dealer": dealer, "name": WorkOrderChanged.name, "each": each, "vehicles": list(vehicles), "customers": list(customers)},
    )
    found: dict[UUID, list[WorkOrderChanged]] = {}
    for row in rows:
        found.setdefault(row.whose, []).append(WorkOrderChanged.model_validate(row.body))
    return found


async def vehicles_of(session: AsyncSession, dealer: UUID, customers: Collection[UUID]) -> list[VehicleChanged]:
    """The vehicles that belong to these customers."""
    query = select(_told.c.body).where(
        _told.c.dealer_id == dealer, _told.c.name == VehicleChanged.name, _told.c.customer_id.in_(list(customers))
    )
    return [VehicleChanged.model_validate(row.body) for row in await session.execute(query.order_by(_told.c.entity).limit(100))]


async def customers_numbered(session: AsyncSession, dealer: UUID, number: str) -> list[CustomerChanged]:
    """Who has that number in one of the dealer's systems."""
    query = select(_told.c.body).where(
        _told.c.dealer_id == dealer, _told.c.name == CustomerChanged.name, _told.c.body["number"].astext == number
    )
    return [CustomerChanged.model_validate(row.body) for row in await session.execute(query.limit(100))]


async def search(session: AsyncSession, dealer: UUID, kind: type[S], letters: str, *, after: UUID | None, limit: int) -> list[S]:
    """Customers by name, number, e-mail or telephone, or vehicles by plate or VIN, in the order of their ids."""
    wished = [_told.c.body[field].astext.icontains(letters, autoescape=True) for field in _SEARCHED[kind.name]]
    query = select(_told.c.body).where(_told.c.dealer_id == dealer, _told.c.name == kind.name, or_(*wished))
    if after is not None:
        query = query.where(_told.c.entity > after)
    return [kind.model_validate(row.body) for row in await session.execute(query.order_by(_told.c.entity).limit(limit))]


async def sources(session: AsyncSession, dealer: UUID) -> list[SourceChanged]:
    """The dealer's sources of facts."""
    return sorted(await all_told(session, dealer, SourceChanged), key=lambda source: source.title)
