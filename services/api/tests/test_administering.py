"""A dealer's own facts by REST and by command: settings, workshops and employees."""

import asyncio
from typing import Any

import pytest
from api_house import PASSWORD, House, email, of

from common.events.settings import DealerChanged, UserAlertsChanged, WorkshopChanged
from common.ids import derived_id
from common.testing.runtime import DEALER

V1 = "/api/v1"
ANY = {"if-match": "*"}


async def test_settings_are_changed_by_who_saw_them(house: House) -> None:
    async with house.logged_in() as browser:
        before = await browser.get(f"{V1}/settings")
        assert before.json()["in_force"]["lateness_days"] == 14
        tag = {"if-match": before.headers["etag"]}
        done = await browser.patch(f"{V1}/settings", json={"lateness_days": 10, "types": {"timing_belt": False}}, headers=tag)
        stale = await browser.patch(f"{V1}/settings", json={"lateness_days": 20}, headers=tag)
        now = await browser.get(f"{V1}/settings")
        back = await browser.patch(f"{V1}/settings", json={"lateness_days": None}, headers={"if-match": now.headers["etag"]})
    assert (done.status_code, stale.status_code) == (200, 412)
    assert done.headers["etag"] == now.headers["etag"]
    assert now.json()["settings"] == {"lateness_days": 10, "types": {"timing_belt": False}}
    assert back.json()["settings"] == {"types": {"timing_belt": False}}
    told = [event for event in await house.rt.published(DEALER) if isinstance(event, DealerChanged)]
    assert [event.settings.get("lateness_days") for event in told] == [10, None]


async def test_of_two_who_change_the_same_at_once_one_is_told(house: House) -> None:
    async with house.logged_in() as browser:
        tag = {"if-match": (await browser.get(f"{V1}/settings")).headers["etag"]}
        changes = ({"lateness_days": days} for days in (5, 6, 7, 8))
        answers = await asyncio.gather(*(browser.patch(f"{V1}/settings", json=one, headers=tag) for one in changes))
    assert sorted(answer.status_code for answer in answers) == [200, 412, 412, 412]
    assert len(await house.rt.published(DEALER)) == 1


async def test_each_wrong_setting_is_named(house: House) -> None:
    wrong = {
        "lateness_days": 99,
        "nonsense": 1,
        "sending": {"days": ["someday"]},
    }
    async with house.logged_in() as browser:
        answer = await browser.patch(f"{V1}/settings", json=wrong, headers=ANY)
        kinds = await browser.patch(
            f"{V1}/settings", json={"types": {"x": True, "y": True}, "intervals": [{"type": "service"}]}, headers=ANY
        )
        assert (await browser.get(f"{V1}/settings")).json()["settings"] == {}
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_settings")
    assert {error["where"] for error in answer.json()["errors"]} == {"lateness_days", "nonsense", "sending.days.0"}
    assert {error["where"] for error in kinds.json()["errors"]} == {"types.x", "types.y", "intervals.0"}
    assert await house.rt.published(DEALER) == []


async def test_the_dealer_is_changed_in_part(house: House) -> None:
    async with house.logged_in() as browser:
        changed = await browser.patch(
            f"{V1}/dealer", json={"title": "Nyt navn", "sender": {"phone": "+4570123456"}, "booking_url": None}, headers=ANY
        )
        told = {"timezone": "Mars/Base", "booking_url": "ftp://x", "sender": {"email": "x", "sms_name": "way too long a name"}}
        wrong = await browser.patch(f"{V1}/dealer", json=told, headers=ANY)
        assert (await browser.patch(f"{V1}/dealer", json={"title": "x"})).status_code == 428
    assert changed.status_code == 200, changed.text
    dealer = changed.json()
    assert (dealer["title"], dealer["booking_url"], dealer["may_send"]) == ("Nyt navn", None, True)
    assert (dealer["sender"]["phone"], dealer["sender"]["legal_name"]) == ("+4570123456", "Nordhavn Auto ApS")
    assert {error["where"] for error in wrong.json()["errors"]} == {
        "timezone", "booking_url", "sender.email", "sender.sms_name",
    }  # fmt: skip


async def test_a_workshop_is_found_by_the_number_that_orders_name(house: House) -> None:
    async with house.logged_in() as browser:
        added = await browser.post(f"{V1}/workshops", json={"number": " 2 ", "title": "Nord"})
        again = await browser.post(f"{V1}/workshops", json={"number": "2", "title": "Syd"})
        place = f"{V1}/workshops/{added.json()['workshop_id']}"
        assert (await browser.patch(place, json={"title": "x"})).status_code == 428
        changed = await browser.patch(
            place, json={"title": "Nordvest", "timezone": "Europe/Berlin"}, headers={"if-match": added.headers["etag"]}
        )
        stale = await browser.patch(place, json={"title": "Øst"}, headers={"if-match": added.headers["etag"]})
        (listed,) = (await browser.get(f"{V1}/workshops")).json()
    assert (added.status_code, again.status_code, changed.status_code, stale.status_code) == (201, 409, 200, 412)
    assert added.json()["workshop_id"] == str(derived_id("workshop", DEALER, "2")), "as ingest makes it of an order's"
    assert (listed["title"], listed["timezone"], listed["number"]) == ("Nordvest", "Europe/Berlin", "2")
    told = [event for event in await house.rt.published(DEALER) if isinstance(event, WorkshopChanged)]
    assert [(event.title, event.revision) for event in told] == [("Nord", 1), ("Nordvest", 2)]


