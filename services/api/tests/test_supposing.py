"""From a draft of the lexicon to the invitations that would move and the words in force: api before the real classifier and scheduler."""

from collections.abc import AsyncIterator
from datetime import date
from typing import Any
from uuid import UUID

import httpx
import pytest
from api_house import House, of, open_doors
from fastapi import FastAPI

from classifier.main import service as classifier_service
from common import web
from common.events.customers import CustomerChanged, VehicleChanged
from common.events.settings import DealerChanged
from common.events.work_orders import OrderLine, WorkOrderChanged
from common.ids import CustomerId, OrderId, SourceId, VehicleId
from common.testing.postgres import Database
from common.testing.runtime import DEALER, Running, running
from scheduler.main import service as scheduler_service

DRAFTS = "/api/v1/lexicon/drafts"
CUSTOMER, VEHICLE = CustomerId(of("customer")), VehicleId(of("vehicle"))
CONTENT = {"words": [{"words": "stor tur", "tag": "service"}]}


@pytest.fixture
async def classifier(database: Database, house: House) -> AsyncIterator[Running]:
    async with running(classifier_service, database, clock=house.clock) as rt:
        yield rt


@pytest.fixture
async def scheduler(database: Database, house: House) -> AsyncIterator[Running]:
    async with running(scheduler_service, database, clock=house.clock) as rt:
        yield rt


@pytest.fixture
def whole(house: House, classifier: Running, scheduler: Running, monkeypatch: pytest.MonkeyPatch) -> House:
    """The front door with both behind it."""
    inner = FastAPI()
    web.install(inner)
    for rt in (classifier, scheduler):
        assert rt.service.router is not None
        inner.include_router(rt.service.router(rt))
    monkeypatch.setattr(house.asking.settings, "service_urls", dict.fromkeys(("classifier", "scheduler"), "http://inside"))
    house.app = open_doors(house.rt, house.asking, inner)
    return house


def order(number: str, on: date, text: str) -> WorkOrderChanged:
    return WorkOrderChanged(
        order_id=OrderId(of(f"order {number}")), source_id=SourceId(UUID(int=5)), revision=1, number=number, vehicle_id=VEHICLE,
        customer_id=CUSTOMER, status="finished", finished_on=on, changed_on=on, lines=(OrderLine(text=text),),
    )  # fmt: skip


async def tell(classifier: Running, scheduler: Running) -> None:
    """A customer with a service ten months ago, and a visit three months ago whose words nobody knows."""
    orders = [order("1", date(2025, 4, 2), "Serviceeftersyn"), order("2", date(2025, 11, 12), "Stor tur")]
    await classifier.deliver(DEALER, *orders)
    await scheduler.deliver(
        DEALER,
        DealerChanged(
            dealer_id=DEALER, revision=1, slug="n", title="Nordhavn", country="DK", language="da", timezone="Europe/Copenhagen"
        ),
        CustomerChanged(revision=1, customer_id=CUSTOMER, full_name="Anne Holm", email="anne@example.com"),
        VehicleChanged(revision=1, vehicle_id=VEHICLE, plate="AB12345"),
        *orders,
        *await classifier.published(DEALER),
    )


async def test_a_draft_shows_which_invitations_would_move_and_publishing_it_moves_them(
    whole: House, classifier: Running, scheduler: Running
) -> None:
    await tell(classifier, scheduler)
    async with whole.logged_in() as browser:
        draft = (await browser.post(DRAFTS, json={"content": CONTENT, "note": "Store ture"})).json()["draft_id"]
        assert (await moved(browser, draft))["done"] is False
        while await classifier.run_job("try_lexicon", DEALER) is not None:
            pass
        found = await moved(browser, draft)
        assert (found["vehicles"], found["looked_at"], found["done"], found["next_cursor"]) == (1, 1, True, None)
        service = next(one for one in found["items"] if one["type"] == "service")
        assert (service["plate"], service["before"]["due_on"]) == ("AB12345", "2026-04-02")
        after = {one["type"]: one["after"] for one in found["items"]}
        assert (await browser.post(f"{DRAFTS}/{draft}/publish", json={})).json()["number"] == 1
    while (again := await classifier.run_job("reclassify", DEALER)) is not None and again <= whole.clock.now():
        pass
    await scheduler.deliver(DEALER, *await classifier.published(DEALER))
    rows = await scheduler.sql(DEALER, "select type, told from scheduler.cycle")
    told = {row.type: row.told for row in rows if row.told["stage"] != "closed"}
    expected = {kind: one["due_on"] for kind, one in after.items() if one["stage"] == "planned"}
    assert {kind: one["due_on"] for kind, one in told.items()} == expected, "what was supposed is what came"


async def moved(browser: httpx.AsyncClient, draft: str) -> Any:
    answer = await browser.get(f"{DRAFTS}/{draft}/invitations")
    assert answer.status_code == 200, answer.text
    return answer.json()
