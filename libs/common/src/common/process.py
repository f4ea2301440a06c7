"""One process: some services, each with its consumer, jobs and errands, and one web server with health and their routes."""

import asyncio
import contextlib
import logging
import signal
import sys
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import asyncpg
import structlog
import uvicorn
from fastapi import FastAPI, Response
from sqlalchemy.exc import SQLAlchemyError

from common import failpoints, web
from common.bus.log import Positions
from common.bus.retention import forget
from common.errors import TransientError
from common.events import topics
from common.migrate import pending
from common.service import Runtime, Service
from common.settings import Settings
from common.wakeups import Wakeups

_log = structlog.get_logger(__name__)
_MINUTE = 60.0  # seconds
_STUCK_MINUTES = 3


def configure_logging(settings: Settings) -> None:
    """Structured logs to standard error: lines for people on a terminal, JSON elsewhere when asked."""
    renderer: Any = (
        structlog.processors.JSONRenderer() if settings.log_json else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso"),
        structlog.processors.format_exc_info,
    ]
    level = logging.getLevelNamesMapping().get(settings.log_level.upper(), logging.INFO)
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s %(message)s", stream=sys.stderr)
    logging.getLogger("httpx").setLevel(logging.WARNING)  # it would log addresses with codes in them


class Process:
    """Runs services until told to stop; one that fails ends the process, and the supervisor starts it again."""

    def __init__(self, services: Sequence[Service], settings: Settings) -> None:
        self.settings = settings
        self.runtimes = [Runtime(service, service.settings()) for service in services]
        self.wakeups = {runtime.service.name: Wakeups(runtime) for runtime in self.runtimes}
        self.stop = asyncio.Event()
        for runtime in self.runtimes:
            runtime.stopping = self.stop
        self.ready = False

    async def run(self) -> None:
        """Work until a signal or `stop`; raises what ended a service."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop.set)
        await self._check_schemas()
        for runtime in self.runtimes:
            await runtime.consumer.check_not_ahead()
            await runtime.consumer.start()
        server = self._server()
        tasks = [asyncio.create_task(server.serve(), name="web")]
        for runtime in self.runtimes:
            name = runtime.service.name
            tasks.append(asyncio.create_task(runtime.consumer.run(self.stop), name=f"{name} consumer"))
            tasks.append(asyncio.create_task(self.wakeups[name].run(self.stop), name=f"{name} wakeups"))
            tasks.append(asyncio.create_task(self._tend(runtime), name=f"{name} tending"))
        self.ready = True
        try:
            await self._until_stopped(tasks)
        finally:
            self.ready = False
            self.stop.set()
            server.should_exit = True
            await asyncio.wait(tasks, timeout=20)
            for runtime in self.runtimes:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(runtime.close(), 5)

    async def _until_stopped(self, tasks: Sequence[asyncio.Task[None]]) -> None:
        stopping = asyncio.create_task(self.stop.wait())
        done, _ = await asyncio.wait([stopping, *tasks], return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        for task in done - {stopping}:
            task.result()  # raises what ended it
            if not self.stop.is_set():
                raise RuntimeError(f"{task.get_name()} ended by itself")

    async def _check_schemas(self) -> None:
        for runtime in self.runtimes:
            async with runtime.engine.connect() as connection:
                if await connection.run_sync(pending, runtime.service.schema):
                    raise SystemExit(f"{runtime.service.name}: the database waits for a migration; run: autoflows migrate")

    async def _tend(self, runtime: Runtime) -> None:
        """Every minute: report positions and see that the consumer moves; every hour: forget what nobody needs."""
        minute = 0
        before: tuple[int, Positions] = (0, {})
        while not self.stop.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.stop.wait(), _MINUTE)
                return
            try:
                before = await self._watch(runtime, before)
                if minute % 60 == 0:
                    for topic in topics().values():
                        if topic.writer == runtime.service.name:
                            await forget(runtime.sessions, runtime.service.schema.name, topic, now=runtime.clock.now())
            except (OSError, TransientError, SQLAlchemyError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                _log.warning("tending.failed", service=runtime.service.name, error=type(error).__name__)
            minute += 1

    async def _watch(self, runtime: Runtime, before: tuple[int, Positions]) -> tuple[int, Positions]:
        """Positions move or equal the heads, else the process ends and is started again."""
        if not runtime.service.topics:
            return before
        await runtime.consumer.report()
        heads = await runtime.reader.heads(runtime.service.topics)
        positions = await runtime.consumer.positions()
        stuck, seen = before
        stuck = stuck + 1 if await runtime.consumer.behind(heads) and positions == seen else 0
        if stuck >= _STUCK_MINUTES and not runtime.consumer.stopped:
            raise RuntimeError(f"{runtime.service.name}: the consumer has not moved for {stuck} minutes")
        return stuck, positions

    def _server(self) -> "_Server":
        config = uvicorn.Config(
            self.app(), host=self.settings.host, port=self.settings.port, log_config=None, access_log=False,
            timeout_graceful_shutdown=5, proxy_headers=False, server_header=False,
        )  # fmt: skip
        return _Server(config)

    def app(self) -> FastAPI:
        """Health for everyone, and the routes of the services in this process."""
        app = FastAPI(title="Autoflows", openapi_url=None, docs_url=None, redoc_url=None)
        web.install(app)

        @app.get("/health/live", include_in_schema=False)
        async def live() -> dict[str, bool]:
            return {"live": True}

        @app.get("/health/ready", include_in_schema=False)
        async def ready(response: Response) -> dict[str, bool]:
            response.status_code = 200 if self.ready else 503
            return {"ready": self.ready}

        @app.get("/health/state", include_in_schema=False)
        async def state() -> dict[str, Any]:
            return await self.state()

        for runtime in self.runtimes:
            if runtime.service.router is not None:
                app.include_router(runtime.service.router(runtime))
        return app

    async def state(self) -> dict[str, Any]:
        """Whether everything that was said is handled and nothing is due, and when something next will be."""
        lag, said, due = 0, 0, []
        for runtime in self.runtimes:
            own = [topic.name for topic in topics().values() if topic.writer == runtime.service.name]
            said += sum((await runtime.reader.heads(own)).values())
            heads = await runtime.reader.heads(runtime.service.topics)
            lag += await runtime.consumer.behind(heads)
            if (at := await self.wakeups[runtime.service.name].next_due()) is not None:
                due.append(at)
        next_due: datetime | None = min(due, default=None)
        now = self.runtimes[0].clock.now()
        return {
            "services": [runtime.service.name for runtime in self.runtimes],
            "quiet": lag == 0 and (next_due is None or next_due > now),
            "lag": lag,
            "heads": said,
            "next_due": next_due.isoformat() if next_due else None,
            "now": now.isoformat(),
        }


class _Server(uvicorn.Server):
    """Uvicorn without signal handlers of its own: the process has them."""

    @contextlib.contextmanager
    def capture_signals(self) -> Any:
        yield


async def run(services: Sequence[Service], settings: Settings) -> None:
    """Run services in this process until SIGTERM or Ctrl-C."""
    configure_logging(settings)
    failpoints.arm(settings.failpoint)
    await Process(services, settings).run()
