"""The front door on a real database: two dealers with an invitation each, and browsers logged in to one, or to none."""

import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from standardwebhooks import Webhook

from api import store
from api.commands import endpoint_name, tell_dealer
from api.domain import signatures
from api.guarding import hash_password
from api.main import service
from common import web
from common.clock import FixedClock
from common.events import Event
from common.events.answers import ContactSuppressed, CustomerAnswered, FollowUpRecorded, InvitationHeld, InvitationRestored
from common.events.customers import CustomerChanged, VehicleChanged
from common.events.invitations import InvitationChanged, Reason
from common.events.settings import DealerChanged, Sender
from common.events.webhooks import WebhookAccepted
from common.ids import CustomerId, DealerId, InvitationId, UserId, VehicleId, derived_id
from common.testing.postgres import Database
from common.testing.runtime import DEALER, OTHER_DEALER, Running, running

NOW = datetime(2026, 2, 12, 9, tzinfo=UTC)
BASE = "http://127.0.0.1:8080"
PASSWORD = "a long enough password"
SENDER = Sender(
    name="Nordhavn Auto", legal_name="Nordhavn Auto ApS", address="Kajen 1", registration="CVR 12345678", email="a@example.com"
)


def of(what: str, dealer: DealerId) -> UUID:
    """The id of a thing of a dealer."""
    return derived_id(what, dealer)


def invitation(dealer: DealerId = DEALER, revision: int = 1, **facts: object) -> InvitationChanged:
    """The dealer's invitation, sent two days ago unless told otherwise."""
    given: dict[str, object] = {
        "stage": "sent", "step": 1, "send_on": date(2026, 2, 17), "contacted_on": date(2026, 2, 10), "closes_on": date(2026, 4, 11),
        "reasons": (Reason(code="due", params={"last_on": "2025-03-10", "months": 12, "interval_from": "rule"}),),
    }  # fmt: skip
    return InvitationChanged(
        revision=revision, invitation_id=InvitationId(of("invitation", dealer)), vehicle_id=VehicleId(of("vehicle", dealer)),
        customer_id=CustomerId(of("customer", dealer)), type="service", anchor=date(2025, 3, 10), code=code(dealer), **given | facts,
    )  # fmt: skip


def code(dealer: DealerId = DEALER) -> str:
    return "aaaaaaaaaa" if dealer == DEALER else "bbbbbbbbbb"


@dataclass
class House:
    """The api at work, with browsers."""

    rt: Running
    clock: FixedClock
    app: FastAPI

    def browser(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.ASGITransport(app=self.app), base_url=BASE, headers={"origin": BASE})

    async def logged_in(self, dealer: DealerId = DEALER, role: str = "owner") -> httpx.AsyncClient:
        browser = self.browser()
        answer = await browser.post("/api/v1/session", json={"email": email(dealer, role), "password": PASSWORD})
        assert answer.status_code == 204, answer.text
        return browser


def email(dealer: DealerId, role: str) -> str:
    return f"{role}@{'mine' if dealer == DEALER else 'theirs'}.example"


@pytest.fixture
async def house(database: Database) -> AsyncIterator[House]:
    clock = FixedClock(NOW)
    async with running(service, database, clock=clock, system=clock) as rt:
        for dealer in (DEALER, OTHER_DEALER):
            await furnish(rt, dealer)
        app = FastAPI()
        web.install(app)
        assert service.router is not None
        app.include_router(service.router(rt))
        await rt.published()
        yield House(rt, clock, app)


async def furnish(rt: Running, dealer: DealerId) -> None:
    async with rt.work(dealer) as work:
        await tell_dealer(
            work,
            DealerChanged(
                dealer_id=dealer, revision=0, slug=f"d{dealer.int % 100}", title="Nordhavn Auto", country="DK", language="da",
                timezone="Europe/Copenhagen", booking_url="https://booking.example/n?x=1", sender=SENDER,
            ),
        )  # fmt: skip
        for role in ("owner", "read-only"):
            await store.add_user(
                work.session, dealer, UserId(of(role, dealer)), email=email(dealer, role), role=role,
                password_hash=hash_password(PASSWORD), alerts=[], language="da",
            )  # fmt: skip
    await rt.deliver(
        dealer,
        CustomerChanged(
            revision=1,
            customer_id=CustomerId(of("customer", dealer)),
            number="7",
            full_name="Anne Holm",
            email="anne@example.com",
        ),
        VehicleChanged(revision=1, vehicle_id=VehicleId(of("vehicle", dealer)), plate="AB12345", make="Skoda", model="Octavia"),
        invitation(dealer),
    )


