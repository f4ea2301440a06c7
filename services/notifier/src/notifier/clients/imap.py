"""Reading a folder by IMAP4 with TLS: what nobody has read yet, one mail at a time. Nothing is ever deleted."""

import asyncio
import contextlib
import imaplib
import re
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from common.errors import DomainError, TransientError

_WORD = re.compile(r"[\x20-\x7e]{1,255}")
_ROOM = 64 * 1024  # for what stands around a mail in an answer
_AWAY = (OSError, EOFError, ValueError, imaplib.IMAP4.error)


@dataclass(frozen=True)
class Place:
    """A folder on a server, and how one comes in."""

    host: str
    port: int
    folder: str
    user: str
    password: str
    timeout: float  # seconds: of one wait for the server, and a third of what one command may take
    ca_file: Path | None = None  # who signed the server's certificate; None: whom this machine trusts

    def __repr__(self) -> str:
        return f"imaps://{self.host}:{self.port}/{self.folder}"


def place(url: str, *, user: str, password: str, timeout: float, ca_file: Path | None = None) -> Place:
    """The folder that an address names (`imaps://host:993/INBOX`). Raises DomainError; credentials are settings of their own."""
    try:
        parts = urlsplit(url)
        port = parts.port or 993
    except ValueError:
        raise _bad_address() from None
    folder = unquote(parts.path).strip("/") or "INBOX"
    if parts.scheme != "imaps" or not parts.hostname or parts.username is not None or not _WORD.fullmatch(folder):
        raise _bad_address()
    return Place(parts.hostname, port, folder, user, password, timeout, ca_file)


class Mailbox:
    """A session in one folder. Whatever goes wrong in it is a TransientError."""

    def __init__(self, where: Place, connection: "_Connection") -> None:
        self._where, self._connection = where, connection

    async def unread(self) -> list[str]:
        """What was neither read nor flagged, the oldest first."""
        found = await self._ask("SEARCH", "UNSEEN", "UNFLAGGED", "UNDELETED")
        numbers = b" ".join(line for line in found if isinstance(line, bytes)).split()
        return [number.decode() for number in sorted((n for n in numbers if n.isdigit()), key=int)]

    async def fetch(self, number: str, *, most: int) -> bytes:
        """The first so many bytes of a mail, left as unread as it was; nothing of one that is gone."""
        found = await self._ask("FETCH", number, f"(BODY.PEEK[]<0.{most}>)")
        return next((bytes(item[1])[:most] for item in found if isinstance(item, tuple)), b"")

    async def mark_read(self, number: str) -> None:
        await self._ask("STORE", number, "+FLAGS.SILENT", r"(\Seen)")

    async def flag(self, number: str) -> None:
        """Leave it to people: it stays unread, is marked for them, and is not looked at again."""
        await self._ask("STORE", number, "+FLAGS.SILENT", r"(\Flagged)")

    async def _ask(self, *command: str) -> list[Any]:
        kind, answer = await _within(self._where, self._connection, lambda: self._connection.uid(*command))
        if kind != "OK":
            raise TransientError(f"{self._where} said {kind} to {command[0]}.")
        return list(answer)


@contextlib.asynccontextmanager
async def opened(where: Place, *, most: int) -> AsyncIterator[Mailbox]:
    """Log in and open the folder; no answer longer than `most` bytes (and some) is read. Raises TransientError."""
    try:
        context = ssl.create_default_context(cafile=where.ca_file)
    except OSError as error:
        raise TransientError(f"{where.ca_file}: {type(error).__name__}") from error
    connection = _Connection(where, context, most + _ROOM)
    try:
        await _within(where, connection, lambda: _enter(where, connection))
        yield Mailbox(where, connection)
        with contextlib.suppress(TransientError):
            await _within(where, connection, connection.logout)
    finally:
        connection.hang_up()


class _Connection(imaplib.IMAP4_SSL):
    """Connects when told to, not when made, and takes no answer of any length."""

    def __init__(self, where: Place, context: ssl.SSLContext, most: int) -> None:
        self._where, self._tls, self._most = where, context, most

    def connect(self) -> None:
        super().__init__(self._where.host, self._where.port, ssl_context=self._tls, timeout=self._where.timeout)

    def read(self, size: int) -> bytes:
        if size > self._most:
            raise self.abort(f"an answer of {size} bytes")
        return super().read(size)

    def hang_up(self) -> None:
        """Close the socket under whoever still waits on it."""
        with contextlib.suppress(OSError, AttributeError):  # already closed, or never connected
            self.sock.shutdown(socket.SHUT_RDWR)  # first: closing alone would wait for whoever reads
        with contextlib.suppress(OSError, AttributeError):
            self.shutdown()


def _enter(where: Place, connection: _Connection) -> None:
    connection.connect()
    connection.login(_quoted(where.user), where.password)
    kind, answer = connection.select(_quoted(where.folder))
    if kind != "OK":
        raise connection.error(f"no folder: {answer!r:.100}")


async def _within(where: Place, connection: _Connection, call: Callable[[], Any]) -> Any:
    """Make a call that blocks, in a thread; a server that only drips is hung up on."""
    try:
        async with asyncio.timeout(where.timeout * 3):
            return await asyncio.to_thread(call)
    except _AWAY as error:  # TimeoutError is an OSError
        connection.hang_up()
        raise TransientError(f"{where}: {type(error).__name__} {error!s:.150}".rstrip()) from error


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _bad_address() -> DomainError:
    return DomainError(
        "AUTOFLOWS_BOUNCE_IMAP_URL is written imaps://host:993/INBOX; user and password are settings of their own.",
        code="bad_address",
    )
