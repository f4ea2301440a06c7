"""Visits that somebody should look at, and what people say of them."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, Field, field_validator

from classifier import reviewing, settling, store
from classifier.domain import unclear, wheels
from classifier.reviewing import Review
from classifier.routes.shared import ONCE, Body, Rest, day_cursor, instant_cursor
from common.events.words import VisitTag
from common.ids import DealerId
from common.work import Work

MOST_LINES, MOST_LETTERS = 200, 4000  # of an order's text that are shown
Limit = Annotated[int, Query(ge=1, le=50)]
Cursor = Annotated[str | None, Query(max_length=100)]
Language = Annotated[Literal["da", "de", "nl", "en"] | None, Query(description="Of sentences; default: the dealer's.")]


class LineView(BaseModel):
    place: str
    text: str
    code: str | None


class TagView(BaseModel):
    tag: str
    says: str


class VerdictView(BaseModel):
    """What somebody said. `of_this_text` is false where the text was changed since; it holds on until somebody says more."""

    tags: list[str]
    remark: str
    user_id: UUID | None
    given_at: datetime
    of_this_text: bool


class ReviewView(BaseModel):
    """A visit: its text, the tags that count and why, and why somebody should look at it (nothing: there is no need)."""

    order_id: UUID
    number: str
    visited_on: date | None
    vehicle_id: UUID | None
    customer_id: UUID | None
    workshop_id: UUID | None
    lines: list[LineView]
    remarks: str
    tags: list[TagView]
    why: list[str]
    verdict: VerdictView | None


class ReviewList(BaseModel):
    """`count` is of all that wait, not of this page."""

    count: int
    items: list[ReviewView]
    next_cursor: str | None


class DecidedList(BaseModel):
    items: list[ReviewView]
    next_cursor: str | None


class VerdictBody(Body):
    """The tags as they should be; none means that the visit was about nothing that counts."""

    tags: list[VisitTag] = Field(max_length=len(VisitTag))
    remark: str = Field(default="", max_length=500)

    @field_validator("tags")
    @classmethod
    def _one_season(cls, tags: list[VisitTag]) -> list[VisitTag]:
        if len(wheels.TAGS & set(tags)) > 1:
            raise ValueError("a visit has one wheel change: to winter, to summer, or without a season")
        return tags


def build(rest: Rest) -> APIRouter:
    router = APIRouter(prefix="/reviews", tags=["reviews"])
    Dealer = Annotated[DealerId, Depends(rest.dealer)]

    @router.get("")
    async def waiting(dealer: Dealer, cursor: Cursor = None, limit: Limit = 20, language: Language = None) -> ReviewList:
        """Visits that somebody should look at, the newest first: their words are weak or speak against each other, or their
        text was changed after a verdict."""
        async with rest.runtime.work(dealer) as work:
            found = await store.unclear(work.session, dealer, after=day_cursor(cursor), limit=limit + 1)
            items = await _views(work, [order for _, order in found[:limit]], language)
            count = await store.count_unclear(work.session, dealer)
        more = "{}.{}".format(*found[limit - 1]) if len(found) > limit else None
        return ReviewList(count=count, items=items, next_cursor=more)

    @router.get("/verdicts")
    async def verdicts(dealer: Dealer, cursor: Cursor = None, limit: Limit = 20, language: Language = None) -> DecidedList:
        """Visits with a verdict that holds, the latest first."""
        async with rest.runtime.work(dealer) as work:
            found = await store.decided(work.session, dealer, after=instant_cursor(cursor), limit=limit + 1)
            items = await _views(work, [order for _, order in found[:limit]], language)
        more = f"{found[limit - 1][0].isoformat()}.{found[limit - 1][1]}" if len(found) > limit else None
        return DecidedList(items=items, next_cursor=more)

    @router.get("/{order_id}")
    async def one(order_id: UUID, dealer: Dealer, language: Language = None) -> ReviewView:
        """One visit, unclear or not."""
        async with rest.runtime.work(dealer) as work:
            return await _view(work, order_id, language)

    @router.post("/{order_id}/verdict", dependencies=ONCE, response_model=ReviewView)
    async def give(order_id: UUID, body: VerdictBody, request: Request, language: Language = None) -> Response:
        """Say what a visit was about. It beats what its words say, in every later reading too, until it is taken back."""

        async def do(work: Work, user: UUID | None) -> BaseModel:
            await reviewing.give(work, order_id, body.tags, body.remark.strip(), user)
            return await _view(work, order_id, language)

        return await rest.once(request, do)

    @router.delete("/{order_id}/verdict", dependencies=ONCE, response_model=ReviewView)
    async def take_back(order_id: UUID, request: Request, language: Language = None) -> Response:
        """Take a verdict back: the words of the visit speak again."""

        async def do(work: Work, user: UUID | None) -> BaseModel:
            await reviewing.take_back(work, order_id, user)
            return await _view(work, order_id, language)

        return await rest.once(request, do)

    return router


async def _view(work: Work, order_id: UUID, language: str | None) -> ReviewView:
    language = language or await settling.language_of(work)
    return _shown(await reviewing.review(work, order_id, language), language)


async def _views(work: Work, orders: list[UUID], language: str | None) -> list[ReviewView]:
    language = language or await settling.language_of(work)
    return [_shown(one, language) for one in await reviewing.reviews(work, orders, language)]


def _shown(one: Review, language: str) -> ReviewView:
    order, verdict = one.order, one.verdict
    lines = [
        LineView(place=f"line {number}", text=line.text[:MOST_LETTERS], code=line.code)
        for number, line in enumerate(order.lines[:MOST_LINES], 1)
    ]
    return ReviewView(
        order_id=order.order_id, number=order.number, visited_on=order.finished_on or order.changed_on,
        vehicle_id=order.vehicle_id, customer_id=order.customer_id, workshop_id=order.workshop_id, lines=lines,
        remarks=order.remarks[:MOST_LETTERS], tags=[TagView(tag=tag.tag, says=unclear.told(tag, language)) for tag in one.counts.tags],
        why=list(one.why),
        verdict=VerdictView(
            tags=list(verdict.tags), remark=verdict.remark, user_id=verdict.user_id, given_at=verdict.given_at,
            of_this_text=one.same_text,
        ) if verdict else None,
    )  # fmt: skip
