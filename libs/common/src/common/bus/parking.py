"""Parking: an event that cannot be handled is set aside with its bytes and error; later events of its key wait behind it."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from common.bus.envelope import Envelope, headers_json

BEHIND = "waits behind an earlier event of its key"

_PARK = """
insert into {schema}.parked (consumer, topic, part, off, id, dealer_id, key, type, at, headers, body, error, tries)
values (:consumer, :topic, :part, :off, :id, :dealer, :key, :type, :at, cast(:headers as jsonb), :body, :error, :tries)
on conflict (consumer, topic, part, off) do update set error = excluded.error, tries = parked.tries + excluded.tries
"""


async def park(session: AsyncSession, schema: str, consumer: str, envelope: Envelope, *, error: str, tries: int) -> None:
    """Set an event aside, in the transaction that moves the position past it."""
    await session.execute(
        text(_PARK.format(schema=schema)),
        {
            "consumer": consumer, "topic": envelope.topic, "part": envelope.partition, "off": envelope.offset,
            "id": envelope.id, "dealer": envelope.dealer, "key": envelope.key, "type": envelope.type,
            "at": envelope.occurred_at, "headers": headers_json(envelope), "body": envelope.body,
            "error": error[:2000], "tries": tries,
        },
    )  # fmt: skip


async def parked_keys(session: AsyncSession, schema: str, consumer: str, dealer: UUID | None = None) -> set[tuple[str, UUID]]:
    """The (topic, key) pairs of a consumer that have something parked, of one dealer or of all."""
    rows = await session.execute(
        text(
            f"select distinct topic, key from {schema}.parked where consumer = :consumer"
            " and (cast(:dealer as uuid) is null or dealer_id = :dealer)"
        ),
        {"consumer": consumer, "dealer": dealer},
    )
    return {(row.topic, row.key) for row in rows}


async def parked(
    session: AsyncSession, schema: str, consumer: str, *, ids: Iterable[UUID] | None = None, limit: int = 1000
) -> Sequence[Any]:
    """What is parked, oldest first: rows with the envelope's columns, `error`, `tries` and `parked_at`."""
    rows = await session.execute(
        text(
            f"select * from {schema}.parked where consumer = :consumer"
            " and (cast(:ids as uuid[]) is null or id = any(:ids)) order by topic, part, off limit :limit"
        ),
        {"consumer": consumer, "ids": list(ids) if ids is not None else None, "limit": limit},
    )
    return rows.all()


async def unpark(session: AsyncSession, schema: str, consumer: str, envelope: Envelope) -> None:
    """Take an event back out, in the transaction that handles it."""
    await session.execute(
        text(f"delete from {schema}.parked where consumer = :consumer and topic = :topic and part = :part and off = :off"),
        {"consumer": consumer, "topic": envelope.topic, "part": envelope.partition, "off": envelope.offset},
    )


def envelope_of(row: Any) -> Envelope:
    """The envelope of a parked row."""
    return Envelope(
        topic=row.topic, partition=row.part, offset=row.off, id=row.id, dealer=row.dealer_id, key=row.key, type=row.type,
        occurred_at=row.at, body=row.body, headers=row.headers,
    )  # fmt: skip
