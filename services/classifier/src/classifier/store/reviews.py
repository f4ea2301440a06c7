"""Visits that somebody should look at, and what people said of them."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from classifier import tables as t
from classifier.domain.verdicts import Verdict
from common.ids import new_id

_order, _verdict = t.columns(t.WorkOrderRow), t.columns(t.VerdictRow)
Place = tuple[Any, UUID]


async def verdicts(session: AsyncSession, dealer: UUID, orders: Collection[UUID]) -> dict[UUID, Verdict]:
    """The verdicts that hold, by order."""
    rows = await session.execute(select(_verdict).where(*_standing(dealer), _verdict.c.order_id.in_(list(orders))))
    return {row.order_id: _read(row) for row in rows}


async def give_verdict(session: AsyncSession, dealer: UUID, order: UUID, verdict: Verdict) -> None:
    """Have this verdict hold, in the place of an earlier one. The order must be locked."""
    await end_verdict(session, dealer, order, user=verdict.user_id, at=verdict.given_at)
    values = {
        "dealer_id": dealer, "verdict_id": new_id(), "order_id": order, "tags": list(verdict.tags), "remark": verdict.remark,
        "user_id": verdict.user_id, "given_at": verdict.given_at, "text_mark": verdict.text_mark,
    }  # fmt: skip
    await session.execute(insert(_verdict).values(values))


async def end_verdict(session: AsyncSession, dealer: UUID, order: UUID, *, user: UUID | None, at: datetime) -> None:
    """Have no verdict hold; it stays known that there was one."""
    mine = (*_standing(dealer), _verdict.c.order_id == order)
    await session.execute(update(_verdict).where(*mine).values(ended_at=at, ended_by=user))


async def unclear(session: AsyncSession, dealer: UUID, *, after: tuple[date, UUID] | None, limit: int) -> Sequence[Place]:
    """Visits that somebody should look at, the newest first: day and order."""
    found = select(_order.c.unclear_on, _order.c.order_id).where(*_unclear(dealer))
    if after is not None:
        found = found.where(func.row(_order.c.unclear_on, _order.c.order_id) < func.row(*after))
    rows = await session.execute(found.order_by(_order.c.unclear_on.desc(), _order.c.order_id.desc()).limit(limit))
    return [(row.unclear_on, row.order_id) for row in rows]


async def count_unclear(session: AsyncSession, dealer: UUID) -> int:
    return await session.scalar(select(func.count()).select_from(_order).where(*_unclear(dealer))) or 0


async def decided(session: AsyncSession, dealer: UUID, *, after: tuple[datetime, UUID] | None, limit: int) -> Sequence[Place]:
    """Visits with a verdict that holds, the latest first: when it was given, and the order."""
    found = select(_verdict.c.given_at, _verdict.c.order_id).where(*_standing(dealer))
    if after is not None:
        found = found.where(func.row(_verdict.c.given_at, _verdict.c.order_id) < func.row(*after))
    rows = await session.execute(found.order_by(_verdict.c.given_at.desc(), _verdict.c.order_id.desc()).limit(limit))
    return [(row.given_at, row.order_id) for row in rows]


def _standing(dealer: UUID) -> tuple[Any, ...]:
    return _verdict.c.dealer_id == dealer, _verdict.c.ended_at.is_(None)


def _unclear(dealer: UUID) -> tuple[Any, ...]:
    return _order.c.dealer_id == dealer, _order.c.unclear_on.is_not(None)


def _read(row: Any) -> Verdict:
    return Verdict(tuple(row.tags), row.remark, row.user_id, row.given_at, row.text_mark)
