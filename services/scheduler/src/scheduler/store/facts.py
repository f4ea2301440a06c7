"""Facts as they were told: of a state the newest, of what happened each."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from common import policy
from common.bus.envelope import Envelope
from common.events import Event, State
from common.events.customers import CustomerChanged, CustomerMerged, VehicleChanged, VehicleMerged
from common.events.settings import DealerChanged
from common.events.work_orders import WorkOrderChanged
from common.policy import Policy
from scheduler.tables import CycleRow, FactRow

_TEXT = {"lines", "remarks", "text", "mechanics", "hours"}
_fact, _cycle = FactRow.__table__, CycleRow.__table__  # type: ignore[attr-defined]  # sqlmodel does not type it


@dataclass(frozen=True)
class Remembered:
    """Whether a fact was new, the vehicles that it was about before, and what it said then."""

    changed: bool
    vehicles_before: tuple[UUID, ...] = ()
    before: dict[str, Any] | None = None


async def remember(session: AsyncSession, dealer: UUID, event: Event, told_by: Envelope) -> Remembered:
    """Keep a fact; an older revision, or the same fact again, changes nothing."""
    entity = event.entity() if isinstance(event, State) else told_by.id
    revision = event.revision if isinstance(event, State) else 0
    vehicle = getattr(event, "vehicle_id", None)
    where = (_fact.c.dealer_id == dealer) & (_fact.c.name == event.name) & (_fact.c.entity == entity)
    before = (await session.execute(select(_fact.c.revision, _fact.c.vehicle_id, _fact.c.body).where(where))).first()
    if before is not None and before.revision >= revision:
        return Remembered(False)
    values = {
        "dealer_id": dealer, "name": event.name, "entity": entity, "revision": revision, "vehicle_id": vehicle,
        "customer_id": getattr(event, "customer_id", None), "at": told_by.occurred_at,
        "body": _body(event, before.body if before is not None else {}, told_by.occurred_at),
    }  # fmt: skip
    write = insert(_fact).values(values)
    newer = {name: write.excluded[name] for name in ("revision", "vehicle_id", "customer_id", "at", "body")}
    await session.execute(
        write.on_conflict_do_update(
            index_elements=["dealer_id", "name", "entity"], set_=newer, where=_fact.c.revision < write.excluded.revision
        )
    )
    moved = before is not None and before.vehicle_id is not None and before.vehicle_id != vehicle
    return Remembered(
        True, (before.vehicle_id,) if moved and before is not None else (), before.body if before is not None else None
    )


def _body(event: Event, before: dict[str, Any], at: datetime) -> dict[str, Any]:
    """What is kept of a fact: no free text of orders, but when one first came as finished on its day; and a customer's former
    addresses, for an unsubscription covers them too."""
    body = event.model_dump(mode="json", exclude=_TEXT)
    if isinstance(event, WorkOrderChanged):
        same = all(before.get(name) == body[name] for name in ("status", "finished_on"))
        body["came_at"] = before["came_at"] if same and "came_at" in before else at.isoformat()
    if isinstance(event, CustomerChanged):
        former = {*before.get("former", ()), before.get("email"), before.get("mobile")} - {None, event.email, event.mobile}
        body["former"] = sorted(former)
    return body


async def merges(session: AsyncSession, dealer: UUID, name: str) -> dict[UUID, UUID]:
    """Which vehicle (or customer) each merged one belongs to in the end."""
    rows = await session.execute(select(_fact.c.entity, _fact.c.body).where(_fact.c.dealer_id == dealer, _fact.c.name == name))
    into = {row.entity: UUID(row.body["into_id"]) for row in rows}
    return {merged: _end(into, merged) for merged in into}


def _end(into: dict[UUID, UUID], merged: UUID) -> UUID:
    seen = {merged}
    while merged in into and into[merged] not in seen:
        merged = into[merged]
        seen.add(merged)
    return merged


async def vehicle_merges(session: AsyncSession, dealer: UUID) -> dict[UUID, UUID]:
    return await merges(session, dealer, VehicleMerged.name)


async def customer_merges(session: AsyncSession, dealer: UUID) -> dict[UUID, UUID]:
    return await merges(session, dealer, CustomerMerged.name)


async def vehicles(session: AsyncSession, dealer: UUID) -> list[UUID]:
    """Every vehicle of a dealer that has an order."""
    rows = await session.execute(
        select(_fact.c.vehicle_id).distinct().where(_fact.c.dealer_id == dealer, _fact.c.vehicle_id.is_not(None))
    )
    return [row.vehicle_id for row in rows]


async def vehicles_of_customers(session: AsyncSession, dealer: UUID, customers: Collection[UUID]) -> list[UUID]:
    """The vehicles with an order of one of these customers, or of one who has an address of theirs."""
    rows = await session.execute(
        text(
            """with them as (
                select entity, body ->> 'email' as email, body ->> 'mobile' as mobile from scheduler.fact
                where dealer_id = :dealer and name = 'customer.changed.v1' and entity = any(:customers)
            ), near as (
                select f.entity from scheduler.fact f
                join them on f.body ->> 'email' = them.email or f.body ->> 'mobile' = them.mobile
                where f.dealer_id = :dealer and f.name = 'customer.changed.v1'
                union select unnest(cast(:customers as uuid[]))
            )
            select distinct vehicle_id from scheduler.fact
            where dealer_id = :dealer and customer_id in (select entity from near) and vehicle_id is not null"""
        ),
        {"dealer": dealer, "customers": list(customers)},
    )
    return [row.vehicle_id for row in rows]


async def vehicles_of(session: AsyncSession, dealer: UUID, invitations: Iterable[UUID]) -> list[UUID]:
    """The vehicles that these invitations are for."""
    rows = await session.execute(
        select(_cycle.c.vehicle_id).distinct().where(_cycle.c.dealer_id == dealer, _cycle.c.invitation_id.in_(list(invitations)))
    )
    return [row.vehicle_id for row in rows]


async def vehicles_by_plate(session: AsyncSession, dealer: UUID, plate: str) -> list[UUID]:
    """The vehicles that have this plate, spaces and case aside."""
    rows = await session.execute(
        select(_fact.c.entity).where(
            _fact.c.dealer_id == dealer,
            _fact.c.name == VehicleChanged.name,
            func.upper(func.replace(_fact.c.body["plate"].astext, " ", "")) == plate.upper().replace(" ", ""),
        )
    )
    return [row.entity for row in rows]


async def dealer(session: AsyncSession, dealer_id: UUID) -> DealerChanged | None:
    """The dealer as last told; None before it was."""
    body = await session.scalar(select(_fact.c.body).where(_fact.c.dealer_id == dealer_id, _fact.c.name == DealerChanged.name))
    return DealerChanged.model_validate(body) if body is not None else None


def policy_of(told: DealerChanged) -> Policy:
    """A dealer's settings, as far as they are known here. Raises DomainError where one of those cannot be read."""
    return policy.understood(told.settings)
