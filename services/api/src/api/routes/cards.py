"""Pages of one customer and of one vehicle, the search that leads there, and unsubscribing by name and number."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from api import acting, reading, store
from api.rendering import PRIVATE, PageRoute
from api.routes.shell import Shell
from api.wording import ACTS, ORDER_STATES, OUTCOMES, TYPES
from common.errors import DomainError, NotFound
from common.events.customers import CustomerChanged, VehicleChanged
from common.events.words import InvitationType
from common.service import Runtime

FOUND = 50
WORDS: dict[str, Any] = {"types": TYPES["da"], "outcomes": OUTCOMES, "order_states": ORDER_STATES, "act_words": ACTS}
Csrf = Annotated[str, Form(max_length=100)]


def build(runtime: Runtime, shell: Shell) -> APIRouter:
    router = APIRouter(include_in_schema=False, route_class=PageRoute)

    @router.get("/search")
    async def search(request: Request) -> Response:
        asking = await shell.asking(request)
        if isinstance(asking, Response):
            return asking
        q = request.query_params.get("q", "").replace("\x00", "").strip()[:100]
        people, cars = [], []
        if q:
            async with runtime.work(asking.dealer) as work:
                people = await store.search(work.session, work.dealer, CustomerChanged, q, after=None, limit=FOUND)
                letters = "".join(q.split())
                cars = await store.search(work.session, work.dealer, VehicleChanged, letters, after=None, limit=FOUND)
        customers = [reading.customer_line(one) for one in people]
        vehicles = [reading.vehicle_line(one) for one in cars]
        return await shell.show("search.html", asking, "/search", q=q, customers=customers, vehicles=vehicles)

    @router.get("/customers/{customer_id}")
    async def customer(request: Request, customer_id: UUID) -> Response:
        asking = await shell.asking(request)
        if isinstance(asking, Response):
            return asking
        async with runtime.work(asking.dealer) as work:
            view = await reading.customer(work, customer_id, "da", asking.workshops)
        facts = (("Nummer", view.number), ("E-mail", view.email), ("Mobil", view.mobile), ("Grupper", ", ".join(view.groups)))
        return await shell.show(
            "card.html", asking, "/search", path=f"/customers/{customer_id}", title=view.name or "Ukendt kunde", facts=facts,
            name=view.name, number=view.number, owner=None, is_vehicle=False, heading=view.name or "Ukendt kunde", lead="",
            **_shown(view), vehicles=view.vehicles, suppressed=view.suppressed, **WORDS,
        )  # fmt: skip

    @router.get("/vehicles/{vehicle_id}")
    async def vehicle(request: Request, vehicle_id: UUID) -> Response:
        asking = await shell.asking(request)
        if isinstance(asking, Response):
            return asking
        async with runtime.work(asking.dealer) as work:
            view = await reading.vehicle(work, vehicle_id, "da", asking.workshops)
        facts = (("Bil", view.name), ("Stelnummer", view.vin), ("Årgang", view.model_year), ("Brændstof", view.fuel))
        title = view.plate or view.vin or "Bil uden nummerplade"
        return await shell.show(
            "card.html", asking, "/search", path=f"/vehicles/{vehicle_id}", title=title, facts=facts, owner=view.customer,
            is_vehicle=True, heading=title, lead="", **_shown(view), vehicles=[], suppressed=False, **WORDS,
        )  # fmt: skip

    @router.post("/customers/{customer_id}/{action}")
    async def act_on_customer(request: Request, customer_id: UUID, action: str, csrf: Csrf) -> Response:
        asking = await shell.deciding(request, csrf)
        async with runtime.work(asking.dealer) as work:
            match action:
                case "exclude":
                    await acting.exclude_customer(work, customer_id, None, asking.user)
                case "restore":
                    await acting.include_customer(work, customer_id, asking.user)
                case _:
                    raise DomainError("There is no such action.", code="unknown_action", status=404)
        return RedirectResponse(f"/customers/{customer_id}", status_code=303, headers=PRIVATE)

    @router.post("/vehicles/{vehicle_id}/{action}")
    async def act_on_vehicle(
        request: Request, vehicle_id: UUID, action: str, csrf: Csrf, type: Annotated[str, Form(max_length=40)] = ""
    ) -> Response:
        asking = await shell.deciding(request, csrf)
        async with runtime.work(asking.dealer) as work:
            match action:
                case "exclude":
                    await acting.exclude_vehicle(work, vehicle_id, None, asking.user)
                case "restore":
                    await acting.include_vehicle(work, vehicle_id, asking.user)
                case "release-owner":
                    await acting.release_owner(work, vehicle_id, asking.user)
                case "invite" if type in set(InvitationType):
                    await acting.request_invitation(work, vehicle_id, InvitationType(type), asking.user)
                case _:
                    raise DomainError("There is no such action.", code="unknown_action", status=404)
        return RedirectResponse(f"/vehicles/{vehicle_id}", status_code=303, headers=PRIVATE)

    @router.get("/suppress")
    async def see_suppress(request: Request) -> Response:
        asking = await shell.asking(request)
        if isinstance(asking, Response):
            return asking
        asked = request.query_params
        name, number = asked.get("name", "")[:200], asked.get("number", "")[:60]
        return await shell.show("suppress.html", asking, "/suppress", done=None, problem=None, name=name, number=number)

    @router.post("/suppress")
    async def suppress(
        request: Request,
        csrf: Csrf,
        name: Annotated[str, Form(max_length=200)],
        number: Annotated[str, Form(max_length=60)],
    ) -> Response:
        asking = await shell.deciding(request, csrf)
        try:
            async with runtime.work(asking.dealer) as work:
                await acting.suppress(work, name, number, None, asking.user)
        except NotFound:
            problem = "Ingen kunde har både dette navn og dette nummer. Slå kunden op, og skriv begge, som systemet har dem."
            return await shell.show(
                "suppress.html", asking, "/suppress", status=404, done=None, problem=problem, name=name, number=number
            )
        done = f"{name} ({number}) er afmeldt og får ikke flere indkaldelser."
        return await shell.show("suppress.html", asking, "/suppress", done=done, problem=None, name="", number="")

    return router


def _shown(view: reading.CustomerView | reading.VehicleView) -> dict[str, Any]:
    return {"excluded": view.excluded, "invitations": view.invitations, "orders": view.orders, "acts": view.acts}
