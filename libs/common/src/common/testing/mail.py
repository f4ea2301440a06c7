"""A mail server for tests: it keeps what it takes, and has the bad days that real ones have."""

import asyncio
import contextlib
import email
import email.policy
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from email.message import EmailMessage
from enum import StrEnum
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session


class Fault(StrEnum):
    """What may go wrong with one connection."""

    BUSY = "busy"  # 421 instead of a banner
    GREYLISTED = "greylisted"  # 450 for the recipient
    NO_SUCH_MAILBOX = "no_such_mailbox"  # 550 for the recipient
    SENDER_REFUSED = "sender_refused"  # 550 for MAIL FROM
    DROP_AFTER_DATA = "drop_after_data"  # 354, then the connection is gone; nothing was taken
    CONTENT_REFUSED = "content_refused"  # 554 after the final dot: read, and not taken
    DROP_AFTER_DOT = "drop_after_dot"  # taken, then the connection is gone
    LATE = "late"  # taken, and answered when the sender has given up
    GARBLED = "garbled"  # taken, and the answer is an endless line
    SLOW_BANNER = "slow_banner"  # the banner comes when the sender has given up


@dataclass(frozen=True)
class Received:
    """One mail that was taken, written down before the sender was told."""

    sender: str
    to: tuple[str, ...]
    content: bytes

    @property
    def message(self) -> EmailMessage:
        found = email.message_from_bytes(self.content, policy=email.policy.default)
        assert isinstance(found, EmailMessage)
        return found

    def part(self, kind: str) -> str:
        """The text of its `plain` or `html` part."""
        body = self.message.get_body((kind,))
        assert body is not None
        return str(body.get_content()).replace("\r\n", "\n")


@dataclass
class MailServer:
    """Faults are used up one per connection; `wait` is how long a slow one takes."""

    wait: float = 1.0
    faults: deque[Fault] = field(default_factory=deque)
    received: list[Received] = field(default_factory=list)
    connections: int = 0

    @contextlib.asynccontextmanager
    async def serving(self, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[int]:
        """Serve in this loop; gives the port."""
        server = await asyncio.get_running_loop().create_server(self._session, host, port)
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            server.close()

    def to(self, address: str) -> list[Received]:
        """The mails taken for an address."""
        return [mail for mail in self.received if address in mail.to]

    def _session(self) -> asyncio.Protocol:
        self.connections += 1
        fault = self.faults.popleft() if self.faults else None
        if fault == Fault.BUSY:
            return _Busy()
        return _Faulty(_Handler(self, fault), fault, self.wait)


class _Busy(asyncio.Protocol):
    """Says 421 and hangs up."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.write(b"421 4.3.2 Too busy, try again later\r\n")
        transport.close()


class _Handler:
    """What aiosmtpd asks about each step."""

    def __init__(self, server: MailServer, fault: Fault | None) -> None:
        self._server, self._fault = server, fault

    async def handle_MAIL(self, _: SMTP, __: Session, envelope: Envelope, address: str, options: list[str]) -> str:
        if self._fault == Fault.SENDER_REFUSED:
            return "550 5.7.1 Sender not allowed"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(self, _: SMTP, __: Session, envelope: Envelope, address: str, options: list[str]) -> str:
        if self._fault == Fault.GREYLISTED:
            return "450 4.2.0 Greylisted, try again later"
        if self._fault == Fault.NO_SUCH_MAILBOX:
            return "550 5.1.1 No such mailbox"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 OK"

    async def handle_DATA(self, session: SMTP, _: Session, envelope: Envelope) -> str:
        if self._fault == Fault.CONTENT_REFUSED:
            return "554 5.7.1 Looks like spam"
        assert isinstance(envelope.content, bytes)
        self._server.received.append(Received(envelope.mail_from or "", tuple(envelope.rcpt_tos), envelope.content))
        if self._fault == Fault.DROP_AFTER_DOT:
            _hang_up(session)
        if self._fault == Fault.LATE:
            await asyncio.sleep(self._server.wait)
        if self._fault == Fault.GARBLED:
            return "250 " + "x" * 1_000_000
        return "250 OK"


class _Faulty(SMTP):
    """A session that may be slow to greet, or hang up after DATA."""

    def __init__(self, handler: _Handler, fault: Fault | None, wait: float) -> None:
        super().__init__(handler, hostname="mail.example", enable_SMTPUTF8=True)
        self._fault, self._pause = fault, wait

    async def push(self, status: Any) -> None:
        if self._fault == Fault.SLOW_BANNER and str(status).startswith("220 "):
            await asyncio.sleep(self._pause)
        await super().push(status)
        if self._fault == Fault.DROP_AFTER_DATA and str(status).startswith("354"):
            _hang_up(self)


def _hang_up(session: SMTP) -> None:
    if isinstance(session.transport, asyncio.Transport):
        session.transport.abort()
