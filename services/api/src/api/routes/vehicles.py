"""Vehicles: found by plate, left out, released, invited by hand, and why (or why not) one is invited."""

from datetime import date, datetime
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import BaseModel, Field

from api import acting, reading, store
from api.edges import etag
from api.guarding import Asking
from api.reading import VehicleLine, VehicleView
from api.routes.shared import KNOWN, ONCE, Body, Limit, Rest, Why
from common.events.customers import VehicleChanged
from common.events.words import InvitationType
from common.work import Work


class Wish(Body):
    """An invitation that is to leave by hand."""

    type: InvitationType = Field(examples=["service"])


class Requested(BaseModel):
    """It was asked for. Whether and when it leaves the scheduler decides, by the same blocks; `explain` says why."""

    vehicle_id: UUID
    type: InvitationType
    requested_at: datetime


class VehicleList(BaseModel):
    items: list[VehicleLine]
    next_cursor: UUID | None


def build(rest: Rest) -> APIRouter:
    router = rest.router("vehicles")
    User = Annotated[Asking, Depends(rest.user)]
    Decider = Annotated[Asking, Depends(rest.decider)]

    @router.get("/vehicles", dependencies=KNOWN)
    async def vehicles(
        user: User, q: Annotated[str, Query(max_length=100)] = "", cursor: UUID | None = None, limit: Limit = 50
    ) -> VehicleList:
        """Vehicles whose plate or VIN has these letters in it."""
        letters = "".join(q.split())
        async with rest.runtime.work(user.dealer) as work:
            found = await store.search(work.session, work.dealer, VehicleChanged, letters, after=cursor, limit=limit + 1)
        more = found[limit - 1].vehicle_id if len(found) > limit else None
        return VehicleList(items=[reading.vehicle_line(one) for one in found[:limit]], next_cursor=more)

    @router.get("/vehicles/{vehicle_id}", dependencies=KNOWN)
    async def vehicle(vehicle_id: UUID, user: User, response: Response) -> VehicleView:
        """A vehicle with its customer, invitations, orders, and what staff did."""
        async with rest.runtime.work(user.dealer) as work:
            view = await reading.vehicle(work, vehicle_id, user.language, user.workshops)
        response.headers["etag"] = etag(view)
        return view

    @router.get("/vehicles/{vehicle}/explain", dependencies=KNOWN, tags=["explain"])
    async def explain(
        vehicle: Annotated[str, Path(max_length=40, description="The vehicle's id, or its plate.")],
        user: User,
        type: InvitationType | None = None,
        on: date | None = None,
    ) -> dict[str, Any]:
        """Why this vehicle is invited, or why not, for one type or all, on a day (asked of scheduler)."""
        async with rest.runtime.work(user.dealer) as work:
            found = await reading.vehicle_named(work, vehicle)
        wanted = {"vehicle": str(found.vehicle_id), "type": type, "on": on.isoformat() if on else None}
        return await rest.questions.ask(
            "scheduler", "/explain", user, urlencode({name: value for name, value in wanted.items() if value})
        )

    @router.post("/vehicles/{vehicle_id}/exclude", status_code=204, dependencies=ONCE, response_model=None)
    async def exclude(vehicle_id: UUID, body: Why, user: Decider, request: Request) -> Response:
        """Leave this vehicle out of all invitations. `restore` undoes it."""

        async def do(work: Work) -> None:
            await acting.exclude_vehicle(work, vehicle_id, body.reason, user.user)

        return await rest.once(request, user, do)

    @router.post("/vehicles/{vehicle_id}/restore", status_code=204, dependencies=ONCE, response_model=None)
    async def restore(vehicle_id: UUID, user: Decider, request: Request) -> Response:
        """Undo every hold and exclusion of this vehicle and its customer."""

        async def do(work: Work) -> None:
            await acting.include_vehicle(work, vehicle_id, user.user)

        return await rest.once(request, user, do)

    @router.post("/vehicles/{vehicle_id}/release-owner", status_code=204, dependencies=ONCE, response_model=None)
    async def release_owner(vehicle_id: UUID, user: Decider, request: Request) -> Response:
        """The owner is still this customer: changes of the registry known until now no longer count."""

        async def do(work: Work) -> None:
            await acting.release_owner(work, vehicle_id, user.user)

        return await rest.once(request, user, do)

    @router.post("/vehicles/{vehicle_id}/invite", status_code=202, dependencies=ONCE, response_model=Requested)
    async def invite(vehicle_id: UUID, body: Wish, user: Decider, request: Request) -> Response:
        """Ask for one invitation by hand: same blocks, same two contacts."""

        async def do(work: Work) -> Requested:
            await acting.request_invitation(work, vehicle_id, body.type, user.user)
            return Requested(vehicle_id=vehicle_id, type=body.type, requested_at=work.now)

        return await rest.once(request, user, do, status=202)

    return router
