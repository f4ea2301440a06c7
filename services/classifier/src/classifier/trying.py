"""A draft of a dealer's lexicon is tried on the whole history, slice by slice, and changes nothing but what is known of it."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from classifier import domain, lexicons, publishing, settling, store
from classifier.domain import DealerLexicon, telling, whatif
from common.errors import Conflict, NotFound
from common.events.words import OrderStatus
from common.ids import new_id
from common.work import Work

TRY = "try_lexicon"
MOST_DRAFTS = 5  # of a dealer that are kept


async def begin(work: Work, said: DealerLexicon, *, note: str, user: UUID | None) -> UUID:
    """Have a draft tried; the oldest one gives way where there are too many. Raises DomainError for words never found."""
    await publishing.must_be_findable(work, said)
    await store.one_at_a_time(work.session, work.dealer, "draft")
    for old in (await store.drafts(work.session, work.dealer))[MOST_DRAFTS - 1 :]:
        await store.drop_draft(work.session, work.dealer, old.draft_id)
    draft, current = new_id(), await store.current(work.session, work.dealer)
    await store.add_draft(work.session, work.dealer, draft, said, note=note, user=user, at=work.now, against=current.number)
    work.wake(TRY, work.now)
    return draft


async def find(work: Work, draft_id: UUID) -> Any:
    """A draft. Raises NotFound."""
    found = await store.draft(work.session, work.dealer, draft_id)
    if found is None:
        raise NotFound("There is no such draft (any more).")
    return found


async def publish(work: Work, draft_id: UUID, *, note: str, user: UUID | None) -> int:
    """Publish a draft that was tried to its end, against what is in force still. Raises NotFound, Conflict."""
    draft = await find(work, draft_id)
    if draft.ended_at is None:
        raise Conflict(
            "This draft is not tried to its end yet.", code="not_tried_yet", advice="Wait until it is done, and look at what it changes."
        )  # fmt: skip
    said = DealerLexicon.model_validate(draft.content)
    return await publishing.publish(work, said, note=note or draft.note, user=user, based_on=draft.against)


async def try_slice(work: Work, draft_id: UUID) -> bool:
    """Try a draft on some more orders; False when these were the last, or there is nothing left to do."""
    draft = await store.draft(work.session, work.dealer, draft_id, lock=True)
    if draft is None or draft.ended_at is not None:
        return False
    texts = await store.orders_after(work.session, work.dealer, draft.after_id, settling.SLICE)
    known = await store.verdicts(work.session, work.dealer, [text.id for text in texts])
    now, then = await _readers(work, draft)
    rows = [row for text in texts if text.id not in known for row in _changes(text, now, then)]
    await store.add_changes(work.session, work.dealer, draft_id, rows)
    is_last = len(texts) < settling.SLICE
    await store.move_draft(
        work.session, work.dealer, draft_id, tried=draft.tried + len(texts), after=texts[-1].id if texts else draft.after_id,
        ended_at=work.now if is_last else None,
    )  # fmt: skip
    return not is_last


async def next_slice(work: Work) -> datetime | None:
    """Try the oldest draft that waits some more; when to go on: at once, or not at all."""
    draft_id = await store.next_draft(work.session, work.dealer)
    if draft_id is None:
        return None
    await try_slice(work, draft_id)
    return work.now


async def _readers(work: Work, draft: Any) -> tuple[domain.Reader, domain.Reader]:
    """What read the texts when the draft was begun, and what would read them."""
    base = lexicons.matcher(await settling.language_of(work))
    against = await store.content(work.session, work.dealer, draft.against) or domain.NOTHING
    return domain.Reader(base, against, draft.against), domain.Reader(base, DealerLexicon.model_validate(draft.content))


def _changes(text: store.Text, now: domain.Reader, then: domain.Reader) -> Iterator[dict[str, Any]]:
    order = text.work_order
    if order.status != OrderStatus.FINISHED:
        return
    given = telling.order_of(order, text.heard_on)
    after = then.read(given)
    for change in whatif.changes(now.read(given), after):
        yield {
            "order_id": text.id, "tag": change.tag, "gained": change.gained, "vehicle_id": order.vehicle_id,
            "number": order.number, "visited_on": given.on, "words": change.words._asdict(),
            "because": change.because._asdict() if change.because else None, "tags_after": sorted(after.names()),
        }  # fmt: skip
