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

from api import questions
from common.events.customers import SourceChanged
from common.events.words import Outcome
from common.ids import DealerId, SourceId
from common.testing.runtime import DEALER, OTHER_DEALER


class For(Enum):
    ANYONE = auto()  # logging in, customers' links, webhooks: guarded by what they carry, tested elsewhere
    USERS = auto()
    DECIDERS = auto()
    MANAGERS = auto()


V1 = "/api/v1"
LISTS = ("/pending", "/follow-up", "/calls", "/booked", "/no", "/owner-changed", "/messages")
INVITATION = "/invitations/{invitation_id}"
CUSTOMER, VEHICLE = "/customers/{customer_id}", "/vehicles/{vehicle_id}"


def some(whose: For, method: str, *paths: str) -> dict[tuple[str, str], For]:
    return dict.fromkeys(((method, path) for path in paths), whose)


DOORS = {
    **some(For.ANYONE, "GET", "/", "/login", "/style.css"),
    **{(method, f"/{way}/{{code}}"): For.ANYONE for way in "asu" for method in ("GET", "HEAD")},
    **some(For.ANYONE, "POST", "/login", "/a/{code}", "/u/{code}", f"{V1}/session"),
    **some(For.ANYONE, "POST", *(f"/webhooks/{system}/{{endpoint}}" for system in ("booking", "calendly", "calcom"))),
    **some(For.ANYONE, "POST", "/webhooks/gatewayapi/{address}"),
    **some(For.USERS, "GET", "/leads", f"{V1}/leads", "/campaigns"),
    **some(For.ANYONE, "GET", "/campaigns/{campaign_id}"),  # leads to the page
    **some(For.MANAGERS, "POST", "/campaigns/{campaign_id}"),
    **some(For.DECIDERS, "POST", "/leads/{lead_id}/{outcome}", f"{V1}/leads/{{lead_id}}/outcome"),
    **some(For.USERS, "GET", *LISTS, "/messages/{message_id}", CUSTOMER, VEHICLE, "/search", "/suppress"),
    **some(For.DECIDERS, "POST", INVITATION + "/{action}", CUSTOMER + "/{action}", VEHICLE + "/{action}", "/suppress"),
    **some(For.USERS, "POST", "/logout"),
    **some(For.USERS, "DELETE", f"{V1}/session"),
    **some(For.USERS, "GET", *(f"{V1}{path}{kind}" for path in LISTS for kind in ("", ".csv")), f"{V1}/messages/{{message_id}}"),
    **some(For.USERS, "GET", f"{V1}/session", f"{V1}/sources", f"{V1}/events", V1 + INVITATION),
    **some(For.USERS, "GET", f"{V1}/customers", V1 + CUSTOMER, f"{V1}/vehicles", V1 + VEHICLE),
    **some(For.USERS, "GET", f"{V1}/vehicles/{{vehicle}}/explain"),
    **some(For.USERS, "GET", f"{V1}/dealer", f"{V1}/settings", f"{V1}/workshops", f"{V1}/workshops/{{workshop_id}}"),
    **some(
        For.DECIDERS, "POST",
        *(f"{V1}{INVITATION}/{what}" for what in ("hold", "restore", "exclude", "outcome", "answer", "release-owner")),
        *(f"{V1}{CUSTOMER}/{what}" for what in ("exclude", "restore")),
        *(f"{V1}{VEHICLE}/{what}" for what in ("exclude", "restore", "release-owner", "invite")),
        f"{V1}/suppressions",
    ),
    **some(For.MANAGERS, "GET", f"{V1}/users", f"{V1}/users/{{user_id}}"),
    **some(For.MANAGERS, "POST", f"{V1}/users", f"{V1}/workshops", f"{V1}/campaigns/{{campaign_id}}/answer"),
    **some(For.MANAGERS, "PATCH", f"{V1}/dealer", f"{V1}/settings", f"{V1}/users/{{user_id}}", f"{V1}/workshops/{{workshop_id}}"),
    **some(For.MANAGERS, "DELETE", f"{V1}/users/{{user_id}}"),
}  # fmt: skip
_IMPORTS = ("", "/{import_id}", *(f"/{{import_id}}/{what}" for what in ("report", "report.csv", "bad-rows")))
IMPORTS = {  # ingest answers these: `test_imports.py` has both
    **some(For.USERS, "GET", *(f"{V1}/imports{path}" for path in _IMPORTS), f"{V1}/connections"),
    **some(For.DECIDERS, "POST", *(f"{V1}/imports{path}" for path in ("", "/{import_id}/repair", "/{import_id}/again"))),
}
DOORS |= IMPORTS
SUPPOSING = some(For.MANAGERS, "GET", f"{V1}/lexicon/drafts/{{draft_id}}/invitations")
"""Classifier and scheduler answer these: `test_forwarding.py` has them."""
DOORS |= SUPPOSING
FORWARDED = {
    (method, f"{V1}/{what.prefix}{below}"): what
    for what in questions.FORWARDED
    for below in ("", "/{rest_of_path:path}")
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE")
}
ACTIONS = {
    INVITATION: ("hold", "exclude", "restore", "release", "booked", "answered_no", "no_reaction"),
    CUSTOMER: ("exclude", "restore"),
    VEHICLE: ("exclude", "restore", "release-owner", "invite"),
}
BODIES: dict[str, Any] = {
    "outcome": {"outcome": Outcome.BOOKED}, "invite": {"type": "service"},
    "users": {"email": "new@example.com"}, "workshops": {"number": "2", "title": "Syd"},
}  # fmt: skip
LEAVING = {("POST", "/logout"), ("DELETE", f"{V1}/session")}
LASTING = ("GET", f"{V1}/events")  # it does not end by itself
OWN = {
    ("POST", f"{V1}/users"),
    ("POST", f"{V1}/workshops"),
    ("POST", f"{V1}/campaigns/{{campaign_id}}/answer"),
    ("POST", "/campaigns/{campaign_id}"),
    ("GET", "/campaigns"),
}
"""What these make is always the asker's own; which campaigns there are only the scheduler knows."""


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
    things = ("invitation", "message", "customer", "vehicle", "workshop", "campaign", "lead", "import", "draft")
    ids = {f"{what}_id": of(what, whose) for what in things}
    ids |= {"user_id": of("mechanic", whose), "vehicle": of("vehicle", whose)}
    for action in ACTIONS[path.removesuffix("/{action}")] if "{action}" in path else ("",):
        given: dict[str, Any] = {}
        if path.startswith(V1) and method in ("POST", "PATCH"):
            person = {"name": NAMES[whose][0], "number": "7"}
            said = {"answer": "call_me"} if path == f"{V1}{INVITATION}/answer" else None
            body = person if path.endswith("suppressions") else said or BODIES.get(path.rpartition("/")[2], {})
            given = {"json": body if method == "POST" else {}, "headers": {"if-match": "*"}}
        elif method == "POST":
            given = {"data": {"csrf": csrf, "back": "/pending", "type": "service", "name": NAMES[whose][0], "number": "7"}}
        answers.append(await browser.request(method, path.format(action=action, outcome="booked", **ids), **given))
    return answers


