"""Links and pixels: noted, told apart from scanners, and never anything but noted."""

from collections.abc import AsyncIterator
from datetime import timedelta
from urllib.parse import urlsplit

import httpx
import pytest
from fastapi import FastAPI

from common import web
from common.events.messages import LinkClicked, MessageOpened
from common.ids import DealerId
from common.testing.nordhavn import GOLF, NINE, World, contact, due, invitation
from common.testing.runtime import DEALER, OTHER_DEALER
from notifier.domain.clicks import Fetch, by_machine
from notifier.main import service

PERSON = {"user-agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Safari/604.1"}


@pytest.fixture
async def http(world: World) -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    web.install(app)
    assert service.router is not None
    app.include_router(service.router(world.rt))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="https://klik.example", headers=PERSON) as client:
        yield client


async def links(world: World, *contacts: object) -> dict[str, str]:
    """Send a mail; the path of each of its links by kind (of the last vehicle)."""
    await world.hear(due(*contacts))  # type: ignore[arg-type]
    await world.send()
    rows = await world.rt.sql(DEALER, "select kind, token from notifier.link order by reference nulls last")
    world.rt.later(minutes=1)
    return {row.kind: f"/o/{row.token}.gif" if row.kind == "pixel" else f"/r/{row.token}" for row in rows}


async def test_each_button_leads_to_the_answer_page_with_its_hint(world: World, http: httpx.AsyncClient) -> None:
    hints = {"book": "book", "call": "ring", "no": "nej", "unsubscribe": "afmeld"}
    for kind, path in (await links(world)).items():
        if kind != "pixel":
            answer = await http.get(path)
            assert answer.status_code == 302
            assert answer.headers["location"] == f"https://svar.example/a/abcdefgh01?svar={hints[kind]}"
            assert answer.headers["cache-control"] == "no-store"


async def test_a_click_is_told_with_its_own_contact_and_once(world: World, http: httpx.AsyncClient) -> None:
    paths = await links(world, contact(1), contact(2, vehicle=GOLF))
    await http.get(paths["book"])
    await http.get(paths["book"])
    (clicked,) = await world.told(LinkClicked)
    assert clicked.by_machine is False
    assert clicked.invitations() == {invitation(2): 1}


async def test_a_scanner_that_follows_everything_is_told_apart(world: World, http: httpx.AsyncClient) -> None:
    paths = await links(world)
    await http.head(paths["book"])
    for kind in ("book", "call", "no"):
        await http.get(paths[kind], headers={"user-agent": "Mozilla/5.0 (compatible; SafeLinks-Scanner)"})
    told = await world.told(LinkClicked)
    assert told
    assert all(event.by_machine for event in told)


async def test_an_open_is_told_once_and_an_unknown_pixel_looks_the_same(world: World, http: httpx.AsyncClient) -> None:
    path = (await links(world))["pixel"]
    answers = [await http.get(path), await http.get(path), await http.get("/o/unknown.gif")]
    assert {answer.headers["content-type"] for answer in answers} == {"image/gif"}
    assert len({answer.content for answer in answers}) == 1
    assert len(await world.told(MessageOpened)) == 1


async def test_hammering_a_link_fills_no_table(world: World, http: httpx.AsyncClient) -> None:
    path = (await links(world))["book"]
    for _ in range(60):
        await http.get(path)
    (count,) = await world.rt.sql(DEALER, "select count(*) as times from notifier.history where what = 'clicked'")
    assert count.times == 50


@pytest.mark.parametrize("token", ["x", "x" * 40, "%00", "å" * 40, "../../etc/passwd", "a" * 4000])
async def test_a_token_that_is_none_leads_nowhere(http: httpx.AsyncClient, token: str) -> None:
    assert (await http.get(f"/r/{token}")).status_code == 404


async def test_no_address_in_a_request_is_ever_followed(world: World, http: httpx.AsyncClient) -> None:
    path = (await links(world))["book"]
    answer = await http.get(f"{path}?url=https://evil.example&svar=nej")
    assert urlsplit(answer.headers["location"]).hostname == "svar.example"


