"""Messages as sent, for the users of one dealer: api asks, in a signed header, which dealer that is."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel

from common.errors import DomainError, NotFound
from common.ids import DealerId
from common.service import Runtime
from common.web import INTERNAL, asking_dealer
from notifier.domain.states import Purpose
from notifier.store import reading


class ContactView(BaseModel):
    purpose: str
    reference: UUID
    step: int
    vehicle_id: UUID | None
    type: str | None
    state: str


class MessageView(BaseModel):
    """A message in a list. `waits` says why one that is due has not left yet, `because` why one did not arrive."""

    message_id: UUID
    purpose: str
    channel: str
    state: str
    waits: str | None
    because: str | None
    customer_id: UUID | None
    user_id: UUID | None
    address: str | None
    subject: str | None
    due_at: datetime | None
    sent_at: datetime | None
    local_on: date | None
    opened: int
    clicked: int
    contacts: list[ContactView]


class EventView(BaseModel):
    at: datetime
    what: str
    detail: str | None
    by_machine: bool


class MessageDetail(MessageView):
    """A message as it was sent, and what happened to it."""

    language: str | None
    text: str | None
    html: str | None
    provider_ref: str | None
    attempts: int
    events: list[EventView]


class MessageList(BaseModel):
    items: list[MessageView]
    next_cursor: str | None


def build(runtime: Runtime) -> APIRouter:
    router = APIRouter(tags=["messages"])
    asking = asking_dealer(runtime.settings.derived(INTERNAL))

    @router.get("/messages")
    async def list_messages(
        dealer: Annotated[DealerId, Depends(asking)],
        customer: UUID | None = None,
        purpose: Purpose | None = None,
        cursor: str | None = None,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> MessageList:
        """The dealer's messages, newest first."""
        async with runtime.work(dealer) as work:
            found = await reading.messages(
                work.session, dealer, purpose=purpose, customer=customer, before=_read_cursor(cursor), limit=limit + 1
            )
        page = found[:limit]
        more = _cursor(page[-1]) if len(found) > limit else None
        return MessageList(items=[MessageView(**_fields(listed)) for listed in page], next_cursor=more)

    @router.get("/messages/{message_id}")
    async def show_message(message_id: UUID, dealer: Annotated[DealerId, Depends(asking)]) -> MessageDetail:
        """One message with its bodies and history."""
        async with runtime.work(dealer) as work:
            found = await reading.message(work.session, dealer, message_id)
        if found is None:
            raise NotFound("There is no such message.")
        listed, history = found
        row = listed.row
        return MessageDetail(
            **_fields(listed),
            language=row.language, text=row.text, html=row.html, provider_ref=row.provider_ref, attempts=row.attempts,
            events=[EventView(at=e.at, what=e.what, detail=e.detail, by_machine=e.by_machine) for e in history],
        )  # fmt: skip

    return router


def _fields(listed: reading.Listed) -> dict[str, object]:
    row = listed.row
    shared = {name: getattr(row, name) for name in MessageView.model_fields if hasattr(row, name)}
    contacts = [ContactView(**{name: getattr(contact, name) for name in ContactView.model_fields}) for contact in listed.contacts]
    due_at = row.send_at if row.sent_at is None else None
    return shared | {"due_at": due_at, "opened": listed.opened, "clicked": listed.clicked, "contacts": contacts}


def _cursor(listed: reading.Listed) -> str:
    text = f"{listed.row.listed_at.isoformat()} {listed.row.message_id}"
    return urlsafe_b64encode(text.encode()).decode()


def _read_cursor(cursor: str | None) -> reading.Cursor | None:
    if cursor is None:
        return None
    try:
        at, _, message_id = urlsafe_b64decode(cursor.encode()).decode().partition(" ")
        return datetime.fromisoformat(at), UUID(message_id)
    except ValueError:
        raise DomainError("This cursor is not one of ours.", code="bad_cursor", status=422) from None
