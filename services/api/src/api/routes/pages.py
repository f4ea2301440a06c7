"""The dealer's pages: plain lists on the server until the dashboard comes. In Danish, with every filter in the address."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from api import answering, listing, store
from api.domain import access
from api.guarding import Asking, Guard, NotLoggedIn, TooManyTries, check_form
from api.listing import InvitationView
from api.questions import Questions
from api.rendering import INSIDE, PRIVATE, PageRoute, page, style_sheet
from api.wording import CHANNELS, EMPTY, FACTS, LEADS, MENU, NO_REASONS, OUTCOMES, STATES, VIEWS
from common.errors import DomainError, TransientError
from common.events.settings import DealerChanged
from common.events.words import Outcome
from common.service import Runtime

STALE = timedelta(days=1)


def actions(row: InvitationView) -> list[tuple[str, str]]:
    """What may be done with a row of a list."""
    if row.held or row.excluded:
        return [("restore", "Fortryd")]
    if row.stage in ("planned", "pending"):
        return [("hold", "Hold tilbage"), ("exclude", "Tag bilen fra")]
    if row.stage in ("sent", "reminded") or any(answer.said == "call_me" for answer in row.answers):
        return [("booked", "Bestilt"), ("answered_no", "Nej tak"), ("no_reaction", "Ikke truffet")]
    return []


async def shell(runtime: Runtime, asking: Asking, here: str) -> Mapping[str, Any]:
    """What stands around every page of the dealer."""
    async with runtime.work(asking.dealer) as work:
        dealer = await store.told(work.session, work.dealer, DealerChanged, work.dealer)
        sources = await listing.source_views(work)
        polled = {source.title for source in await store.sources(work.session, work.dealer) if source.polled}
    now = runtime.clock.now()
    shown = [
        {
            **source.model_dump(),
            "cannot_tell": [FACTS[what] for what in source.cannot_tell],
            "stale": source.title in polled and (source.fresh_at is None or now - source.fresh_at > STALE),
        }
        for source in sources
    ]
    return {
        "language": "da", "asking": asking, "dealer": dealer.title if dealer else "", "lists": MENU, "here": here,
        "sources": shown,
        "zone": dealer.timezone if dealer else "UTC", "heading": dict(MENU)[here], "lead": LEADS[here], "empty": EMPTY[here],
        "may_decide": asking.role in access.MAY_DECIDE,
    }  # fmt: skip


def build(runtime: Runtime, guard: Guard, questions: Questions) -> APIRouter:
    router = APIRouter(include_in_schema=False, route_class=PageRoute)

    async def show_list(request: Request, here: str, name: str, view: str | None = None) -> Response:
        try:
            asking = await guard.asking(request)
        except NotLoggedIn:
            return RedirectResponse("/login", status_code=303, headers=PRIVATE)
        async with runtime.work(asking.dealer) as work:
            found = await listing.list_of(work, name, cursor=request.query_params.get("cursor"), limit=50, language="da")
        return page(
            "list.html", headers=INSIDE, list=found, view=view, views=VIEWS if view else (), actions=actions, outcomes=OUTCOMES,
            no_reasons=NO_REASONS, **await shell(runtime, asking, here),
        )  # fmt: skip

    @router.get("/style.css")
    async def style() -> Response:
        return Response(style_sheet(), media_type="text/css", headers={"cache-control": "max-age=3600"})

    @router.get("/")
    async def front() -> Response:
        return RedirectResponse("/pending", status_code=303, headers=PRIVATE)

    @router.get("/login")
    async def see_login() -> Response:
        return page("login.html", headers=INSIDE, language="da", problem=None)

    @router.post("/login")
    async def log_in(
        request: Request, email: Annotated[str, Form(max_length=254)], password: Annotated[str, Form(max_length=1024)]
    ) -> Response:
        guard.check_origin(request)
        response = RedirectResponse("/pending", status_code=303, headers=PRIVATE)
        try:
            await guard.log_in(request, email, password, response)
        except TooManyTries:
            return page(
                "login.html", headers=INSIDE, status=429, language="da", problem="For mange forsøg. Vent lidt, og prøv igen."
            )
        except NotLoggedIn:
            return page("login.html", headers=INSIDE, status=401, language="da", problem="E-mail eller adgangskode er forkert.")
        return response

    @router.post("/logout")
    async def log_out(request: Request, csrf: Annotated[str, Form(max_length=100)]) -> Response:
        check_form(await guard.asking(request), csrf)
        response = RedirectResponse("/login", status_code=303, headers=PRIVATE)
        await guard.log_out(request, response)
        return response

    @router.get("/pending")
    async def pending(request: Request) -> Response:
        return await show_list(request, "/pending", "pending")

    @router.get("/follow-up")
    async def follow_up(request: Request, view: str = "call_now") -> Response:
        view = view if view in ("call_now", "awaiting", "all") else "call_now"
        return await show_list(request, "/follow-up", f"follow-up:{view}", f"/follow-up?view={view}")

    @router.get("/calls")
    async def calls(request: Request) -> Response:
        return await show_list(request, "/calls", "calls")

    @router.get("/booked")
    async def booked(request: Request) -> Response:
        return await show_list(request, "/booked", "booked")

    @router.get("/no")
    async def no(request: Request) -> Response:
        return await show_list(request, "/no", "no")

    @router.get("/messages")
    async def messages(request: Request) -> Response:
        return await show_messages(request, None)

    @router.get("/messages/{message_id}")
    async def message(request: Request, message_id: UUID) -> Response:
        return await show_messages(request, message_id)

    async def show_messages(request: Request, message_id: UUID | None) -> Response:
        try:
            asking = await guard.asking(request)
        except NotLoggedIn:
            return RedirectResponse("/login", status_code=303, headers=PRIVATE)
        around = await shell(runtime, asking, "/messages")
        try:
            if message_id is None:
                found = await questions.messages(asking, cursor=request.query_params.get("cursor"), limit=50)
            else:
                found = await questions.ask("notifier", f"/messages/{message_id}", asking)
        except TransientError:
            late = "Beskederne kan ikke vises lige nu. Prøv igen om lidt; resten virker."
            empty: dict[str, Any] = {"items": [], "next_cursor": None}
            return page(
                "messages.html", headers=INSIDE, status=503, found=empty, problem=late, states=STATES, channels=CHANNELS, **around
            )
        template = "message.html" if message_id else "messages.html"
        return page(template, headers=INSIDE, found=found, problem=None, states=STATES, channels=CHANNELS, **around)

    @router.post("/invitations/{invitation_id}/{action}")
    async def act(
        request: Request,
        invitation_id: UUID,
        action: str,
        csrf: Annotated[str, Form(max_length=100)],
        back: Annotated[str, Form(max_length=100)] = "/pending",
    ) -> Response:
        asking = await guard.asking(request)
        check_form(asking, csrf)
        asking.must_decide()
        async with runtime.work(asking.dealer) as work:
            match action:
                case "hold":
                    await answering.hold(work, invitation_id, None, asking.user)
                case "exclude":
                    await answering.exclude(work, invitation_id, None, asking.user)
                case "restore":
                    await answering.include(work, invitation_id, asking.user)
                case "booked" | "answered_no" | "no_reaction":
                    await answering.follow_up(work, invitation_id, Outcome(action), None, asking.user)
                case _:
                    raise DomainError("There is no such action.", code="unknown_action", status=404)
        return RedirectResponse(back if back in dict(MENU) else "/pending", status_code=303, headers=PRIVATE)

    return router
