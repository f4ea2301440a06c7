"""How far the relay has copied a writer's log into Kafka: rows in the writer's schema, moved only from where they were read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from common.bus.log import LogReader, Place
from common.settings import schema_name

_READ = "select topic, part, log_next, kafka_next from {schema}.relay_checkpoint where topic = any($1)"
_ADD = """
insert into {schema}.relay_checkpoint (topic, part, log_next, kafka_next)
select topic, part, next, 0 from unnest($1::text[], $2::int[], $3::bigint[]) as v(topic, part, next) on conflict do nothing
"""
_MOVE = """
update {schema}.relay_checkpoint c set log_next = v.log_next, kafka_next = v.kafka_next
from unnest($1::text[], $2::int[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[])
    as v(topic, part, log_was, kafka_was, log_next, kafka_next)
where c.topic = v.topic and c.part = v.part and c.log_next = v.log_was and c.kafka_next = v.kafka_was
"""


class Overtaken(Exception):
    """Another relay moved the checkpoint: read it again and go on."""


@dataclass(frozen=True)
class Mark:
    """How far a partition is copied: the log's next offset, and Kafka's."""

    log_next: int
    kafka_next: int


class Checkpoint:
    """How far one writer's log is copied, in that writer's schema. Moved only from where it was read."""

    def __init__(self, reader: LogReader, writer: str, names: Sequence[str]) -> None:
        self._reader, self._writer, self._names = reader, writer, list(names)

    async def read(self) -> dict[Place, Mark]:
        """The marks of every partition; a new one begins at the oldest event held."""
        found = await self.held()
        places = set(await self._reader.heads(self._names))
        if missing := places - set(found):
            oldest = await self._reader.oldest(missing)
            await self._execute(_ADD, [*zip(*((*place, off) for place, off in oldest.items()), strict=True)])
            found = await self.held()
        return found

    async def move(self, before: Mapping[Place, Mark], after: Mapping[Place, Mark]) -> None:
        """Raises Overtaken when someone else moved one of them."""
        rows = [
            (*place, before[place].log_next, before[place].kafka_next, mark.log_next, mark.kafka_next)
            for place, mark in sorted(after.items())
        ]
        if rows and await self._execute(_MOVE, [*zip(*rows, strict=True)]) != len(rows):
            raise Overtaken

    async def held(self) -> dict[Place, Mark]:
        """The marks there are."""
        pool = await self._reader.pool(self._writer)
        rows = await pool.fetch(_READ.format(schema=schema_name(self._writer)), self._names)
        return {(row["topic"], row["part"]): Mark(row["log_next"], row["kafka_next"]) for row in rows}

    async def _execute(self, statement: str, columns: Sequence[Sequence[Any]]) -> int:
        """In one transaction that is rolled back when not every row was there; the number of rows."""
        pool = await self._reader.pool(self._writer)
        async with pool.acquire() as connection:
            transaction = connection.transaction()
            await transaction.start()
            count = int(
                (await connection.execute(statement.format(schema=schema_name(self._writer)), *map(list, columns))).split()[-1]
            )
            await (transaction.commit() if count == len(columns[0]) or statement is _ADD else transaction.rollback())
        return count
