"""Door 4, outwards: once a day the registry's newest file is fetched, and read if it was not yet.

A vehicle that a dealer got since the last file was read is in the registry's own copy only if some dealer had it before. So the last
file is kept, and while there are such vehicles it is read again at the same quiet hour: nobody waits for the next file.
"""

import asyncio
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import structlog

from common.errors import Conflict, DomainError, TransientError
from common.ids import DealerId
from common.service import Runtime
from dmr_sync import fetching, reading, store
from dmr_sync.clients.ftp import place
from dmr_sync.domain.schedule import REGISTRY, next_at
from dmr_sync.fetching import Fetching
from dmr_sync.settings import Settings
from dmr_sync.sources import Broken, day_of

_log = structlog.get_logger(__name__)
COUNTRY = "DK"
AFTER_TROUBLE = timedelta(hours=1)


class Sync:
    """Fetches and reads the Danish registry. It is woken for nobody in particular."""

    name = REGISTRY

    def __init__(self, runtime: Runtime, settings: Settings, pause: fetching.Pause = asyncio.sleep) -> None:
        self._runtime, self._settings, self._pause = runtime, settings, pause

    async def run(self, _: DealerId) -> datetime | None:
        """Do what is to be done; None where nothing is fetched and no file was ever read."""
        now = self._runtime.clock.now()
        try:
            known = await self._sync()
        except TransientError as error:
            _log.warning("registry.later", trouble=str(error))
            return now + AFTER_TROUBLE
        except DomainError as error:  # somebody has to do something: `registry status` shows it
            _log.error("registry.failed", trouble=str(error))
            return next_at(now, self._settings.dmr_hour)
        return next_at(now, self._settings.dmr_hour) if known else None

    async def _sync(self) -> bool:
        async with self._runtime.sessions() as session, session.begin():
            newest = await store.newest_file(session, COUNTRY)
        if self._settings.dmr_ftp_url:
            await self._fetch(newest)
            return True
        if newest is not None:
            await self._again(newest)
        return newest is not None

    async def _fetch(self, newest: Any | None) -> None:
        where = place(
            self._settings.dmr_ftp_url, user=self._settings.dmr_ftp_user,
            password=self._settings.dmr_ftp_password.get_secret_value(), stall_seconds=self._settings.dmr_stall_seconds,
        )  # fmt: skip
        fetch = Fetching(where, self._settings.folder, self._settings.dmr_tries, pause=self._pause)
        remote = await fetch.newest()
        if newest is not None and (newest.name == remote.name or (day_of(Path(remote.name)) or date.min) < newest.read_on):
            await self._again(newest)
            return
        path = await fetch.fetch(remote)
        try:
            await self._read(path)
        except Broken:
            path.unlink(missing_ok=True)  # so that it is fetched afresh
            raise
        fetching.forget_but(path)

    async def _again(self, newest: Any) -> None:
        """Search the last file again, if it is still there and there are vehicles that it was not searched for."""
        path = Path(newest.path)
        if path.exists() and await self._somebody_waits():
            await self._read(path)

    async def _somebody_waits(self) -> bool:
        async with self._runtime.sessions() as session, session.begin():
            dealers = await store.dealers(session)
        for dealer in map(DealerId, dealers):
            async with self._runtime.work(dealer) as work:
                if await store.unanswered(work.session, dealer, COUNTRY):
                    return True
        return False

    async def _read(self, path: Path) -> None:
        try:
            summary = await reading.read(self._runtime, path, country=COUNTRY)
        except Conflict as error:
            raise TransientError(str(error)) from error
        _log.info("registry.read", file=summary.name, rows=summary.rows, vehicles=summary.vehicles, dealers=summary.dealers)