async def test_an_employee_is_added_changed_and_let_go(house: House) -> None:
    async with house.logged_in() as browser:
        workshop = (await browser.post(f"{V1}/workshops", json={"number": "2", "title": "Nord"})).json()["workshop_id"]
        person = {"email": "Mette@Mine.example", "role": "advisor", "alerts": ["call_me"], "workshops": [workshop]}
        added = await browser.post(f"{V1}/users", json=person)
        assert added.status_code == 201, added.text
        place, password = f"{V1}/users/{added.json()['user_id']}", added.json()["password"]
        assert (await browser.post(f"{V1}/users", json=person)).json()["code"] == "known_user"
        assert (await browser.patch(place, json={"role": "manager"})).status_code == 428

        async with house.browser() as hers:
            right = {"email": "mette@mine.example", "password": password}
            assert (await hers.post(f"{V1}/session", json=right)).status_code == 204
            assert (await hers.get(f"{V1}/session")).json()["workshops"] == [workshop]
            tag = {"if-match": (await browser.get(place)).headers["etag"]}
            changed = await browser.patch(place, json={"alerts": ["no", "call_me"], "language": "en"}, headers=tag)
            assert changed.json()["alerts"] == ["call_me", "no"]
            assert (await hers.get(f"{V1}/session")).status_code == 200, "what she may has not changed"
            assert (await browser.patch(place, json={"role": "manager"}, headers=tag)).status_code == 412
            assert (await browser.patch(place, json={"role": "manager"}, headers=ANY)).status_code == 200
            assert (await hers.get(f"{V1}/session")).status_code == 401
            for _ in range(2):
                assert (await browser.delete(place)).status_code == 204
            assert (await hers.post(f"{V1}/session", json=right)).status_code == 401
    told = [event for event in await house.rt.published(DEALER) if isinstance(event, UserAlertsChanged)]
    assert [(event.alerts, event.active) for event in told] == [
        (("call_me",), True), (("call_me", "no"), True), (("call_me", "no"), True), ((), False),
    ]  # fmt: skip
    assert [event.revision for event in told] == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"email": "x", "role": "advisor"}, "bad_email"),
        ({"email": "a@mine.example", "role": "king"}, "invalid"),
        ({"email": "a@mine.example", "alerts": ["all"]}, "invalid"),
        ({"email": "a@mine.example", "workshops": [str(of("nothing"))]}, "unknown_workshop"),
        ({"email": "a@mine.example", "password": "short"}, "invalid"),
        ({"email": email(DEALER, "mechanic")}, "known_user"),
    ],
)
async def test_an_employee_who_cannot_be_added(house: House, body: dict[str, Any], code: str) -> None:
    async with house.logged_in() as browser:
        answer = await browser.post(f"{V1}/users", json=body)
    assert answer.json()["code"] == code
    assert await house.rt.published(DEALER) == []


async def test_only_owners_make_owners_and_the_last_one_stays(house: House) -> None:
    owner, advisor = (f"{V1}/users/{of(role)}" for role in ("owner", "advisor"))
    async with house.logged_in() as browser:
        assert (await browser.delete(owner)).json()["code"] == "last_owner"
        assert (await browser.patch(owner, json={"role": "manager"}, headers=ANY)).json()["code"] == "last_owner"
        assert (await browser.patch(advisor, json={"role": "manager"}, headers=ANY)).status_code == 200
    async with house.logged_in(role="advisor") as manager:
        for answer in (
            await manager.delete(owner),
            await manager.patch(owner, json={"password": PASSWORD}, headers=ANY),
            await manager.patch(advisor, json={"role": "owner"}, headers=ANY),
            await manager.post(f"{V1}/users", json={"email": "b@mine.example", "role": "owner"}),
        ):
            assert answer.status_code == 403
        assert (await manager.post(f"{V1}/users", json={"email": "b@mine.example", "role": "manager"})).status_code == 201


async def test_two_owners_who_let_each_other_go_leave_one(house: House) -> None:
    async with house.logged_in() as first:
        await first.patch(f"{V1}/users/{of('advisor')}", json={"role": "owner"}, headers=ANY)
        async with house.logged_in(role="advisor") as second:
            answers = await asyncio.gather(
                first.delete(f"{V1}/users/{of('advisor')}"), second.delete(f"{V1}/users/{of('owner')}")
            )
    rows = await house.rt.sql(DEALER, "select role from api.\"user\" where role = 'owner' and active")
    assert len(rows) == 1, [answer.status_code for answer in answers]
