"""The dealer's pages: plain lists on the server until the dashboard comes. In Danish, with every filter in the address."""

from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from api import answering, listing
from api.guarding import Guard, NotLoggedIn, TooManyTries, check_form
from api.listing import InvitationView, Wanted
from api.questions import Questions
from api.rendering import INSIDE, PRIVATE, PageRoute, page, style_sheet
from api.routes import cards, seasons
from api.routes.shell import Shell
from api.wording import CHANNELS, MENU, NO_REASONS, OUTCOMES, STATES, TYPES, VIEWS
from common.errors import DomainError, TransientError
from common.events.words import InvitationType, Outcome
from common.service import Runtime


def actions(row: InvitationView) -> list[tuple[str, str]]:
    """What may be done with a row of a list."""
    if row.held or row.excluded:
        return [("restore", "Fortryd")]
    if "owner_changed" in (row.blocked, row.outcome):
        return [] if row.owner_released else [("release", "Samme ejer"), ("exclude", "Tag bilen fra")]
    if row.stage in ("planned", "pending"):
        return [("hold", "Hold tilbage"), ("exclude", "Tag bilen fra")]
    if row.stage in ("sent", "reminded") or any(answer.said == "call_me" for answer in row.answers):
        return [("booked", "Bestilt"), ("answered_no", "Nej tak"), ("no_reaction", "Ikke truffet")]
    return []


def build(runtime: Runtime, guard: Guard, questions: Questions) -> APIRouter:
    router = APIRouter(include_in_schema=False, route_class=PageRoute)
    shell = Shell(runtime, guard)
    router.include_router(cards.build(runtime, shell))
    router.include_router(seasons.build(runtime, shell, questions))

    async def show_list(request: Request, here: str, name: str, view: str | None = None) -> Response:
        asking = await shell.asking(request)
        if isinstance(asking, Response):
            return asking
        asked = request.query_params
        q = asked.get("q", "").replace("\x00", "").strip()[:100]
        kind = asked.get("type", "") if asked.get("type") in set(InvitationType) else ""
        wanted = Wanted(search=q or None, types=frozenset({kind} if kind else ()), allowed=asking.workshops)
        async with runtime.work(asking.dealer) as work:
            found = await listing.list_of(work, name, wanted, cursor=asked.get("cursor"), limit=50, language="da")
        kept = {"view": name.partition(":")[2], "q": q, "type": kind}
        return await shell.show(
            "list.html", asking, here, list=found, view=view, views=VIEWS if view else (), actions=actions, outcomes=OUTCOMES,
            no_reasons=NO_REASONS, types=TYPES["da"], kept=kept,
            query=urlencode({key: value for key, value in kept.items() if value}),
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

    @router.get("/owner-changed")
    async def owner_changed(request: Request) -> Response:
        return await show_list(request, "/owner-changed", "owner-changed")

    @router.get("/messages")
    async def messages(request: Request) -> Response:
        return await show_messages(request, None)

    @router.get("/messages/{message_id}")
    async def message(request: Request, message_id: UUID) -> Response:
        return await show_messages(request, message_id)

    async def show_messages(request: Request, message_id: UUID | None) -> Response:
        asking = await shell.asking(request)
        if isinstance(asking, Response):
            return asking
        shown: dict[str, Any] = {"problem": None, "states": STATES, "channels": CHANNELS}
        try:
            if message_id is None:
                found = await questions.messages(asking, cursor=request.query_params.get("cursor"), limit=50)
            else:
                found = await questions.ask("notifier", f"/messages/{message_id}", asking)
        except TransientError:
            late = "Beskederne kan ikke vises lige nu. Prøv igen om lidt; resten virker."
            empty: dict[str, Any] = {"items": [], "next_cursor": None}
            return await shell.show("messages.html", asking, "/messages", status=503, found=empty, **shown | {"problem": late})
        return await shell.show("message.html" if message_id else "messages.html", asking, "/messages", found=found, **shown)

    @router.post("/invitations/{invitation_id}/{action}")
    async def act(
        request: Request,
        invitation_id: UUID,
        action: str,
        csrf: Annotated[str, Form(max_length=100)],
        back: Annotated[str, Form(max_length=100)] = "/pending",
    ) -> Response:
        asking = await shell.deciding(request, csrf)
        async with runtime.work(asking.dealer) as work:
            await answering.find(work, invitation_id, allowed=asking.workshops)
            match action:
                case "hold":
                    await answering.hold(work, invitation_id, None, asking.user)
                case "exclude":
                    await answering.exclude(work, invitation_id, None, asking.user)
                case "restore":
                    await answering.include(work, invitation_id, asking.user)
                case "release":
                    await answering.release_owner(work, invitation_id, asking.user)
                case "booked" | "answered_no" | "no_reaction":
                    await answering.follow_up(work, invitation_id, Outcome(action), None, asking.user)
                case _:
                    raise DomainError("There is no such action.", code="unknown_action", status=404)
        return RedirectResponse(back if back in dict(MENU) else "/pending", status_code=303, headers=PRIVATE)

    return router
