"""`autoflows doctor`: looks at data, databases, migrations, processes, parked events and Kafka, and says what to do."""

import shutil
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

import asyncpg
import httpx
from sqlalchemy.exc import SQLAlchemyError

from autoflows.errors import CannotRun
from autoflows.folder import Folder, Run
from common import db
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


async def examine(folder: Folder, settings: Settings, services: Sequence[Service]) -> list[Finding]:
    """Everything that can be looked at from here."""
    run = _running(folder)
    findings = [_data(folder), run] if isinstance(run, Finding) else [_data(folder)]
    for service in services:
        findings.append(await _database(settings, service))
    if isinstance(run, Run):
        findings += [finding async for finding in _processes(run)]
    if settings.bus == "kafka":
        findings += [finding async for finding in _kafka(settings, services)]
    return findings


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
            rows = await parking.parked(connection, service.name, service.name, limit=1)  # type: ignore[arg-type]  # executes alike
    except (SQLAlchemyError, asyncpg.PostgresError, OSError) as error:
        cause = error.__cause__ or error
        return Finding(what, f"{type(cause).__name__}: {cause}. Is it running (autoflows up), and the secret right?", fine=False)
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


async def _kafka(settings: Settings, services: Sequence[Service]) -> AsyncIterator[Finding]:
    from common.bus.connection import find_trouble  # aiokafka is loaded only where it is used
    from common.bus.topics import drift

    if (trouble := await find_trouble(settings)) is not None:
        yield Finding("Kafka", str(trouble), fine=False)
        return
    names = sorted({event.topic.name for service in services for event in service.publishes})
    differences = await drift(settings, names)
    for difference in differences:
        yield Finding("Kafka topic", str(difference), fine=not difference.grave)
    if not differences:
        yield Finding("Kafka", f"answers at {settings.kafka_bootstrap}; its {len(names)} topics are as they should be")
