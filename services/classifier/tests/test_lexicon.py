"""A dealer's lexicon is published, read with, rolled back, and seen by nobody else."""

from collections.abc import Callable
from typing import Any

import pytest
from classifier_house import DEALER, OTHER_DEALER, OTHER_USER, USER, House, line, named

from classifier import settling
from common.events.settings import DealerChanged
from common.events.visits import VisitClassified
from common.events.work_orders import WorkOrderChanged

MakeOrder = Callable[..., WorkOrderChanged]
STOR_TUR = {"words": [{"words": "stor tur", "tag": "service"}]}
CODES = {"codes": [{"code": "S1", "tags": ["service"]}, {"code": "DH", "prefix": True, "tags": ["tyre_hotel"]}]}


def publication(content: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"content": content, **more}


async def test_before_anything_is_published_the_language_alone_reads(house: House, work_order: MakeOrder) -> None:
    await house.hear(work_order("Stor tur"))
    found = await house.ask("GET", "/lexicon")
    assert (found["language"], found["number"], found["published"]) == ("da", 0, None)
    assert found["content"] == {"words": [], "codes": [], "exceptions": [], "only_by_code": []}
    assert found["reading"] == {"texts": 1, "read": 1, "waiting": 0}
    assert (await house.ask("GET", "/lexicon/versions"))["items"] == []


async def test_what_is_published_reads_the_next_order_at_once_and_the_earlier_ones_in_the_background(
    house: House, work_order: MakeOrder
) -> None:
    await house.hear(work_order("Stor tur udført"))
    assert not (await house.visit()).has("service")
    told = await house.ask("POST", "/lexicon/versions", publication(STOR_TUR, note="Vores navn for det"), status=201)
    assert (told["number"], told["note"], told["user_id"]) == (1, "Vores navn for det", str(USER))
    assert "reclassify" in await house.rt.wakes(DEALER)
    assert await house.ask("GET", "/lexicon/reading") == {"texts": 1, "read": 0, "waiting": 1}

    await house.hear(work_order("Den store tur: stor tur", **named("new")))
    new = await house.visit()
    assert new.has("service")
    assert new.tags[0].evidence[0].rule == "own.service"

    await house.read_all()
    earlier = await house.visit()
    assert (earlier.has("service"), earlier.revision) == (True, 2)
    assert await house.ask("GET", "/lexicon/reading") == {"texts": 2, "read": 2, "waiting": 0}
    assert (await house.ask("GET", "/lexicon"))["version"].endswith("+1")


async def test_a_code_on_a_line_is_read_beside_words_with_its_own_evidence(house: House, work_order: MakeOrder) -> None:
    await house.publish(**CODES)
    await house.hear(work_order(lines=(line("Det sædvanlige", "S1"), line("Plads 7", "DH-7"), line("Bremseklodser bag", "X"))))
    visit = await house.visit()
    assert {tag.tag: tag.evidence[0].rule for tag in visit.tags} == {
        "service": "code.S1", "tyre_hotel": "code.DH*", "brakes": "brakes.part",
    }  # fmt: skip
    assert visit.tags[1].evidence[0].words == "S1"


async def test_publishing_again_reads_exactly_what_is_behind(house: House, work_order: MakeOrder) -> None:
    await house.hear(*(work_order("Stor tur", **named(n)) for n in range(3)))
    await house.publish(**STOR_TUR)
    await house.read_all()
    await house.visits()
    assert await house.publish(**STOR_TUR) == 1, "the same again is no new version"
    assert await house.ask("GET", "/lexicon/reading") == {"texts": 3, "read": 3, "waiting": 0}
    await house.publish(**CODES)
    await house.hear(work_order("Stor tur", revision=2, **named(0)))
    assert (await house.visits()) != {}
    assert (await house.ask("GET", "/lexicon/reading"))["waiting"] == 2
    await house.read_all()
    assert len(await house.visits()) == 2


async def test_a_roll_back_publishes_an_earlier_content_once_more(house: House, work_order: MakeOrder) -> None:
    await house.hear(work_order("Stor tur"))
    await house.publish(**STOR_TUR)
    await house.publish(**CODES)
    await house.read_all()
    assert not (await house.visit()).has("service")
    back = await house.ask("POST", "/lexicon/versions/1/again", {}, status=201)
    assert (back["number"], back["again_of"], back["content"]["words"][0]["words"]) == (3, 1, "stor tur")
    await house.read_all()
    assert (await house.visit()).has("service")
    assert [one["number"] for one in (await house.ask("GET", "/lexicon/versions"))["items"]] == [3, 2, 1]
    nothing = await house.ask("POST", "/lexicon/versions/0/again", {"note": "Forfra"}, status=201)
    assert (nothing["number"], nothing["note"], nothing["content"]["words"]) == (4, "Forfra", [])
    await house.ask("POST", "/lexicon/versions/9/again", {}, status=404)
    assert (await house.ask("GET", "/lexicon/versions/1"))["content"]["words"][0]["tag"] == "service"
    await house.ask("GET", "/lexicon/versions/9", status=404)


async def test_the_history_is_read_a_page_at_a_time(house: House) -> None:
    for name in ("aaaa", "bbbb", "cccc"):
        await house.publish(words=[{"words": name, "tag": "service"}])
    first = await house.ask("GET", "/lexicon/versions?limit=2")
    assert ([one["number"] for one in first["items"]], first["next_cursor"]) == ([3, 2], "2")
    rest = await house.ask("GET", "/lexicon/versions?limit=2&cursor=2")
    assert ([one["number"] for one in rest["items"]], rest["next_cursor"]) == ([1], None)


