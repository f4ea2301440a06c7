"""Keeps an entity as it stands and tells the others, when something of it changed."""

from enum import IntEnum

from common.events import State
from common.work import Work
from ingest import store


class Came(IntEnum):
    """What telling came to; false when nothing changed."""

    UNCHANGED = 0
    CHANGED = 1
    NEW = 2


async def tell(work: Work, event: State, **beside: object) -> Came:
    """Keep an entity, and beside it what others need not know; what that changed for the others."""
    told = await store.save(work.session, work.dealer, event, **beside)
    if told is None:
        return Came.UNCHANGED
    work.publish(told)
    return Came.NEW if told.revision == 1 else Came.CHANGED
