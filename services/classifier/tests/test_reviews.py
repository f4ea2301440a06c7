"""Unclear visits wait for somebody; what he says beats the rules until it is taken back."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from classifier_house import DEALER, OTHER_DEALER, OTHER_USER, USER, House, line, named, texts

from classifier.domain import Order, Reader, unclear, verdicts
from classifier.domain.orders import Line
from classifier.lexicons import matcher
from common.events.visits import VisitClassified
from common.events.work_orders import WorkOrderChanged

MakeOrder = Callable[..., WorkOrderChanged]
UNCLEAR = "Service ikke muligt; service udført"


async def waiting(house: House) -> list[str]:
    return [one["number"] for one in (await house.ask("GET", "/reviews"))["items"]]


async def give(house: House, order: WorkOrderChanged, *tags: str, **more: Any) -> Any:
    return await house.ask("POST", f"/reviews/{order.order_id}/verdict", {"tags": tags, "remark": more.pop("remark", "")}, **more)


async def test_an_unclear_visit_waits_with_its_text_and_why(house: House, work_order: MakeOrder) -> None:
    await house.hear(work_order(UNCLEAR, **named("a")), work_order("Serviceeftersyn", **named("b")))
    found = await house.ask("GET", "/reviews")
    (one,) = found["items"]
    assert (found["count"], one["number"], one["visited_on"], one["lines"][0]["text"]) == (1, "a", "2026-02-27", UNCLEAR)
    assert [tag["tag"] for tag in one["tags"]] == ["service"]
    assert one["tags"][0]["says"] == "Service, fordi linje 1 siger »service udført«."
    assert one["why"] == [
        "Samme sted taler for og imod: Ikke service: linje 1 siger »Service«, men det blev ikke udført (linje 1 siger »ikke muligt«)."
    ]
    assert one["verdict"] is None
    (english,) = (await house.ask("GET", "/reviews?language=en"))["items"]
    assert english["why"][0].startswith("The same place speaks for it and against it: No service")


async def test_the_newest_come_first_a_page_at_a_time(house: House, work_order: MakeOrder) -> None:
    days = {"old": date(2026, 1, 5), "new": date(2026, 2, 5), "middle": date(2026, 1, 20)}
    await house.hear(*(work_order(UNCLEAR, finished_on=day, **named(name)) for name, day in days.items()))
    first = await house.ask("GET", "/reviews?limit=2")
    assert ([one["number"] for one in first["items"]], first["count"]) == (["new", "middle"], 3)
    rest = await house.ask("GET", f"/reviews?limit=2&cursor={first['next_cursor']}")
    assert ([one["number"] for one in rest["items"]], rest["next_cursor"]) == (["old"], None)
    await house.ask("GET", "/reviews?cursor=nonsense", status=400)


async def test_a_verdict_is_told_beats_the_words_and_takes_the_visit_off_the_list(house: House, work_order: MakeOrder) -> None:
    order = work_order(UNCLEAR)
    await house.hear(order)
    await house.visit()
    said = await give(house, order, "brakes", "timing_belt", remark="Talt med Jens")
    assert said["verdict"] == {
        "tags": ["brakes", "timing_belt"], "remark": "Talt med Jens", "user_id": str(USER),
        "given_at": "2026-03-02T08:00:00Z", "of_this_text": True,
    }  # fmt: skip
    assert [tag["says"] for tag in said["tags"]] == [
        "Bremser, fordi en medarbejder har afgjort det.", "Tandrem, fordi en medarbejder har afgjort det.",
    ]  # fmt: skip
    assert (said["why"], await waiting(house)) == ([], [])
    visit = await house.visit()
    assert {tag.tag: [(e.rule, e.words) for e in tag.evidence] for tag in visit.tags} == {
        "brakes": [("verdict", "")], "timing_belt": [("verdict", "")],
    }  # fmt: skip
    assert (visit.review, visit.revision, visit.text_revision) == (False, 2, 1)


async def test_a_verdict_holds_when_the_texts_are_read_again_with_other_words(house: House, work_order: MakeOrder) -> None:
    order = work_order("Stor tur")
    await house.hear(order)
    await give(house, order, "brakes")
    await house.visits()
    await house.publish(words=[{"words": "stor tur", "tag": "service"}])
    await house.read_all()
    assert await house.visits() == {}
    assert (await house.ask("GET", "/lexicon/reading"))["waiting"] == 0


async def test_a_changed_text_comes_back_on_the_list_while_the_old_verdict_holds(house: House, work_order: MakeOrder) -> None:
    order = work_order("Serviceeftersyn")
    await house.hear(order)
    await give(house, order, "brakes", remark="Kun bremser")
    await house.visits()
    await house.hear(work_order("Serviceeftersyn", revision=2, odometer_km=90_000))
    assert await waiting(house) == [], "only other figures"
    await house.hear(work_order("Serviceeftersyn og nyt batteri", revision=3))
    (one,) = (await house.ask("GET", "/reviews"))["items"]
    assert one["why"] == ["Teksten er ændret, siden en medarbejder afgjorde, hvad besøget var."]
    assert (one["verdict"]["tags"], one["verdict"]["remark"], one["verdict"]["of_this_text"]) == (
        ["brakes"],
        "Kun bremser",
        False,
    )
    *_, last = await house.rt.published(DEALER)
    assert isinstance(last, VisitClassified)
    assert ([tag.tag for tag in last.tags], last.review) == (["brakes"], True)
    await give(house, order, "brakes", remark="Kun bremser", user=OTHER_USER)
    assert await waiting(house) == [], "somebody looked"
    assert not (await house.visit()).review


async def test_a_verdict_that_is_taken_back_lets_the_words_speak_again(house: House, work_order: MakeOrder) -> None:
    order = work_order(UNCLEAR)
    await house.hear(order)
    await give(house, order)
    assert (await house.visits()) == {str(order.order_id): frozenset()}
    assert [one["number"] for one in (await house.ask("GET", "/reviews/verdicts"))["items"]] == ["1001"]
    back = await house.ask("DELETE", f"/reviews/{order.order_id}/verdict")
    assert (back["verdict"], [tag["tag"] for tag in back["tags"]]) == (None, ["service"])
    assert (await house.visit()).has("service")
    assert await waiting(house) == ["1001"]
    assert (await house.ask("GET", "/reviews/verdicts"))["items"] == []
    kept = await house.rt.sql(DEALER, "select user_id, ended_by from classifier.verdict")
    assert [(row.user_id, row.ended_by) for row in kept] == [(USER, USER)], "it stays known"


async def test_the_verdicts_that_hold_are_listed_the_latest_first(house: House, work_order: MakeOrder) -> None:
    orders = [work_order("Service", **named(n)) for n in range(3)]
    await house.hear(*orders)
    for order in orders:
        house.rt.later(minutes=1)
        await give(house, order, "service")
    first = await house.ask("GET", "/reviews/verdicts?limit=2")
    cursor = first["next_cursor"].replace("+", "%2B")
    rest = await house.ask("GET", f"/reviews/verdicts?limit=2&cursor={cursor}")
    assert [one["order_id"] for one in (*first["items"], *rest["items"])] == texts(*reversed(orders))


async def test_saying_the_same_again_changes_nothing_and_one_key_is_done_once(house: House, work_order: MakeOrder) -> None:
    order = work_order("Service")
    await house.hear(order)
    first = await give(house, order, "brakes", key="k")
    house.rt.later(hours=1)
    assert await give(house, order, "brakes") == first
    await house.ask("DELETE", f"/reviews/{order.order_id}/verdict")
    assert await give(house, order, "brakes", key="k") == first
    assert (await house.ask("GET", f"/reviews/{order.order_id}"))["verdict"] is None, "a repeated request is not done again"


async def test_a_verdict_on_what_is_no_visit_is_refused(house: House, work_order: MakeOrder) -> None:
    order = work_order("Service", status="open")
    await house.hear(order)
    assert (await give(house, order, "service", status=409))["code"] == "not_a_visit"
    await house.ask("GET", f"/reviews/{order.order_id}", status=404)
    missing = work_order("Service", **named("missing"))
    await give(house, missing, "service", status=404)
    await house.ask("DELETE", f"/reviews/{missing.order_id}/verdict", status=404)


@pytest.mark.parametrize(
    "body",
    [
        {"tags": ["holiday"]}, {}, {"tags": ["service"], "more": 1}, {"tags": ["service"], "remark": "x" * 501},
        {"tags": ["wheel_change_winter", "wheel_change_summer"]}, {"tags": ["service"] * 21},
    ],
)  # fmt: skip
async def test_what_is_no_verdict_is_refused(house: House, work_order: MakeOrder, body: dict[str, Any]) -> None:
    order = work_order("Service")
    await house.hear(order)
    await house.ask("POST", f"/reviews/{order.order_id}/verdict", body, status=422)


async def test_a_credited_visit_with_a_verdict_counts_no_more(house: House, work_order: MakeOrder) -> None:
    order = work_order(UNCLEAR)
    await house.hear(order)
    await give(house, order, "service")
    await house.visits()
    await house.hear(work_order(UNCLEAR, revision=2, status="credited"))
    visit = await house.visit()
    assert (visit.counts, visit.tags, await waiting(house)) == (False, (), [])


async def test_another_dealer_sees_and_says_nothing(house: House, work_order: MakeOrder) -> None:
    order = work_order(UNCLEAR)
    await house.hear(order)
    assert (await house.ask("GET", "/reviews", dealer=OTHER_DEALER))["items"] == []
    await house.ask("GET", f"/reviews/{order.order_id}", dealer=OTHER_DEALER, status=404)
    await give(house, order, "brakes", dealer=OTHER_DEALER, status=404)


@pytest.mark.parametrize("language", [*unclear.LANGUAGES, "fr"])
def test_why_is_said_in_every_language(language: str) -> None:
    read = Reader(matcher("da")).read(Order((Line(UNCLEAR),)))
    assert read.review
    said = unclear.reasons(read, too_long=True, changed=True, language=language)
    assert len(said) == 3
    assert all(said)


def test_the_mark_of_a_text_is_of_its_words_and_codes_only(work_order: MakeOrder) -> None:
    mark = verdicts.text_mark(work_order("Service"))
    assert mark == verdicts.text_mark(work_order("Service", revision=9, odometer_km=7, remarks=""))
    others = (work_order("service"), work_order("Service", remarks="x"), work_order(lines=(line("Service", "S1"),)))
    assert len({mark, *map(verdicts.text_mark, others)}) == 4
