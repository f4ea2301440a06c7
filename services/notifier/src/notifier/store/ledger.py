"""Messages and their contacts: what is due, the claim that nobody else can make, and what became of it."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import case, delete, func, literal, select, text, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from common.events.messages import Contact
from common.ids import DealerId
from notifier.domain.letters import Link
from notifier.domain.states import FREE, GIVEN_UP, ContactState, State, Waits
from notifier.tables import ContactRow, HistoryRow, LinkRow, MessageRow, StrayRow, columns

MESSAGE, CONTACT, HISTORY, LINK = columns(MessageRow), columns(ContactRow), columns(HistoryRow), columns(LinkRow)
AGAIN_AFTER = timedelta(minutes=2)  # from what was weighed
_AGAIN = ("purpose", "channel", "customer_id", "user_id", "workshop_id", "due", "cause_id", "decided_at", "send_at", "listed_at")
_BLANK: dict[str, Any] = {"state": State.DUE, "waits": None, "claim": None, "looked": False, "attempts": 0, "because": None}


async def add_due(session: AsyncSession, dealer: DealerId, message_id: UUID, values: Mapping[str, Any]) -> datetime | None:
    """Remember that a message is due. Said twice it is one; one that did not leave may be said to be due again, and
    then waits a little: were two services to disagree for ever, they would do so slowly. Returns when to look at it."""
    row = insert(MessageRow).values(dealer_id=dealer, message_id=message_id, **values, **_BLANK)
    added = await session.execute(
        row.on_conflict_do_update(
            index_elements=["dealer_id", "message_id"],
            set_={name: row.excluded[name] for name in _AGAIN}
            | _BLANK
            | {"send_at": func.greatest(row.excluded.send_at, row.excluded.decided_at + AGAIN_AFTER)},
            where=MESSAGE.state.in_(GIVEN_UP) & (MESSAGE.cause_id != row.excluded.cause_id),
        ).returning(MESSAGE.send_at)
    )
    send_at: datetime | None = added.scalar_one_or_none()
    return send_at


async def due_now(
    session: AsyncSession, dealer: DealerId, *, now: datetime, limit: int, without: Collection[str] = ()
) -> list[MessageRow]:
    """Messages to be looked at now, locked; those that another sender has in hand are left to it."""
    found = await session.execute(
        select(MessageRow)
        .where(
            MESSAGE.dealer_id == dealer,
            MESSAGE.state == State.DUE,
            MESSAGE.send_at <= now,
            MESSAGE.channel.not_in(without),
        )
        .order_by(MESSAGE.send_at, MESSAGE.message_id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return list(found.scalars())


async def lock(session: AsyncSession, dealer: DealerId, message_id: UUID) -> MessageRow | None:
    """One message, locked."""
    found = await session.execute(
        select(MessageRow).where(MESSAGE.dealer_id == dealer, MESSAGE.message_id == message_id).with_for_update()
    )
    return found.scalar_one_or_none()


async def lock_by_provider_ref(session: AsyncSession, dealer: DealerId, provider_ref: str) -> MessageRow | None:
    found = await session.execute(
        select(MessageRow).where(MESSAGE.dealer_id == dealer, MESSAGE.provider_ref == provider_ref).with_for_update().limit(1)
    )
    return found.scalar_one_or_none()


async def claim_contacts(
    session: AsyncSession, dealer: DealerId, message_id: UUID, contacts: Iterable[Contact], *, now: datetime
) -> list[Contact]:
    """Claim contacts for a message; those that were made before, or are in other hands, are left out. This insert is
    what keeps a contact from being made twice, and it is committed before any provider hears of it."""
    wanted = sorted(contacts, key=lambda contact: (contact.purpose, contact.reference, contact.step))
    row = insert(ContactRow).values(
        [
            contact.model_dump()
            | {"dealer_id": dealer, "message_id": message_id, "state": ContactState.CLAIMED, "claimed_at": now}
            for contact in wanted
        ]
    )
    claimed = await session.execute(
        row.on_conflict_do_update(
            index_elements=["dealer_id", "purpose", "reference", "step"],
            set_={name: row.excluded[name] for name in ("message_id", "vehicle_id", "type", "state", "claimed_at")},
            where=CONTACT.state.in_(FREE),
        ).returning(CONTACT.purpose, CONTACT.reference, CONTACT.step)
    )
    mine = {tuple(found) for found in claimed}
    return [contact for contact in wanted if (contact.purpose, contact.reference, contact.step) in mine]


async def contacts_of(session: AsyncSession, dealer: DealerId, message_id: UUID, *states: ContactState) -> list[Contact]:
    """The contacts that a message makes, in those states."""
    found = await session.execute(
        select(CONTACT.purpose, CONTACT.reference, CONTACT.step, CONTACT.vehicle_id, CONTACT.type)
        .where(CONTACT.dealer_id == dealer, CONTACT.message_id == message_id, CONTACT.state.in_(states))
        .order_by(CONTACT.purpose, CONTACT.reference, CONTACT.step)
    )
    return [Contact(**row._mapping) for row in found]


async def set_contacts(
    session: AsyncSession, dealer: DealerId, message_id: UUID, contacts: Sequence[Contact], state: ContactState
) -> None:
    """Say what became of a message's contacts."""
    await session.execute(
        update(ContactRow)
        .where(
            CONTACT.dealer_id == dealer,
            CONTACT.message_id == message_id,
            tuple_(CONTACT.purpose, CONTACT.reference, CONTACT.step).in_([(c.purpose, c.reference, c.step) for c in contacts]),
        )
        .values(state=state)
    )


