"""Forgetting what nobody needs any more: in slices, never beyond a live position, and only after a topic's days."""

from datetime import datetime, timedelta

import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from common.events import Topic

_log = structlog.get_logger(__name__)
SLICE = 10_000
GIVEN_UP_AFTER = timedelta(days=14)

_GIVE_UP = "delete from {schema}.reader where seen_at < now() - cast(:idle as interval) returning consumer, topic, part, next"
_BOUNDS = """
select h.part, least(
    coalesce((select min(off) from {schema}.log l where l.topic = h.topic and l.part = h.part and l.at >= :before), h.next),
    coalesce((select min(r.next) from {schema}.reader r where r.topic = h.topic and r.part = h.part), h.next)
) as upto
from {schema}.head h where h.topic = :topic
"""
_DELETE = """
delete from {schema}.log where topic = :topic and part = :part
    and off in (select off from {schema}.log where topic = :topic and part = :part and off < :upto order by off limit :slice)
"""


async def forget(sessions: async_sessionmaker[AsyncSession], schema: str, topic: Topic, *, now: datetime) -> int:
    """Delete what is older than a topic's retention and behind every live position; the number of events deleted.

    A reader that reported nothing for 14 days is given up, and said so in the log of this process.
    """
    async with sessions() as session, session.begin():
        for row in await session.execute(text(_GIVE_UP.format(schema=schema)), {"idle": GIVEN_UP_AFTER}):
            _log.error("retention.reader_given_up", consumer=row.consumer, topic=row.topic, part=row.part, next=row.next)
    before = now - timedelta(days=topic.retention_days)
    async with sessions() as session, session.begin():
        bounds = await session.execute(text(_BOUNDS.format(schema=schema)), {"topic": topic.name, "before": before})
        upto = {row.part: row.upto for row in bounds}
    deleted = 0
    for part, off in upto.items():
        where = {"topic": topic.name, "part": part, "upto": off, "slice": SLICE}
        while True:
            async with sessions() as session, session.begin():
                result = await session.execute(text(_DELETE.format(schema=schema)), where)
                count: int = result.rowcount  # type: ignore[attr-defined]  # a CursorResult, as for every delete
            deleted += count
            if count < SLICE:
                break
    return deleted
