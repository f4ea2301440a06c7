"""Unclear visits, and the verdicts of people on what a visit was about."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from classifier import domain, settling, store
from classifier.domain import telling, unclear
from classifier.domain.orders import is_too_long
from classifier.domain.verdicts import Verdict, decided, text_mark
from common.errors import Conflict, NotFound
from common.events.words import OrderStatus
from common.events.work_orders import WorkOrderChanged
from common.ids import OrderId
from common.work import Work


@dataclass(frozen=True)
class Review:
    """A visit as somebody looks at it: the order, what counts, why it is unclear (nothing: it is not), and the verdict on it."""

    order: WorkOrderChanged
    counts: domain.Read
    why: tuple[str, ...]
    verdict: Verdict | None
    same_text: bool  # the verdict is on the text as it is now


async def reviews(work: Work, orders: Collection[UUID], language: str) -> list[Review]:
    """These visits in the order that was asked for; what is none (any more) is left out."""
    reader = await settling.reader_of(work)
    given = await store.verdicts(work.session, work.dealer, orders)
    texts = {text.id: text for text in await store.orders(work.session, work.dealer, orders, lock=False)}
    found = [_review(reader, texts[order], given.get(order), language) for order in orders if order in texts]
    return [one for one in found if one.order.status == OrderStatus.FINISHED]


def _review(reader: domain.Reader, text: store.Text, verdict: Verdict | None, language: str) -> Review:
    order = text.work_order
    given = telling.order_of(order, text.heard_on)
    read, mark = reader.read(given), text_mark(order)
    if verdict is None:
        why = unclear.reasons(read, too_long=is_too_long(given), changed=False, language=language)
        return Review(order, read, why, None, same_text=True)
    same = verdict.text_mark == mark
    why = () if same else unclear.reasons(read, too_long=is_too_long(given), changed=True, language=language)
    return Review(order, decided(read, verdict, mark), why, verdict, same)


async def review(work: Work, order: UUID, language: str) -> Review:
    """One visit. Raises NotFound."""
    found = await reviews(work, [order], language)
    if not found:
        raise NotFound("There is no such visit.")
    return found[0]


async def give(work: Work, order_id: UUID, tags: Collection[str], remark: str, user: UUID | None) -> None:
    """Have a visit be about these tags, whatever its words say. Raises NotFound, and Conflict for what is no visit."""
    order = await _locked(work, order_id)
    if order.status != OrderStatus.FINISHED:
        raise Conflict(f"Order {order.number} is {order.status}: only a finished one is a visit.", code="not_a_visit")
    verdict = Verdict(tuple(sorted(set(tags))), remark, user, work.now, text_mark(order))
    before = (await store.verdicts(work.session, work.dealer, [order_id])).get(order_id)
    if before is not None and (before.tags, before.remark, before.text_mark) == (verdict.tags, remark, verdict.text_mark):
        return
    await store.give_verdict(work.session, work.dealer, order_id, verdict)
    work.touch(OrderId, order_id)


async def take_back(work: Work, order_id: UUID, user: UUID | None) -> None:
    """Let the words of a visit speak again. Raises NotFound."""
    await _locked(work, order_id)
    await store.end_verdict(work.session, work.dealer, order_id, user=user, at=work.now)
    work.touch(OrderId, order_id)


async def _locked(work: Work, order_id: UUID) -> WorkOrderChanged:
    texts = await store.orders(work.session, work.dealer, [order_id])
    if not texts:
        raise NotFound("There is no such visit.")
    return texts[0].work_order
