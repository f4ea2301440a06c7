"""What dealers added to their lexicons, version by version, and what they try before."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from classifier import tables as t
from classifier.domain import DealerLexicon

_version, _draft, _change, _order = (
    t.columns(row) for row in (t.LexiconVersionRow, t.DraftRow, t.DraftChangeRow, t.WorkOrderRow)
)
_SHOWN = [_version.c[name] for name in ("number", "note", "user_id", "at", "again_of", "digest")]


@dataclass(frozen=True)
class Current:
    """The version in force: 0 and no digest before the first."""

    number: int = 0
    digest: str | None = None
    at: datetime | None = None


def digest_of(content: DealerLexicon) -> str:
    return hashlib.sha256(json.dumps(content.as_data(), sort_keys=True).encode()).hexdigest()


async def one_at_a_time(session: AsyncSession, dealer: UUID, what: str) -> None:
    """From here to the end of the transaction nobody else does that for this dealer."""
    name = f"classifier {what} {dealer}"
    await session.execute(text("select pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": name})


async def current(session: AsyncSession, dealer: UUID) -> Current:
    """Which version texts are read with."""
    columns = _version.c.number, _version.c.digest, _version.c.at
    newest = select(*columns).where(_version.c.dealer_id == dealer).order_by(_version.c.number.desc()).limit(1)
    row = (await session.execute(newest)).first()
    return Current(row.number, row.digest, row.at) if row is not None else Current()


async def content(session: AsyncSession, dealer: UUID, number: int) -> DealerLexicon | None:
    """What a version says; of 0 nothing. None where there is no such version."""
    if number == 0:
        return DealerLexicon()
    mine = (_version.c.dealer_id == dealer) & (_version.c.number == number)
    found = await session.scalar(select(_version.c.content).where(mine))
    return DealerLexicon.model_validate(found) if found is not None else None


async def publish(
    session: AsyncSession, dealer: UUID, said: DealerLexicon, *, number: int, note: str, user: UUID | None, at: datetime,
    again_of: int | None = None,
) -> None:  # fmt: skip
    """Add a version."""
    values = {
        "dealer_id": dealer, "number": number, "content": said.as_data(), "digest": digest_of(said), "note": note,
        "user_id": user, "at": at, "again_of": again_of,
    }  # fmt: skip
    await session.execute(insert(_version).values(values))


async def versions(session: AsyncSession, dealer: UUID, *, before: int | None, limit: int) -> Sequence[Any]:
    """Versions without their content, newest first."""
    found = select(*_SHOWN).where(_version.c.dealer_id == dealer).order_by(_version.c.number.desc()).limit(limit)
    return (await session.execute(found if before is None else found.where(_version.c.number < before))).all()


async def version(session: AsyncSession, dealer: UUID, number: int) -> Any | None:
    """One version with its content."""
    return (
        await session.execute(
            select(*_SHOWN, _version.c.content).where(_version.c.dealer_id == dealer, _version.c.number == number)
        )
    ).first()


async def add_draft(
    session: AsyncSession, dealer: UUID, draft: UUID, said: DealerLexicon, *, note: str, user: UUID | None, at: datetime,
    against: int,
) -> None:  # fmt: skip
    """Begin to try one on as many orders as there are."""
    total = await session.scalar(select(func.count()).select_from(_order).where(_order.c.dealer_id == dealer)) or 0
    values = {
        "dealer_id": dealer, "draft_id": draft, "content": said.as_data(), "note": note, "user_id": user, "made_at": at,
        "against": against, "total": total, "tried": 0,
    }  # fmt: skip
    await session.execute(insert(_draft).values(values))


async def drafts(session: AsyncSession, dealer: UUID) -> Sequence[Any]:
    """Those that are kept, newest first."""
    mine = select(_draft).where(_draft.c.dealer_id == dealer)
    return (await session.execute(mine.order_by(_draft.c.made_at.desc(), _draft.c.draft_id.desc()))).all()


async def draft(session: AsyncSession, dealer: UUID, draft_id: UUID, *, lock: bool = False) -> Any | None:
    mine = select(_draft).where(_draft.c.dealer_id == dealer, _draft.c.draft_id == draft_id)
    return (await session.execute(mine.with_for_update() if lock else mine)).first()


async def next_draft(session: AsyncSession, dealer: UUID) -> UUID | None:
    """The oldest that is not tried to its end."""
    waiting = select(_draft.c.draft_id).where(_draft.c.dealer_id == dealer, _draft.c.ended_at.is_(None))
    found: UUID | None = await session.scalar(waiting.order_by(_draft.c.made_at, _draft.c.draft_id).limit(1))
    return found


async def move_draft(
    session: AsyncSession, dealer: UUID, draft_id: UUID, *, tried: int, after: UUID | None, ended_at: datetime | None
) -> None:
    """Note how far it is tried."""
    mine = (_draft.c.dealer_id == dealer) & (_draft.c.draft_id == draft_id)
    await session.execute(update(_draft).where(mine).values(tried=tried, after_id=after, ended_at=ended_at))


async def drop_draft(session: AsyncSession, dealer: UUID, draft_id: UUID) -> bool:
    """Forget one with what it would change."""
    mine = (_draft.c.dealer_id == dealer) & (_draft.c.draft_id == draft_id)
    return (await session.execute(delete(_draft).where(mine).returning(_draft.c.draft_id))).first() is not None


async def add_changes(session: AsyncSession, dealer: UUID, draft_id: UUID, rows: Iterable[dict[str, Any]]) -> None:
    """Keep what a draft would change."""
    values = [{"dealer_id": dealer, "draft_id": draft_id, **row} for row in rows]
    if values:
        await session.execute(insert(_change).values(values))


async def counts(session: AsyncSession, dealer: UUID, draft_id: UUID) -> Sequence[Any]:
    """By tag how many visits would be gained and lost."""
    gained, mine = func.count().filter(_change.c.gained), _of(dealer, draft_id)
    found = select(_change.c.tag, gained.label("gained"), (func.count() - gained).label("lost")).where(*mine)
    return (await session.execute(found.group_by(_change.c.tag).order_by(_change.c.tag))).all()


async def changes(
    session: AsyncSession, dealer: UUID, draft_id: UUID, *, tag: str | None, gained: bool | None, after: tuple[UUID, str] | None,
    limit: int,
) -> Sequence[Any]:  # fmt: skip
    """What it would change, by order and tag."""
    found = select(_change).where(*_of(dealer, draft_id)).order_by(_change.c.order_id, _change.c.tag).limit(limit)
    if tag is not None:
        found = found.where(_change.c.tag == tag)
    if gained is not None:
        found = found.where(_change.c.gained == gained)
    if after is not None:
        found = found.where(func.row(_change.c.order_id, _change.c.tag) > func.row(*after))
    return (await session.execute(found)).all()


async def changed_vehicles(
    session: AsyncSession, dealer: UUID, draft_id: UUID, *, after: UUID | None, limit: int
) -> tuple[Sequence[UUID], Sequence[Any], int]:
    """Some vehicles with a visit that would change, by id; those changes; and how many such vehicles there are."""
    mine = (*_of(dealer, draft_id), _change.c.vehicle_id.is_not(None))
    total = await session.scalar(select(func.count(func.distinct(_change.c.vehicle_id))).where(*mine)) or 0
    found = select(_change.c.vehicle_id).distinct().where(*mine).order_by(_change.c.vehicle_id).limit(limit)
    vehicles = (await session.scalars(found if after is None else found.where(_change.c.vehicle_id > after))).all()
    rows = await session.execute(
        select(_change).where(*mine, _change.c.vehicle_id.in_(vehicles)).order_by(_change.c.order_id, _change.c.tag)
    )
    return vehicles, rows.all(), total


def _of(dealer: UUID, draft_id: UUID) -> tuple[Any, ...]:
    return _change.c.dealer_id == dealer, _change.c.draft_id == draft_id
