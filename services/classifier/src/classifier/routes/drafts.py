"""Drafts of a dealer's lexicon: tried on the whole history first, with what each would change."""

from collections import defaultdict
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel

from classifier import store, trying
from classifier.domain import DealerLexicon
from classifier.routes.lexicon import Again, FullVersionView, full_version
from classifier.routes.shared import ONCE, Body, Limit, Note, Rest, tag_cursor
from common.events.words import VisitTag
from common.ids import DealerId
from common.work import Work

MOST_VEHICLES = 100  # of a page: each is decided twice within the time that a question has
MOST_LETTERS = 200  # of the words that a tag would rest on
Cursor = Annotated[str | None, Query(max_length=100)]


class TagCount(BaseModel):
    """How many visits would gain a tag, and how many would lose it."""

    tag: str
    gained: int
    lost: int


class DraftView(BaseModel):
    """A draft, and how far it is tried. `tags` are those that change so far; `against` is the version that it is compared with."""

    draft_id: UUID
    note: str
    user_id: UUID | None
    made_at: datetime
    against: int
    total: int
    tried: int
    done: bool
    tags: list[TagCount]


class FullDraftView(DraftView):
    content: DealerLexicon


class DraftList(BaseModel):
    items: list[DraftView]


class WordsView(BaseModel):
    """Words as written, where they stand (`line 2`, `remarks`), and the rule that reads them."""

    words: str
    place: str
    rule: str


class ChangeView(BaseModel):
    """A visit that would gain a tag by these words, or lose one that it has by them; `because` is what speaks against it then."""

    order_id: UUID
    number: str
    visited_on: date
    vehicle_id: UUID | None
    tag: str
    gained: bool
    words: WordsView
    because: WordsView | None


class ChangeList(BaseModel):
    items: list[ChangeView]
    next_cursor: str | None


class TagThen(BaseModel):
    """`words` of a tag that is gained."""

    tag: str
    words: list[str]


class VisitThen(BaseModel):
    """A visit with all tags that it would have."""

    order_id: UUID
    tags: list[TagThen]


class VehicleThen(BaseModel):
    vehicle_id: UUID
    visits: list[VisitThen]


class VehicleList(BaseModel):
    """Some of the vehicles with visits that would change; `vehicles` counts all of them."""

    vehicles: int
    items: list[VehicleThen]
    next_cursor: str | None
    done: bool


class DraftBody(Body):
    """What is to be tried: the whole of what the dealer would add, not only what is new."""

    content: DealerLexicon
    note: Note = ""


