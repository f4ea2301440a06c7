"""Mechanics are known by code or name; codes that nobody knows wait to be named, and then every visit carries the name."""

from collections.abc import Callable
from typing import Any

import pytest
from classifier_house import DEALER, OTHER_DEALER, USER, House, named

from classifier import naming, settling
from classifier.domain.mechanics import code_of, is_code
from classifier.domain.mechanics import named as as_named
from common.events.visits import VisitClassified
from common.events.work_orders import WorkOrderChanged

MakeOrder = Callable[..., WorkOrderChanged]


@pytest.mark.parametrize(
    ("written", "code"),
    [("PK", True), ("12", True), ("pk7", True), ("M-12", True), ("Peter", False), ("Per Krog", False), ("", False), ("pk", False),
     ("PETERSEN", False)],
)  # fmt: skip
def test_a_code_is_short_with_a_digit_or_in_capitals(written: str, code: bool) -> None:
    assert is_code(written) is code


def test_names_take_the_place_of_codes_and_nobody_stands_twice() -> None:
    assert as_named(("pk", "PK ", "Jens", "7"), {"PK": "Per Krog", "7": "Jens"}) == ("Per Krog", "Jens")
    assert code_of("  per   krog ") == "PER KROG"


async def name(house: House, **names: str | None) -> Any:
    given = [{"code": code, "name": told} for code, told in names.items()]
    return await house.ask("POST", "/mechanics", {"mechanics": given})


async def tell_all(house: House) -> None:
    while (again := await house.rt.run_job("tell_mechanics", DEALER)) is not None:
        house.rt.at(max(again, house.rt.clock.now()))


async def told(house: House) -> dict[str, tuple[str, ...]]:
    """The mechanics of visits told since this was last asked, by order number's id."""
    found = [event for event in await house.rt.published(DEALER) if isinstance(event, VisitClassified)]
    return {str(event.order_id): event.mechanics for event in sorted(found, key=lambda event: event.revision)}


def of(name: str) -> str:
    return str(named(name)["order_id"])


async def test_unknown_codes_wait_with_their_counts_and_an_example(house: House, work_order: MakeOrder) -> None:
    await house.hear(
        work_order("Service", mechanics=("PK", "Jens Holm"), **named("a")),
        work_order("Service", mechanics=("pk7",), **named("b")),
        work_order("Service. Mekaniker: PK", **named("c")),
        work_order("Service", mechanics=("XX",), status="open", **named("open")),
    )
    found = await house.ask("GET", "/mechanics/unnamed")
    assert (found["count"], [(one["code"], one["visits"]) for one in found["items"]]) == (2, [("PK", 2), ("PK7", 1)])
    assert found["items"][1]["example"] == {"order_id": of("b"), "number": "b", "visited_on": "2026-02-27"}
    assert len((await house.ask("GET", "/mechanics/unnamed?limit=1"))["items"]) == 1


async def test_a_name_is_carried_by_later_visits_at_once_and_by_earlier_ones_in_the_background(
    house: House, work_order: MakeOrder
) -> None:
    await house.hear(work_order("Service", mechanics=("PK", "7"), **named("early")))
    assert await told(house) == {of("early"): ("PK", "7")}
    listed = await name(house, pk="Per Krog")
    (one,) = listed["items"]
    assert (one["code"], one["name"], one["visits"], one["user_id"], listed["waiting"]) == ("PK", "Per Krog", 1, str(USER), 1)
    await house.hear(work_order("Service", mechanics=("pk",), **named("late")))
    assert await told(house) == {of("late"): ("Per Krog",)}
    await tell_all(house)
    assert await told(house) == {of("early"): ("Per Krog", "7")}
    assert (await house.ask("GET", "/mechanics"))["waiting"] == 0
    assert [one["code"] for one in (await house.ask("GET", "/mechanics/unnamed"))["items"]] == ["7"]


async def test_a_name_is_corrected_and_taken_away_again(house: House, work_order: MakeOrder) -> None:
    await house.hear(work_order("Service", mechanics=("PK",)))
    for given, carried in (("Per Krog", "Per Krog"), ("Peter Krog", "Peter Krog"), (None, "PK")):
        await told(house)
        await name(house, PK=given)
        await tell_all(house)
        ((mechanics),) = (await told(house)).values()
        assert mechanics == (carried,)
    assert (await house.ask("GET", "/mechanics"))["items"] == []
    assert (await house.ask("GET", "/mechanics/unnamed"))["count"] == 1


async def test_it_is_told_in_slices_and_the_same_name_again_tells_nothing(
    house: House, work_order: MakeOrder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settling, "SLICE", 2)
    await house.hear(*(work_order("Service", mechanics=("PK",), **named(n)) for n in range(3)))
    await told(house)
    await name(house, PK="Per Krog")
    assert await house.rt.run_job("tell_mechanics", DEALER) == house.rt.clock.now()
    assert len(await told(house)) == 2
    await tell_all(house)
    assert len(await told(house)) == 1
    await name(house, PK="Per Krog")
    await tell_all(house)
    assert await told(house) == {}


async def test_a_credited_visit_is_counted_no_more(house: House, work_order: MakeOrder) -> None:
    await house.hear(work_order("Service", mechanics=("PK",)))
    await house.hear(work_order("Service", mechanics=("PK",), revision=2, status="credited"))
    assert (await house.ask("GET", "/mechanics/unnamed"))["items"] == []


async def test_the_list_is_read_a_page_at_a_time(house: House) -> None:
    await name(house, A1="Anna", B2="Bo", C3="Carl")
    first = await house.ask("GET", "/mechanics?limit=2")
    rest = await house.ask("GET", f"/mechanics?limit=2&cursor={first['next_cursor']}")
    assert [one["name"] for one in (*first["items"], *rest["items"])] == ["Anna", "Bo", "Carl"]
    assert rest["next_cursor"] is None


@pytest.mark.parametrize(
    "body",
    [
        {}, {"mechanics": []}, {"mechanics": [{"code": " ", "name": "x"}]}, {"mechanics": [{"code": "A", "name": " "}]},
        {"mechanics": [{"code": "A"}]}, {"mechanics": [{"code": "A", "name": "x" * 101}]},
        {"mechanics": [{"code": "A", "name": "x"}] * 501}, {"mechanics": [{"code": "A" * 61, "name": "x"}]},
    ],
)  # fmt: skip
async def test_what_names_nobody_is_refused(house: House, body: dict[str, Any]) -> None:
    await house.ask("POST", "/mechanics", body, status=422)


async def test_a_dealer_names_so_many_at_most(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(naming, "MOST_NAMES", 2)
    await name(house, A1="Anna", B2="Bo")
    refused = await house.ask("POST", "/mechanics", {"mechanics": [{"code": "C3", "name": "Carl"}]}, status=422)
    assert refused["code"] == "too_many"
    await name(house, A1="Anne")


async def test_another_dealers_codes_are_its_own(house: House, work_order: MakeOrder) -> None:
    await name(house, PK="Per Krog")
    await house.rt.deliver(OTHER_DEALER, work_order("Service", mechanics=("PK",)))
    (visit,) = await house.rt.published(OTHER_DEALER)
    assert isinstance(visit, VisitClassified)
    assert visit.mechanics == ("PK",)
    assert (await house.ask("GET", "/mechanics", dealer=OTHER_DEALER))["items"] == []
