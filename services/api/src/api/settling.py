"""What was touched is told to those who watch: once per dealer, batch and kind. Nothing else is decided here."""

from functools import partial
from uuid import UUID

from api import store
from api.domain.changes import Changed, lists_of
from common.handling import Settlers
from common.work import Work

settlers = Settlers()


async def tell_of_invitations(ids: frozenset[UUID], work: Work) -> None:
    stages = await store.stages_of(work.session, work.dealer, ids)
    by_lists: dict[tuple[str, ...], set[UUID]] = {}
    for one in ids:
        by_lists.setdefault(lists_of(Changed.INVITATION, stages.get(one)), set()).add(one)
    for lists, changed in by_lists.items():
        await store.changes.note(work.session, work.dealer, Changed.INVITATION, lists, changed, work.now)
    work.stir()


async def tell_of(ids: frozenset[UUID], work: Work, *, kind: Changed) -> None:
    await store.changes.note(work.session, work.dealer, kind, lists_of(kind), ids, work.now)
    work.stir()


settlers.of(Changed.INVITATION)(tell_of_invitations)
for _kind in Changed:
    if _kind != Changed.INVITATION:
        settlers.of(_kind)(partial(tell_of, kind=_kind))
