"""Who the mechanics are: names of codes, and which order writes which mechanic."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from classifier import tables as t

_mechanic, _of_order = t.columns(t.MechanicRow), t.columns(t.OrderMechanicRow)
_JOINED = _of_order.outerjoin(
    _mechanic, (_mechanic.c.dealer_id == _of_order.c.dealer_id) & (_mechanic.c.code == _of_order.c.code)
)
_VISITS = func.count(_of_order.c.order_id)


async def names(session: AsyncSession, dealer: UUID) -> dict[str, str]:
    """The name of each code that has one."""
    known = select(_mechanic.c.code, _mechanic.c.name).where(_mechanic.c.dealer_id == dealer, _mechanic.c.name.is_not(None))
    return {row.code: row.name for row in await session.execute(known)}


async def name_mechanics(
    session: AsyncSession, dealer: UUID, given: Mapping[str, str | None], *, user: UUID | None, at: datetime
) -> None:
    """Have these codes stand for these names; None: for nobody any more."""
    rows = [{"dealer_id": dealer, "code": code, "name": name, "user_id": user, "at": at} for code, name in sorted(given.items())]
    write = insert(_mechanic).values(rows)
    newer = {name: write.excluded[name] for name in ("name", "user_id", "at")}
    changed = _mechanic.c.name.is_distinct_from(write.excluded.name)
    await session.execute(write.on_conflict_do_update(index_elements=["dealer_id", "code"], set_=newer, where=changed))


async def mechanics(session: AsyncSession, dealer: UUID, *, after: str | None, limit: int) -> Sequence[Any]:
    """Codes with a name, by code, and how many visits write each."""
    counted = (
        select(_VISITS)
        .where(_of_order.c.dealer_id == dealer, _of_order.c.code == _mechanic.c.code)
        .correlate(_mechanic)
        .scalar_subquery()
    )
    found = select(_mechanic, counted.label("visits")).where(_mechanic.c.dealer_id == dealer, _mechanic.c.name.is_not(None))
    found = found.order_by(_mechanic.c.code).limit(limit)
    return (await session.execute(found if after is None else found.where(_mechanic.c.code > after))).all()


async def named_at(session: AsyncSession, dealer: UUID) -> datetime | None:
    """When a code was last given a name or lost it."""
    found: datetime | None = await session.scalar(select(func.max(_mechanic.c.at)).where(_mechanic.c.dealer_id == dealer))
    return found


async def unnamed(session: AsyncSession, dealer: UUID, limit: int) -> tuple[Sequence[Any], int]:
    """Codes without a name, those of most visits first, each with one order; and how many such codes there are."""
    mine = (_of_order.c.dealer_id == dealer, _of_order.c.is_code, _mechanic.c.name.is_(None))
    total = await session.scalar(select(func.count(func.distinct(_of_order.c.code))).select_from(_JOINED).where(*mine)) or 0
    orders = func.array_agg(_of_order.c.order_id)
    found = select(_of_order.c.code, _VISITS.label("visits"), orders[1].label("example")).select_from(_JOINED).where(*mine)
    rows = await session.execute(found.group_by(_of_order.c.code).order_by(_VISITS.desc(), _of_order.c.code).limit(limit))
    return rows.all(), total


async def told_otherwise(session: AsyncSession, dealer: UUID, limit: int) -> Sequence[UUID]:
    """Some orders that were told with another name of a mechanic than he has now."""
    found = await session.scalars(
        select(_of_order.c.order_id).distinct().select_from(_JOINED).where(*_stale(dealer)).limit(limit)
    )
    return found.all()


async def count_told_otherwise(session: AsyncSession, dealer: UUID) -> int:
    counted = select(func.count(func.distinct(_of_order.c.order_id))).select_from(_JOINED).where(*_stale(dealer))
    return await session.scalar(counted) or 0


async def save_mechanics(
    session: AsyncSession, dealer: UUID, orders: Mapping[UUID, Mapping[str, tuple[bool, str | None]]]
) -> None:
    """Keep which mechanics these orders write: whether by a code, and as whom each was told (None: as written)."""
    where = (_of_order.c.dealer_id == dealer) & _of_order.c.order_id.in_(list(orders))
    known = {
        (row.order_id, row.code): (row.is_code, row.told_as) for row in await session.execute(select(_of_order).where(where))
    }
    wanted = {(order, code): said for order, mechanics in orders.items() for code, said in mechanics.items()}
    if gone := known.keys() - wanted.keys():
        key = tuple_(_of_order.c.order_id, _of_order.c.code)
        await session.execute(delete(_of_order).where(_of_order.c.dealer_id == dealer, key.in_(list(gone))))
    rows = [
        {"dealer_id": dealer, "order_id": order, "code": code, "is_code": said[0], "told_as": said[1]}
        for (order, code), said in wanted.items()
        if known.get((order, code)) != said
    ]
    if rows:
        write = insert(_of_order).values(rows)
        newer = {name: write.excluded[name] for name in ("is_code", "told_as")}
        await session.execute(write.on_conflict_do_update(index_elements=["dealer_id", "code", "order_id"], set_=newer))


def _stale(dealer: UUID) -> tuple[Any, ...]:
    return _of_order.c.dealer_id == dealer, _of_order.c.told_as.is_distinct_from(_mechanic.c.name)
