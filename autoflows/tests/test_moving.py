"""The demo's clock goes from wake-up to wake-up and waits for what each one sets off: real processes, real database."""

import asyncio
import contextlib
import io
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest
from rich.console import Console

from autoflows import moving
from autoflows.errors import CannotRun
from autoflows.folder import Folder
from common.clock import MovedClock
from common.cluster import Cluster, free_port
from common.ids import DealerId
from common.jobs import Jobs
from common.process import Process
from common.service import Service, opened
from common.testing import probes
from common.testing.postgres import SECRET, Database, Template
from common.work import Work

DEALER = DealerId(UUID(int=7))


def daily() -> Jobs:
    """Every simulated day at this hour something is said."""
    jobs = Jobs()

    @jobs.named("say")
    async def say(work: Work) -> datetime | None:
        work.publish(probes.ProbeSeen(item=UUID(int=1), number=work.now.toordinal()))
        return work.now + timedelta(days=1)

    return jobs


@pytest.fixture(scope="session")
def probe_template(cluster: Cluster) -> Template:
    return Template(cluster, "template_moving", lambda: [probes.prober().schema, probes.listener().schema])


@pytest.fixture
async def database(probe_template: Template) -> AsyncIterator[Database]:
    copy = await probe_template.copy()
    yield copy
    await copy.drop()


@pytest.fixture
async def folder(tmp_path: Path, database: Database, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Folder]:
    """A demo that runs: two processes, one that says something every day and one that hears it."""
    found = Folder(tmp_path)
    monkeypatch.setenv("AUTOFLOWS_DATABASE_URL", database.url())
    monkeypatch.setenv("AUTOFLOWS_DATABASE_SECRET", SECRET.get_secret_value())
    monkeypatch.setenv("AUTOFLOWS_CLOCK_FILE", str(found.clock))
    async with contextlib.AsyncExitStack() as stack:
        run = stack.enter_context(found.taken("http://127.0.0.1"))
        run.environment["AUTOFLOWS_CLOCK_FILE"] = str(found.clock)
        for service in (probes.prober(daily()), probes.listener()):
            port = await stack.enter_async_context(running(service))
            run.processes[service.name] = {"pid": 0, "port": port, "services": [service.name]}
        found.tell(run)
        yield found


@contextlib.asynccontextmanager
async def running(service: Service) -> AsyncIterator[int]:
    settings = service.settings(port=free_port())
    process = Process([service], settings)
    task = asyncio.create_task(process.run())
    while not process.ready and not task.done():  # noqa: ASYNC110 - a process tells by HTTP, not by an event
        await asyncio.sleep(0.02)
    yield settings.port
    process.stop.set()
    await task


async def heard(database: Database) -> list[int]:
    connection = await asyncpg.connect(database.cluster.dsn(database.name))
    rows = await connection.fetch("select number from listener.effect order by number")
    await connection.close()
    return [row["number"] for row in rows]


async def test_nothing_is_stepped_over_and_all_of_it_is_handled_before_the_clock_goes_on(
    folder: Folder, database: Database
) -> None:
    before = MovedClock(folder.clock).now()
    service = probes.prober(daily())
    async with opened(service, service.settings()) as runtime, runtime.work(DEALER) as work:
        work.wake("say", before + timedelta(hours=6))
    said = io.StringIO()
    await moving.move(folder, "+7d", Console(file=said))
    first = (before + timedelta(hours=6)).toordinal()
    assert await heard(database) == list(range(first, first + 7))
    assert timedelta(days=7) <= MovedClock(folder.clock).now() - before < timedelta(days=7, minutes=1)
    assert "7 days and 0 hours ahead" in said.getvalue()


async def test_without_a_step_the_time_is_told_and_nothing_moves(folder: Folder) -> None:
    said = io.StringIO()
    await moving.move(folder, None, Console(file=said))
    assert "0 days and 0 hours ahead" in said.getvalue()


async def test_a_process_that_does_not_answer_is_named(folder: Folder) -> None:
    run = folder.running()
    assert run is not None
    run.processes["gone"] = {"pid": 0, "port": free_port(), "services": ["gone"]}
    folder.tell(run)
    with pytest.raises(CannotRun, match="gone does not answer"):
        await moving.move(folder, "+1h", Console(file=io.StringIO()))
