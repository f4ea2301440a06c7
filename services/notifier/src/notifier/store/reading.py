"""What is shown of messages: lists as sent, one with its history, and what a followed link leads to."""

from base64 import urlsafe_b64decode
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from common.ids import DealerId
from notifier.tables import ContactRow, HistoryRow, LinkRow, MessageRow, columns

MESSAGE, CONTACT, HISTORY = columns(MessageRow), columns(ContactRow), columns(HistoryRow)
_TOKEN = 40  # letters
OPENED, CLICKED = "opened", "clicked"
Cursor = tuple[datetime, UUID]


@dataclass(frozen=True)
class Listed:
    """One line of a list: the message without its bodies, its contacts, and how often it was opened and clicked."""

    row: MessageRow
    contacts: tuple[ContactRow, ...]
    opened: int
    clicked: int


async def messages(
    session: AsyncSession,
    dealer: DealerId,
    *,
    purpose: str | None,
    customer: UUID | None,
    before: Cursor | None,
    limit: int,
) -> list[Listed]:
    """The newest messages first, a page at a time."""
    query = select(MessageRow).where(MESSAGE.dealer_id == dealer)
    if purpose is not None:
        query = query.where(MESSAGE.purpose == purpose)
    if customer is not None:
        query = query.where(MESSAGE.customer_id == customer)
    if before is not None:
        query = query.where(tuple_(MESSAGE.listed_at, MESSAGE.message_id) < before)
    found = await session.execute(query.order_by(MESSAGE.listed_at.desc(), MESSAGE.message_id.desc()).limit(limit))
    rows = list(found.scalars())
    return await _listed(session, dealer, rows)


async def message(session: AsyncSession, dealer: DealerId, message_id: UUID) -> tuple[Listed, list[HistoryRow]] | None:
    """One message with everything that happened to it."""
    row = await session.get(MessageRow, (dealer, message_id))
    if row is None:
        return None
    history = await session.execute(
        select(HistoryRow).where(HISTORY.dealer_id == dealer, HISTORY.message_id == message_id).order_by(HISTORY.number)
    )
    (listed,) = await _listed(session, dealer, [row])
    return listed, list(history.scalars())


async def _listed(session: AsyncSession, dealer: DealerId, rows: Iterable[MessageRow]) -> list[Listed]:
    rows = list(rows)
    ids = [row.message_id for row in rows]
    contacts = await session.execute(
        select(ContactRow)
        .where(CONTACT.dealer_id == dealer, CONTACT.message_id.in_(ids))
        .order_by(CONTACT.reference, CONTACT.step)
    )
    of: dict[UUID, list[ContactRow]] = {}
    for found in contacts.scalars():
        of.setdefault(found.message_id, []).append(found)
    counts = await session.execute(
        select(HISTORY.message_id, HISTORY.what, func.count().label("times"))
        .where(HISTORY.dealer_id == dealer, HISTORY.message_id.in_(ids), HISTORY.what.in_([OPENED, CLICKED]))
        .where(HISTORY.by_machine.is_(False))
        .group_by(HISTORY.message_id, HISTORY.what)
    )
    times = {(row.message_id, row.what): row.times for row in counts}
    return [
        Listed(
            row,
            tuple(of.get(row.message_id, ())),
            times.get((row.message_id, OPENED), 0),
            times.get((row.message_id, CLICKED), 0),
        )
        for row in rows
    ]


def dealer_of(token: str) -> DealerId | None:
    """Whose link a token says it is; None for what is no token."""
    if len(token) != _TOKEN:
        return None
    try:
        return DealerId(UUID(bytes=urlsafe_b64decode(token)[:16]))
    except ValueError:
        return None


async def link(session: AsyncSession, dealer: DealerId, token: str) -> LinkRow | None:
    return await session.get(LinkRow, (dealer, token))


async def fetches(
    session: AsyncSession, dealer: DealerId, message_id: UUID, *, what: str, since: datetime | None = None
) -> list[HistoryRow]:
    """The opens, or the clicks, of a message."""
    query = select(HistoryRow).where(HISTORY.dealer_id == dealer, HISTORY.message_id == message_id, HISTORY.what == what)
    if since is not None:
        query = query.where(HISTORY.at >= since)
    return list((await session.execute(query)).scalars())


async def happened(session: AsyncSession, dealer: DealerId, message_id: UUID, what: str) -> bool:
    """Whether that was ever noted of a message."""
    found = select(HISTORY.number).where(HISTORY.dealer_id == dealer, HISTORY.message_id == message_id, HISTORY.what == what)
    return (await session.execute(found.limit(1))).first() is not None
