"""A dealer's own lexicon: what is in force, its history, publishing, rolling back, and how far texts are read again."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import BaseModel, Field

from classifier import publishing, settling, store
from classifier.domain import DealerLexicon
from classifier.routes.shared import ONCE, Body, Limit, Note, Rest
from common.errors import NotFound
from common.ids import DealerId
from common.work import Work

Number = Annotated[int, Path(ge=0, le=2**31 - 1)]


class VersionView(BaseModel):
    """A version as it was published. `user_id` is empty for one from the command line; `again_of` names an earlier one whose
    content it has."""

    number: int
    note: str
    user_id: UUID | None
    at: datetime
    again_of: int | None


class FullVersionView(VersionView):
    content: DealerLexicon


class VersionList(BaseModel):
    items: list[VersionView]
    next_cursor: str | None


class ReadingView(BaseModel):
    """How many of the dealer's texts are read with what is in force."""

    texts: int
    read: int
    waiting: int


class LexiconView(BaseModel):
    """What the dealer's texts are read with: the lexicon of its language (`version`), and beside it what the dealer published
    last (`number`; 0 is nothing yet)."""

    language: str
    version: str
    number: int
    content: DealerLexicon
    published: VersionView | None
    reading: ReadingView


class Publication(Body):
    """What is to be in force. With `based_on`, only if that version is still in force."""

    content: DealerLexicon
    note: Note = ""
    based_on: int | None = Field(default=None, ge=0, le=2**31 - 1)


class Again(Body):
    note: Note = ""


def build(rest: Rest) -> APIRouter:
    router = APIRouter(prefix="/lexicon", tags=["lexicon"])
    Dealer = Annotated[DealerId, Depends(rest.dealer)]

    @router.get("")
    async def lexicon(dealer: Dealer) -> LexiconView:
        """What the dealer's texts are read with, and how far they are."""
        async with rest.runtime.work(dealer) as work:
            reader = await settling.reader_of(work)
            current = await store.current(work.session, dealer)
            row = await store.version(work.session, dealer, current.number) if current.number else None
            return LexiconView(
                language=await settling.language_of(work), version=reader.version, number=current.number, content=reader.own,
                published=_version(row) if row is not None else None, reading=await reading(work),
            )  # fmt: skip

    @router.get("/reading")
    async def how_far(dealer: Dealer) -> ReadingView:
        """How far the texts are read with what is in force: asked again and again after a publication."""
        async with rest.runtime.work(dealer) as work:
            return await reading(work)

    @router.get("/versions")
    async def versions(
        dealer: Dealer, cursor: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None, limit: Limit = 50
    ) -> VersionList:
        """What was published, newest first."""
        async with rest.runtime.work(dealer) as work:
            found = await store.versions(work.session, dealer, before=cursor, limit=limit + 1)
        page = [_version(row) for row in found[:limit]]
        return VersionList(items=page, next_cursor=str(page[-1].number) if len(found) > limit else None)

    @router.get("/versions/{number}")
    async def version(number: Number, dealer: Dealer) -> FullVersionView:
        """One version with its content."""
        async with rest.runtime.work(dealer) as work:
            return await full_version(work, number)

    @router.post("/versions", status_code=201, dependencies=ONCE, response_model=FullVersionView)
    async def publish(body: Publication, request: Request) -> Response:
        """Have the dealer's texts read with this from now on, and all earlier ones again. What is in force already is not
        published once more."""

        async def do(work: Work, user: UUID | None) -> BaseModel:
            number = await publishing.publish(work, body.content, note=body.note, user=user, based_on=body.based_on)
            return await full_version(work, number)

        return await rest.once(request, do, status=201)

    @router.post("/versions/{number}/again", status_code=201, dependencies=ONCE, response_model=FullVersionView)
    async def again(number: Number, body: Again, request: Request) -> Response:
        """Roll back: publish the content of an earlier version once more (0: nothing of the dealer's own)."""

        async def do(work: Work, user: UUID | None) -> BaseModel:
            return await full_version(work, await publishing.roll_back(work, number, note=body.note, user=user))

        return await rest.once(request, do, status=201)

    return router


async def reading(work: Work) -> ReadingView:
    found = await publishing.progress(work)
    return ReadingView(texts=found.texts, read=found.read, waiting=found.waiting)


async def full_version(work: Work, number: int) -> FullVersionView:
    """Raises NotFound."""
    row = await store.version(work.session, work.dealer, number)
    if row is None:
        raise NotFound(f"There is no version {number}.")
    return FullVersionView(**_version(row).model_dump(), content=DealerLexicon.model_validate(row.content))


def _version(row: Any) -> VersionView:
    return VersionView(**{name: row._mapping[name] for name in VersionView.model_fields})
