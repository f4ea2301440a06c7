"""Leads: the dealer's page with its views, and the same lists in REST."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Query, Request, Response
from fastapi.responses import RedirectResponse

from api import leads
from api.domain import access
from api.guarding import Asking, Guard, NotLoggedIn, check_form
from api.leads import LeadListView, LeadView
from api.rendering import INSIDE, PRIVATE, PageRoute, page
from api.routes.pages import shell
from api.routes.rest import REFUSALS, V1, CursorParam, Ended, Limit, keep_nowhere
from api.wording import LEAD_EMPTY, LEAD_TYPES, LEAD_VIEWS, NO_REASONS, OUTCOMES
from common.events.words import LeadType, Outcome
from common.service import Runtime

View = Literal["coming", "sent", "answered", "follow-up", "call"]
HERE = "/leads"
ENDINGS = (("booked", "Aftale lavet"), ("answered_no", "Nej tak"), ("no_reaction", "Ikke truffet"))


def build_rest(runtime: Runtime, guard: Guard) -> APIRouter:
    """Leads under /api/v1."""
    router = APIRouter(prefix=V1, dependencies=[Depends(keep_nowhere)], responses=REFUSALS, tags=["leads"])

    async def asking(request: Request) -> Asking:
        return await guard.asking(request)

    async def selling(request: Request) -> Asking:
        found = await guard.asking(request)
        found.must_sell()
        return found

    @router.get("/leads")
    async def list_leads(
        user: Annotated[Asking, Depends(asking)],
        view: View = "coming",
        kind: Annotated[LeadType | None, Query(alias="type")] = None,
        cursor: CursorParam = None,
        limit: Limit = 50,
    ) -> LeadListView:
        """Sales leads: coming within 60 days, sent, answered, to follow up, to call; of one type or of all."""
        async with runtime.work(user.dealer) as work:
            return await leads.list_of(work, view, kind=kind, cursor=cursor, limit=limit, language=user.language)

    @router.post("/leads/{lead_id}/outcome", status_code=204)
    async def record_outcome(lead_id: UUID, body: Ended, user: Annotated[Asking, Depends(selling)]) -> None:
        """Record how a lead ended."""
        async with runtime.work(user.dealer) as work:
            await leads.follow_up(work, lead_id, Outcome(body.outcome), body.note, user.user)

    return router


def endings(row: LeadView) -> tuple[tuple[str, str], ...]:
    """What staff may say of a row: how it ended, while it is open or wants a call."""
    wants_call = bool(row.answers) and row.answers[-1].said == "call_me"
    return ENDINGS if row.stage == "sent" or wants_call else ()


def build_pages(runtime: Runtime, guard: Guard) -> APIRouter:
    """The page of leads."""
    router = APIRouter(include_in_schema=False, route_class=PageRoute)

    @router.get(HERE)
    async def see_leads(
        request: Request,
        view: str = "coming",
        kind: Annotated[str, Query(alias="type", max_length=40)] = "",
        cursor: CursorParam = None,
    ) -> Response:
        try:
            asking = await guard.asking(request)
        except NotLoggedIn:
            return RedirectResponse("/login", status_code=303, headers=PRIVATE)
        view = view if view in dict(LEAD_VIEWS) else "coming"
        chosen = LeadType(kind) if kind in set(LeadType) else None
        async with runtime.work(asking.dealer) as work:
            found = await leads.list_of(work, view, kind=chosen, cursor=cursor, limit=50, language="da")
        around = {**await shell(runtime, asking, HERE), "empty": LEAD_EMPTY[view], "may_decide": asking.role in access.MAY_SELL}
        return page(
            "leads.html", headers=INSIDE, list=found, view=view, kind=chosen or "", views=LEAD_VIEWS, types=LEAD_TYPES,
            endings=endings, outcomes=OUTCOMES, no_reasons=NO_REASONS, **around,
        )  # fmt: skip

    @router.post("/leads/{lead_id}/{outcome}")
    async def end(
        request: Request,
        lead_id: UUID,
        outcome: Literal["booked", "answered_no", "no_reaction"],
        csrf: Annotated[str, Form(max_length=100)],
        back: Annotated[str, Form(max_length=20)] = "follow-up",
    ) -> Response:
        asking = await guard.asking(request)
        check_form(asking, csrf)
        asking.must_sell()
        async with runtime.work(asking.dealer) as work:
            await leads.follow_up(work, lead_id, Outcome(outcome), None, asking.user)
        view = back if back in dict(LEAD_VIEWS) else "follow-up"
        return RedirectResponse(f"{HERE}?view={view}", status_code=303, headers=PRIVATE)

    return router
