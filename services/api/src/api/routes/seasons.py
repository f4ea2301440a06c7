"""Pages of wheel seasons: how each runs, and the dealer's answer. Who has which day is asked of scheduler."""

from datetime import date, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from api import acting
from api.domain import access
from api.guarding import Asking, check_form
from api.questions import Questions
from api.rendering import PRIVATE, PageRoute
from api.routes.campaigns import LONGEST
from api.routes.shell import Shell
from api.wording import AUDIENCES, TYPES
from common.errors import TransientError
from common.service import Runtime

HERE = "/campaigns"
AWAY = "Sæsonerne kan ikke vises lige nu. Prøv igen om lidt."


def build(runtime: Runtime, shell: Shell, questions: Questions) -> APIRouter:
    router = APIRouter(include_in_schema=False, route_class=PageRoute)

    async def show(asking: Asking, *, done: str | None = None, problem: str | None = None, status: int = 200) -> Response:
        items: list[dict[str, Any]] = []
        try:
            items = (await questions.ask("scheduler", HERE, asking))["items"]
        except TransientError:
            problem, status = problem or AWAY, 503
        for item in items:
            item["dealt_on"] = date.fromisoformat(item["dealt_on"])
            item["days"] = [{"day": date.fromisoformat(each["day"]), "customers": each["customers"]} for each in item["days"]]
        return await shell.show(
            "campaigns.html", asking, HERE, status=status, items=items, done=done, problem=problem, types=TYPES["da"],
            audiences=AUDIENCES, may_manage=asking.role in access.MAY_MANAGE,
        )  # fmt: skip

    @router.get(HERE)
    async def seasons(request: Request) -> Response:
        asking = await shell.asking(request)
        return asking if isinstance(asking, Response) else await show(asking)

    @router.get(HERE + "/{campaign_id}")
    async def season(campaign_id: UUID) -> Response:
        return RedirectResponse(f"{HERE}#{campaign_id}", status_code=303, headers=PRIVATE)

    @router.post(HERE + "/{campaign_id}")
    async def answer(
        request: Request,
        campaign_id: UUID,
        csrf: Annotated[str, Form(max_length=100)],
        what: Annotated[str, Form(max_length=20)] = "run",
        from_on: Annotated[date | None, Form()] = None,
        to_on: Annotated[date | None, Form()] = None,
        audience: Annotated[list[str] | None, Form(max_length=2)] = None,
        capacity: Annotated[str, Form(max_length=5)] = "",
    ) -> Response:
        asking = await shell.guard.asking(request)
        check_form(asking, csrf)
        asking.must_manage()
        chosen = tuple(sorted({one for one in audience or () if one in AUDIENCES}))
        wrong = _wrong(from_on, to_on, chosen, capacity)
        if wrong is not None and what != "stop":
            return await show(asking, problem=wrong, status=422)
        async with runtime.work(asking.dealer) as work:
            await acting.answer_campaign(
                work, campaign_id, asking.user, from_on=from_on, to_on=to_on, audience=chosen or None,
                capacity_per_day=int(capacity) if capacity.isdigit() else 0, deal_again=what == "again", stopped=what == "stop",
            )  # fmt: skip
        return await show(asking, done="Sæsonen er stoppet." if what == "stop" else "Tak, det er noteret. Dagene følger om lidt.")

    return router


def _wrong(first: date | None, last: date | None, audience: tuple[str, ...], capacity: str) -> str | None:
    """What cannot be meant, as a sentence."""
    if first is None or last is None or not timedelta(0) <= last - first <= LONGEST:
        return "Sæsonen skal slutte, efter at den er begyndt, og inden for et halvt år."
    if not audience:
        return "Vælg mindst en slags kunder."
    if capacity and (not capacity.isdigit() or int(capacity) > 10_000):
        return "Antallet af kunder om dagen er et tal op til 10.000; lad feltet stå tomt, hvis der ikke er nogen grænse."
    return None
