"""Answers that were given to requests with an Idempotency-Key, so that the same request again gets the same answer."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

KEPT = timedelta(hours=24)


class Replies:
    """A service's table of them: dealer, user and key, a hash of what was asked, status and body, and when (`at`)."""

    def __init__(self, table: Any) -> None:
        self._table = table

    async def claim(self, session: AsyncSession, dealer: UUID, user: UUID, key: str, asked: bytes, now: datetime) -> Any | None:
        """Take a key for this transaction; the reply that was given before, where there is one.

        Who comes second while the first is at work waits here until the first has committed or failed.
        """
        reply = self._table.c
        old = select(reply.user_id, reply.key).where(reply.dealer_id == dealer, reply.at < now - KEPT)
        for row in (await session.execute(old.with_for_update(skip_locked=True).limit(1000))).all():
            await session.execute(delete(self._table).where(*self._is(dealer, row.user_id, row.key)))
        values = {"dealer_id": dealer, "user_id": user, "key": key, "asked": asked, "at": now}
        taken = await session.execute(insert(self._table).values(values).on_conflict_do_nothing().returning(reply.key))
        if taken.first() is not None:
            return None
        return (await session.execute(select(self._table).where(*self._is(dealer, user, key)))).one()

    async def keep(self, session: AsyncSession, dealer: UUID, user: UUID, key: str, *, status: int, body: str | None) -> None:
        """Keep what is answered now."""
        await session.execute(update(self._table).where(*self._is(dealer, user, key)).values(status=status, body=body))

    def _is(self, dealer: UUID, user: UUID, key: str) -> tuple[Any, ...]:
        reply = self._table.c
        return reply.dealer_id == dealer, reply.user_id == user, reply.key == key
