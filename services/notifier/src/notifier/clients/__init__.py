"""Calls to the outside: a mail server, an SMS provider. Each says what it came to as an `Outcome`, and never raises."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from uuid import UUID

from common.ids import DealerId
from notifier.domain.outcomes import Outcome


@dataclass(frozen=True)
class Mail:
    """One mail as it leaves."""

    message_id: UUID
    dealer: DealerId
    to: str
    subject: str
    text: str
    html: str
    from_name: str
    from_address: str
    at: datetime
    reply_to: str | None = None
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Sms:
    """One SMS as it leaves; the message id is what the provider tells us back."""

    message_id: UUID
    to: str  # E.164
    sender: str
    text: str
    callback_url: str | None = None


class Mailer(Protocol):
    async def send(self, mail: Mail) -> Outcome:
        """Hand one mail to the mail server."""

    async def close(self) -> None: ...


class Texter(Protocol):
    async def send(self, sms: Sms) -> Outcome:
        """Hand one SMS to the provider."""

    async def close(self) -> None: ...
