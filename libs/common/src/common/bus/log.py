"""The log: appended inside a service's own transaction, read by anyone through the writer's database."""

import asyncio
import json
import random
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import asyncpg
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from common.bus.envelope import Envelope, headers_json
from common.events import topics
from common.settings import READER, Settings, schema_name

Place = tuple[str, int]  # topic and partition
Positions = dict[Place, int]  # the next offset wanted of each

_APPEND = """
insert into {schema}.outbox (topics, parts, ids, dealers, keys, types, ats, headers, bodies) values (
    cast(:topics as text[]), cast(:parts as int[]), cast(:ids as uuid[]), cast(:dealers as uuid[]),
    cast(:keys as uuid[]), cast(:types as text[]), cast(:ats as timestamptz[]), cast(:headers as text[]),
    cast(:bodies as bytea[]))
"""
_READ = """
select l.topic, l.part, l.off, l.id, l.dealer_id, l.key, l.type, l.at, l.headers, l.body
from unnest($1::text[], $2::int[], $3::bigint[]) with ordinality as want(topic, part, off, place)
cross join lateral (
    select * from {schema}.log l where l.topic = want.topic and l.part = want.part and l.off >= want.off
    order by l.off limit $5
) l
order by want.place, l.off
limit $4
"""
_HEADS = "select topic, part, next from {schema}.head where topic = any(${n})"
_EPOCH = """
select system_identifier || '-' || timeline_id from pg_control_system(), pg_control_checkpoint()
"""


async def append(session: AsyncSession, schema: str, envelopes: Sequence[Envelope]) -> None:
    """Hand envelopes to the transaction; they get their offsets inside its COMMIT."""
    if not envelopes:
        return
    await session.execute(
        text(_APPEND.format(schema=schema)),
        {
            "topics": [e.topic for e in envelopes],
            "parts": [e.partition for e in envelopes],
            "ids": [e.id for e in envelopes],
            "dealers": [e.dealer for e in envelopes],
            "keys": [e.key for e in envelopes],
            "types": [e.type for e in envelopes],
            "ats": [e.occurred_at for e in envelopes],
            "headers": [headers_json(e) for e in envelopes],
            "bodies": [e.body for e in envelopes],
        },
    )


def writer_of(topic: str) -> str:
    """The service that writes a topic, hence whose database holds its log."""
    return topics()[topic].writer


class LogReader:
    """Reads the logs of any writer, through that writer's database, as the reader's role."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._pools: dict[str, asyncpg.Pool[Any]] = {}
        self._opening = asyncio.Lock()

    async def pool(self, writer: str) -> "asyncpg.Pool[Any]":
        """Connections to a writer's database; writers in one database share them."""
        dsn = self._settings.dsn(writer, READER)
        async with self._opening:
            if dsn not in self._pools:
                self._pools[dsn] = await asyncpg.create_pool(
                    dsn, min_size=0, max_size=4, command_timeout=30, timeout=10, init=_decode_json, reset=_nothing_to_reset
                )
        return self._pools[dsn]

    async def heads(self, names: Iterable[str]) -> Positions:
        """The next offset that each partition of these topics will give."""
        found: Positions = {}
        databases: dict[str, dict[str, list[str]]] = {}
        for writer, wanted in _by_writer(names).items():
            databases.setdefault(self._settings.dsn(writer, READER), {})[writer] = wanted
        for writers in databases.values():
            pool = await self.pool(next(iter(writers)))
            asked = " union all ".join(_HEADS.format(schema=schema_name(w), n=n) for n, w in enumerate(writers, 1))
            rows = await pool.fetch(asked, *writers.values())
            found |= {(row["topic"], row["part"]): row["next"] for row in rows}
        return found

    async def epochs(self, names: Iterable[str]) -> dict[str, str]:
        """Which life of its database each topic's log belongs to (system identifier and timeline)."""
        found: dict[str, str] = {}
        for writer, wanted in _by_writer(names).items():
            epoch = await (await self.pool(writer)).fetchval(_EPOCH)
            found |= dict.fromkeys(wanted, epoch)
        return found

    async def read(self, positions: Mapping[Place, int], limit: int) -> list[Envelope]:
        """Up to `limit` events from these positions on, in order within each partition; no partition starves another."""
        found: list[Envelope] = []
        writers = _by_writer(topic for topic, _ in positions)
        share = max(limit // max(len(writers), 1), 1)
        for writer, wanted in writers.items():
            places = [(t, p, off) for (t, p), off in positions.items() if t in wanted]
            random.shuffle(places)
            pool = await self.pool(writer)
            columns = [list(column) for column in zip(*places, strict=True)]
            rows = await pool.fetch(_READ.format(schema=schema_name(writer)), *columns, share, max(share // 4, 1))
            found += [_envelope(row) for row in rows]
        return found

    async def oldest(self, places: Iterable[Place]) -> Positions:
        """The oldest offset still held of each partition; of an empty one its head."""
        found: Positions = {}
        wished = list(places)
        for writer, wanted in _by_writer(topic for topic, _ in wished).items():
            pool = await self.pool(writer)
            columns = [list(column) for column in zip(*[place for place in wished if place[0] in wanted], strict=True)]
            rows = await pool.fetch(
                f"""select want.topic, want.part, coalesce(
                        (select min(off) from {schema_name(writer)}.log l where l.topic = want.topic and l.part = want.part), h.next) as off
                    from unnest($1::text[], $2::int[]) as want(topic, part)
                    join {schema_name(writer)}.head h using (topic, part)""",
                *columns,
            )
            found |= {(row["topic"], row["part"]): row["off"] for row in rows}
        return found

    async def report(self, consumer: str, positions: Mapping[Place, int]) -> None:
        """Tell the writers how far a consumer is, so that retention keeps what it still needs."""
        for writer, wanted in _by_writer(topic for topic, _ in positions).items():
            places = sorted((t, p, off) for (t, p), off in positions.items() if t in wanted)
            columns = [list(column) for column in zip(*places, strict=True)]
            await (await self.pool(writer)).execute(
                f"""insert into {schema_name(writer)}.reader (consumer, topic, part, next)
                    select $1, topic, part, next from unnest($2::text[], $3::int[], $4::bigint[]) as at(topic, part, next)
                    on conflict (consumer, topic, part) do update set next = excluded.next, seen_at = now()""",
                consumer,
                *columns,
            )

    async def close(self) -> None:
        for pool in self._pools.values():
            await pool.close()


def _by_writer(names: Iterable[str]) -> dict[str, list[str]]:
    writers: dict[str, list[str]] = {}
    for name in sorted(set(names)):
        writers.setdefault(writer_of(name), []).append(name)
    return writers


def _envelope(row: Mapping[str, Any]) -> Envelope:
    return Envelope(
        topic=row["topic"], partition=row["part"], offset=row["off"], id=row["id"], dealer=row["dealer_id"], key=row["key"],
        type=row["type"], occurred_at=row["at"], body=row["body"], headers=row["headers"],
    )  # fmt: skip


async def _decode_json(connection: "asyncpg.Connection[Any]") -> None:
    await connection.set_type_codec("jsonb", encoder=json.dumps, decoder=json.loads, schema="pg_catalog")


async def _nothing_to_reset(connection: "asyncpg.Connection[Any]") -> None:
    """Single statements leave nothing behind on a connection; asking the server to clear it would double every read."""
