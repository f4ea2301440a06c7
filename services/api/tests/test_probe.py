"""Every door of the app, tried by those it is not for. A door that is not named here fails."""

from collections.abc import Iterator
from enum import Enum, auto
from typing import Any

import httpx
import pytest
from api_house import NAMES, House, of, visible
from fastapi.routing import APIRoute
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from common.events.customers import SourceChanged
from common.events.words import Outcome
from common.ids import DealerId, SourceId
from common.testing.runtime import DEALER, OTHER_DEALER


class For(Enum):
    ANYONE = auto()  # logging in, customers' links, webhooks: guarded by what they carry, tested elsewhere
    USERS = auto()
    DECIDERS = auto()


DELIVERED = ("booking/{endpoint}", "calendly/{endpoint}", "calcom/{endpoint}")
LISTS = ("/pending", "/follow-up", "/calls", "/booked", "/no", "/leads", "/messages", "/messages/{message_id}")
DOORS = {
    **dict.fromkeys((("GET", path) for path in ("/", "/login", "/style.css")), For.ANYONE),
    **dict.fromkeys(((method, f"/{way}/{{code}}") for way in "asu" for method in ("GET", "HEAD")), For.ANYONE),
    **dict.fromkeys((("POST", path) for path in ("/login", "/a/{code}", "/u/{code}", "/api/v1/session")), For.ANYONE),
    **dict.fromkeys((("POST", f"/webhooks/{path}") for path in (*DELIVERED, "gatewayapi/{address}")), For.ANYONE),
    **dict.fromkeys((("GET", path) for path in LISTS), For.USERS),
    **dict.fromkeys((("GET", f"/api/v1{path}") for path in (*LISTS, "/session", "/sources")), For.USERS),
    ("POST", "/logout"): For.USERS,
    ("DELETE", "/api/v1/session"): For.USERS,
    ("POST", "/invitations/{invitation_id}/{action}"): For.DECIDERS,
    ("POST", "/leads/{lead_id}/{outcome}"): For.DECIDERS,
    ("POST", "/api/v1/leads/{lead_id}/outcome"): For.DECIDERS,
    **dict.fromkeys(
        (("POST", f"/api/v1/invitations/{{invitation_id}}/{what}") for what in ("hold", "restore", "exclude", "outcome")),
        For.DECIDERS,
    ),
}
_IMPORTS = ("", "/{import_id}", *(f"/{{import_id}}/{what}" for what in ("report", "report.csv", "bad-rows")))
FORWARDED = {  # ingest answers these: `test_imports.py` has both
    **dict.fromkeys((("GET", f"/api/v1/imports{path}") for path in _IMPORTS), For.USERS),
    ("GET", "/api/v1/connections"): For.USERS,
    **dict.fromkeys(
        (("POST", f"/api/v1/imports{path}") for path in ("", "/{import_id}/repair", "/{import_id}/again")), For.DECIDERS
    ),
}
DOORS |= FORWARDED
ACTIONS = ("hold", "exclude", "restore", "booked", "answered_no", "no_reaction")
LEAVING = {("POST", "/logout"), ("DELETE", "/api/v1/session")}


def doors(house: House) -> set[tuple[str, str]]:
    """What the app has."""
    found: set[tuple[str, str]] = set()
    pending = list(house.app.routes)
    while pending:
        route = pending.pop()
        if isinstance(route, APIRoute):
            found |= {(method, route.path) for method in route.methods}
        else:
            inner = getattr(route, "original_router", None) or getattr(route, "router", None) or getattr(route, "app", None)
            assert getattr(inner, "routes", None), f"{route!r} is a door of a kind that this test does not know"
            pending += inner.routes
    return found


def inside(*kinds: For) -> Iterator[tuple[str, str]]:
    return (door for door, whose in DOORS.items() if whose in kinds)


async def knock(browser: httpx.AsyncClient, method: str, path: str, csrf: str, whose: DealerId) -> list[httpx.Response]:
    """A request that only the right person may make, in every form that this door takes."""
    answers = []
    for action in ACTIONS if "{action}" in path else ("",):
        known = {name: of(name.removesuffix("_id"), whose) for name in ("invitation_id", "message_id", "import_id", "lead_id")}
        place = path.format(**known, action=action, outcome="booked")
        given: dict[str, Any] = {}
        if method == "POST":
            json = {"outcome": Outcome.BOOKED} if path.endswith("outcome") else {}
            given = {"json": json} if path.startswith("/api") else {"data": {"csrf": csrf, "back": "/pending"}}
        answers.append(await browser.request(method, place, **given))
    return answers


async def test_every_door_is_known_here(house: House) -> None:
    assert doors(house) == set(DOORS), "say in DOORS whom a new door is for"


