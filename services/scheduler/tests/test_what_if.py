"""What would be planned otherwise if visits had been about something else, and that asking changes nothing."""

from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from scheduler_world import LAST, World, history, order, visit

from common import web
from common.clock import SystemClock
from common.events.words import VisitTag
from common.ids import DealerId
from common.testing.nordhavn import OCTAVIA
from common.testing.runtime import DEALER, OTHER_DEALER
from scheduler import routes, store
from scheduler.domain.supposing import supposing


def of(number: int) -> str:
    return str(UUID(int=0x0D00 + number))


def supposed(number: int, *tags: str, words: tuple[str, ...] = ()) -> dict[str, Any]:
    said = [{"tag": tag, "words": list(words)} for tag in tags]
    return {"vehicles": [{"vehicle_id": str(OCTAVIA), "visits": [{"order_id": of(number), "tags": said}]}]}


async def asked(world: World, body: Any, *, status: int = 200, dealer: DealerId = DEALER) -> Any:
    app = FastAPI()
    web.install(app)
    app.include_router(routes.build(world.rt))
    secret = world.rt.settings.derived(web.INTERNAL)
    signed = web.sign(secret, dealer=dealer, user=None, method="POST", path="/what-if", at=SystemClock().now())
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://scheduler.internal") as http:
        answer = await http.post("/what-if", json=body, headers={web.SIGNATURE: signed})
    assert answer.status_code == status, answer.text
    return answer.json()


def by_type(found: Any) -> dict[str, Any]:
    return {one["type"]: one for one in found["items"]}


async def test_a_service_that_would_be_none_leaves_its_invitation_without_ground(world: World) -> None:
    await world.begin(*history())
    found = await asked(world, supposed(1, "brakes", words=("Bremser",)))
    assert (found["vehicles"], set(by_type(found))) == (1, {"service", "service_winback"})
    one = by_type(found)["service"]
    assert (one["plate"], one["before"]["stage"], one["before"]["invite_on"]) == ("AB12345", "planned", "2026-02-10")
    assert (one["after"]["stage"], one["after"]["outcome"], one["after"]["invite_on"]) == ("closed", "superseded", None)
    assert one["after"]["sentences"] == ["Vi kender ikke til nogen service på bilen hos denne kunde."]


async def test_a_visit_that_would_be_a_service_moves_the_day(world: World) -> None:
    later = LAST.replace(month=11)
    await world.begin(*history(), order(2, later), visit(2, later, "brakes"))
    found = by_type(await asked(world, supposed(2, "service", "brakes", words=("Stor tur",))))
    assert (found["service"]["before"]["due_on"], found["service"]["after"]["stage"]) == ("2026-03-10", "closed")
    by_mileage = found["service_mileage"]
    assert (by_mileage["before"]["stage"], by_mileage["after"]["stage"]) == (None, "planned")
    assert (by_mileage["after"]["invite_on"], by_mileage["after"]["due_on"]) == ("2026-06-13", "2026-07-13")
    winback = found["service_winback"]
    assert (winback["before"]["due_on"], winback["after"]["due_on"]) == ("2027-03-10", "2027-11-10")


async def test_a_visit_as_supposed_rests_on_new_words_where_a_tag_is_new_and_on_its_own_else(world: World) -> None:
    await world.begin(*history())
    async with world.rt.work(DEALER) as work:
        (facts,) = await store.vehicle_facts(work.session, DEALER, [OCTAVIA], now=work.now)
    (one,) = supposing(facts, {UUID(of(1)): {"service": (), "brakes": ("Bremser",)}}).visits
    assert one.words == {"service": ("serviceord",), "brakes": ("Bremser",)}
    assert one.tags == {"service", "brakes"}


async def test_what_stays_as_it_is_moves_nothing(world: World) -> None:
    await world.begin(*history())
    found = await asked(world, supposed(1, "service"))
    assert found == {"vehicles": 1, "items": []}
    assert (await asked(world, supposed(9, "brakes")))["items"] == [], "an order that is no visit of it"


async def test_asking_changes_and_tells_nothing(world: World) -> None:
    await world.begin(*history())
    await world.rt.published()
    tables = ("decision", "cycle", "fact")
    before = [await world.rt.sql(DEALER, f"select x::text from scheduler.{name} x order by 1") for name in tables]
    await asked(world, supposed(1, "brakes"))
    assert [await world.rt.sql(DEALER, f"select x::text from scheduler.{name} x order by 1") for name in tables] == before
    assert await world.rt.published() == []


@pytest.mark.parametrize(
    "body",
    [
        {}, {"vehicles": [{"vehicle_id": "x", "visits": []}]}, supposed(1, "holiday"), supposed(1, "service") | {"more": 1},
        {"vehicles": supposed(1, "service")["vehicles"] * 101}, supposed(1, *[VisitTag.SERVICE] * 21),
    ],
)  # fmt: skip
async def test_what_is_too_much_or_not_understood_is_refused(world: World, body: Any) -> None:
    await world.begin()
    await asked(world, body, status=422)


async def test_a_dealer_that_is_not_known_here_is_not_found(world: World) -> None:
    await world.begin(*history())
    await asked(world, supposed(1, "brakes"), dealer=OTHER_DEALER, status=404)
