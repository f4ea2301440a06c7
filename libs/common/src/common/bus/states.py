"""The last state told of every entity, kept so that it can be told again when the log has forgotten it."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from common.bus.envelope import Envelope
from common.events import State

_KEEP = """
insert into {schema}.state as s (dealer_id, type, entity, topic, key, revision, body)
select :dealer, * from unnest(cast(:types as text[]), cast(:entities as uuid[]), cast(:topics as text[]), cast(:keys as uuid[]),
    cast(:revisions as bigint[]), cast(:bodies as bytea[]))
on conflict (dealer_id, type, entity) do update
set topic = excluded.topic, key = excluded.key, revision = excluded.revision, body = excluded.body
where s.revision <= excluded.revision
"""
_TOLD = """
select type, entity, key, body from {schema}.state
where dealer_id = :dealer and topic = :topic and (type, entity) > (:type, :entity) order by type, entity limit :limit
"""


async def keep(session: AsyncSession, schema: str, dealer: UUID, told: Iterable[tuple[State, Envelope]]) -> None:
    """Remember what was told, in the transaction that tells it."""
    states = list(told)
    if not states:
        return
    await session.execute(
        text(_KEEP.format(schema=schema)),
        {
            "dealer": dealer,
            "types": [event.name for event, _ in states],
            "entities": [event.entity() for event, _ in states],
            "topics": [envelope.topic for _, envelope in states],
            "keys": [envelope.key for _, envelope in states],
            "revisions": [event.revision for event, _ in states],
            "bodies": [envelope.body for _, envelope in states],
        },
    )


async def told(
    session: AsyncSession, schema: str, dealer: UUID, topic: str, *, after: tuple[str, UUID], limit: int
) -> list[tuple[str, UUID, UUID, bytes]]:
    """A slice of what was last told on a topic, in the order of type and entity: (type, entity, key, body)."""
    rows = await session.execute(
        text(_TOLD.format(schema=schema)),
        {"dealer": dealer, "topic": topic, "type": after[0], "entity": after[1], "limit": limit},
    )
    return [(row.type, row.entity, row.key, row.body) for row in rows]