async def test_nobody_gets_in_without_a_session_that_stands(house: House) -> None:
    async with house.browser() as nobody, house.browser() as made_up, house.logged_in() as expired:
        csrf = (await expired.get("/api/v1/session")).json()["csrf"]
        made_up.cookies.set("session", "made-up")
        await house.rt.sql(DEALER, "update api.session set seen_at = seen_at - interval '31 minutes'")
        before = await house.everything()
        for browser in (nobody, made_up, expired):
            for method, path in inside(For.USERS, For.DECIDERS):
                for answer in await knock(browser, method, path, csrf, DEALER):
                    assert answer.status_code == 401 or answer.headers.get("location") == "/login", f"{method} {path}"
                    assert NAMES[DEALER][1] not in answer.text
    assert await house.everything() == before
    assert await house.rt.published() == []


async def test_nobody_reads_or_changes_anything_of_another_dealer(house: House) -> None:
    async with house.logged_in() as mine:
        csrf = (await mine.get("/api/v1/session")).json()["csrf"]
        before = await house.everything()
        for method, path in inside(For.USERS, For.DECIDERS):
            if (method, path) in LEAVING or (method, path) in FORWARDED:
                continue
            for answer in await knock(mine, method, path, csrf, OTHER_DEALER):
                assert answer.status_code == (404 if "{" in path else 200), f"{method} {path}: {answer.status_code}"
                for theirs in (
                    *NAMES[OTHER_DEALER],
                    str(of("invitation", OTHER_DEALER)),
                    str(of("lead", OTHER_DEALER)),
                    "theirs.example",
                ):
                    assert theirs not in answer.text, f"{method} {path}"
        assert await house.everything() == before
    assert await house.rt.published() == []


@pytest.mark.parametrize("role", ["read-only", "mechanic"])
async def test_who_may_only_look_changes_nothing(house: House, role: str) -> None:
    async with house.logged_in(role=role) as looking:
        csrf = (await looking.get("/api/v1/session")).json()["csrf"]
        before = await house.everything()
        for method, path in inside(For.DECIDERS):
            for answer in await knock(looking, method, path, csrf, DEALER):
                assert answer.status_code == 403, f"{method} {path}"
        assert (await looking.get("/api/v1/pending")).status_code == 200
        assert f"/invitations/{of('invitation')}" not in (await looking.get("/follow-up?view=all")).text, "no buttons"
        assert await house.everything() == before
    assert await house.rt.published() == []


async def test_the_right_person_gets_through_every_door(house: House) -> None:
    async with house.logged_in() as mine:
        csrf = (await mine.get("/api/v1/session")).json()["csrf"]
        for method, path in inside(For.USERS, For.DECIDERS):
            if (method, path) in LEAVING or (method, path) in FORWARDED or "message_id" in path:
                continue
            for answer in await knock(mine, method, path, csrf, DEALER):
                assert answer.status_code in (200, 204, 303), f"{method} {path}: {answer.text}"
    assert await house.rt.published(DEALER) != []


async def test_the_database_itself_shows_nothing_of_another_dealer(house: House) -> None:
    async with house.browser() as browser:
        await browser.post("/a/bbbbbbbbbb", data={"svar": "ring"})
    await house.endpoint(OTHER_DEALER)
    for table in ("endpoint_secret", '"user"', "told", "invitation", "lead", "answer"):
        seen = await house.rt.sql(DEALER, f"select dealer_id from api.{table}")
        theirs = await house.rt.sql(OTHER_DEALER, f"select dealer_id from api.{table}")
        assert theirs, f"{table} has something to hide"
        assert {row.dealer_id for row in seen} <= {DEALER}
        changed = await house.rt.sql(
            DEALER, f"update api.{table} set dealer_id = dealer_id where dealer_id = :d returning 1", d=OTHER_DEALER
        )
        assert changed == []


async def test_an_error_of_the_database_tells_its_statement_and_not_whose_it_was(house: House) -> None:
    with pytest.raises(DBAPIError, match="division by zero") as caught:
        async with house.rt.engine.connect() as connection:
            await connection.execute(text("select 1 / (length(cast(:who as text)) - 9)"), {"who": "Anne Holm"})
    assert "length(cast" in str(caught.value)
    assert "Anne" not in str(caught.value)


async def test_a_source_that_sends_was_heard_and_one_that_is_asked_was_read(house: House) -> None:
    at = house.clock.now()
    told = [
        SourceChanged(
            revision=1, source_id=SourceId(of(title)), title=title, kind=kind, fresh_at=fresh_at, polled=kind == "economic"
        )
        for title, kind, fresh_at in (("Booking", "webhook", at), ("Tavle", "webhook", None), ("Bøger", "economic", at))
    ]
    await house.rt.deliver(DEALER, *told)
    async with house.logged_in() as browser:
        page = visible((await browser.get("/pending")).text)
    assert "Booking: sidst hørt" in page
    assert "Tavle: ikke hørt endnu" in page
    assert "Bøger: sidst læst" in page
