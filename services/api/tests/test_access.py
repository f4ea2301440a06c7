"""Who may come in, for how long, from where, and what each may do."""

import asyncio
from datetime import timedelta

import pytest
from api_house import BASE, NOW, PASSWORD, House, email, of

from common.testing.runtime import DEALER

HOLD = f"/api/v1/invitations/{of('invitation')}/hold"
RIGHT = {"email": email(DEALER, "owner"), "password": PASSWORD}
WRONG = RIGHT | {"password": "not this one"}


async def test_a_wrong_password_and_an_unknown_address_are_told_the_same(house: House) -> None:
    async with house.browser() as browser:
        wrong = await browser.post("/api/v1/session", json=WRONG)
        unknown = await browser.post("/api/v1/session", json=WRONG | {"email": "nobody@example.com"})
        pages = [await browser.post("/login", data=data) for data in (WRONG, WRONG | {"email": "nobody@example.com"})]
    assert wrong.status_code == 401
    assert (wrong.status_code, wrong.json()) == (unknown.status_code, unknown.json())
    assert pages[0].text == pages[1].text
    assert not any(answer.cookies for answer in (wrong, unknown, *pages))


async def test_tries_wait_longer_each_time_and_never_for_good(house: House) -> None:
    async with house.browser() as browser:
        seen = [(await browser.post("/api/v1/session", json=WRONG)).status_code for _ in range(7)]
        assert seen == [401] * 5 + [429] * 2
        assert (await browser.post("/login", data=RIGHT)).status_code == 429, "not even with the right one"
        house.clock.move_to(NOW + timedelta(minutes=16))
        assert (await browser.post("/api/v1/session", json=RIGHT)).status_code == 204


async def test_many_tries_at_once_are_many(house: House) -> None:
    async with house.browser() as browser:
        answers = await asyncio.gather(*(browser.post("/api/v1/session", json=WRONG) for _ in range(12)))
    assert sorted(answer.status_code for answer in answers) == [401] * 5 + [429] * 7


async def test_whoever_logs_in_rightly_is_not_slowed_down(house: House) -> None:
    async with house.browser() as browser:
        for _ in range(8):
            assert (await browser.post("/api/v1/session", json=RIGHT)).status_code == 204


async def test_the_cookie_is_out_of_reach_of_scripts_and_only_its_hash_is_kept(house: House) -> None:
    async with house.browser() as browser:
        told = (await browser.post("/api/v1/session", json=RIGHT)).headers["set-cookie"]
    assert {"httponly", "samesite=lax", "path=/"} <= {part.strip().lower() for part in told.split(";")}
    (row,) = await house.rt.sql(DEALER, "select encode(token_hash, 'escape') as kept from api.session")
    assert told.partition("=")[2].partition(";")[0] not in row.kept


@pytest.mark.parametrize(("later", "stands"), [(29, True), (31, False)])
async def test_a_session_ends_after_half_an_hour_without_use(house: House, later: int, stands: bool) -> None:
    async with house.logged_in() as browser:
        house.clock.move_to(NOW + timedelta(minutes=later))
        assert (await browser.get("/api/v1/session")).is_success is stands
        assert ((await browser.get("/pending")).status_code == 200) is stands


async def test_a_session_ends_after_twelve_hours_of_use(house: House) -> None:
    async with house.logged_in() as browser:
        for step in range(1, 36):
            house.clock.move_to(NOW + timedelta(minutes=20 * step))
            assert (await browser.get("/api/v1/session")).status_code == 200
        house.clock.move_to(NOW + timedelta(hours=12))
        assert (await browser.get("/api/v1/session")).status_code == 401


@pytest.mark.parametrize("by_form", [True, False])
async def test_a_session_is_gone_for_good_once_logged_out(house: House, by_form: bool) -> None:
    async with house.logged_in() as browser:
        cookie = dict(browser.cookies)
        csrf = (await browser.get("/api/v1/session")).json()["csrf"]
        left = await (browser.post("/logout", data={"csrf": csrf}) if by_form else browser.delete("/api/v1/session"))
        assert left.status_code == (303 if by_form else 204)
        browser.cookies.update(cookie)
        assert (await browser.get("/api/v1/session")).status_code == 401


@pytest.mark.parametrize(
    ("headers", "refused"),
    [
        ({"origin": "https://elsewhere.example"}, True),
        ({"origin": "null"}, True),
        ({"origin": ""}, True),
        ({"origin": BASE + ".elsewhere.example"}, True),
        ({"sec-fetch-site": "cross-site"}, True),
        ({"sec-fetch-site": "same-site"}, True),
        ({"sec-fetch-site": "same-origin"}, False),
        ({}, False),
    ],
)
async def test_a_change_from_another_site_is_refused(house: House, headers: dict[str, str], refused: bool) -> None:
    async with house.logged_in() as browser:
        csrf = (await browser.get("/api/v1/session")).json()["csrf"]
        form = {"csrf": csrf, "back": "/pending"}
        answers = [
            await browser.post(HOLD, json={}, headers=headers),
            await browser.post(f"/invitations/{of('invitation')}/hold", data=form, headers=headers),
            await browser.post("/login", data=RIGHT, headers=headers),
        ]
    assert [answer.status_code for answer in answers] == ([403] * 3 if refused else [204, 303, 303])
    assert bool(await house.rt.published()) is not refused


@pytest.mark.parametrize("token", ["", "æ not ours", "0" * 64])
async def test_a_form_of_another_session_is_refused(house: House, token: str) -> None:
    async with house.logged_in() as browser:
        form = {"csrf": token, "back": "/pending"}
        answer = await browser.post(f"/invitations/{of('invitation')}/hold", data=form)
        assert answer.status_code in (403, 422)
        assert (await browser.post("/logout", data={"csrf": token})).status_code in (403, 422)
        assert (await browser.get("/pending")).status_code == 200
    assert await house.rt.published() == []


async def test_after_an_action_one_is_led_only_to_our_own_lists(house: House) -> None:
    async with house.logged_in() as browser:
        csrf = (await browser.get("/api/v1/session")).json()["csrf"]
        for back, place in {
            "/calls": "/calls",
            "https://elsewhere.example": "/pending",
            "//elsewhere.example": "/pending",
        }.items():
            form = {"csrf": csrf, "back": back}
            answer = await browser.post(f"/invitations/{of('invitation')}/hold", data=form)
            assert (answer.status_code, answer.headers["location"]) == (303, place)


async def test_a_list_without_a_session_leads_to_the_login(house: House) -> None:
    async with house.browser() as browser:
        answer = await browser.get("/pending")
        assert (answer.status_code, answer.headers["location"]) == (303, "/login")
        page = await browser.get("/login")
        assert 'method="post"' in page.text
        done = await browser.post("/login", data=RIGHT)
        assert (done.status_code, done.headers["location"]) == (303, "/pending")
        assert (await browser.get("/pending")).status_code == 200
