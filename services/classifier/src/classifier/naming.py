"""Naming the codes of mechanics: earlier visits are told again with the name, slice by slice; later ones carry it at once."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from classifier import publishing, settling, store
from common.errors import DomainError
from common.ids import OrderId
from common.work import Work

TELL_MECHANICS = "tell_mechanics"
MOST_NAMES = 2000  # of a dealer


async def name(work: Work, given: Mapping[str, str | None], user: UUID | None) -> None:
    """Have these codes stand for these names, or (None) for nobody any more. Raises DomainError for too many."""
    await store.one_at_a_time(work.session, work.dealer, "mechanics")
    known = await store.names(work.session, work.dealer)
    if len(known.keys() | {code for code, name in given.items() if name}) > MOST_NAMES:
        raise DomainError(
            f"A dealer names {MOST_NAMES:,} mechanics at most.", code="too_many", advice="Take names away that nobody needs."
        )
    await store.name_mechanics(work.session, work.dealer, given, user=user, at=work.now)
    work.wake(TELL_MECHANICS, work.now)


async def tell_slice(work: Work) -> datetime | None:
    """Have some visits told again under the names of now; when to look again."""
    orders = await store.told_otherwise(work.session, work.dealer, settling.SLICE)
    work.touch(OrderId, *orders)
    if len(orders) == settling.SLICE:
        return work.now
    named_at = await store.named_at(work.session, work.dealer)
    last_look = named_at + publishing.LOOK_AGAIN if named_at else None
    return last_look if last_look and work.now < last_look else None
