"""The pages of wheel seasons: how each runs, and what a manager says to it."""

from datetime import date
from uuid import UUID

import httpx
import pytest
from api_house import House, open_doors, visible
from fastapi import FastAPI

from common.events.answers import CampaignAnswered
from common.testing.runtime import DEALER

SEASON = UUID(int=0x5EA)
TOLD = {
    "campaign_id": str(SEASON), "type": "wheel_winter", "workshop_id": None, "from_on": "2026-10-01", "to_on": "2026-11-08",
    "audience": ["changed"], "capacity_per_day": 4, "answered": False, "stopped": False, "asked": 1, "dealt_on": "2026-09-24",
    "dealt_at": None, "vehicles": 42, "days": [{"day": "2026-10-01", "customers": 3}],
}  # fmt: skip
FORM = {"from_on": "2026-10-05", "to_on": "2026-11-06", "audience": ["hotel"], "capacity": "7", "what": "run"}


@pytest.fixture
def asked(house: House, monkeypatch: pytest.MonkeyPatch) -> House:
    """A house whose scheduler has one season."""
    monkeypatch.setattr(house.asking.settings, "service_urls", {"scheduler": "http://owner.internal"})
    scheduler = FastAPI()

    @scheduler.get("/campaigns")
    async def campaigns() -> dict[str, object]:
        return {"items": [TOLD]}

    house.app = open_doors(house.rt, house.asking, scheduler)
    return house


def refuse(_: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("nobody is there")


async def csrf(browser: httpx.AsyncClient) -> str:
    return str((await browser.get("/api/v1/session")).json()["csrf"])


async def test_a_season_is_shown_with_its_days_and_what_happens_without_an_answer(asked: House) -> None:
    async with asked.logged_in() as mine:
        shown = visible((await mine.get("/campaigns")).text)
    assert "42 biler venter" in shown
    assert "Uden svar kører den, som den står her" in shown
    assert "24. sep. 2026" in shown


@pytest.mark.parametrize(("what", "stopped", "again"), [("run", False, False), ("again", False, True), ("stop", True, False)])
async def test_a_manager_says_how_it_runs(asked: House, what: str, stopped: bool, again: bool) -> None:
    async with asked.logged_in() as mine:
        answer = await mine.post(f"/campaigns/{SEASON}", data=FORM | {"what": what, "csrf": await csrf(mine)})
    assert answer.status_code == 200
    (told,) = [event for event in await asked.rt.published(DEALER) if isinstance(event, CampaignAnswered)]
    assert (told.campaign_id, told.from_on, told.audience, told.capacity_per_day) == (SEASON, date(2026, 10, 5), ("hotel",), 7)
    assert (told.stopped, told.deal_again) == (stopped, again)


WRONG = [{"to_on": "2026-10-01"}, {"to_on": "2027-10-01"}, {"audience": []}, {"capacity": "0x1"}, {"capacity": "99999"}]


@pytest.mark.parametrize("wrong", WRONG)
async def test_what_cannot_be_meant_is_said_and_changes_nothing(asked: House, wrong: dict[str, object]) -> None:
    async with asked.logged_in() as mine:
        answer = await mine.post(f"/campaigns/{SEASON}", data=FORM | wrong | {"csrf": await csrf(mine)})
    assert answer.status_code == 422
    assert not [event for event in await asked.rt.published(DEALER) if isinstance(event, CampaignAnswered)]


async def test_who_does_not_manage_may_only_look_and_without_the_scheduler_it_says_so(asked: House) -> None:
    async with asked.logged_in(role="advisor") as mine:
        assert "Kør sådan" not in (await mine.get("/campaigns")).text
        assert (await mine.post(f"/campaigns/{SEASON}", data=FORM | {"csrf": await csrf(mine)})).status_code == 403
    nobody = httpx.AsyncClient(transport=httpx.MockTransport(refuse))
    asked.app = open_doors(asked.rt, asked.asking, FastAPI(), http=nobody)
    async with asked.logged_in() as mine:
        answer = await mine.get("/campaigns")
        assert (answer.status_code, "kan ikke vises lige nu" in answer.text) == (503, True)
