"""Keeps an entity as it stands and tells the others, when something of it changed."""

from common.events import State
from common.work import Work
from ingest import store


async def tell(work: Work, event: State, **beside: str | None) -> bool:
    """Keep an entity, and beside it what others need not know; False when there is nothing to tell."""
    told = await store.save(work.session, work.dealer, event, **beside)
    if told is None:
        return False
    work.publish(told)
    return True
