"""REST under /api/v1: the lists, what may be done with their rows, messages as sent, and sources."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api import answering, listing
from api.guarding import Asking, Guard
from api.listing import ListView, SourceView
from api.questions import Questions
from common.events.words import Outcome
from common.service import Runtime

V1 = "/api/v1"
Limit = Annotated[int, Query(ge=1, le=200)]
CursorParam = Annotated[str | None, Query(max_length=200)]


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Login(Body):
    email: str = Field(max_length=254)
    password: str = Field(max_length=1024)


class Why(Body):
    reason: str | None = Field(default=None, max_length=500)


class Ended(Body):
    outcome: Literal["booked", "answered_no", "no_reaction", "visited"]
    note: str | None = Field(default=None, max_length=2000)


class Problem(BaseModel):
    """RFC 9457. `code` is stable, `detail` a sentence."""

    type: str
    title: str
    status: int
    code: str
    detail: str


class Me(BaseModel):
    email: str
    role: str
    csrf: str


REFUSALS: dict[int | str, dict[str, Any]] = {
    "4XX": {
        "description": "Refused, and why.",
        "content": {"application/problem+json": {"schema": Problem.model_json_schema()}},
    }
}


def keep_nowhere(response: Response) -> None:
    response.headers["cache-control"] = "no-store"


def build(runtime: Runtime, guard: Guard, questions: Questions) -> APIRouter:
    router = APIRouter(prefix=V1, dependencies=[Depends(keep_nowhere)], responses=REFUSALS)

    async def asking(request: Request) -> Asking:
        return await guard.asking(request)

    async def deciding(request: Request) -> Asking:
        found = await guard.asking(request)
        found.must_decide()
        return found

    User = Annotated[Asking, Depends(asking)]
    Decider = Annotated[Asking, Depends(deciding)]

    @router.post("/session", status_code=204, tags=["session"])
    async def log_in(body: Login, request: Request, response: Response) -> None:
        """Log in; the session stands in a cookie."""
        guard.check_origin(request)
        await guard.log_in(request, body.email, body.password, response)

    @router.delete("/session", status_code=204, tags=["session"])
    async def log_out(_: User, request: Request, response: Response) -> None:
        """End the session."""
        await guard.log_out(request, response)

    @router.get("/session", tags=["session"])
    async def me(user: User) -> Me:
        """Who is logged in."""
        return Me(email=user.email, role=user.role, csrf=user.csrf)

    @router.get("/sources", tags=["sources"])
    async def sources(user: User) -> list[SourceView]:
        """The dealer's sources: what each can tell, and how fresh it is."""
        async with runtime.work(user.dealer) as work:
            return await listing.source_views(work)

    async def a_list(user: Asking, name: str, cursor: str | None, limit: int) -> ListView:
        async with runtime.work(user.dealer) as work:
            return await listing.list_of(work, name, cursor=cursor, limit=limit, language=user.language)

    @router.get("/pending", tags=["lists"])
    async def pending(user: User, cursor: CursorParam = None, limit: Limit = 50) -> ListView:
        """Invitations that leave within a week, held and blocked ones included."""
        return await a_list(user, "pending", cursor, limit)

    @router.get("/follow-up", tags=["lists"])
    async def follow_up(
        user: User, view: Literal["call_now", "awaiting", "all"] = "call_now", cursor: CursorParam = None, limit: Limit = 50
    ) -> ListView:
        """Invited customers who have not reacted."""
        return await a_list(user, f"follow-up:{view}", cursor, limit)

    @router.get("/calls", tags=["lists"])
    async def calls(user: User, cursor: CursorParam = None, limit: Limit = 50) -> ListView:
        """Customers who want to be called."""
        return await a_list(user, "calls", cursor, limit)

    @router.get("/booked", tags=["lists"])
    async def booked(user: User, cursor: CursorParam = None, limit: Limit = 50) -> ListView:
        """Customers who booked, unconfirmed and doubtful ones included."""
        return await a_list(user, "booked", cursor, limit)

    @router.get("/no", tags=["lists"])
    async def no(user: User, cursor: CursorParam = None, limit: Limit = 50) -> ListView:
        """Customers who said no, with the reason."""
        return await a_list(user, "no", cursor, limit)

    @router.get("/messages", tags=["messages"])
    async def messages(user: User, cursor: CursorParam = None, limit: Limit = 50) -> dict[str, Any]:
        """Messages as sent, newest first (asked of notifier)."""
        return await questions.messages(user, cursor=cursor, limit=limit)

    @router.get("/messages/{message_id}", tags=["messages"])
    async def message(message_id: UUID, user: User) -> dict[str, Any]:
        """One message as it was sent, and what became of it (asked of notifier)."""
        return await questions.ask("notifier", f"/messages/{message_id}", user)

    @router.post("/invitations/{invitation_id}/hold", status_code=204, tags=["invitations"])
    async def hold(invitation_id: UUID, body: Why, user: Decider) -> None:
        """Keep an invitation from leaving."""
        async with runtime.work(user.dealer) as work:
            await answering.hold(work, invitation_id, body.reason, user.user)

    @router.post("/invitations/{invitation_id}/restore", status_code=204, tags=["invitations"])
    async def restore(invitation_id: UUID, user: Decider) -> None:
        """Undo a hold or an exclusion."""
        async with runtime.work(user.dealer) as work:
            await answering.include(work, invitation_id, user.user)

    @router.post("/invitations/{invitation_id}/exclude", status_code=204, tags=["invitations"])
    async def exclude(invitation_id: UUID, body: Why, user: Decider) -> None:
        """Leave this vehicle out of all invitations."""
        async with runtime.work(user.dealer) as work:
            await answering.exclude(work, invitation_id, body.reason, user.user)

    @router.post("/invitations/{invitation_id}/outcome", status_code=204, tags=["invitations"])
    async def outcome(invitation_id: UUID, body: Ended, user: Decider) -> None:
        """Record how a follow-up or a call ended."""
        async with runtime.work(user.dealer) as work:
            await answering.follow_up(work, invitation_id, Outcome(body.outcome), body.note, user.user)

    return router
