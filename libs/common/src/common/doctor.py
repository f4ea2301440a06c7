"""What can be looked at from outside a running service: databases, roles, schemas, clocks, Kafka, topics, and who is behind."""

import asyncio
from collections.abc import Awaitable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, timedelta
from typing import Any, Literal

import asyncpg
from sqlalchemy.exc import SQLAlchemyError

from common import db
from common.bus.log import LogReader
from common.clock import SystemClock
from common.migrate import pending
from common.service import Service
from common.settings import OWNER, READER, Settings, role_name

_SKEW = timedelta(seconds=2)
_MANY_BEHIND = 1000
_AWAY = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, SQLAlchemyError)


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: `ok`, or what is wrong and how to mend it."""

    about: str
    level: Literal["ok", "warn", "fail"]
    what: str
    how: str = ""

    def __str__(self) -> str:
        return f"{self.what} {self.how}".strip()


async def look(settings: Settings, services: Sequence[Service]) -> list[Finding]:
    """Everything, in the order in which it should be mended."""
    found: list[Finding] = []
    for service in services:
        reached = await database(settings, service)
        found += reached
        if all(finding.level == "ok" for finding in reached):
            found += await roles(settings, service)
            found += await schema(settings, service)
            found += await clock(settings, service)
    if settings.bus == "kafka":
        reached = await kafka(settings)
        found += reached
        if all(finding.level == "ok" for finding in reached):
            found += await kafka_topics(settings, services)
    return found + await behind(settings, services)


async def database(settings: Settings, service: Service) -> list[Finding]:
    """Whether the service's own role comes in."""
    about = f"database of {service.name}"
    try:
        connection = await asyncpg.connect(settings.dsn(service.name), timeout=5)
    except asyncpg.InvalidAuthorizationSpecificationError as error:
        return [Finding(about, "fail", f"{error}.", "Is AUTOFLOWS_DATABASE_SECRET the one it was set up with?")]
    except asyncpg.InvalidCatalogNameError as error:
        return [Finding(about, "fail", f"{error}.", "Check AUTOFLOWS_DATABASE_URL, or run: autoflows migrate")]
    except _AWAY as error:
        address = settings.database_of(service.name)
        return [Finding(about, "fail", f"{address} does not answer: {error or type(error).__name__}.", "Is it running?")]
    version = await connection.fetchval("show server_version")
    await connection.close()
    return [Finding(about, "ok", f"PostgreSQL {version} answers.")]


async def roles(settings: Settings, service: Service) -> list[Finding]:
    """Whether the roles are what keeps dealers apart: none of them may pass by row-level security."""
    about, found = f"roles of {service.name}", []
    connection = await asyncpg.connect(settings.dsn(service.name), timeout=5)
    names = [role_name(role) for role in (OWNER, READER, service.name)]
    rows = await connection.fetch(
        "select rolname, rolsuper or rolbypassrls as above from pg_roles where rolname = any($1)", names
    )
    await connection.close()
    there = {row["rolname"]: row["above"] for row in rows}
    for name in names:
        if name not in there:
            found.append(Finding(about, "fail", f"The role {name} is missing.", "Run: autoflows migrate"))
        elif there[name]:
            mend = f"Run: alter role {name} nosuperuser nobypassrls"
            found.append(
                Finding(about, "fail", f"The role {name} is above row-level security: dealers are not kept apart.", mend)
            )
    return found or [Finding(about, "ok", "All are there, none is above row-level security.")]


async def schema(settings: Settings, service: Service) -> list[Finding]:
    """Whether its migrations were run."""
    about = f"schema of {service.name}"
    engine = db.engine(settings, service.name, pool=1)
    try:
        async with engine.connect() as connection:
            waits = await connection.run_sync(pending, service.schema)
    except _AWAY as error:
        return [Finding(about, "fail", f"It cannot be read: {type(error).__name__}.", "Run: autoflows migrate")]
    finally:
        await engine.dispose()
    return [
        Finding(about, "fail", "It waits for a migration.", "Run: autoflows migrate")
        if waits
        else Finding(about, "ok", "Up to date.")
    ]