async def test_messages_are_listed_as_sent_and_paged(world: World, http: httpx.AsyncClient) -> None:
    for number in range(1, 6):
        await world.hear(due(contact(number)))
        await world.send()
        world.rt.later(minutes=1)
    first = (await ask(world, http, "/messages?limit=2")).json()
    second = (await ask(world, http, f"/messages?limit=2&cursor={first['next_cursor']}")).json()
    third = (await ask(world, http, f"/messages?limit=2&cursor={second['next_cursor']}")).json()
    assert third["next_cursor"] is None
    items = first["items"] + second["items"] + third["items"]
    assert [item["contacts"][0]["reference"] for item in items] == [str(invitation(n)) for n in (5, 4, 3, 2, 1)]
    assert items[0]["subject"] == "Tid til service på din Skoda Octavia"
    assert items[0]["address"] == "anne@example.com"


async def test_one_message_shows_its_bodies_and_what_happened(world: World, http: httpx.AsyncClient) -> None:
    paths = await links(world)
    await http.get(paths["book"])
    message_id = (await world.row()).message_id
    found = (await ask(world, http, f"/messages/{message_id}")).json()
    assert "Hej Anne" in found["text"]
    assert "<html" in found["html"]
    assert [event["what"] for event in found["events"]] == ["accepted", "clicked"]
    assert (found["state"], found["clicked"]) == ("accepted", 1)


async def test_what_waits_is_listed_with_its_reason(world: World, http: httpx.AsyncClient) -> None:
    from common.events.settings import Sender
    from common.testing.nordhavn import dealer

    await world.hear(dealer(2, sender=Sender()), due())
    await world.send()
    (item,) = (await ask(world, http, "/messages")).json()["items"]
    assert (item["state"], item["waits"]) == ("due", "sender_incomplete")


async def test_another_dealer_sees_nothing_and_nobody_asks_without_apis_signature(world: World, http: httpx.AsyncClient) -> None:
    await links(world)
    message_id = (await world.row()).message_id
    assert (await ask(world, http, "/messages", OTHER_DEALER)).json()["items"] == []
    assert (await ask(world, http, f"/messages/{message_id}", OTHER_DEALER)).status_code == 404
    for path in ("/messages", f"/messages/{message_id}"):
        assert (await http.get(path)).status_code == 401


@pytest.mark.parametrize("query", ["cursor=x", "cursor=%ff", "limit=0", "limit=9999", "customer=7", "purpose=nonsense"])
async def test_bad_questions_are_refused_not_failed(world: World, http: httpx.AsyncClient, query: str) -> None:
    assert (await ask(world, http, f"/messages?{query}")).status_code in (400, 422)


async def ask(world: World, http: httpx.AsyncClient, target: str, dealer: DealerId = DEALER) -> httpx.Response:
    """Ask as api does, in the name of a dealer's user."""
    secret = world.rt.settings.derived(web.INTERNAL)
    signed = web.sign(secret, dealer=dealer, user=None, method="GET", path=target, at=world.rt.system.now())
    return await http.get(target, headers={web.SIGNATURE: signed})


@pytest.mark.parametrize(
    ("fetch", "machine"),
    [
        (Fetch("GET", PERSON["user-agent"], NINE, NINE - timedelta(minutes=5)), False),
        (Fetch("HEAD", PERSON["user-agent"], NINE, NINE - timedelta(minutes=5)), True),
        (Fetch("GET", "", NINE, NINE - timedelta(minutes=5)), True),
        (Fetch("GET", "Barracuda Sentinel (EE)", NINE, NINE - timedelta(minutes=5)), True),
        (Fetch("GET", "python-requests/2.31", NINE, None), True),
        (Fetch("GET", PERSON["user-agent"], NINE, NINE - timedelta(seconds=3)), True),
        (Fetch("GET", PERSON["user-agent"], NINE, NINE - timedelta(minutes=5), 1), False),
        (Fetch("GET", PERSON["user-agent"], NINE, NINE - timedelta(minutes=5), 2), True),
    ],
)
def test_scanners_are_told_apart(fetch: Fetch, machine: bool) -> None:
    assert by_machine(fetch) is machine
