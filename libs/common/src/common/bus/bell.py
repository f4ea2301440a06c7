"""Wake-ups between processes by LISTEN and NOTIFY. A lost one costs a second: everybody also looks by themselves."""

import asyncio
import contextlib
from collections.abc import Iterable
from typing import Any

import asyncpg
import structlog

from common.settings import READER, Settings, schema_name

_log = structlog.get_logger(__name__)
_QUIET_SECONDS = 0.01  # rings closer together than this become one


def channel(writer: str) -> str:
    return f"autoflows_{schema_name(writer)}"


class Bell:
    """Rung after a commit by the writer; heard by everyone who reads that writer's log."""

    def __init__(self, settings: Settings, writer: str) -> None:
        self._settings, self._writer = settings, writer
        self._wanted = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def ring(self) -> None:
        """Say that something was committed; many rings in a moment are one."""
        self._wanted.set()
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._ring_when_wanted())

    async def _ring_when_wanted(self) -> None:
        try:
            connection = await asyncpg.connect(self._settings.dsn(self._writer), timeout=10)
        except (OSError, asyncpg.PostgresError):
            return  # readers look by themselves
        try:
            while True:
                await self._wanted.wait()
                self._wanted.clear()
                await connection.execute(f"notify {channel(self._writer)}")
                await asyncio.sleep(_QUIET_SECONDS)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            _log.info("bell.lost", writer=self._writer)
        finally:
            connection.terminate()

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task


class Ear:
    """Hears the bells of some writers and sets an event; reconnects by itself."""

    def __init__(self, settings: Settings, writers: Iterable[str]) -> None:
        self._settings = settings
        self._addresses: dict[str, list[str]] = {}
        for writer in sorted(set(writers)):
            self._addresses.setdefault(settings.dsn(writer, READER), []).append(writer)
        self.heard = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        self._tasks = [asyncio.create_task(self._listen(dsn, writers)) for dsn, writers in self._addresses.items()]

    async def _listen(self, dsn: str, writers: list[str]) -> None:
        while True:
            lost = asyncio.Event()
            connection: asyncpg.Connection[Any] | None = None
            try:
                connection = await asyncpg.connect(dsn, timeout=10)
                connection.add_termination_listener(lambda _, lost=lost: lost.set())
                for writer in writers:
                    await connection.add_listener(channel(writer), lambda *_: self.heard.set())
                self.heard.set()
                await lost.wait()
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                _log.info("ear.lost", writers=writers)
            finally:
                if connection is not None:
                    connection.terminate()
            await asyncio.sleep(1)

    async def wait(self, timeout: float) -> None:
        """Until a bell was heard, at most `timeout` seconds."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.heard.wait(), timeout)
        self.heard.clear()

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