async def test_every_door_is_known_here(house: House) -> None:
    assert doors(house) == {*DOORS, *FORWARDED}, "say in DOORS whom a new door is for"


async def test_nobody_gets_in_without_a_session_that_stands(house: House) -> None:
    async with house.browser() as nobody, house.browser() as made_up, house.logged_in() as expired:
        csrf = (await expired.get("/api/v1/session")).json()["csrf"]
        made_up.cookies.set("session", "made-up")
        await house.rt.sql(DEALER, "update api.session set seen_at = seen_at - interval '31 minutes'")
        before = await house.everything()
        for browser in (nobody, made_up, expired):
            for method, path in inside(For.USERS, For.DECIDERS, For.MANAGERS):
                for answer in await knock(browser, method, path, csrf, DEALER):
                    assert answer.status_code == 401 or answer.headers.get("location") == "/login", f"{method} {path}"
                    assert NAMES[DEALER][1] not in answer.text
            for method, path in FORWARDED:
                answer = await browser.request(method, path.replace("{rest_of_path:path}", "1"))
                assert answer.status_code == 401
    assert await house.everything() == before
    assert await house.rt.published() == []


async def test_nobody_reads_or_changes_anything_of_another_dealer(house: House) -> None:
    async with house.logged_in() as mine:
        csrf = (await mine.get("/api/v1/session")).json()["csrf"]
        before = await house.everything()
        for method, path in inside(For.USERS, For.DECIDERS, For.MANAGERS):
            if (method, path) in {*LEAVING, *OWN, *IMPORTS, *SUPPOSING, LASTING}:
                continue
            for answer in await knock(mine, method, path, csrf, OTHER_DEALER):
                wanted = 404 if "{" in path or ("suppress" in path and method == "POST") else 200
                assert answer.status_code == wanted, f"{method} {path}: {answer.status_code} {answer.text}"
                for theirs in (
                    *NAMES[OTHER_DEALER],
                    str(of("invitation", OTHER_DEALER)),
                    str(of("lead", OTHER_DEALER)),
                    "theirs.example",
                ):
                    assert theirs not in answer.text or (method, path) == ("POST", "/suppress"), f"{method} {path}"
        assert await house.everything() == before
    assert await house.rt.published() == []


