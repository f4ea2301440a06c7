"""Brings the registry's newest file here: on from where it broke off, whole or not at all."""

import asyncio
import os
import shutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import structlog

from common.errors import DomainError, TransientError
from dmr_sync.clients.ftp import Ftp, NoResume, Place, Remote, session

_log = structlog.get_logger(__name__)
SPARE_BYTES = 1_000_000_000  # stays free on the disk
_LONGEST_PAUSE = 300.0
_LOG_BYTES = 256 << 20
Pause = Callable[[float], Awaitable[None]]


class NoRoom(DomainError):
    """The disk has no room for the file."""

    code = "no_room"


@dataclass(frozen=True)
class Fetching:
    """From where to where, how often it is tried without getting on, and what stays free."""

    where: Place
    folder: Path
    tries: int = 8
    spare_bytes: int = SPARE_BYTES
    pause: Pause = asyncio.sleep

    async def newest(self) -> Remote:
        """The newest file there is. Raises TransientError after all tries."""
        for attempt in range(1, self.tries + 1):
            try:
                async with session(self.where) as ftp:
                    return await ftp.newest()
            except TransientError as error:
                await self._rest(attempt, error)
        raise AssertionError("the last try raises")

    async def fetch(self, remote: Remote) -> Path:
        """That file, whole. Raises TransientError when it does not get on, NoRoom, and DomainError when the server contradicts itself."""
        self.folder.mkdir(parents=True, exist_ok=True)
        whole, part = self.folder / remote.name, self.folder / f"{remote.name}.part"
        if whole.exists():
            return whole
        for old in self.folder.glob("*.part"):
            if old != part:
                old.unlink()
        attempt = 0
        while True:
            before = _size(part)
            try:
                async with session(self.where) as ftp:
                    size = await ftp.size(remote.name)
                    if _size(part) == size:
                        break
                    if await self._go_on(ftp, remote.name, part, size):
                        continue  # it has the size that was told; a new session says whether that still holds
                trouble: TransientError = TransientError(f"{remote.name} broke off at {_size(part):,} bytes.")
            except NoResume as error:
                part.unlink()
                trouble = error
            except TransientError as error:
                trouble = error
            attempt = 1 if _size(part) > before else attempt + 1
            await self._rest(attempt, trouble)
        await asyncio.to_thread(_keep, part, whole)
        _log.info("registry.fetched", file=remote.name, bytes=whole.stat().st_size)
        return whole

    async def _go_on(self, ftp: Ftp, name: str, part: Path, size: int) -> bool:
        """Go on with a file; whether all of it came."""
        have = _size(part)
        self._check_room(size - have)
        if have < size:
            have = await self._append(ftp, name, part, have, size)
        if have > size:
            part.unlink()
            raise DomainError(f"{self.where} sent {have:,} bytes of {name}, which has {size:,} by its own word.", code="bad_size")
        return have == size

    async def _append(self, ftp: Ftp, name: str, part: Path, have: int, size: int) -> int:
        told = have
        with part.open("ab") as file:
            async for block in ftp.read(name, have):
                file.write(block)
                have += len(block)
                if have > size:
                    break
                if have - told >= _LOG_BYTES:
                    told = have
                    _log.info("registry.fetches", file=name, percent=round(100 * have / size, 1), bytes=have)
        return have

    def _check_room(self, needed: int) -> None:
        free = shutil.disk_usage(self.folder).free
        if free - needed < self.spare_bytes:
            raise NoRoom(
                f"{self.folder} has {free / 1e9:.1f} GB free; the registry's file needs {needed / 1e9:.1f} GB, and "
                f"{self.spare_bytes / 1e9:.1f} GB are to stay free. Make room, or set AUTOFLOWS_DMR_FOLDER."
            )

    async def _rest(self, attempt: int, trouble: TransientError) -> None:
        """Wait 2, 4, 8 … seconds; the last try's trouble is raised."""
        if attempt >= self.tries:
            raise trouble
        seconds = min(2.0**attempt, _LONGEST_PAUSE)
        _log.warning("registry.waits", trouble=str(trouble), attempt=attempt, seconds=seconds)
        await self.pause(seconds)


def forget_but(keep: Path) -> None:
    """Delete the files in this folder that are older than the one to keep."""
    for old in keep.parent.glob("*.zip"):
        if old != keep:
            old.unlink()


def _keep(part: Path, whole: Path) -> None:
    with part.open("rb") as file:
        os.fsync(file.fileno())
    part.replace(whole)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
