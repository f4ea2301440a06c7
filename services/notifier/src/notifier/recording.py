"""What became of a message is recorded and told in one place: for errands, callbacks and claims that were lost alike."""

from collections.abc import Sequence
from datetime import datetime

from common.events.messages import (
    Contact,
    ContactWithdrawn,
    MessageAccepted,
    MessageBounced,
    MessageDelivered,
    MessageRefused,
    MessageUnknown,
)
from common.ids import CustomerId, MessageId, UserId
from common.work import Work
from notifier.domain.states import ContactState, State, Waits
from notifier.store import ledger
from notifier.tables import MessageRow

_MADE = (ContactState.CLAIMED, ContactState.ACCEPTED, ContactState.UNKNOWN)


async def accepted(work: Work, row: MessageRow, provider_ref: str | None, *, detail: str | None = None) -> None:
    """The provider has it. A callback may have said so, or more, before our own call came back."""
    row.provider_ref = provider_ref or row.provider_ref
    if row.state in (State.ACCEPTED, State.DELIVERED, State.BOUNCED, State.FAILED):
        return
    contacts = await _contacts(work, row, *_MADE, ContactState.RELEASED, ContactState.REFUSED)
    await _set(work, row, State.ACCEPTED, contacts, ContactState.ACCEPTED)
    row.sent_at = row.sent_at or work.now
    row.listed_at = row.sent_at
    row.local_on = row.local_on or work.now.date()
    await ledger.note(work.session, row, State.ACCEPTED, at=work.now, detail=detail)
    work.publish(MessageAccepted(**said(row, contacts, work.now), local_on=row.local_on))


async def unknown(work: Work, row: MessageRow, because: str) -> None:
    """Nobody can say; it counts as sent and never leaves again."""
    contacts = await _contacts(work, row, *_MADE)
    await _set(work, row, State.UNKNOWN, contacts, ContactState.UNKNOWN)
    row.because, row.sent_at, row.listed_at = because, work.now, work.now
    row.local_on = row.local_on or work.now.date()
    await ledger.note(work.session, row, State.UNKNOWN, at=work.now, detail=because)
    work.publish(MessageUnknown(**said(row, contacts, work.now), local_on=row.local_on, because=because))


async def refused(work: Work, row: MessageRow, because: str) -> None:
    """A no that is certain: it was not sent, and the contact may be made in another way."""
    contacts = await _contacts(work, row, *_MADE)
    await _set(work, row, State.REFUSED, contacts, ContactState.REFUSED)
    row.because, row.listed_at = because, work.now
    await ledger.note(work.session, row, State.REFUSED, at=work.now, detail=because)
    work.publish(MessageRefused(**said(row, contacts, work.now), because=because))


async def put_back(work: Work, row: MessageRow, waits: Waits | None, until: datetime, *, detail: str | None = None) -> None:
    """It did not leave, for certain, and is due again later, as the same contacts."""
    contacts = await _contacts(work, row, *_MADE)
    await ledger.set_contacts(work.session, work.dealer, row.message_id, contacts, ContactState.RELEASED)
    row.state, row.waits, row.send_at, row.claim, row.leased_until = State.DUE, waits, until, None, None
    if detail:
        await ledger.note(work.session, row, waits or State.DUE, at=work.now, detail=detail)


async def withdrawn(work: Work, row: MessageRow, contacts: Sequence[Contact], because: str) -> None:
    """These contacts are not made after all; the scheduler decides again. The rest of the message is not concerned."""
    await ledger.set_contacts(work.session, work.dealer, row.message_id, contacts, ContactState.WITHDRAWN)
    await ledger.note(work.session, row, State.WITHDRAWN, at=work.now, detail=because)
    work.publish(ContactWithdrawn(**said(row, contacts, work.now), because=because))


async def given_up(work: Work, row: MessageRow, state: State, because: str | None = None) -> None:
    """Nothing of this message is left to send."""
    row.state, row.because, row.claim, row.leased_until, row.waits = state, because, None, None, None
    row.listed_at = work.now


async def reported(work: Work, row: MessageRow, state: State, provider_ref: str | None, *, status: str, because: str) -> None:
    """A callback took it further: it arrived, or came back. That we hear of it at all means that it was sent."""
    await accepted(work, row, provider_ref, detail=f"reported {status.lower()}")
    if state == State.ACCEPTED:
        return
    contacts = await _contacts(work, row, *_MADE)
    row.state, row.waits = state, None
    await ledger.note(work.session, row, state, at=work.now, detail=status.lower())
    if state == State.DELIVERED:
        row.because = None
        work.publish(MessageDelivered(**said(row, contacts, work.now)))
    else:
        row.because = because
        work.publish(MessageBounced(**said(row, contacts, work.now), because=because))


def said(row: MessageRow, contacts: Sequence[Contact], at: datetime) -> dict[str, object]:
    """What every event about a message says."""
    return {
        "message_id": MessageId(row.message_id),
        "customer_id": CustomerId(row.customer_id) if row.customer_id else None,
        "user_id": UserId(row.user_id) if row.user_id else None,
        "channel": row.channel,
        "contacts": tuple(contacts),
        "at": at,
    }


async def _contacts(work: Work, row: MessageRow, *states: ContactState) -> list[Contact]:
    return await ledger.contacts_of(work.session, work.dealer, row.message_id, *states)


async def _set(work: Work, row: MessageRow, state: State, contacts: Sequence[Contact], each: ContactState) -> None:
    await ledger.set_contacts(work.session, work.dealer, row.message_id, contacts, each)
    row.state, row.waits, row.leased_until = state, None, None
