"""`autoflows doctor`: looks at data, databases, migrations, processes, parked events and Kafka, and says what to do."""

import shutil
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

import asyncpg
import httpx
from sqlalchemy.exc import SQLAlchemyError

from autoflows.errors import CannotRun
from autoflows.folder import Folder, Run
from common import db, doctor
from common.bus import parking
from common.migrate import pending
from common.service import Service
from common.settings import Settings

_LITTLE_BYTES = 1_000_000_000


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    what: str
    said: str
    fine: bool = True
    reached: bool = True


async def examine(folder: Folder, settings: Settings, services: Sequence[Service]) -> list[Finding]:
    """Everything that can be looked at from here."""
    run = _running(folder)
    findings = [_data(folder), run] if isinstance(run, Finding) else [_data(folder)]
    reached: list[Service] = []
    for service in services:
        findings.append(found := await _database(settings, service))
        reached += [service] if found.reached else []
    if isinstance(run, Run):
        findings += [finding async for finding in _processes(run)]
    return findings + [finding async for finding in _beyond(settings, services, reached)]


def _data(folder: Folder) -> Finding:
    if not folder.path.exists():
        return Finding("data", f"{folder.path} does not exist yet; `autoflows up` makes it")
    free = shutil.disk_usage(folder.path).free
    said = f"{folder.path}, {free / 1e9:.1f} GB free"
    if free < _LITTLE_BYTES:
        return Finding("data", f"{said}: make room, PostgreSQL stops when the disk is full", fine=False)
    return Finding("data", said)


def _running(folder: Folder) -> Run | Finding:
    try:
        run = folder.running()
    except CannotRun as error:
        return Finding("running", str(error), fine=False)
    return run or Finding("running", f"nothing runs on {folder.path}")


async def _database(settings: Settings, service: Service) -> Finding:
    what = f"database of {service.name}"
    engine = db.engine(settings, service.name, pool=1)
    try:
        async with engine.connect() as connection:
            if await connection.run_sync(pending, service.schema):
                return Finding(what, "waits for a migration; run: autoflows migrate", fine=False)
            rows = await parking.parked(connection, service.schema.name, service.name, limit=1)  # type: ignore[arg-type]  # executes alike
    except (SQLAlchemyError, asyncpg.PostgresError, OSError) as error:
        cause = error.__cause__ or error
        return Finding(
            what, f"{type(cause).__name__}: {cause}. Is it running (autoflows up), and the secret right?", False, reached=False
        )
    finally:
        await engine.dispose()
    if rows:
        return Finding(what, "events are parked; see them with: autoflows dead-letters list", fine=False)
    return Finding(what, "answers, up to date, nothing parked")


async def _processes(run: Run) -> AsyncIterator[Finding]:
    async with httpx.AsyncClient(timeout=5, trust_env=False) as client:
        for name, port in run.ports().items():
            try:
                state = (await client.get(f"http://127.0.0.1:{port}/health/state")).raise_for_status().json()
            except httpx.HTTPError as error:
                yield Finding(f"process {name}", f"does not answer on port {port}: {type(error).__name__}", fine=False)
                continue
            waits = f"{state['lag']} events wait" if state["lag"] else "nothing waits"
            yield Finding(f"process {name}", f"answers on port {port}, {waits}, next due {state['next_due'] or 'never'}")


async def _beyond(settings: Settings, services: Sequence[Service], reached: Sequence[Service]) -> AsyncIterator[Finding]:
    """What every installation has, this machine's or a distributed one: roles and clocks (where wrong), Kafka, who is behind."""
    found = [one for service in reached for one in await doctor.roles(settings, service) + await doctor.clock(settings, service)]
    found = [one for one in found if one.level != "ok"]
    if settings.bus == "kafka":
        answered = await doctor.kafka(settings)
        found += answered
        if all(one.level == "ok" for one in answered):
            found += await doctor.kafka_topics(settings, services)
    for one in found + await doctor.behind(settings, reached):
        yield Finding(one.about, str(one), fine=one.level != "fail")
