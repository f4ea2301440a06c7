"""The edges of REST: a key does a thing once, a tag tells what changed, and whatever is sent is answered clearly."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import httpx
import pytest
from api_house import NOW, House, invitation, of
from fastapi.routing import APIRoute

from common.events import Event
from common.events.answers import (
    CampaignAnswered,
    ContactSuppressed,
    CustomerAnswered,
    CustomerExcluded,
    InvitationHeld,
    InvitationRequested,
    InvitationRestored,
    OwnerReleased,
)
from common.events.customers import CustomerChanged, VehicleChanged
from common.ids import CustomerId, VehicleId
from common.testing.runtime import DEALER, OTHER_DEALER

V1 = "/api/v1"
HOLD = f"{V1}/invitations/{of('invitation')}/hold"
INVITE = f"{V1}/vehicles/{of('vehicle')}/invite"
SUPPRESS = f"{V1}/suppressions"


def key(text: str = "one") -> dict[str, str]:
    return {"idempotency-key": text}


def kinds(told: list[Event]) -> list[type[Event]]:
    return [type(event) for event in told]


# --- Idempotency-Key


async def test_the_same_request_with_the_same_key_is_done_once(house: House) -> None:
    async with house.logged_in() as browser:
        answers = [await browser.post(INVITE, json={"type": "service"}, headers=key()) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [202] * 3
    assert len({answer.text for answer in answers}) == 1
    assert [answer.headers.get("idempotency-replayed") for answer in answers] == [None, "true", "true"]
    assert kinds(await house.rt.published(DEALER)) == [InvitationRequested]


async def test_a_key_that_was_used_for_another_request_is_refused(house: House) -> None:
    async with house.logged_in() as browser:
        await browser.post(INVITE, json={"type": "service"}, headers=key())
        for path, body in ((INVITE, {"type": "wheel_winter"}), (HOLD, {"type": "service"}), (HOLD, {})):
            refused = await browser.post(path, json=body, headers=key())
            assert refused.status_code == 422
        assert refused.json()["code"] == "idempotency_key_reused"
    assert kinds(await house.rt.published(DEALER)) == [InvitationRequested]


async def test_many_at_once_with_one_key_have_one_effect(house: House) -> None:
    async with house.logged_in() as browser:
        asked = (browser.post(INVITE, json={"type": "service"}, headers=key()) for _ in range(6))
        answers = await asyncio.gather(*asked)
    assert {(answer.status_code, answer.text) for answer in answers} == {(202, answers[0].text)}
    assert kinds(await house.rt.published(DEALER)) == [InvitationRequested]


async def test_a_key_is_a_users_own_and_good_for_a_day(house: House) -> None:
    for dealer, role in ((DEALER, "owner"), (DEALER, "advisor"), (OTHER_DEALER, "owner")):
        async with house.logged_in(dealer, role) as browser:
            place = f"{V1}/vehicles/{of('vehicle', dealer)}/invite"
            assert (await browser.post(place, json={"type": "service"}, headers=key())).status_code == 202
    assert len(await house.rt.published()) == 3
    house.clock.move_to(NOW + timedelta(hours=25))
    async with house.logged_in() as browser:
        again = await browser.post(INVITE, json={"type": "wheel_winter"}, headers=key())
    assert again.status_code == 202
    assert len(await house.rt.published()) == 1


async def test_what_was_refused_may_be_tried_again_with_its_key(house: House) -> None:
    place = f"{V1}/vehicles/{of('later')}/invite"
    async with house.logged_in() as browser:
        assert (await browser.post(place, json={"type": "service"}, headers=key())).status_code == 404
        await house.rt.deliver(DEALER, VehicleChanged(revision=1, vehicle_id=VehicleId(of("later"))))
        assert (await browser.post(place, json={"type": "service"}, headers=key())).status_code == 202


@pytest.mark.parametrize("bad", ["", " ", "x" * 256, "æ".encode(), "a b"])
async def test_a_key_that_is_none_is_refused(house: House, bad: str | bytes) -> None:
    async with house.logged_in() as browser:
        headers = httpx.Headers([(b"idempotency-key", bad if isinstance(bad, bytes) else bad.encode())])
        refused = await browser.post(INVITE, json={"type": "service"}, headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (400, "bad_idempotency_key")


async def test_a_kept_answer_is_sealed(house: House) -> None:
    async with house.logged_in() as browser:
        body = {"email": "new@mine.example", "role": "advisor"}
        first = await browser.post(f"{V1}/users", json=body, headers=key())
        again = await browser.post(f"{V1}/users", json=body, headers=key())
    assert first.status_code == again.status_code == 201
    assert first.json()["password"] == again.json()["password"]
    (row,) = await house.rt.sql(DEALER, "select body from api.reply")
    assert first.json()["password"] not in row.body


# --- ETags


@pytest.mark.parametrize(
    "path",
    [
        "/pending", "/follow-up?view=all", "/no", "/sources", "/session", "/customers", "/users", "/workshops", "/settings", "/dealer",
        f"/invitations/{of('invitation')}", f"/customers/{of('customer')}", f"/vehicles/{of('vehicle')}", "/messages",
    ],
)  # fmt: skip
async def test_what_is_known_already_is_not_sent_again(house: House, path: str) -> None:
    async with house.logged_in() as browser:
        first = await browser.get(V1 + path)
        assert first.status_code == 200
        tag = first.headers["etag"]
        again = await browser.get(V1 + path, headers={"if-none-match": f'"other", W/{tag}'})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
        assert (await browser.get(V1 + path, headers={"if-none-match": '"other"'})).status_code == 200


async def test_a_list_has_another_tag_when_a_row_changes(house: House) -> None:
    async with house.logged_in() as browser:
        tag = (await browser.get(f"{V1}/follow-up?view=all")).headers["etag"]
        await house.rt.deliver(DEALER, CustomerChanged(revision=7, customer_id=CustomerId(of("customer")), full_name="Ny"))
        assert (await browser.get(f"{V1}/follow-up?view=all", headers={"if-none-match": tag})).status_code == 200


async def test_who_saw_another_state_changes_nothing(house: House) -> None:
    place = f"{V1}/invitations/{of('invitation')}"
    async with house.logged_in() as browser:
        tag = (await browser.get(place)).headers["etag"]
        await house.rt.deliver(DEALER, invitation(revision=8, stage="reminded", step=2))
        stale = await browser.post(f"{place}/hold", json={}, headers={"if-match": tag})
        weak = await browser.post(f"{place}/hold", json={}, headers={"if-match": f"W/{tag}"})
        assert (stale.status_code, stale.json()["code"]) == (412, "changed_meanwhile")
        assert weak.status_code == 412
        assert await house.rt.published(DEALER) == []
        tag = (await browser.get(place)).headers["etag"]
        assert (await browser.post(f"{place}/hold", json={}, headers={"if-match": tag})).status_code == 204
    assert kinds(await house.rt.published(DEALER)) == [InvitationHeld]


# --- actions


async def test_a_customer_and_a_vehicle_are_left_out_and_taken_back(house: House) -> None:
    async with house.logged_in() as browser:
        for what in ("customers", "vehicles"):
            place = f"{V1}/{what}/{of(what[:-1])}"
            for _ in range(2):
                assert (await browser.post(f"{place}/exclude", json={"reason": "ejer selv"})).status_code == 204
            assert (await browser.get(place)).json()["excluded"] is True
            (row,) = (await browser.get(f"{V1}/follow-up?view=all")).json()["items"]
            assert row["excluded"] is True
            assert (await browser.post(f"{place}/restore")).status_code == 204
            assert (await browser.get(place)).json()["excluded"] is False
    told = await house.rt.published(DEALER)
    assert kinds(told) == [CustomerExcluded, InvitationRestored] * 2
    assert [getattr(event, "reason", None) for event in told[::2]] == ["ejer selv"] * 2


@pytest.mark.parametrize(
    ("name", "number", "status"),
    [
        ("Anne Holm", "7", 200),
        (" anne  HOLM ", " 7 ", 200),
        ("Anne Holm", "8", 404),
        ("Anne", "7", 404),
        ("Fremmed Kunde", "7", 404),
        (".", "7", 404),
        ("%", "7", 404),
    ],
)
async def test_unsubscribing_needs_the_name_and_the_number(house: House, name: str, number: str, status: int) -> None:
    async with house.logged_in() as browser:
        for _ in range(2):
            answer = await browser.post(SUPPRESS, json={"name": name, "number": number})
            assert answer.status_code == status, answer.text
        page = await browser.get(f"{V1}/customers/{of('customer')}")
    assert page.json()["suppressed"] is (status == 200)
    told = await house.rt.published(DEALER)
    assert kinds(told) == [ContactSuppressed] * (status == 200)
    assert all(isinstance(event, ContactSuppressed) and event.channel is None and event.by == "staff" for event in told)


async def test_staff_answers_asks_and_releases(house: House) -> None:
    vehicle, campaign = f"{V1}/vehicles/{of('vehicle')}", f"{V1}/campaigns/{of('campaign')}"
    async with house.logged_in() as browser:
        said = await browser.post(f"{V1}/invitations/{of('invitation')}/answer", json={"answer": "no", "reason": "price"})
        asked = await browser.post(f"{vehicle}/invite", json={"type": "wheel_winter"})
        released = await browser.post(f"{vehicle}/release-owner")
        season = {"from_on": "2026-10-01", "to_on": "2026-11-01", "audience": ["hotel"], "capacity_per_day": 5}
        dealt = await browser.post(f"{campaign}/answer", json=season)
        wrong = await browser.post(f"{campaign}/answer", json=season | {"to_on": "2026-09-01"})
    assert [answer.status_code for answer in (said, asked, released, dealt, wrong)] == [204, 202, 204, 202, 422]
    answer, request, owner, dealing = await house.rt.published(DEALER)
    assert isinstance(answer, CustomerAnswered)
    assert (answer.answer, answer.reason, answer.by) == ("no", "price", "staff")
    assert isinstance(request, InvitationRequested)
    assert (request.type, request.user_id) == ("wheel_winter", of("owner"))
    assert isinstance(owner, OwnerReleased)
    assert isinstance(dealing, CampaignAnswered)
    assert (dealing.audience, dealing.capacity_per_day, dealing.deal_again) == (("hotel",), 5, False)


async def test_the_pages_have_the_same_buttons(house: House) -> None:
    async with house.logged_in() as browser:
        csrf = (await browser.get(f"{V1}/session")).json()["csrf"]
        for place in (f"/vehicles/{of('vehicle')}", f"/customers/{of('customer')}", "/search?q=anne", "/search?q=ab12345"):
            assert (await browser.get(place)).status_code == 200
        pressed = [
            await browser.post(f"/vehicles/{of('vehicle')}/{action}", data={"csrf": csrf, "type": "service"})
            for action in ("invite", "exclude", "restore", "release-owner")
        ]
        wrong = await browser.post("/suppress", data={"csrf": csrf, "name": "Anne Holm", "number": "8"})
        right = await browser.post("/suppress", data={"csrf": csrf, "name": "Anne Holm", "number": "7"})
    assert [answer.status_code for answer in pressed] == [303] * 4
    assert (wrong.status_code, right.status_code) == (404, 200)
    assert kinds(await house.rt.published(DEALER)) == [
        InvitationRequested, CustomerExcluded, InvitationRestored, OwnerReleased, ContactSuppressed,
    ]  # fmt: skip


# --- problems


@pytest.mark.parametrize(
    ("method", "path", "given", "status", "code"),
    [
        ("GET", "/nothing", {}, 404, "not_found"),
        ("GET", f"/invitations/{of('nothing')}", {}, 404, "not_found"),
        ("PUT", "/pending", {"json": {}}, 405, "method_not_allowed"),
        ("POST", "/suppressions", {"content": b"name=Anne", "headers": {"content-type": "text/plain"}}, 415, "unsupported_media_type"),
        ("POST", "/suppressions", {"content": b"{}"}, 415, "unsupported_media_type"),
        ("POST", "/suppressions", {"content": b" " * 1_100_000}, 413, "too_large"),
        ("POST", "/suppressions", {"json": {"name": 7}}, 422, "invalid"),
        ("PATCH", "/settings", {"json": {}}, 428, "if_match_required"),
        ("PATCH", "/settings", {"json": {}, "headers": {"if-match": '"x"'}}, 412, "changed_meanwhile"),
        ("GET", "/pending?limit=0", {}, 422, "invalid"),
        ("GET", "/pending?nonsense=1", {}, 422, "invalid"),
        ("GET", "/pending?cursor=x", {}, 400, "bad_cursor"),
        ("GET", "/campaigns", {}, 503, "try_again"),
    ],
)  # fmt: skip
async def test_every_refusal_is_a_problem_that_says_what_to_do(
    house: House, method: str, path: str, given: dict[str, Any], status: int, code: str
) -> None:
    async with house.logged_in() as browser:
        answer = await browser.request(method, V1 + path, **given)
    told = answer.json()
    assert (answer.status_code, told["status"], told["code"]) == (status, status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert told["type"] == f"urn:autoflows:problem:{code}"
    assert told["title"]
    assert told["detail"].endswith(".")
    assert told["advice"].endswith(".")


async def test_who_tries_too_often_is_told_how_long_to_wait(house: House) -> None:
    async with house.browser() as browser:
        for _ in range(6):
            answer = await browser.post(f"{V1}/session", json={"email": "owner@mine.example", "password": "wrong"})
    assert answer.status_code == 429
    assert 0 < int(answer.headers["retry-after"]) <= 900


# --- odd input


ODD_BODIES = [
    b"", b"null", b"[]", b"7", b'"x"', b"{", b"NaN", b'{"a":NaN}', b'{"a":1e999}', b'{"a":' + b"9" * 400 + b"}", b"\xff\xfe{}",
    b'{"a":"\\ud800"}', b'{"a":"\\u0000"}', b'{"a":1,"a":2}', b"[" * 100_000, b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
    b'{"reason":"' + b"x" * 900_000 + b'"}', b'{"reason":7}', b'{"reason":{}}', b'{"type":"x","answer":[],"outcome":null}',
    json.dumps({"name": "\x00", "number": "7"}).encode(), json.dumps({"name": "x", "number": "7" * 61}).encode(),
    json.dumps({"email": "\x7f@x", "role": "king", "alerts": ["x"], "workshops": ["y"]}).encode(),
    json.dumps({"from_on": "0001-01-01", "to_on": "9999-12-31"}).encode(), json.dumps({"capacity_per_day": -1}).encode(),
    json.dumps({"title": "x", "timezone": "../../etc/passwd", "number": "2"}).encode(),
    json.dumps({"title": "x", "timezone": "\x00", "number": "3"}).encode(),
    json.dumps({"title": "x" * 200, "timezone": "Europe", "booking_url": "javascript:alert(1)", "number": "4"}).encode(),
    json.dumps({"title": "x", "number": "5", "sender": {"email": "a\r\nBcc: b@c.dk", "sms_name": "æ"}}).encode(),
    json.dumps({"intervals": [{"type": "x"}], "types": 7, "sending": {"days": ["x"]}}).encode(),
    json.dumps({str(n): n for n in range(200)}).encode(),
]  # fmt: skip
ODD_PLACES = [
    "%00", "%ff%fe", "..", "%2e%2e", "x" * 300, "-1", "9" * 40, "00000000-0000-0000-0000-000000000000", "%F0%9F%9A%97",
    "a%2Fb", "'%3Bselect", "%25",
]  # fmt: skip
ODD_QUERIES = [
    *(f"q={text}" for text in ("%00", "%ff", "x" * 101, "'", "%5C")),
    *(f"limit={text}" for text in ("x", "9" * 21, "-1")),
    *(f"cursor={text}" for text in ("%00", "A" * 300)),
    *(f"from={text}" for text in ("x", "0000-01-01", "0001-01-01&to=9999-12-31", "99999-01-01")),
    *(f"reason={text}" for text in ("x" * 50, "%00")),
    "type=x", "type=service&type=service", "workshop=x", "view=x", "language=xx", "customer=x", "purpose=x", "on=2026-02-30", "on=x",
    "a=1&" * 200, "&&&===", "%",
]  # fmt: skip


def paths(house: House) -> set[tuple[str, str]]:
    """Every route of REST but for the stream, which does not end."""
    found, waiting = set(), list(house.app.routes)
    while waiting:
        route = waiting.pop()
        if isinstance(route, APIRoute):
            found |= {(method, route.path) for method in route.methods if route.path.startswith(V1)}
        else:
            waiting += getattr(getattr(route, "original_router", None) or getattr(route, "app", None), "routes", [])
    return {door for door in found if not door[1].endswith("/events")}


def filled(path: str, text: str) -> str:
    head, _, rest = path.partition("{")
    return head + text + filled(rest.partition("}")[2], text) if rest else head


async def expect(browser: httpx.AsyncClient, method: str, path: str, **given: Any) -> None:
    answer = await browser.request(method, path, **given)
    away = (
        answer.status_code == 503
        and answer.json()["code"] == "try_again"
        and any(part in path for part in ("explain", "campaigns", "imports", "connections", "lexicon", "reviews", "mechanics"))
    )  # nobody answers for those here
    assert answer.status_code < 500 or away, f"{method} {path} {str(given)[:200]}: {answer.status_code} {answer.text}"
    if answer.status_code >= 400:
        assert answer.headers["content-type"] == "application/problem+json", f"{method} {path}"


async def test_odd_bodies_are_never_our_fault(house: House) -> None:
    known = {name: str(of(name)) for name in ("invitation", "customer", "vehicle")}
    async with house.logged_in() as browser:
        for method, path in sorted(paths(house)):
            if method not in ("POST", "PUT", "PATCH") or path == f"{V1}/session":
                continue
            place = path
            for name, one in known.items():
                place = place.replace(f"{{{name}_id}}", one)
            for body in ODD_BODIES:
                await expect(
                    browser, method, filled(place, str(of("owner"))), content=body,
                    headers={"content-type": "application/json", "if-match": "*"},
                )  # fmt: skip


async def test_odd_places_and_queries_are_never_our_fault(house: House) -> None:
    async with house.logged_in() as browser:
        for method, path in sorted(paths(house)):
            if path == f"{V1}/session":
                continue
            for text in ODD_PLACES if "{" in path else ():
                await expect(browser, method, filled(path, text), json={})
            for query in ODD_QUERIES if method == "GET" else ():
                await expect(browser, method, f"{filled(path, str(of('vehicle')))}?{query}")


async def test_odd_headers_are_never_our_fault(house: House) -> None:
    async with house.logged_in() as browser:
        for name in (b"if-match", b"if-none-match", b"idempotency-key", b"content-type", b"accept", b"last-event-id", b"cookie"):
            for value in (b"", b"*", b'"', b"\xff\xfe", b"W/", b"x" * 5_000, b",,,", b"application/json; charset=utf-99"):
                for method, path in (("GET", f"{V1}/pending"), ("POST", HOLD), ("PATCH", f"{V1}/settings")):
                    await expect(
                        browser, method, path, content=b"{}" if method != "GET" else None,
                        headers=httpx.Headers([(b"content-type", b"application/json"), (name, value)]),
                    )  # fmt: skip


async def test_settings_of_any_shape_are_refused_or_read(house: House) -> None:
    async with house.logged_in() as browser:

        async def send(told: Any) -> None:
            await expect(browser, "PATCH", f"{V1}/settings", json=told, headers={"if-match": "*"})

        for key_ in ("intervals", "types", "sending", "campaigns", "leads", "held_out_percent", "lateness_days", "inspection"):
            for value in ([], {}, "x", 7, None, [{}], {"x": {}}, True, [["x"]], {"days": []}, {"from": "25:00"}, -1, 10**15):
                await send({key_: value})