# --- who may come in


async def test_a_wrong_password_and_an_unknown_address_are_told_the_same(house: House) -> None:
    async with house.browser() as browser:
        wrong = await browser.post("/api/v1/session", json={"email": email(DEALER, "owner"), "password": "not this one"})
        unknown = await browser.post("/api/v1/session", json={"email": "nobody@example.com", "password": "not this one"})
    assert (wrong.status_code, wrong.json()) == (unknown.status_code, unknown.json())
    assert wrong.status_code == 401


async def test_tries_wait_longer_each_time_and_never_for_good(house: House) -> None:
    async with house.browser() as browser:
        body = {"email": email(DEALER, "owner"), "password": "not this one"}
        seen = [(await browser.post("/api/v1/session", json=body)).status_code for _ in range(7)]
        assert seen[:5] == [401] * 5
        assert seen[-1] == 429
        house.clock.move_to(NOW + timedelta(minutes=16))
        right = await browser.post("/api/v1/session", json=body | {"password": PASSWORD})
    assert right.status_code == 204


@pytest.mark.parametrize(("later", "stands"), [(29, True), (31, False)])
async def test_a_session_ends_after_half_an_hour_without_use(house: House, later: int, stands: bool) -> None:
    async with aclosing(await house.logged_in()) as browser:
        house.clock.move_to(NOW + timedelta(minutes=later))
        assert (await browser.get("/api/v1/session")).is_success is stands


async def test_a_session_ends_after_twelve_hours_of_use_and_at_once_when_logged_out(house: House) -> None:
    async with aclosing(await house.logged_in()) as browser:
        for step in range(1, 36):
            house.clock.move_to(NOW + timedelta(minutes=20 * step))
            assert (await browser.get("/api/v1/session")).status_code == 200
        house.clock.move_to(NOW + timedelta(hours=12))
        assert (await browser.get("/api/v1/session")).status_code == 401
    async with aclosing(await house.logged_in()) as browser:
        cookie = dict(browser.cookies)
        assert (await browser.delete("/api/v1/session")).status_code == 204
        browser.cookies.update(cookie)
        assert (await browser.get("/api/v1/session")).status_code == 401


async def test_a_change_from_another_site_is_refused(house: House) -> None:
    hold = f"/api/v1/invitations/{of('invitation', DEALER)}/hold"
    async with aclosing(await house.logged_in()) as browser:
        for headers in ({"origin": "https://elsewhere.example"}, {"origin": "null"}, {"sec-fetch-site": "cross-site"}):
            assert (await browser.post(hold, json={}, headers=headers)).status_code == 403
        form = {"csrf": "æ not ours", "back": "/pending"}
        assert (await browser.post(f"/invitations/{of('invitation', DEALER)}/hold", data=form)).status_code == 403
    assert await house.rt.published() == []


async def test_who_may_only_look_changes_nothing(house: House) -> None:
    async with aclosing(await house.logged_in(role="read-only")) as browser:
        answer = await browser.post(f"/api/v1/invitations/{of('invitation', DEALER)}/hold", json={})
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
        assert (await browser.get("/api/v1/pending")).status_code == 200


PUBLIC = {
    "/style.css",
    "/",
    "/login",
    "/a/{code}",
    "/s/{code}",
    "/u/{code}",
    "/webhooks/booking/{endpoint}",
    "/webhooks/gatewayapi/{address}",
}
LISTS = {"/pending", "/follow-up", "/calls", "/booked", "/no"}
INSIDE = {
    "/logout", "/messages", "/messages/{message_id}", "/invitations/{invitation_id}/{action}",
    *LISTS, *(f"/api/v1{path}" for path in (
        "/session", "/sources", "/messages", "/messages/{message_id}", *LISTS,
        *(f"/invitations/{{invitation_id}}/{action}" for action in ("hold", "restore", "exclude", "outcome")),
    )),
}  # fmt: skip


