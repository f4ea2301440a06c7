"""Leads: the dealer's page with its views, and the same lists in REST."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Query, Request, Response
from fastapi.responses import RedirectResponse

from api import leads
from api.domain import access
from api.guarding import Asking, Guard, check_form
from api.leads import LeadListView, LeadView
from api.rendering import PRIVATE, PageRoute
from api.routes.invitations import Ended
from api.routes.shared import KNOWN, ONCE, CursorParam, Limit, Rest
from api.routes.shell import Shell
from api.wording import LEAD_EMPTY, LEAD_TYPES, LEAD_VIEWS, NO_REASONS, OUTCOMES
from common.events.words import LeadType, Outcome
from common.service import Runtime
from common.work import Work

View = Literal["coming", "sent", "answered", "follow-up", "call"]
HERE = "/leads"
ENDINGS = (("booked", "Aftale lavet"), ("answered_no", "Nej tak"), ("no_reaction", "Ikke truffet"))


def build(rest: Rest) -> APIRouter:
    """Leads under /api/v1."""
    router = rest.router("leads")

    async def selling(request: Request) -> Asking:
        found = await rest.guard.asking(request)
        found.must_sell()
        return found

    @router.get("/leads", dependencies=KNOWN)
    async def list_leads(
        user: Annotated[Asking, Depends(rest.user)],
        view: View = "coming",
        kind: Annotated[LeadType | None, Query(alias="type")] = None,
        cursor: CursorParam = None,
        limit: Limit = 50,
    ) -> LeadListView:
        """Sales leads: coming within 60 days, sent, answered, to follow up, to call; of one type or of all."""
        async with rest.runtime.work(user.dealer) as work:
            return await leads.list_of(work, view, kind=kind, cursor=cursor, limit=limit, language=user.language)

    @router.post("/leads/{lead_id}/outcome", status_code=204, dependencies=ONCE, response_model=None)
    async def record_outcome(lead_id: UUID, body: Ended, user: Annotated[Asking, Depends(selling)], request: Request) -> Response:
        """Record how a lead ended."""

        async def do(work: Work) -> None:
            await leads.follow_up(work, lead_id, Outcome(body.outcome), body.note, user.user)

        return await rest.once(request, user, do)

    return router


def endings(row: LeadView) -> tuple[tuple[str, str], ...]:
    """What staff may say of a row: how it ended, while it is open or wants a call."""
    wants_call = bool(row.answers) and row.answers[-1].said == "call_me"
    return ENDINGS if row.stage == "sent" or wants_call else ()


def build_pages(runtime: Runtime, guard: Guard) -> APIRouter:
    """The page of leads."""
    router = APIRouter(include_in_schema=False, route_class=PageRoute)
    shell = Shell(runtime, guard)

    @router.get(HERE)
    async def see_leads(
        request: Request,
        view: str = "coming",
        kind: Annotated[str, Query(alias="type", max_length=40)] = "",
        cursor: CursorParam = None,
    ) -> Response:
        asking = await shell.asking(request)
        if isinstance(asking, Response):
            return asking
        view = view if view in dict(LEAD_VIEWS) else "coming"
        chosen = LeadType(kind) if kind in set(LeadType) else None
        async with runtime.work(asking.dealer) as work:
            found = await leads.list_of(work, view, kind=chosen, cursor=cursor, limit=50, language="da")
        return await shell.show(
            "leads.html", asking, HERE, list=found, view=view, kind=chosen or "", views=LEAD_VIEWS, types=LEAD_TYPES,
            endings=endings, outcomes=OUTCOMES, no_reasons=NO_REASONS, empty=LEAD_EMPTY[view],
            may_decide=asking.role in access.MAY_SELL,
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
