"""The registry's FTP server: which file is its newest, how large it is, and its bytes from any place on.

The server is known to fall silent with the connection open, and to do so just before the end; every wait has a limit.
"""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

import aioftp

from common.errors import DomainError, TransientError

_DUMP = re.compile(r"\w{1,100}-(\d{8})-(\d{6})\.zip", re.ASCII)
_BLOCK = 1 << 18
_MOST_LISTED = 10_000
_BYE_SECONDS = 5.0
_AWAY = (OSError, EOFError, TimeoutError, aioftp.AIOFTPException, asyncio.IncompleteReadError, ValueError)


class NoResume(TransientError):
    """The server cannot begin in the middle of a file."""


@dataclass(frozen=True)
class Place:
    """A folder on a server, and how one comes in."""

    host: str
    port: int
    folder: str
    user: str
    password: str
    stall_seconds: float

    def __repr__(self) -> str:
        return f"ftp://{self.host}:{self.port}{self.folder}"


@dataclass(frozen=True)
class Remote:
    """A file there."""

    name: str
    bytes: int


def place(url: str, *, user: str, password: str, stall_seconds: float) -> Place:
    """The place that an address names (`ftp://host/folder/`). Raises DomainError; credentials do not belong into the address."""
    parts = urlsplit(url)
    if parts.scheme != "ftp" or not parts.hostname or parts.username is not None:
        raise DomainError(
            "AUTOFLOWS_DMR_FTP_URL is written ftp://host/folder/; user and password are settings of their own.",
            code="bad_address",
        )
    return Place(parts.hostname, parts.port or 21, unquote(parts.path) or "/", user or "anonymous", password, stall_seconds)


class Ftp:
    """One session. Whatever goes wrong in it is a TransientError, but for a refused login."""

    def __init__(self, where: Place, client: aioftp.Client) -> None:
        self._where, self._client = where, client

    async def newest(self) -> Remote:
        """The file with the latest moment in its name."""
        found: list[Remote] = []
        async with _transient(self._where):
            async with asyncio.timeout(self._where.stall_seconds * 2):
                async for path, info in self._client.list(self._where.folder):
                    if _DUMP.fullmatch(path.name) and str(info.get("size", "")).isdigit():
                        found.append(Remote(path.name, int(info["size"])))
                    if len(found) > _MOST_LISTED:
                        break
        if not found:
            raise TransientError(f"{self._where} lists no file of the registry.")
        return max(found, key=lambda remote: remote.name.rpartition("-")[0].rpartition("-")[2] + remote.name)

    async def size(self, name: str) -> int:
        """How many bytes a file has now."""
        async with _transient(self._where):
            _, info = await self._client.command(f"SIZE {self._path(name)}", "213")
            return int(info[-1].strip())

    async def read(self, name: str, offset: int) -> AsyncIterator[bytes]:
        """A file's bytes from a place on. It may end early without a word: only its size says whether it is whole."""
        async with _transient(self._where):
            try:
                stream = await self._client.get_stream(f"RETR {self._path(name)}", "1xx", offset=offset)
            except aioftp.StatusCodeError as error:
                if offset and any(code.matches("50x") for code in error.received_codes):
                    raise NoResume(f"{self._where} cannot begin within a file.") from error
                raise
            try:
                while block := await stream.read(_BLOCK):
                    yield block
            finally:
                stream.close()

    def _path(self, name: str) -> PurePosixPath:
        return PurePosixPath(self._where.folder) / name


@contextlib.asynccontextmanager
async def session(where: Place) -> AsyncIterator[Ftp]:
    """Come in, and leave. Raises TransientError, and DomainError when the server refuses user or password."""
    client = aioftp.Client(socket_timeout=where.stall_seconds, connection_timeout=where.stall_seconds)
    try:
        async with _transient(where):
            await client.connect(where.host, where.port)
            try:
                await client.login(where.user, where.password)
            except aioftp.StatusCodeError as error:
                if any(code.matches("530") for code in error.received_codes):
                    raise DomainError(f"{where} refuses the user or the password.", code="refused") from None
                raise
        yield Ftp(where, client)
    finally:
        with contextlib.suppress(*_AWAY):
            async with asyncio.timeout(_BYE_SECONDS):
                await client.quit()
        client.close()


@contextlib.asynccontextmanager
async def _transient(where: Place) -> AsyncIterator[None]:
    try:
        yield
    except _AWAY as error:
        silent = isinstance(error, TimeoutError)
        said = f"was silent for {where.stall_seconds:g} s" if silent else f"fails: {type(error).__name__}: {error}"[:200]
        raise TransientError(f"{where} {said}") from error