async def test_every_route_is_known_here_and_gives_nothing_of_another_dealer(house: House) -> None:
    routes = [route for route in house.rt.service.router(house.rt).routes if isinstance(route, APIRoute)]  # type: ignore[misc]
    unknown = {route.path for route in routes} - PUBLIC - INSIDE
    assert unknown == set(), "say here whether a new route is public or inside"
    theirs = {"invitation_id": of("invitation", OTHER_DEALER), "message_id": of("message", OTHER_DEALER), "action": "hold"}
    async with aclosing(await house.logged_in()) as mine, house.browser() as nobody:
        csrf = (await mine.get("/api/v1/session")).json()["csrf"]
        for route in (route for route in routes if route.path in INSIDE):
            path = route.path.format(**theirs)
            for method in sorted(route.methods - {"HEAD"}):
                if (method, path) in {("DELETE", "/api/v1/session"), ("POST", "/logout"), ("POST", "/api/v1/session")}:
                    continue
                body: dict[str, object] = {"json": {"outcome": "booked"} if path.endswith("outcome") else {}}
                if not path.startswith("/api"):
                    body = {"data": {"csrf": csrf, "back": "/pending"}}
                answer = await mine.request(method, path, **(body if method != "GET" else {}))  # type: ignore[arg-type]
                assert answer.status_code in (200, 404, 503), f"{method} {path}: {answer.status_code}"
                assert str(of("invitation", OTHER_DEALER)) not in answer.text
                stranger = await nobody.request(method, path, **(body if method != "GET" else {}))  # type: ignore[arg-type]
                assert stranger.status_code in (401, 303), f"{method} {path} without a session: {stranger.status_code}"
    assert await house.rt.published(OTHER_DEALER) == []


# --- customers


