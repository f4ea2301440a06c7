"""`explain` reads the stored decision: which visit, which words, the arithmetic, and when it is looked at next."""

from datetime import date
from typing import Any

import pytest
from scheduler_world import INVITED, World, at, history, order, source

from common.errors import NotFound
from common.ids import dealer_named
from common.testing.nordhavn import anne, dealer, octavia
from scheduler.commands import text
from scheduler.explaining import explained

NORDHAVN = dealer_named("nordhavn")


async def asked(
    world: World, plate: str, *, slug: str = "nordhavn", kind: str = "service", on: date | None = None
) -> tuple[str, list[dict[str, Any]]]:
    async with world.rt.work(dealer_named(slug)) as work:
        return await explained(work, plate=plate, kind=kind, on=on)


async def test_explain_says_what_the_date_rests_on_and_when_it_is_looked_at_next(world: World) -> None:
    told = dealer().model_copy(update={"dealer_id": NORDHAVN})
    await world.rt.deliver(NORDHAVN, told, source(), anne(), octavia(), *history())
    language, (found,) = await asked(world, "ab 12 345")
    said = text(found, language)
    assert language == "da"
    assert "Seneste service var den 10.3.2025; intervallet er 12 måneder (standard), så næste service er den 10.3.2026" in said
    assert "serviceord" in said
    assert found["look_on"] == "2026-02-03"
    assert found["invitation"]["invite_on"] == "2026-02-10"


async def test_explain_says_why_not(world: World) -> None:
    told = dealer().model_copy(update={"dealer_id": NORDHAVN})
    await world.rt.deliver(NORDHAVN, told, source(), anne(), octavia(), *history(), order(7, INVITED))
    _, (found,) = await asked(world, "AB12345")
    assert [reason["code"] for reason in found["reasons"]] == ["order_unread"]
    assert "nr. 7" in text(found, "da")


async def test_explain_on_a_day_decides_for_that_day_and_stores_nothing(world: World) -> None:
    told = dealer().model_copy(update={"dealer_id": NORDHAVN})
    await world.rt.deliver(NORDHAVN, told, source(), anne(), octavia(), *history())
    world.rt.at(at(INVITED))
    _, (found,) = await asked(world, "AB12345", on=INVITED.replace(month=6))
    assert [reason["code"] for reason in found["reasons"]] == ["due", "too_late"]
    _, (stored,) = await asked(world, "AB12345")
    assert [reason["code"] for reason in stored["reasons"]] == ["due"]


@pytest.mark.parametrize(("slug", "plate"), [("nobody", "AB12345"), ("nordhavn", "ZZ99999")])
async def test_an_unknown_dealer_or_plate_is_said(world: World, slug: str, plate: str) -> None:
    await world.rt.deliver(NORDHAVN, dealer().model_copy(update={"dealer_id": NORDHAVN}), octavia())
    with pytest.raises(NotFound):
        await asked(world, plate, slug=slug)