@pytest.mark.parametrize(
    ("role", "kinds"),
    [
        ("read-only", (For.DECIDERS, For.MANAGERS)),
        ("mechanic", (For.DECIDERS, For.MANAGERS)),
        ("advisor", (For.MANAGERS,)),
    ],
)
async def test_who_may_only_look_changes_nothing(house: House, role: str, kinds: tuple[For, ...]) -> None:
    async with house.logged_in(role=role) as looking:
        csrf = (await looking.get("/api/v1/session")).json()["csrf"]
        before = await house.everything()
        for method, path in inside(*kinds):
            for answer in await knock(looking, method, path, csrf, DEALER):
                assert answer.status_code == 403, f"{method} {path}"
        for method, path in FORWARDED:
            what = FORWARDED[method, path]
            if not may(role, what.read if method == "GET" else what.change):
                answer = await looking.request(method, f"{V1}/{what.prefix}", headers={"content-type": "application/json"})
                assert answer.status_code == 403, f"{method} {path}"
        assert (await looking.get("/api/v1/pending")).status_code == 200
        if For.DECIDERS in kinds:
            assert f"/invitations/{of('invitation')}" not in (await looking.get("/follow-up?view=all")).text, "no buttons"
        assert await house.everything() == before
    assert await house.rt.published() == []


def may(role: str, who: questions.Who) -> bool:
    """Whether somebody of this role may ask what is forwarded for these."""
    return {"users": True, "deciders": role == "advisor", "managers": False, "nobody": False}[who]


async def test_the_right_person_gets_through_every_door(house: House) -> None:
    async with house.logged_in() as mine:
        await mine.post(f"{V1}/workshops", json={"number": "1", "title": "Nord"})
        (workshop,) = (await mine.get(f"{V1}/workshops")).json()
        csrf = (await mine.get("/api/v1/session")).json()["csrf"]
        for method, path in inside(For.USERS, For.DECIDERS, For.MANAGERS):
            if (method, path) in {*LEAVING, *IMPORTS, *SUPPOSING, LASTING} or "message_id" in path:
                continue
            for answer in await knock(mine, method, path.replace("{workshop_id}", workshop["workshop_id"]), csrf, DEALER):
                good = (
                    (200, 201, 202, 204, 303) if "explain" not in path and not path.startswith("/campaigns") else (503,)
                )  # nobody answers for the scheduler here
                assert answer.status_code in good, f"{method} {path}: {answer.text}"
    assert await house.rt.published(DEALER) != []


async def test_the_database_itself_shows_nothing_of_another_dealer(house: House) -> None:
    async with house.browser() as browser:
        await browser.post("/a/bbbbbbbbbb", data={"svar": "ring"})
    async with house.logged_in(OTHER_DEALER) as theirs:
        excluded = f"/api/v1/vehicles/{of('vehicle', OTHER_DEALER)}/exclude"
        assert (await theirs.post(excluded, json={}, headers={"idempotency-key": "k"})).status_code == 204
    await house.endpoint(OTHER_DEALER)
    for table in ("endpoint_secret", '"user"', "told", "invitation", "lead", "answer", "act", "reply", "change"):
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
