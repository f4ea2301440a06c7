"""What changed, for those who watch. Read by snapshots: what one saw is told by the transactions it did not see yet.

No number is given out that could be read past: a row is new to a watcher when its transaction was not visible in the snapshot
that the watcher named and is visible now. So nothing is lost however long a transaction took, and nothing waits for one.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from api import tables as t
from common.ids import new_id

KEPT = timedelta(hours=1)
NAMED = 100  # ids in one change; of more it is only said that there are many
_change = t.columns(t.ChangeRow)
_NOW = "select pg_current_snapshot()::text as seen"
_SINCE = """
select pg_current_snapshot()::text as seen, c.kind, c.lists, c.ids
from (select 1) as one left join api.change c on c.dealer_id = :dealer
    and c.xid >= pg_snapshot_xmin(cast(cast(:seen as text) as pg_snapshot)) and c.xid < pg_snapshot_xmax(pg_current_snapshot())
    and not pg_visible_in_snapshot(c.xid, cast(cast(:seen as text) as pg_snapshot))
order by c.at, c.change_id limit :limit
"""


@dataclass(frozen=True)
class Change:
    """What changed: a kind of thing, the lists it may stand on, and which (None: many)."""

    kind: str
    lists: tuple[str, ...]
    ids: tuple[UUID, ...] | None


async def note(
    session: AsyncSession, dealer: UUID, kind: str, lists: Collection[str], ids: Collection[UUID], now: datetime
) -> None:
    """Note a change in the transaction that makes it; those of more than an hour ago are forgotten."""
    old = select(_change.c.change_id).where(_change.c.dealer_id == dealer, _change.c.at < now - KEPT)
    gone = old.with_for_update(skip_locked=True)  # others forget the same, and nobody waits for that
    await session.execute(delete(_change).where(_change.c.dealer_id == dealer, _change.c.change_id.in_(gone)))
    named = sorted(str(one) for one in ids) if len(ids) <= NAMED else None
    values: dict[str, Any] = {
        "dealer_id": dealer, "change_id": new_id(), "kind": kind, "lists": sorted(lists), "ids": named, "at": now,
    }  # fmt: skip
    await session.execute(insert(_change).values(values))


async def snapshot(session: AsyncSession) -> str:
    """What can be seen now."""
    return str((await session.execute(text(_NOW))).scalar_one())


async def since(session: AsyncSession, dealer: UUID, seen: str, *, limit: int) -> tuple[str, list[Change]]:
    """What changed since that snapshot, and the snapshot of now. At `limit` there may be more that nobody will tell."""
    rows = list(await session.execute(text(_SINCE), {"dealer": dealer, "seen": seen, "limit": limit}))
    changes = [
        Change(row.kind, tuple(row.lists), tuple(map(UUID, row.ids)) if row.ids is not None else None)
        for row in rows
        if row.kind is not None
    ]
    return rows[0].seen, changes
