"""Mail and SMS that the demo sends, caught and shown: nothing leaves this machine."""

import email
import email.policy
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from email.message import EmailMessage
from html import escape
from pathlib import Path
from typing import Any, Protocol, TypeVar

from aiosmtpd.smtp import SMTP, Envelope, Session
from fastapi import APIRouter, HTTPException
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from jinja2 import Environment, PackageLoader, StrictUndefined

from autoflows.folder import write_private
from common.clock import Clock
from common.ids import new_id

T = TypeVar("T")
_SHOWN = 200
_SANDBOX = "sandbox allow-popups allow-popups-to-escape-sandbox"
_MAIL_CSP = f"default-src 'none'; img-src http: https: data:; style-src 'unsafe-inline'; {_SANDBOX}"
_PAGE_CSP = "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; form-action 'self'; base-uri 'none'"
_pages = Environment(loader=PackageLoader("autoflows.demo", "pages"), autoescape=True, undefined=StrictUndefined)


@dataclass(frozen=True)
class Caught:
    """A message as somebody would have received it."""

    id: str
    kind: str  # mail | sms
    at: datetime
    sender: str
    to: str
    subject: str
    text: str
    html: str | None = None

    def holds(self, words: str) -> bool:
        """Whether it holds each of these words."""
        everything = f"{self.sender} {self.to} {self.subject} {self.text}".casefold()
        return all(word in everything for word in words.casefold().split())


class Mailbox:
    """Everything caught, kept in a folder so that a restart still shows it."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder, self._clock = folder, clock
        folder.mkdir(parents=True, exist_ok=True)
        self._caught = {caught.id: caught for caught in self._kept()}

    def mail(self, raw: bytes, sender: str, to: str) -> Caught:
        """Catch a mail."""
        message = email.message_from_bytes(raw, policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        subject, text = str(message["subject"] or ""), _part(message, "plain") or ""
        found = self._keep("mail", str(message["from"] or sender), to, subject, text, html=_part(message, "html"))
        (self._folder / f"{found.id}.eml").write_bytes(raw)
        return found

    def sms(self, sender: str, to: str, text: str) -> Caught:
        """Catch an SMS."""
        return self._keep("sms", sender, to, "", text)

    def all(self, *, words: str = "", kind: str = "") -> list[Caught]:
        """What holds these words, newest first."""
        found = [caught for caught in self._caught.values() if caught.holds(words) and kind in {"", caught.kind}]
        return sorted(found, key=lambda caught: (caught.at, caught.id), reverse=True)

    def one(self, caught_id: str) -> Caught | None:
        return self._caught.get(caught_id)

    def source(self, caught_id: str) -> bytes | None:
        """A mail's own bytes."""
        return (self._folder / f"{caught_id}.eml").read_bytes() if caught_id in self._caught else None

    def _keep(self, kind: str, sender: str, to: str, subject: str, text: str, *, html: str | None = None) -> Caught:
        caught = Caught(new_id().hex, kind, self._clock.now(), sender, to, subject, text, html)
        write_private(self._folder / f"{caught.id}.json", json.dumps(asdict(caught), default=str, ensure_ascii=False))
        self._caught[caught.id] = caught
        return caught

    def _kept(self) -> Iterator[Caught]:
        for path in sorted(self._folder.glob("*.json")):
            told = json.loads(path.read_text())
            yield Caught(**told | {"at": datetime.fromisoformat(told["at"])})


class Sink(Protocol):
    def mail(self, raw: bytes, sender: str, to: str) -> Caught: ...


class Catcher:
    """An SMTP server's handler: accepts everything, delivers nothing."""

    def __init__(self, mailbox: Sink) -> None:
        self._mailbox = mailbox

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: ARG002 - aiosmtpd's names
        raw = envelope.original_content or b""
        for recipient in envelope.rcpt_tos:
            self._mailbox.mail(raw, envelope.mail_from or "", recipient)
        return "250 Caught"


def smtp(mailbox: Sink) -> SMTP:
    """One connection's protocol; give it to `loop.create_server`."""
    return SMTP(Catcher(mailbox), enable_SMTPUTF8=True, ident="autoflows demo", hostname="localhost")


def pages(mailbox: Mailbox) -> APIRouter:
    """The pages that show what was caught."""
    router = APIRouter()

    @router.get("/", response_class=HTMLResponse)
    async def listing(q: str = "", kind: str = "") -> Response:
        found = mailbox.all(words=q, kind=kind)
        return _page("list.html", found=found[:_SHOWN], total=len(found), q=q, kind=kind)

    @router.get("/messages.json")
    async def messages(q: str = "", kind: str = "") -> Response:
        found = [asdict(caught) | {"at": caught.at.isoformat()} for caught in mailbox.all(words=q, kind=kind)]
        return JSONResponse({"messages": found})

    @router.get("/{caught_id}", response_class=HTMLResponse)
    async def one(caught_id: str) -> Response:
        return _page("one.html", caught=_found(mailbox.one(caught_id)))

    @router.get("/{caught_id}/html", response_class=HTMLResponse)
    async def html(caught_id: str) -> Response:
        caught = _found(mailbox.one(caught_id))
        body = caught.html or f"<pre>{escape(caught.text)}</pre>"
        return HTMLResponse(f'<base target="_blank">{body}', headers={"content-security-policy": _MAIL_CSP})

    @router.get("/{caught_id}/source", response_class=PlainTextResponse)
    async def source(caught_id: str) -> Response:
        return Response(_found(mailbox.source(caught_id)), media_type="text/plain; charset=utf-8")

    return router


def _page(name: str, **values: Any) -> HTMLResponse:
    return HTMLResponse(_pages.get_template(name).render(**values), headers={"content-security-policy": _PAGE_CSP})


def _found(value: T | None) -> T:
    if value is None:
        raise HTTPException(404, "There is no such message.")
    return value


def _part(message: EmailMessage, kind: str) -> str | None:
    part = message.get_body(preferencelist=(kind,))
    return None if part is None else str(part.get_content())
