"""One invitation, and what staff does with it."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field

from api import answering, listing
from api.edges import etag, must_match
from api.guarding import Asking
from api.listing import InvitationView
from api.routes.shared import KNOWN, MATCHED, Body, Rest, Why
from common.events.words import Answer, NoReason, Outcome
from common.work import Work


class Ended(Body):
    """How a follow-up or a call ended."""

    outcome: Literal["booked", "answered_no", "no_reaction", "visited"]
    note: str | None = Field(default=None, max_length=2000, examples=["Calls back after the holidays."])


class Said(Body):
    """What the customer answered to staff. `reason` goes with no."""

    answer: Literal["booked", "call_me", "no", "unsubscribe"]
    reason: NoReason | None = Field(default=None, examples=["price"])


def build(rest: Rest) -> APIRouter:
    router = rest.router("invitations")
    User = Annotated[Asking, Depends(rest.user)]
    Decider = Annotated[Asking, Depends(rest.decider)]

    async def seen(work: Work, invitation_id: UUID, user: Asking) -> InvitationView:
        found = await answering.find(work, invitation_id, allowed=user.workshops)
        (view,) = await listing.views(work, [found], user.language)
        return view

    async def check(request: Request, work: Work, invitation_id: UUID, user: Asking) -> None:
        """Raises NotFound, and Stale when an If-Match names another state."""
        if "if-match" in request.headers:
            must_match(request, await seen(work, invitation_id, user), required=False)
        else:
            await answering.find(work, invitation_id, allowed=user.workshops)

    @router.get("/invitations/{invitation_id}", dependencies=KNOWN)
    async def invitation(invitation_id: UUID, user: User, response: Response) -> InvitationView:
        """An invitation with what is around it, as in the lists."""
        async with rest.runtime.work(user.dealer) as work:
            view = await seen(work, invitation_id, user)
        response.headers["etag"] = etag(view)
        return view

    @router.post("/invitations/{invitation_id}/hold", status_code=204, dependencies=MATCHED, response_model=None)
    async def hold(invitation_id: UUID, body: Why, user: Decider, request: Request) -> Response:
        """Keep this invitation from leaving, once. `restore` undoes it."""

        async def do(work: Work) -> None:
            await check(request, work, invitation_id, user)
            await answering.hold(work, invitation_id, body.reason, user.user)

        return await rest.once(request, user, do)

    @router.post("/invitations/{invitation_id}/restore", status_code=204, dependencies=MATCHED, response_model=None)
    async def restore(invitation_id: UUID, user: Decider, request: Request) -> Response:
        """Undo every hold and exclusion of this invitation's vehicle and customer."""

        async def do(work: Work) -> None:
            await check(request, work, invitation_id, user)
            await answering.include(work, invitation_id, user.user)

        return await rest.once(request, user, do)

    @router.post("/invitations/{invitation_id}/exclude", status_code=204, dependencies=MATCHED, response_model=None)
    async def exclude(invitation_id: UUID, body: Why, user: Decider, request: Request) -> Response:
        """Leave this vehicle out of all invitations. `restore` undoes it."""

        async def do(work: Work) -> None:
            await check(request, work, invitation_id, user)
            await answering.exclude(work, invitation_id, body.reason, user.user)

        return await rest.once(request, user, do)

    @router.post("/invitations/{invitation_id}/outcome", status_code=204, dependencies=MATCHED, response_model=None)
    async def outcome(invitation_id: UUID, body: Ended, user: Decider, request: Request) -> Response:
        """Record how a follow-up or a call ended."""

        async def do(work: Work) -> None:
            await check(request, work, invitation_id, user)
            await answering.follow_up(work, invitation_id, Outcome(body.outcome), body.note, user.user)

        return await rest.once(request, user, do)

    @router.post("/invitations/{invitation_id}/answer", status_code=204, dependencies=MATCHED, response_model=None)
    async def answer(invitation_id: UUID, body: Said, user: Decider, request: Request) -> Response:
        """Answer on behalf of the customer, who called or came by."""

        async def do(work: Work) -> None:
            await check(request, work, invitation_id, user)
            found = await answering.find(work, invitation_id)
            await answering.answer(work, found, Answer(body.answer), body.reason, by="staff", user=user.user)

        return await rest.once(request, user, do)

    @router.post("/invitations/{invitation_id}/release-owner", status_code=204, dependencies=MATCHED, response_model=None)
    async def release_owner(invitation_id: UUID, user: Decider, request: Request) -> Response:
        """The owner is still this customer: changes of the registry known until now no longer count."""

        async def do(work: Work) -> None:
            await check(request, work, invitation_id, user)
            await answering.release_owner(work, invitation_id, user.user)

        return await rest.once(request, user, do)

    return router
