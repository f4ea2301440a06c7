"""Mails that come back: what a delivery status notification (RFC 3464) says of a message of ours.

Anyone can write to the mailbox that they come to. So nothing here is more than a claim: it names a message by the id that its mail
went out with, and counts only when it also names the address which that message went to (`is_about`).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesParser, HeaderParser
from email.policy import compat32
from uuid import UUID

from common.ids import DealerId

MOST_BYTES = 256 * 1024  # of one mail; a notification begins with what counts, the mail that came back stands at its end
_MOST_PARTS, _MOST_RECIPIENTS, _MOST_TEXT = 20, 50, 64 * 1024
_OUR_ID = re.compile(r"<?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.([0-9a-f]{32})@[^\s<>@]{1,255}>?", re.ASCII)
_STATUS = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])", re.ASCII)
_REPLY_CODE = re.compile(r"(?<![\d.-])([45])\d\d(?![\d.])", re.ASCII)
_FIELD = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,60}[ \t]*:")
_GIVEN_UP = frozenset({"failed", "expired"})  # the second is SendGrid's
_REPORTS = frozenset({"message/delivery-status", "message/global-delivery-status"})
_MAILS = frozenset({"message/rfc822", "message/global"})
_HEADERS = frozenset({"text/rfc822-headers", "message/rfc822-headers", "message/global-headers"})


@dataclass(frozen=True)
class Bounce:
    """What a notification says of one recipient of one message."""

    dealer: DealerId
    message_id: UUID
    recipients: tuple[str, ...]  # as it names them, lower case: the original one, and the one it was last passed on to
    permanent: bool  # given up: the mail came back. Else it is late, and is still being tried
    status: str  # RFC 3463: 5.1.1
    diagnostic: str  # what the other server said, shortened

    @property
    def because(self) -> str:
        return f"{self.status} {self.diagnostic}".strip()


def mail_id(dealer: DealerId, message_id: UUID, domain: str) -> str:
    """The Message-ID of a mail of ours: from it alone a notification is led back to its message, and to whose it is."""
    return f"<{message_id}.{dealer.hex}@{domain}>"


def read_mail_id(text: str) -> tuple[DealerId, UUID] | None:
    """Whose message of ours a Message-ID names; None for any other."""
    found = _OUR_ID.fullmatch(text.strip().lower())
    return (DealerId(UUID(found[2])), UUID(found[1])) if found else None


def is_about(bounce: Bounce, address: str | None) -> bool:
    """Whether it speaks of the address that the message went to. Who knows a message's id but not that is a stranger."""
    return address is not None and _address(address) in bounce.recipients


def read(raw: bytes) -> list[Bounce]:
    """What a mail says came back, or is late; nothing for answers, automatic replies, other reports and broken mails."""
    try:
        mail = BytesParser(policy=compat32).parsebytes(raw[:MOST_BYTES])
        return _read(mail)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):  # what the parser makes of a broken mail
        return []


def _read(mail: Message) -> list[Bounce]:
    if mail.get_content_type() != "multipart/report" or _parameter(mail, "report-type") not in ("", "delivery-status"):
        return []
    parts = [part for part in _list(mail.get_payload())[:_MOST_PARTS] if isinstance(part, Message)]
    status = next((part for part in parts if part.get_content_type() in _REPORTS), None)
    if status is None:
        return []
    about, *recipients = list(_blocks(status))[: _MOST_RECIPIENTS + 1] or [Message()]
    if "final-recipient" in about or "original-recipient" in about:  # the block about the whole message is missing
        recipients.insert(0, about)
    ours = _ours(mail, parts, about)
    if ours is None:
        return []
    return [bounce for block in recipients if (bounce := _bounce(*ours, block)) is not None]


def _ours(mail: Message, parts: list[Message], about: Message) -> tuple[DealerId, UUID] | None:
    """The message it is about: by the mail that came back, else by what the report itself refers to."""
    returned = [found for part in parts if (found := _returned(part)) is not None]
    for headers, name in (*((each, "message-id") for each in returned), (about, "x-original-message-id"), (mail, "in-reply-to")):
        named = {one for value in headers.get_all(name, [])[:5] if (one := read_mail_id(_text(value))) is not None}
        if named:
            return named.pop() if len(named) == 1 else None
    return None


