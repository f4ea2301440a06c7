"""E-mail by SMTP. Until the mail itself goes out nothing was sent, for certain; after it, silence means that nobody knows."""

import asyncio
import contextlib
import ssl
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Literal

import aiosmtplib

from notifier.clients import Mail
from notifier.domain.bounces import mail_id
from notifier.domain.outcomes import Accepted, Away, Outcome, Refused, Unknown

_POLICY = SMTP.clone(max_line_length=900)  # an address in a header is never folded in two


@dataclass(frozen=True)
class Server:
    """Where mail is handed in, and how."""

    host: str
    port: int
    username: str | None = None
    password: str | None = None
    tls: Literal["none", "starttls", "tls"] = "none"
    timeout: float = 20.0
    bounces_to: str | None = None  # where undeliverable mail goes back to; None: to who it is from


class SmtpMailer:
    """One connection per mail: what happened to a connection then says what happened to its mail."""

    def __init__(self, server: Server) -> None:
        self._server = server

    async def send(self, mail: Mail) -> Outcome:
        if not self._server.host:
            return Away("not_configured")
        try:
            content = message(mail).as_bytes()
        except ValueError:  # an address or name that no header can carry
            return Refused("bad_address")
        client = aiosmtplib.SMTP(
            hostname=self._server.host,
            port=self._server.port,
            timeout=self._server.timeout,
            use_tls=self._server.tls == "tls",
            start_tls=self._server.tls == "starttls",
            tls_context=ssl.create_default_context() if self._server.tls != "none" else None,
        )
        try:
            async with asyncio.timeout(self._server.timeout * 2):
                await self._greet(client)
                refusal = await self._address(client, mail)
            return refusal or await self._deliver(client, content, mail)
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:  # before the mail itself: nothing was sent
            return Away(_brief(error))
        finally:
            client.close()

    async def close(self) -> None:
        """Nothing is kept open."""

    async def _greet(self, client: aiosmtplib.SMTP) -> None:
        """Connect and log in; whatever the server says no to here concerns every mail, not this one."""
        await client.connect()
        if self._server.username:
            await client.login(self._server.username, self._server.password or "")

    async def _address(self, client: aiosmtplib.SMTP, mail: Mail) -> Outcome | None:
        await client.mail(self._server.bounces_to or mail.from_address)
        try:
            await client.rcpt(mail.to)
        except aiosmtplib.SMTPRecipientRefused as error:
            return _refusal(error.code, error.message)
        return None

    async def _deliver(self, client: aiosmtplib.SMTP, content: bytes, mail: Mail) -> Outcome:
        """DATA and the mail with its final dot. An answer is an answer; none means it may be on its way."""
        try:
            async with asyncio.timeout(self._server.timeout):
                await client.data(content)
        except aiosmtplib.SMTPDataError as error:
            return _refusal(error.code, error.message)
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            return Unknown(_brief(error))
        with contextlib.suppress(aiosmtplib.SMTPException, OSError, TimeoutError):
            await client.quit(timeout=1)
        return Accepted(message_id_of(mail))


def message(mail: Mail) -> EmailMessage:
    """The mail as bytes go out. Raises ValueError for what a header must not hold (line ends, an impossible address)."""
    found = EmailMessage(policy=_POLICY)
    found["From"] = Address(_name(mail.from_name), addr_spec=mail.from_address)
    found["To"] = Address(addr_spec=mail.to)
    if mail.reply_to:
        found["Reply-To"] = Address(addr_spec=mail.reply_to)
    found["Subject"] = mail.subject
    found["Date"] = format_datetime(mail.at)
    found["Message-ID"] = message_id_of(mail)
    for name, value in mail.headers.items():
        found[name] = value
    found.set_content(mail.text, cte="quoted-printable")
    found.add_alternative(mail.html, subtype="html", cte="quoted-printable")
    return found


def message_id_of(mail: Mail) -> str:
    """Our id is the mail's, so that whatever comes back about it can be found."""
    return mail_id(mail.dealer, mail.message_id, mail.from_address.rpartition("@")[2])


def _name(text: str) -> str:
    return " ".join(text.split())


def _refusal(code: int, text: str) -> Outcome:
    if not 400 <= code < 600:  # not an answer in this protocol: who knows what was done
        return Unknown(f"smtp {code}")
    first = (text or "").splitlines()[0][:150] if text else ""
    return Refused(f"smtp {code} {first}".strip(), again=code < 500)


def _brief(error: BaseException) -> str:
    code = getattr(error, "code", None)
    return f"{type(error).__name__} {code}" if code else type(error).__name__