async def clock(settings: Settings, service: Service) -> list[Finding]:
    """Whether this machine and its database agree what time it is: leases and signatures depend on it."""
    about = f"clock of {service.name}"
    connection = await asyncpg.connect(settings.dsn(service.name), timeout=5)
    before = SystemClock().now()
    theirs = (await connection.fetchval("select clock_timestamp()")).astimezone(UTC)
    after = SystemClock().now()
    await connection.close()
    off = max(before - theirs, theirs - after, timedelta())
    if off > _SKEW:
        what = f"This machine and the database are {off.total_seconds():.0f} seconds apart."
        return [Finding(about, "warn", what, "Let both follow a time server (timedatectl, chrony).")]
    return [Finding(about, "ok", "This machine and the database agree.")]


async def kafka(settings: Settings) -> list[Finding]:
    """Whether Kafka lets us in, and the cause where it does not."""
    from common.bus.connection import find_trouble  # aiokafka is loaded only where it is used

    if (trouble := await find_trouble(settings)) is not None:
        return [Finding("Kafka", "fail", trouble.what, trouble.how)]
    return [Finding("Kafka", "ok", f"{settings.kafka_bootstrap} answers ({settings.kafka_security_protocol}).")]


async def kafka_topics(settings: Settings, services: Iterable[Service]) -> list[Finding]:
    """Whether the topics are there and as they should be."""
    from aiokafka.errors import KafkaError

    from common.bus.topics import TopicRefused, drift

    names = sorted({event.topic.name for service in services for event in service.publishes})
    try:
        differences = await drift(settings, names)
    except (TopicRefused, KafkaError, TimeoutError) as error:
        return [Finding("Kafka's topics", "fail", f"{error or type(error).__name__}", "Look at what this user may do.")]
    mend = "Set it with kafka-configs.sh, with all the other values beside it; a missing topic is made by: autoflows relay"
    found = [Finding("Kafka's topics", "fail" if one.grave else "warn", f"{one}.", mend) for one in differences]
    return found or [Finding("Kafka's topics", "ok", f"{len(names)} are there and as they should be.")]


async def behind(settings: Settings, services: Sequence[Service]) -> list[Finding]:
    """How much of what was said each service has not heard yet."""
    reader = LogReader(settings)
    try:
        return [await _behind(settings, reader, service) for service in services if service.topics]
    finally:
        await reader.close()


async def _behind(settings: Settings, reader: LogReader, service: Service) -> Finding:
    about = f"{service.name} hears"
    try:
        heads = await reader.heads(service.topics)
        pool = await reader.pool(service.name)
        rows = await pool.fetch(f"select topic, part, next from {service.schema.name}.position where consumer = $1", service.name)
        marks = await _copied(reader, service) if settings.bus == "kafka" else {}
    except _AWAY as error:
        return Finding(about, "fail", f"Its positions cannot be read: {type(error).__name__}.")
    held = {(row["topic"], row["part"]): row["next"] for row in rows}
    waiting = sum(max(head - held.get(place, 0), 0) for place, head in heads.items())
    if any(held[place] > head for place, head in heads.items() if place in held):
        what = "It has heard more than the log holds: a writer's database was restored to an earlier moment."
        return Finding(about, "fail", what, "Restore both to the same moment.")
    not_copied = sum(max(head - marks.get(place, head), 0) for place, head in heads.items())
    if not_copied >= _MANY_BEHIND:
        return Finding(about, "warn", f"{not_copied} events are not in Kafka yet.", "Does the relay run (autoflows relay)?")
    if waiting >= _MANY_BEHIND:
        return Finding(
            about, "warn", f"{waiting} events wait for it.", "Does it run? If it does, it is catching up, or needs company."
        )
    return Finding(about, "ok", f"{waiting} events wait." if waiting else "Nothing waits.")


async def _copied(reader: LogReader, service: Service) -> dict[Any, int]:
    from common.bus.checkpoint import Checkpoint
    from common.bus.log import writer_of

    by_writer: dict[str, list[str]] = {}
    for topic in service.topics:
        by_writer.setdefault(writer_of(topic), []).append(topic)
    reading: list[Awaitable[Any]] = [Checkpoint(reader, writer, names).held() for writer, names in by_writer.items()]
    return {place: mark.log_next for marks in await asyncio.gather(*reading) for place, mark in marks.items()}