@pytest.mark.parametrize("path", ["/a/", "/s/", "/u/"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_looking_changes_nothing(house: House, path: str, method: str) -> None:
    async with house.browser() as browser:
        answer = await browser.request(method, f"{path}{code()}?svar=nej")
        assert answer.status_code == 200
        assert not answer.cookies
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert "noindex" in answer.headers["x-robots-tag"]
        assert "<script" not in answer.text
    assert await house.rt.published() == []


async def test_the_page_says_who_asks_and_about_which_car(house: House) -> None:
    async with house.browser() as browser:
        page = (await browser.get(f"/a/{code()}")).text
    for words in (
        "Nordhavn Auto",
        "Skoda Octavia (AB12345)",
        "CVR 12345678",
        "Bestil tid online",
        "Ring til mig",
        "Nej tak",
        "Afmeld",
    ):
        assert words in page


@pytest.mark.parametrize(
    ("form", "answer", "reason"),
    [
        ({"svar": "ring"}, "call_me", None),
        ({"svar": "nej", "grund": "price"}, "no", "price"),
        ({"svar": "book"}, "booking_started", None),
    ],
)
async def test_a_button_is_an_answer_and_again_is_the_same(
    house: House, form: dict[str, str], answer: str, reason: str | None
) -> None:
    async with house.browser() as browser:
        first = await browser.post(f"/a/{code()}", data=form)
        again = await browser.post(f"/a/{code()}", data=form)
    assert first.status_code == again.status_code == (303 if answer == "booking_started" else 200)
    if answer == "booking_started":
        assert first.headers["location"] == f"https://booking.example/n?x=1&ref={code()}"
    told = await house.rt.published(DEALER)
    assert [(type(event), event.answer, event.reason) for event in told if isinstance(event, CustomerAnswered)] == [
        (CustomerAnswered, answer, reason)
    ]


async def test_one_click_unsubscribes_once_without_a_cookie(house: House) -> None:
    async with house.browser() as program:
        for _ in range(2):
            answer = await program.post(
                f"/u/{code()}",
                content="List-Unsubscribe=One-Click",
                headers={"content-type": "application/x-www-form-urlencoded"},
            )
            assert answer.status_code == 200
            assert not answer.cookies
    told = await house.rt.published(DEALER)
    assert [type(event) for event in told] == [ContactSuppressed, CustomerAnswered]


async def test_an_unknown_code_is_a_friendly_page_and_guessing_waits(house: House) -> None:
    async with house.browser() as browser:
        answers = [await browser.get(f"/a/zzzzzzzzz{n}") for n in range(8)]
    assert [answer.status_code for answer in answers[:5]] == [404] * 5
    assert "Linket virker ikke" in answers[0].text
    assert answers[-1].status_code == 429


# --- lists


async def test_pending_shows_a_week_ahead_and_says_why(house: House) -> None:
    soon, later = date(2026, 2, 19), date(2026, 2, 20)
    for revision, (send_on, listed) in enumerate([(soon, True), (later, False)], 2):
        await house.rt.deliver(DEALER, invitation(revision=revision, stage="planned", step=0, send_on=send_on))
        async with aclosing(await house.logged_in()) as browser:
            items = (await browser.get("/api/v1/pending")).json()["items"]
            assert bool(items) is listed
            if listed:
                assert items[0]["plate"] == "AB12345"
                (why,) = items[0]["why"]
                assert why.startswith("Seneste service var 10.3.2025; intervallet er 12 måneder (værkstedets regel)")
                assert "Skoda" in (await browser.get("/pending")).text


async def test_a_hold_is_shown_told_once_and_undone(house: House) -> None:
    await house.rt.deliver(DEALER, invitation(revision=2, stage="pending", step=0))
    path = f"/api/v1/invitations/{of('invitation', DEALER)}"
    async with aclosing(await house.logged_in()) as browser:
        for _ in range(2):
            assert (await browser.post(f"{path}/hold", json={"reason": "på ferie"})).status_code == 204
        assert (await browser.get("/api/v1/pending")).json()["items"][0]["held"] is True
        assert (await browser.post(f"{path}/restore")).status_code == 204
        assert (await browser.get("/api/v1/pending")).json()["items"][0]["held"] is False
    assert [type(event) for event in await house.rt.published(DEALER)] == [InvitationHeld, InvitationRestored]


async def test_call_me_stands_on_its_list_until_staff_says_how_it_ended(house: House) -> None:
    async with aclosing(await house.logged_in()) as browser:
        await browser.post(f"/a/{code()}", data={"svar": "ring"})
        assert len((await browser.get("/api/v1/calls")).json()["items"]) == 1
        assert (await browser.get("/api/v1/follow-up?view=all")).json()["items"] == [], "who answered needs no follow-up"
        assert "Kunden vil ringes op" in (await browser.get("/calls")).text
        outcome = f"/api/v1/invitations/{of('invitation', DEALER)}/outcome"
        assert (await browser.post(outcome, json={"outcome": "booked"})).status_code == 204
        assert (await browser.get("/api/v1/calls")).json()["items"] == []
        await browser.post(f"/a/{code()}", data={"svar": "ring"})
        assert len((await browser.get("/api/v1/calls")).json()["items"]) == 1, "asking again is asking again"
    assert FollowUpRecorded in {type(event) for event in await house.rt.published(DEALER)}


@pytest.mark.parametrize("cursor", ["x", "AAAA", "2026", "%00", "æ", "a" * 201])
async def test_a_cursor_that_is_none_of_ours_is_told(house: House, cursor: str) -> None:
    async with aclosing(await house.logged_in()) as browser:
        answer = await browser.get("/api/v1/pending", params={"cursor": cursor})
    assert answer.status_code in (400, 422)


# --- webhooks


async def endpoint(house: House, dealer: DealerId = DEALER) -> tuple[str, str]:
    secret = signatures.new_secret()
    async with house.rt.work(dealer) as work:
        name = endpoint_name(house.rt, dealer, "booking")
        await store.add_endpoint(work.session, dealer, name, "booking", secret, NOW)
    return f"/webhooks/booking/{name}", secret


def signed(secret: str, body: str, at: datetime = NOW, webhook_id: str = "msg_1") -> dict[str, str]:
    """Headers as the reference library makes them."""
    signature = Webhook(secret).sign(webhook_id, at, body)
    return {"webhook-id": webhook_id, "webhook-timestamp": str(int(at.timestamp())), "webhook-signature": signature}


async def test_a_signed_booking_answers_its_invitation_once(house: House) -> None:
    path, secret = await endpoint(house)
    body = json.dumps({"booking_id": "b", "starts_at": "2026-03-01T10:00:00", "invitation": code()})
    async with house.browser() as system:
        for _ in range(2):
            assert (await system.post(path, content=body, headers=signed(secret, body))).status_code == 204
    told = await house.rt.published(DEALER)
    assert [type(event) for event in told] == [CustomerAnswered, WebhookAccepted]
    assert answered(told).answer == "booked"


async def test_a_booking_with_another_dealers_reference_answers_nothing(house: House) -> None:
    path, secret = await endpoint(house)
    body = json.dumps({"booking_id": "b", "starts_at": "2026-03-01T10:00:00", "invitation": code(OTHER_DEALER)})
    async with house.browser() as system:
        assert (await system.post(path, content=body, headers=signed(secret, body))).status_code == 204
    assert [type(event) for event in await house.rt.published()] == [WebhookAccepted]


async def test_what_is_not_signed_just_now_with_our_secret_is_refused(house: House) -> None:
    path, secret = await endpoint(house)
    body = '{"booking_id": "b"}'
    good = signed(secret, body)
    stale = signed(secret, body, NOW - timedelta(minutes=5, seconds=1))
    other = signed(signatures.new_secret(), body)
    malformed = [
        {}, {**good, "webhook-signature": "v1"}, {**good, "webhook-signature": "v1,%%%"},
        {**good, "webhook-signature": ",,,"}, {**good, "webhook-timestamp": "soon"}, {**good, "webhook-timestamp": "9" * 40},
        {**good, "webhook-id": "a.b"}, {**good, "webhook-id": ""},
    ]  # fmt: skip
    async with house.browser() as system:
        for headers in (stale, other, *malformed):
            assert (await system.post(path, content=body, headers=headers)).status_code == 401, headers
        assert (await system.post(path, content=body + " ", headers=good)).status_code == 401
        assert (await system.post("/webhooks/booking/made-up", content=body, headers=good)).status_code == 401
        assert (await system.post(path, content=b"x" * 70_000, headers=good)).status_code == 413
    assert await house.rt.published() == []


async def test_callbacks_come_only_to_an_address_that_cannot_be_made_up(house: House) -> None:
    right = web.address_of(house.rt.settings.derived(web.SMS_CALLBACKS), DEALER)
    body = {"id": 1, "msisdn": 4520123456, "time": 1770000000, "status": "DELIVERED"}
    async with house.browser() as provider:
        for address in (str(DEALER), DEALER.hex + "0" * 32, "x", right[:-1] + ("0" if right[-1] != "0" else "1")):
            assert (await provider.post(f"/webhooks/gatewayapi/{address}", json=body)).status_code == 401
        assert (await provider.post(f"/webhooks/gatewayapi/{right}", json=body)).status_code == 204
    assert [type(event) for event in await house.rt.published(DEALER)] == [WebhookAccepted]


BAD = [b"", b"{", b"[]", b'{"a": NaN}', b'"\ud800"', b'{"a": "\u0000"}', b"\xff", b"[" * 50_000, b"9" * 5000, b'{"a":1,"a":2}']


@pytest.mark.parametrize("body", BAD, ids=range(len(BAD)))
async def test_bad_input_is_never_our_failure(house: House, body: bytes) -> None:
    path, _ = await endpoint(house)
    right = web.address_of(house.rt.settings.derived(web.SMS_CALLBACKS), DEALER)
    async with aclosing(await house.logged_in()) as browser:
        for target in (
            "/api/v1/session", f"/api/v1/invitations/{of('invitation', DEALER)}/hold", "/api/v1/invitations/nonsense/hold",
            f"/api/v1/invitations/{of('invitation', DEALER)}/outcome", f"/webhooks/gatewayapi/{right}", path,
        ):  # fmt: skip
            for kind in ("application/json", "application/x-www-form-urlencoded", "multipart/form-data"):
                answer = await browser.post(target, content=body, headers={"content-type": kind})
                assert 400 <= answer.status_code < 500, f"{target} {kind}: {answer.status_code}"
        for target in ("/login", "/logout", f"/invitations/{of('invitation', DEALER)}/hold"):
            answer = await browser.post(target, content=body, headers={"content-type": "application/x-www-form-urlencoded"})
            assert 400 <= answer.status_code < 500, f"{target}: {answer.status_code}"


def answered(told: list[Event]) -> CustomerAnswered:
    return next(event for event in told if isinstance(event, CustomerAnswered))
