"""A draft is tried on the whole history before it is published, and changes nothing until then."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from classifier_house import DEALER, OTHER_DEALER, USER, House, line, named

from classifier import settling, trying
from common.events.work_orders import WorkOrderChanged

MakeOrder = Callable[..., WorkOrderChanged]
DRAFT: dict[str, Any] = {
    "words": [{"words": "stor tur", "tag": "service"}],
    "codes": [{"code": "KO", "prefix": True, "tags": ["tyre_hotel"]}],
    "exceptions": [{"words": "gul service", "not": "service"}],
}


async def begin(house: House, content: dict[str, Any] = DRAFT, **more: Any) -> str:
    draft: str = (await house.ask("POST", "/lexicon/drafts", {"content": content, **more}, status=202))["draft_id"]
    return draft


async def history(house: House, work_order: MakeOrder) -> None:
    await house.hear(
        work_order("Stor tur", **named("won")),
        work_order("Stor tur og gul service", **named("both")),
        work_order("Gul service", finished_on=date(2026, 1, 7), **named("lost")),
        work_order(lines=(line("Plads 3", "KO-3"), line("Serviceeftersyn")), **named("hotel")),
        work_order("Serviceeftersyn", **named("same")),
        work_order("Stor tur", status="open", **named("open")),
    )
    await house.rt.published()


async def test_a_draft_says_which_visits_would_be_gained_and_lost_and_by_which_words(house: House, work_order: MakeOrder) -> None:
    await history(house, work_order)
    draft = await begin(house, note="Prøve")
    told = await house.ask("GET", f"/lexicon/drafts/{draft}")
    assert (told["total"], told["tried"], told["done"], told["tags"], told["user_id"]) == (6, 0, False, [], str(USER))
    await house.try_all()
    told = await house.ask("GET", f"/lexicon/drafts/{draft}")
    assert (told["tried"], told["done"], told["note"]) == (6, True, "Prøve")
    assert told["tags"] == [{"tag": "service", "gained": 1, "lost": 1}, {"tag": "tyre_hotel", "gained": 1, "lost": 0}]
    items = (await house.ask("GET", f"/lexicon/drafts/{draft}/changes"))["items"]
    found = {(one["number"], one["tag"]): one for one in items}
    assert set(found) == {("won", "service"), ("lost", "service"), ("hotel", "tyre_hotel")}
    won, lost, hotel = found["won", "service"], found["lost", "service"], found["hotel", "tyre_hotel"]
    assert (won["gained"], won["words"]) == (True, {"words": "Stor tur", "place": "line 1", "rule": "own.service"})
    assert won["vehicle_id"] == str(named("won")["vehicle_id"])
    assert (lost["gained"], lost["words"]["words"], lost["visited_on"]) == (False, "service", "2026-01-07")
    assert lost["because"] == {"words": "Gul service", "place": "line 1", "rule": "exception.not.service"}
    assert (hotel["words"]["words"], hotel["words"]["rule"]) == ("KO-3", "code.KO*")


async def test_trying_changes_nothing(house: House, work_order: MakeOrder) -> None:
    await history(house, work_order)
    before = await house.rt.sql(DEALER, "select order_id, revision, lexicon, told from classifier.work_order order by 1")
    await begin(house)
    await house.try_all()
    assert await house.rt.sql(DEALER, "select order_id, revision, lexicon, told from classifier.work_order order by 1") == before
    assert await house.rt.published() == []
    assert (await house.ask("GET", "/lexicon"))["number"] == 0


async def test_what_changes_is_filtered_and_read_a_page_at_a_time(house: House, work_order: MakeOrder) -> None:
    await house.hear(*(work_order("Stor tur", **named(n)) for n in range(3)), work_order("Gul service", **named("lost")))
    draft = await begin(house)
    await house.try_all()
    path = f"/lexicon/drafts/{draft}/changes"
    lost = await house.ask("GET", f"{path}?gained=false&tag=service")
    assert [one["number"] for one in lost["items"]] == ["lost"]
    assert (await house.ask("GET", f"{path}?tag=brakes"))["items"] == []
    first = await house.ask("GET", f"{path}?gained=true&limit=2")
    rest = await house.ask("GET", f"{path}?gained=true&limit=2&cursor={first['next_cursor']}")
    assert rest["next_cursor"] is None
    assert sorted(one["number"] for one in (*first["items"], *rest["items"])) == ["0", "1", "2"]
    await house.ask("GET", f"{path}?cursor=nonsense", status=400)
    await house.ask("GET", f"{path}?tag=holiday", status=422)


async def test_the_vehicles_with_their_visits_as_they_would_be(house: House, work_order: MakeOrder) -> None:
    mine = named("a")
    await house.hear(
        work_order(lines=(line("Plads 3", "KO-3"), line("Serviceeftersyn")), **mine),
        work_order("Stor tur", **(mine | {"order_id": named("b")["order_id"]})),
        work_order("Stor tur", **(named("c") | {"vehicle_id": None})),
        work_order("Gul service", **named("d")),
    )
    draft = await begin(house)
    await house.try_all()
    path = f"/lexicon/drafts/{draft}/vehicles"
    first = await house.ask("GET", f"{path}?limit=1")
    rest = await house.ask("GET", f"{path}?limit=1&cursor={first['next_cursor']}")
    assert (first["vehicles"], first["done"], rest["next_cursor"]) == (2, True, None)
    found = {one["vehicle_id"]: one["visits"] for one in (*first["items"], *rest["items"])}
    visits = {visit["order_id"]: visit["tags"] for visit in found[str(mine["vehicle_id"])]}
    assert visits == {
        str(mine["order_id"]): [{"tag": "service", "words": []}, {"tag": "tyre_hotel", "words": ["KO-3"]}],
        str(named("b")["order_id"]): [{"tag": "service", "words": ["Stor tur"]}],
    }
    assert found[str(named("d")["vehicle_id"])] == [{"order_id": str(named("d")["order_id"]), "tags": []}]


async def test_it_goes_in_slices_and_a_killed_run_goes_on(
    house: House, work_order: MakeOrder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settling, "SLICE", 2)
    await house.hear(*(work_order("Stor tur", **named(n)) for n in range(5)))
    draft = await begin(house)
    await house.rt.wakeups.step()
    with pytest.raises(RuntimeError, match="killed"):
        await cut_off(house)
    assert (await house.ask("GET", f"/lexicon/drafts/{draft}"))["tried"] == 2
    while await house.rt.wakeups.step():
        pass
    told = await house.ask("GET", f"/lexicon/drafts/{draft}")
    assert (told["tried"], told["done"], told["tags"]) == (5, True, [{"tag": "service", "gained": 5, "lost": 0}])


async def cut_off(house: House) -> None:
    """A slice that ends before its commit."""
    async with house.rt.work(DEALER) as work:
        await house.rt.service.jobs.by_name["try_lexicon"].run(work)
        raise RuntimeError("killed")


async def test_a_visit_with_a_verdict_does_not_change(house: House, work_order: MakeOrder) -> None:
    order = work_order("Stor tur")
    await house.hear(order)
    await house.ask("POST", f"/reviews/{order.order_id}/verdict", {"tags": ["brakes"]})
    draft = await begin(house)
    await house.try_all()
    assert (await house.ask("GET", f"/lexicon/drafts/{draft}"))["tags"] == []


async def test_a_draft_is_compared_with_what_was_in_force_when_it_was_begun(house: House, work_order: MakeOrder) -> None:
    await house.hear(work_order("Stor tur"))
    await house.publish(words=DRAFT["words"])
    draft = await begin(house, {})
    await house.publish(codes=DRAFT["codes"])
    await house.try_all()
    told = await house.ask("GET", f"/lexicon/drafts/{draft}")
    assert (told["against"], told["tags"]) == (1, [{"tag": "service", "gained": 0, "lost": 1}])
    refused = await house.ask("POST", f"/lexicon/drafts/{draft}/publish", {}, status=409)
    assert refused["code"] == "published_meanwhile"


async def test_a_draft_is_published_once_it_was_tried(house: House, work_order: MakeOrder) -> None:
    await house.hear(work_order("Stor tur"))
    await house.rt.published()
    draft = await begin(house, note="Store ture")
    refused = await house.ask("POST", f"/lexicon/drafts/{draft}/publish", {}, status=409)
    assert refused["code"] == "not_tried_yet"
    await house.try_all()
    told = await house.ask("POST", f"/lexicon/drafts/{draft}/publish", {}, status=201, key="p")
    assert (told["number"], told["note"], told["content"]["words"][0]["words"]) == (1, "Store ture", "stor tur")
    assert await house.ask("POST", f"/lexicon/drafts/{draft}/publish", {}, status=201, key="p") == told
    await house.read_all()
    assert (await house.visit()).has("service")


async def test_the_last_few_drafts_are_kept_and_one_can_be_forgotten(house: House) -> None:
    made = [await begin(house, note=str(n)) for n in range(trying.MOST_DRAFTS + 2)]
    kept = (await house.ask("GET", "/lexicon/drafts"))["items"]
    assert [one["draft_id"] for one in kept] == made[:1:-1]
    assert await house.ask("DELETE", f"/lexicon/drafts/{made[-1]}", status=204) is None
    await house.ask("GET", f"/lexicon/drafts/{made[-1]}", status=404)
    await house.ask("DELETE", f"/lexicon/drafts/{made[-1]}", status=404)


async def test_what_cannot_be_tried_is_refused_and_another_dealer_sees_none(house: House) -> None:
    await house.ask("POST", "/lexicon/drafts", {"content": {"words": [{"words": "x. y", "tag": "service"}]}}, status=422)
    draft = await begin(house)
    assert (await house.ask("GET", "/lexicon/drafts", dealer=OTHER_DEALER))["items"] == []
    for path in ("", "/changes", "/vehicles"):
        await house.ask("GET", f"/lexicon/drafts/{draft}{path}", dealer=OTHER_DEALER, status=404)
    await house.ask("POST", f"/lexicon/drafts/{draft}/publish", {}, dealer=OTHER_DEALER, status=404)