def build(rest: Rest) -> APIRouter:
    router = APIRouter(prefix="/lexicon/drafts", tags=["lexicon"])
    Dealer = Annotated[DealerId, Depends(rest.dealer)]

    @router.post("", status_code=202, dependencies=ONCE, response_model=FullDraftView)
    async def begin(body: DraftBody, request: Request) -> Response:
        """Have a draft tried on all visits in the background. It changes nothing; the last five drafts are kept."""

        async def do(work: Work, user: UUID | None) -> BaseModel:
            return await _full(work, await trying.begin(work, body.content, note=body.note, user=user))

        return await rest.once(request, do, status=202)

    @router.get("")
    async def drafts(dealer: Dealer) -> DraftList:
        """The drafts that are kept, newest first."""
        async with rest.runtime.work(dealer) as work:
            return DraftList(items=[await _view(work, row) for row in await store.drafts(work.session, dealer)])

    @router.get("/{draft_id}")
    async def draft(draft_id: UUID, dealer: Dealer) -> FullDraftView:
        """One draft, how far it is tried, and how many visits would gain and lose each tag."""
        async with rest.runtime.work(dealer) as work:
            return await _full(work, draft_id)

    @router.get("/{draft_id}/changes")
    async def changes(
        draft_id: UUID,
        dealer: Dealer,
        tag: VisitTag | None = None,
        gained: bool | None = None,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> ChangeList:
        """The visits that would change so far, each with the text that decides."""
        async with rest.runtime.work(dealer) as work:
            await trying.find(work, draft_id)
            after = tag_cursor(cursor)
            found = await store.changes(
                work.session, dealer, draft_id, tag=tag, gained=gained, after=after, limit=limit + 1
            )  # fmt: skip
        items = [_change(row) for row in found[:limit]]
        return ChangeList(items=items, next_cursor=f"{items[-1].order_id}.{items[-1].tag}" if len(found) > limit else None)

    @router.get("/{draft_id}/vehicles")
    async def vehicles(
        draft_id: UUID,
        dealer: Dealer,
        cursor: UUID | None = None,
        limit: Annotated[int, Query(ge=1, le=MOST_VEHICLES)] = MOST_VEHICLES,
    ) -> VehicleList:
        """The vehicles with visits that would change so far, each with its visits as they would be."""
        async with rest.runtime.work(dealer) as work:
            draft = await trying.find(work, draft_id)
            found, rows, total = await store.changed_vehicles(work.session, dealer, draft_id, after=cursor, limit=limit + 1)
        page = found[:limit]
        items = _vehicles(page, rows)
        more = str(page[-1]) if len(found) > limit else None
        return VehicleList(vehicles=total, items=items, next_cursor=more, done=draft.ended_at is not None)

    @router.post("/{draft_id}/publish", status_code=201, dependencies=ONCE, response_model=FullVersionView)
    async def publish(draft_id: UUID, body: Again, request: Request) -> Response:
        """Publish a draft that was tried to its end, unless another version was published since it was begun."""

        async def do(work: Work, user: UUID | None) -> BaseModel:
            return await full_version(work, await trying.publish(work, draft_id, note=body.note, user=user))

        return await rest.once(request, do, status=201)

    @router.delete("/{draft_id}", status_code=204, dependencies=ONCE)
    async def drop(draft_id: UUID, request: Request) -> Response:
        """Forget a draft."""

        async def do(work: Work, _: UUID | None) -> None:
            await trying.find(work, draft_id)
            await store.drop_draft(work.session, work.dealer, draft_id)

        return await rest.once(request, do)

    return router


async def _view(work: Work, row: Any) -> DraftView:
    told = {name: row._mapping[name] for name in ("draft_id", "note", "user_id", "made_at", "against", "total", "tried")}
    counts = await store.counts(work.session, work.dealer, row.draft_id)
    tags = [TagCount(tag=one.tag, gained=one.gained, lost=one.lost) for one in counts]
    return DraftView(**told, done=row.ended_at is not None, tags=tags)


async def _full(work: Work, draft_id: UUID) -> FullDraftView:
    row = await trying.find(work, draft_id)
    return FullDraftView(**(await _view(work, row)).model_dump(), content=DealerLexicon.model_validate(row.content))


def _change(row: Any) -> ChangeView:
    return ChangeView(
        order_id=row.order_id, number=row.number, visited_on=row.visited_on, vehicle_id=row.vehicle_id, tag=row.tag,
        gained=row.gained, words=WordsView(**row.words), because=WordsView(**row.because) if row.because else None,
    )  # fmt: skip


def _vehicles(page: Any, rows: Any) -> list[VehicleThen]:
    visits: dict[UUID, dict[UUID, list[TagThen]]] = defaultdict(dict)
    gained = {(row.order_id, row.tag): [row.words["words"][:MOST_LETTERS]] for row in rows if row.gained}
    for row in rows:
        tags = [TagThen(tag=tag, words=gained.get((row.order_id, tag), [])) for tag in row.tags_after]
        visits[row.vehicle_id][row.order_id] = tags
    return [
        VehicleThen(vehicle_id=vehicle, visits=[VisitThen(order_id=order, tags=tags) for order, tags in visits[vehicle].items()])
        for vehicle in page
    ]
