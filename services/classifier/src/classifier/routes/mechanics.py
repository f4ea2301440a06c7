"""Who the mechanics are: names of codes, and the codes that nobody has named yet."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import AfterValidator, BaseModel, Field, StringConstraints

from classifier import naming, store
from classifier.domain import mechanics as rules
from classifier.routes.shared import ONCE, Body, Limit, Rest
from common.ids import DealerId
from common.work import Work


def _code(given: str) -> str:
    if not (code := rules.code_of(given)):
        raise ValueError("give the code as orders write it")
    return code


Code = Annotated[str, StringConstraints(max_length=rules.LONGEST), AfterValidator(_code)]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]


class MechanicView(BaseModel):
    code: str
    name: str
    visits: int
    user_id: UUID | None
    at: datetime


class MechanicList(BaseModel):
    """`waiting` visits are still to be told again under the names of now."""

    items: list[MechanicView]
    next_cursor: str | None
    waiting: int


class ExampleView(BaseModel):
    order_id: UUID
    number: str
    visited_on: date | None


class UnnamedView(BaseModel):
    """A code that nobody has named yet, how many visits have it, and one of them."""

    code: str
    visits: int
    example: ExampleView | None


class UnnamedList(BaseModel):
    """Those of most visits first; `count` is of all codes without a name."""

    count: int
    items: list[UnnamedView]


class Naming(Body):
    """A code as orders write it, whatever the case, and the name that it stands for (null: none any more)."""

    code: Code = Field(examples=["PK"])
    name: Name | None = Field(examples=["Per Krog"])


class Names(Body):
    mechanics: list[Naming] = Field(min_length=1, max_length=500)


def build(rest: Rest) -> APIRouter:
    router = APIRouter(prefix="/mechanics", tags=["mechanics"])
    Dealer = Annotated[DealerId, Depends(rest.dealer)]

    @router.get("")
    async def mechanics(
        dealer: Dealer, cursor: Annotated[str | None, Query(max_length=rules.LONGEST)] = None, limit: Limit = 50
    ) -> MechanicList:
        """The codes that have a name, by code."""
        async with rest.runtime.work(dealer) as work:
            return await _list(work, cursor, limit)

    @router.get("/unnamed")
    async def unnamed(dealer: Dealer, limit: Limit = 50) -> UnnamedList:
        """The codes of visits that nobody has named yet."""
        async with rest.runtime.work(dealer) as work:
            rows, count = await store.unnamed(work.session, dealer, limit)
            texts = await store.orders(work.session, dealer, [row.example for row in rows], lock=False)
        orders = {text.id: text.work_order for text in texts}
        items = []
        for row in rows:
            order = orders.get(row.example)
            shown = ExampleView(order_id=order.order_id, number=order.number, visited_on=order.finished_on) if order else None
            items.append(UnnamedView(code=row.code, visits=row.visits, example=shown))
        return UnnamedList(count=count, items=items)

    @router.post("", dependencies=ONCE, response_model=MechanicList)
    async def name(body: Names, request: Request) -> Response:
        """Name codes. Later visits carry the names at once, earlier ones are told again with them in the background."""

        async def do(work: Work, user: UUID | None) -> BaseModel:
            await naming.name(work, {one.code: one.name for one in body.mechanics}, user)
            return await _list(work, None, 50)

        return await rest.once(request, do)

    return router


async def _list(work: Work, cursor: str | None, limit: int) -> MechanicList:
    found = await store.mechanics(work.session, work.dealer, after=cursor, limit=limit + 1)
    items = [
        MechanicView(**{field: row._mapping[field] for field in MechanicView.model_fields}) for row in found[:limit]
    ]  # fmt: skip
    waiting = await store.count_told_otherwise(work.session, work.dealer)
    return MechanicList(items=items, next_cursor=items[-1].code if len(found) > limit else None, waiting=waiting)
