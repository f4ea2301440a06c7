"""Answers that were given to requests with an Idempotency-Key, so that the same request again gets the same answer."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from classifier import tables as t

KEPT = timedelta(hours=24)
_reply = t.columns(t.ReplyRow)


async def claim(session: AsyncSession, dealer: UUID, user: UUID, key: str, asked: bytes, now: datetime) -> Any | None:
    """Take a key for this transaction; the reply that was given before, where there is one.

    Who comes second while the first is at work waits here until the first has committed or failed.
    """
    old = select(_reply.c.user_id, _reply.c.key).where(_reply.c.dealer_id == dealer, _reply.c.at < now - KEPT)
    gone = (await session.execute(old.with_for_update(skip_locked=True).limit(1000))).all()
    for row in gone:
        await session.execute(
            delete(_reply).where(_reply.c.dealer_id == dealer, _reply.c.user_id == row.user_id, _reply.c.key == row.key)
        )
    values = {"dealer_id": dealer, "user_id": user, "key": key, "asked": asked, "at": now}
    taken = await session.execute(insert(_reply).values(values).on_conflict_do_nothing().returning(_reply.c.key))
    if taken.first() is not None:
        return None
    return (await session.execute(select(_reply).where(*_is(dealer, user, key)))).one()


async def keep(session: AsyncSession, dealer: UUID, user: UUID, key: str, *, status: int, body: str | None) -> None:
    """Keep what is answered now."""
    await session.execute(update(_reply).where(*_is(dealer, user, key)).values(status=status, body=body))


def _is(dealer: UUID, user: UUID, key: str) -> tuple[Any, ...]:
    return _reply.c.dealer_id == dealer, _reply.c.user_id == user, _reply.c.key == key