async def lease(session: AsyncSession, row: MessageRow, claim: UUID, *, lasting: timedelta) -> None:
    """Take a message: ours until the lease ends, by the database's clock."""
    row.state, row.claim, row.looked, row.waits = State.CLAIMED, claim, False, None
    row.leased_until = await session.scalar(select(func.clock_timestamp() + lasting))


async def lost(session: AsyncSession, dealer: DealerId) -> list[MessageRow]:
    """Messages whose sender was not heard of again, locked."""
    found = await session.execute(
        select(MessageRow)
        .where(
            MESSAGE.dealer_id == dealer,
            MESSAGE.state == State.CLAIMED,
            MESSAGE.leased_until < func.clock_timestamp(),
        )
        .with_for_update(skip_locked=True)
    )
    return list(found.scalars())


async def next_look(session: AsyncSession, dealer: DealerId, *, now: datetime) -> datetime | None:
    """When something is next to be looked at: a message that is due, or a claim whose lease ends."""
    left = literal(now) + (MESSAGE.leased_until - func.clock_timestamp())
    at: datetime | None = await session.scalar(
        select(func.min(case((MESSAGE.state == State.DUE, MESSAGE.send_at), else_=left))).where(
            MESSAGE.dealer_id == dealer, MESSAGE.state.in_([State.DUE, State.CLAIMED])
        )
    )
    return at


async def postpone(session: AsyncSession, dealer: DealerId, channel: str, *, now: datetime, until: datetime) -> None:
    """What is due on a channel whose provider is away waits, visibly."""
    await session.execute(
        update(MessageRow)
        .where(MESSAGE.dealer_id == dealer, MESSAGE.channel == channel, MESSAGE.state == State.DUE, MESSAGE.send_at <= now)
        .values(send_at=until, waits=Waits.PROVIDER_AWAY)
    )


async def look_again(session: AsyncSession, dealer: DealerId, waits: Collection[Waits], *, now: datetime) -> bool:
    """What waited for that is looked at again now; False when nothing did."""
    found = await session.execute(
        update(MessageRow)
        .where(MESSAGE.dealer_id == dealer, MESSAGE.state == State.DUE, MESSAGE.waits.in_(waits))
        .values(send_at=now)
        .returning(MESSAGE.message_id)
    )
    return found.first() is not None


async def keep_links(session: AsyncSession, dealer: DealerId, message_id: UUID, links: Iterable[Link]) -> None:
    """The links of a message as it leaves now."""
    await session.execute(delete(LinkRow).where(LINK.dealer_id == dealer, LINK.message_id == message_id))
    session.add_all(
        LinkRow(
            dealer_id=dealer,
            token=link.token,
            message_id=message_id,
            kind=link.kind,
            path=link.path,
            reference=link.reference,
            step=link.step,
        )
        for link in links
    )


async def note(
    session: AsyncSession,
    row: MessageRow,
    what: str,
    *,
    at: datetime,
    detail: str | None = None,
    token: str | None = None,
    by_machine: bool = False,
) -> None:
    """Add to what happened to a message, which is locked."""
    number = await session.scalar(
        select(func.coalesce(func.max(HISTORY.number), 0) + 1).where(
            HISTORY.dealer_id == row.dealer_id,
            HISTORY.message_id == row.message_id,
        )
    )
    await session.execute(
        insert(HistoryRow).values(
            dealer_id=row.dealer_id,
            message_id=row.message_id,
            number=number,
            at=at,
            what=what,
            detail=detail[:500] if detail else None,
            token=token,
            by_machine=by_machine,
        )
    )


async def count_stray(session: AsyncSession, dealer: DealerId, source: str, at: datetime) -> None:
    """A callback that belongs to no message of ours, or cannot be read."""
    row = insert(StrayRow).values(dealer_id=dealer, source=source, on_day=at.date(), seen=1)
    await session.execute(
        row.on_conflict_do_update(index_elements=["dealer_id", "source", "on_day"], set_={"seen": text("stray.seen + 1")})
    )
