"""The dealer's workshops: what is None at one is as the dealer has it."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field

from api import administering
from api.edges import etag, must_match
from api.guarding import Asking
from api.routes.settings import SenderChange, Text
from api.routes.shared import KNOWN, MATCHED, ONCE, Body, Rest
from common.events.settings import Sender, WorkshopChanged
from common.work import Work


class WorkshopChange(Body):
    """What is left out stays as it is; null is as the dealer has it."""

    title: Text | None = Field(default=None, min_length=1, examples=["Holm Auto Nord"])
    timezone: Text | None = None
    subdivision: Text | None = None
    closed_days: list[date] | None = Field(default=None, max_length=400)
    booking_url: Annotated[str, Field(max_length=500)] | None = None
    sender: SenderChange | None = None


class NewWorkshop(WorkshopChange):
    number: str = Field(
        min_length=1,
        max_length=60,
        pattern=r"\S",
        examples=["2"],
        description="What the dealer's systems call it: orders name it.",
    )
    title: Text = Field(min_length=1, examples=["Holm Auto Nord"])


class WorkshopView(BaseModel):
    workshop_id: UUID
    number: str | None
    title: str
    timezone: str | None
    subdivision: str | None
    closed_days: list[date]
    booking_url: str | None
    sender: Sender


def build(rest: Rest) -> APIRouter:
    router = rest.router("workshops")
    User = Annotated[Asking, Depends(rest.user)]
    Manager = Annotated[Asking, Depends(rest.manager)]

    @router.get("/workshops", dependencies=KNOWN)
    async def workshops(user: User) -> list[WorkshopView]:
        """The dealer's workshops."""
        async with rest.runtime.work(user.dealer) as work:
            return [_view(one) for one in await administering.workshops(work)]

    @router.get("/workshops/{workshop_id}", dependencies=KNOWN)
    async def workshop(workshop_id: UUID, user: User, response: Response) -> WorkshopView:
        """One workshop."""
        async with rest.runtime.work(user.dealer) as work:
            view = _view(await administering.workshop(work, workshop_id))
        response.headers["etag"] = etag(view)
        return view

    @router.post("/workshops", status_code=201, dependencies=ONCE, response_model=WorkshopView)
    async def add(body: NewWorkshop, user: Manager, request: Request) -> Response:
        """Add a workshop under the number that the dealer's systems use."""

        async def do(work: Work) -> WorkshopView:
            return _view(await administering.add_workshop(work, body.number, _facts(body)))

        return await rest.once(request, user, do, status=201)

    @router.patch("/workshops/{workshop_id}", dependencies=MATCHED, response_model=WorkshopView)
    async def change(workshop_id: UUID, body: WorkshopChange, user: Manager, request: Request) -> Response:
        """Change a workshop (If-Match required)."""

        async def do(work: Work) -> WorkshopView:
            await administering.alone(work)
            must_match(request, _view(await administering.workshop(work, workshop_id)), required=True)
            return _view(await administering.change_workshop(work, workshop_id, _facts(body)))

        return await rest.once(request, user, do)

    return router


def _facts(body: WorkshopChange) -> dict[str, object]:
    """What is named; what cannot be None is left out where it is."""
    named = body.model_dump(exclude_unset=True, exclude={"number"})
    return {name: value for name, value in named.items() if value is not None or name not in ("title", "closed_days", "sender")}


def _view(told: WorkshopChanged) -> WorkshopView:
    return WorkshopView(**told.model_dump(include=set(WorkshopView.model_fields)))
