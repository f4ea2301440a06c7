"""The classifier as its tests see it: what it hears, its jobs, and its routes as api asks them."""

from typing import Any
from uuid import UUID

import httpx
from fastapi import FastAPI

from classifier import routes
from common import web
from common.clock import SystemClock
from common.events import Event
from common.events.visits import VisitClassified
from common.events.work_orders import OrderLine, WorkOrderChanged
from common.ids import DealerId, OrderId, VehicleId, derived_id
from common.testing.runtime import DEALER, OTHER_DEALER, Running

USER, OTHER_USER = UUID(int=0x05E1), UUID(int=0x05E2)
__all__ = ["DEALER", "OTHER_DEALER", "OTHER_USER", "USER", "House", "line", "named"]


def line(text: str = "", code: str | None = None, **more: Any) -> OrderLine:
    return OrderLine(text=text, code=code, **more)


def named(name: str | int) -> dict[str, Any]:
    """An order and its vehicle, told apart from others by a name."""
    return {
        "order_id": OrderId(derived_id("order", name)),
        "vehicle_id": VehicleId(derived_id("vehicle", name)),
        "number": str(name),
    }


class House:
    """The classifier of one dealer at work."""

    def __init__(self, rt: Running) -> None:
        self.rt = rt
        app = FastAPI()
        web.install(app)
        app.include_router(routes.build(rt))
        self._http = httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://classifier.internal")

    async def ask(
        self, method: str, path: str, body: Any = None, *, status: int = 200, key: str | None = None, dealer: DealerId = DEALER,
        user: UUID | None = USER,
    ) -> Any:  # fmt: skip
        """What is answered, with the status that it must have."""
        signed = web.sign(
            self.rt.settings.derived(web.INTERNAL), dealer=dealer, user=user, method=method, path=path, at=SystemClock().now()
        )
        headers = {web.SIGNATURE: signed} | ({"idempotency-key": key} if key else {})
        answer = await self._http.request(method, path, json=body, headers=headers)
        assert answer.status_code == status, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    async def hear(self, *events: Event) -> None:
        await self.rt.deliver(DEALER, *events)

    async def read_all(self) -> int:
        """Run the job until it has nothing more to do; how often it ran."""
        runs = 0
        while (again := await self.rt.run_job("reclassify", DEALER)) is not None:
            runs += 1
            if again > self.rt.clock.now():
                self.rt.at(again)
        return runs

    async def try_all(self) -> int:
        """Run the job until no draft waits; how often it ran."""
        runs = 0
        while await self.rt.run_job("try_lexicon", DEALER) is not None:
            runs += 1
        return runs

    async def visits(self) -> dict[str, frozenset[str]]:
        """The tags of visits that were told since this was last asked, by order; of several the last."""
        found = [event for event in await self.rt.published(DEALER) if isinstance(event, VisitClassified)]
        newest = {event.order_id: event for event in sorted(found, key=lambda event: event.revision)}
        return {str(order): frozenset(tag.tag for tag in event.tags) for order, event in newest.items()}

    async def visit(self) -> VisitClassified:
        """The one visit that was told."""
        (event,) = await self.rt.published(DEALER)
        assert isinstance(event, VisitClassified)
        return event

    async def publish(self, **content: Any) -> int:
        """Publish a lexicon; its number."""
        number: int = (await self.ask("POST", "/lexicon/versions", {"content": content}, status=201))["number"]
        return number


def texts(*orders: WorkOrderChanged) -> list[str]:
    return [str(order.order_id) for order in orders]