async def test_who_saw_another_version_does_not_publish_over_it(house: House) -> None:
    await house.publish(**STOR_TUR)
    refused = await house.ask("POST", "/lexicon/versions", publication(CODES, based_on=0), status=409)
    assert refused["code"] == "published_meanwhile"
    assert (await house.ask("POST", "/lexicon/versions", publication(CODES, based_on=1), status=201))["number"] == 2


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({"content": {"words": [{"words": "stor tur", "tag": "holiday"}]}}, "words.0.tag"),
        ({"content": {"word": []}}, "content.word"),
        ({"content": {"words": [{"words": "stor, tur", "tag": "service"}]}}, "words.0.words"),
        ({"content": {"words": [{"words": "stor. tur", "tag": "service"}]}}, "words.0.words"),
        ({"content": {"codes": [{"code": "a", "tags": []}]}}, "codes.0.tags"),
        ({"content": {}, "note": "x" * 501}, "note"),
        ({"content": {}, "more": 1}, "more"),
        ({}, "content"),
    ],
)
async def test_what_cannot_be_published_is_named_with_its_place(house: House, body: dict[str, Any], where: str) -> None:
    refused = await house.ask("POST", "/lexicon/versions", body, status=422)
    assert where in refused["errors"][0]["where"]
    assert (await house.ask("GET", "/lexicon"))["number"] == 0


async def test_one_key_publishes_once(house: House) -> None:
    first = await house.ask("POST", "/lexicon/versions", publication(STOR_TUR), key="k1", status=201)
    await house.publish(**CODES)
    again = await house.ask("POST", "/lexicon/versions", publication(STOR_TUR), key="k1", status=201)
    assert again == first
    assert (await house.ask("GET", "/lexicon"))["number"] == 2
    reused = await house.ask("POST", "/lexicon/versions", publication(CODES), key="k1", status=422)
    assert reused["code"] == "idempotency_key_reused"
    other = await house.ask("POST", "/lexicon/versions", publication(STOR_TUR), key="k1", user=OTHER_USER, status=201)
    assert other["number"] == 3
    await house.ask("POST", "/lexicon/versions", publication(STOR_TUR), key="a b", status=400)


async def test_another_dealer_has_its_own(house: House, work_order: MakeOrder) -> None:
    await house.publish(**STOR_TUR)
    assert (await house.ask("GET", "/lexicon", dealer=OTHER_DEALER))["number"] == 0
    await house.ask("GET", "/lexicon/versions/1", dealer=OTHER_DEALER, status=404)
    await house.rt.deliver(OTHER_DEALER, work_order("Stor tur"))
    (visit,) = await house.rt.published(OTHER_DEALER)
    assert isinstance(visit, VisitClassified)
    assert not visit.has("service")


async def test_nobody_asks_unsigned(house: House) -> None:
    answer = await house._http.get("/lexicon")
    assert answer.status_code == 401


async def test_a_text_read_with_the_version_before_while_the_next_was_published_is_read_again(
    house: House, work_order: MakeOrder
) -> None:
    """A batch that began before a publication may commit after the job found nothing more to do."""
    await house.publish(**STOR_TUR)
    again = await house.rt.run_job("reclassify", DEALER)
    assert again is not None
    assert again > house.rt.clock.now()
    await house.hear(work_order("Stor tur"))
    await house.rt.sql(DEALER, "update classifier.work_order set lexicon = 'da-0', told = '{}'")
    await house.rt.published()
    house.rt.at(again)
    assert await house.rt.run_job("reclassify", DEALER) is None
    assert (await house.visit()).has("service")


async def test_live_orders_come_through_between_the_slices_and_a_killed_run_goes_on(
    house: House, work_order: MakeOrder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settling, "SLICE", 2)
    await house.hear(*(work_order("Stor tur", **named(n)) for n in range(5)))
    await house.publish(**STOR_TUR)
    await house.visits()
    waits = [(await house.ask("GET", "/lexicon/reading"))["waiting"]]
    with pytest.raises(RuntimeError, match="killed"):
        await cut_off(house)
    waits.append((await house.ask("GET", "/lexicon/reading"))["waiting"])
    assert await house.rt.wakeups.step(), "it is still due"
    waits.append((await house.ask("GET", "/lexicon/reading"))["waiting"])
    await house.hear(work_order("Stor tur", **named("live")))
    assert len(await house.visits()) == 3, "a slice and the live one"
    while (await house.ask("GET", "/lexicon/reading"))["waiting"]:
        await house.rt.wakeups.step()
    assert waits == [5, 5, 3]
    assert len(await house.visits()) == 3


async def cut_off(house: House) -> None:
    """A slice that ends before its commit."""
    async with house.rt.work(DEALER) as work:
        await house.rt.service.jobs.by_name["reclassify"].run(work)
        raise RuntimeError("killed")


async def test_a_dealers_words_are_read_in_another_language_too_and_what_it_never_finds_is_left_out(
    house: House, work_order: MakeOrder
) -> None:
    facts = {"slug": "nord", "title": "Nord", "country": "DK", "timezone": "Europe/Copenhagen"}
    await house.publish(words=[{"words": "årl. tur", "tag": "service"}, {"words": "stor tur", "tag": "service"}])
    await house.hear(DealerChanged(revision=1, dealer_id=DEALER, language="xx", **facts), work_order("Årl. tur"))
    assert (await house.visit()).has("service")