def _returned(part: Message) -> Message | None:
    """The headers of the mail that came back, from the part that holds it, or only them."""
    kind = part.get_content_type()
    payload = part.get_payload()
    if kind in _MAILS or kind in _HEADERS:
        if isinstance(payload, list):
            return payload[0] if payload and isinstance(payload[0], Message) else None
        decoded = part.get_payload(decode=True)
        text = decoded[:_MOST_TEXT].decode("utf-8", "replace") if isinstance(decoded, bytes) else str(payload)[:_MOST_TEXT]
        return HeaderParser(policy=compat32).parsestr(text.lstrip("\r\n"))
    return None


def _blocks(part: Message) -> Iterator[Message]:
    """The groups of fields of a report, which blank lines part: the first about the message, one for each recipient."""
    payload = part.get_payload()
    if isinstance(payload, str):
        yield from _groups(payload)
    for block in _list(payload):
        if isinstance(block, Message):
            rest = block.get_payload()  # what follows a line that the parser did not take for a field
            fields = "".join(f"{name}: {value}\n" for name, value in block.items())
            yield from _groups(fields + (rest if isinstance(rest, str) else ""))


def _groups(text: str) -> Iterator[Message]:
    for group in re.split(r"\r?\n[ \t]*\r?\n", text[:_MOST_TEXT]):
        lines = [line for line in group.splitlines() if line.strip()]
        folded = (line if _FIELD.match(line) else f" {line}" for line in lines)  # a line that is no field goes on with the last
        block = HeaderParser(policy=compat32).parsestr("\n".join(folded).lstrip())
        if block.keys():
            yield block


def _bounce(dealer: DealerId, message_id: UUID, block: Message) -> Bounce | None:
    named = (_address(_typed(_text(block.get(name)))) for name in ("original-recipient", "final-recipient"))
    recipients = tuple(dict.fromkeys(found for found in named if "@" in found))
    diagnostic = _typed(_text(block.get("diagnostic-code")))
    status = _status(_text(block.get("status")), diagnostic)
    permanent = _permanent(_text(block.get("action")), status)
    if not recipients or permanent is None:
        return None
    shown = "".join(letter for letter in diagnostic if letter.isprintable())[:150]
    return Bounce(dealer, message_id, recipients, permanent, status or ("5.0.0" if permanent else "4.0.0"), shown)


def _permanent(action: str, status: str) -> bool | None:
    """Whether it was given up; None when it did not come back at all. What was tried in vain for days was given up, though
    its last status is a 4: the action says so, and the status only where there is none."""
    word = re.match(r"[a-z]*", action.lower())
    said, kind = word[0] if word else "", status[:1]
    if kind == "2":
        return None
    if said in _GIVEN_UP or said == "delayed":
        return said != "delayed"
    return {"5": True, "4": False}.get(kind) if not said else None


def _status(text: str, diagnostic: str) -> str:
    for place in (text, diagnostic):
        if found := _STATUS.search(place):
            return found[0]
    code = _REPLY_CODE.search(diagnostic)
    return f"{code[1]}.0.0" if code else ""


def _typed(text: str) -> str:
    """A value without the type before it (`rfc822; anne@example.com`, `smtp; 550 …`)."""
    return re.sub(r"^[A-Za-z0-9-]{1,40}[ \t]*;[ \t]*", "", text)


def _address(text: str) -> str:
    """An address as it is compared: bare, in lower case."""
    bare = re.sub(r"[ \t]*\([^()]*\)$", "", text.strip())
    return bare.strip("<> \t").lower()[:320]


def _parameter(mail: Message, name: str) -> str:
    found = mail.get_param(name)
    return (found if isinstance(found, str) else "").strip().lower()


def _text(value: object) -> str:
    """A header's value on one line; it may be missing, folded, or of letters that a header must not have."""
    return " ".join(str(value)[:2000].split()) if value is not None else ""


def _list(payload: object) -> list[object]:
    return payload if isinstance(payload, list) else []
