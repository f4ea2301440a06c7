"""What others post: bookings signed as Standard Webhooks says, and GatewayAPI's delivery reports."""

import base64
import contextlib
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from api_house import NOW, House, code, of, open_doors
from fastapi import FastAPI
from standardwebhooks import Webhook, WebhookVerificationError

from api.domain import signatures
from common import web
from common.events import Event
from common.events.answers import CustomerAnswered
from common.events.webhooks import WebhookAccepted
from common.ids import DealerId, InvitationId
from common.testing.runtime import DEALER, OTHER_DEALER

BOOKED = {"booking_id": "b", "starts_at": "2026-03-01T10:00:00"}
REPORT = {"id": 1, "msisdn": 4520123456, "time": 1770000000, "status": "DELIVERED"}


def signed(secret: str, body: str, at: datetime = NOW, webhook_id: str = "msg_1") -> dict[str, str]:
    """Headers as the reference library makes them."""
    signature = Webhook(secret).sign(webhook_id, at, body)
    return {"webhook-id": webhook_id, "webhook-timestamp": str(int(at.timestamp())), "webhook-signature": signature}


def kinds(told: list[Event]) -> list[type[Event]]:
    return [type(event) for event in told]


# --- signatures, both ways


@pytest.mark.parametrize("body", ["{}", '{"navn": "Søren 🚗"}', " ", "x" * 60_000])
def test_what_we_sign_the_reference_library_takes_and_the_other_way_round(body: str) -> None:
    secret, now = signatures.new_secret(), datetime.now(UTC)
    ours = signatures.sign(secret, "msg_1", now, body.encode())
    theirs = signed(secret, body, now)
    assert ours == theirs["webhook-signature"]
    with_ours = theirs | {"webhook-signature": ours}
    with contextlib.suppress(json.JSONDecodeError):  # it reads the body after it found the signature good
        Webhook(secret).verify(body, with_ours)
    assert signatures.verify(theirs, body.encode(), [secret], now) == "msg_1"
    with pytest.raises(WebhookVerificationError):
        Webhook(signatures.new_secret()).verify(body, with_ours)


def test_the_vector_of_the_specification() -> None:
    secret, at = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", datetime.fromtimestamp(1614265330, UTC)
    headers = {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
    assert signatures.verify(headers, b'{"test": 2432232314}', [secret], at) == headers["webhook-id"]


# --- bookings


async def test_a_signed_booking_answers_its_invitation_once(house: House) -> None:
    path, secret = await house.endpoint()
    body = json.dumps(BOOKED | {"invitation": code(), "invitation_id": "made up"})
    async with house.browser() as system:
        for _ in range(2):
            assert (await system.post(path, content=body, headers=signed(secret, body))).status_code == 204
        house.clock.move_to(NOW + timedelta(minutes=4, seconds=59))
        assert (await system.post(path, content=body, headers=signed(secret, body))).status_code == 204
    answer, passed_on = await house.rt.published(DEALER)
    assert isinstance(answer, CustomerAnswered)
    assert (answer.answer, answer.by, answer.invitation_id) == ("booked", "webhook", InvitationId(of("invitation")))
    assert isinstance(passed_on, WebhookAccepted)
    assert json.loads(passed_on.body)["invitation_id"] == str(of("invitation"))


@pytest.mark.parametrize(
    "told", [{"status": "cancelled"}, {"invitation": "zzzzzzzzzz"}, {"invitation": 7}, {"invitation": "a" * 9000}, {}]
)
async def test_what_is_no_booking_of_ours_is_passed_on_and_answers_nothing(house: House, told: dict[str, Any]) -> None:
    path, secret = await house.endpoint()
    body = json.dumps(BOOKED | ({"invitation": code()} if "status" in told else {}) | told)
    async with house.browser() as system:
        assert (await system.post(path, content=body, headers=signed(secret, body))).status_code == 204
    assert kinds(await house.rt.published()) == [WebhookAccepted]


async def test_a_booking_with_another_dealers_reference_answers_nothing(house: House) -> None:
    path, secret = await house.endpoint()
    body = json.dumps(BOOKED | {"invitation": code(OTHER_DEALER)})
    async with house.browser() as system:
        assert (await system.post(path, content=body, headers=signed(secret, body))).status_code == 204
    assert kinds(await house.rt.published(DEALER)) == [WebhookAccepted]
    assert await house.rt.published(OTHER_DEALER) == []
    assert await house.rt.sql(OTHER_DEALER, "select 1 from api.answer") == []


async def test_two_dealers_may_use_the_same_delivery_id(house: House) -> None:
    async with house.browser() as system:
        for dealer in (DEALER, OTHER_DEALER):
            path, secret = await house.endpoint(dealer)
            body = json.dumps(BOOKED | {"invitation": code(dealer)})
            assert (await system.post(path, content=body, headers=signed(secret, body))).status_code == 204
    assert kinds(await house.rt.published()) == [CustomerAnswered, WebhookAccepted] * 2


async def test_another_dealers_secret_signs_nothing_here(house: House) -> None:
    path, _ = await house.endpoint()
    _, theirs = await house.endpoint(OTHER_DEALER)
    async with house.browser() as system:
        assert (await system.post(path, content="{}", headers=signed(theirs, "{}"))).status_code == 401
    assert await house.rt.published() == []


async def test_while_a_secret_is_replaced_both_sign_and_the_oldest_of_three_no_more(house: House) -> None:
    secrets = []
    for _ in range(3):
        path, secret = await house.endpoint()
        secrets.append(secret)
        house.clock.move_to(house.clock.now() + timedelta(seconds=1))
    await house.endpoint(secret=secrets[-1])  # the same once more changes nothing
    async with house.browser() as system:
        seen = [
            (await system.post(path, content="{}", headers=signed(secret, "{}", webhook_id=f"m{n}"))).status_code
            for n, secret in enumerate(secrets)
        ]
        several = signed(secrets[2], "{}", webhook_id="m9")
        several["webhook-signature"] = f"v1,AAAA v1a,BBBB {several['webhook-signature']}"
        assert (await system.post(path, content="{}", headers=several)).status_code == 204
    assert seen == [401, 204, 204]


async def test_secrets_are_kept_sealed(house: House) -> None:
    _, secret = await house.endpoint()
    (row,) = await house.rt.sql(DEALER, "select secret from api.endpoint_secret")
    assert secret.removeprefix("whsec_") not in row.secret


GARBLED: list[dict[str, str | bytes | None]] = [
    {"webhook-signature": None}, {"webhook-id": None}, {"webhook-timestamp": None}, {"webhook-signature": "v1"},
    {"webhook-signature": "v1,%%%"}, {"webhook-signature": ",,,"}, {"webhook-signature": "v2,AAAA"}, {"webhook-signature": ""},
    {"webhook-signature": "v1,æøå".encode()}, {"webhook-signature": b"v1,\xff\xfe"}, {"webhook-signature": "v1, " * 5000},
    {"webhook-timestamp": "soon"}, {"webhook-timestamp": "9" * 40}, {"webhook-timestamp": "-1"}, {"webhook-timestamp": "1e9"},
    {"webhook-timestamp": "NaN"}, {"webhook-timestamp": "١٢٣".encode()}, {"webhook-id": "a.b"}, {"webhook-id": ""},
    {"webhook-id": "i" * 5000}, {"webhook-id": b"\xe6"},
]  # fmt: skip


@pytest.mark.parametrize("change", GARBLED, ids=range(len(GARBLED)))
async def test_garbled_headers_are_refused(house: House, change: dict[str, str | bytes | None]) -> None:
    path, secret = await house.endpoint()
    headers = {name: value for name, value in {**signed(secret, "{}"), **change}.items() if value is not None}
    async with house.browser() as system:
        assert (await system.post(path, content="{}", headers=headers)).status_code == 401  # type: ignore[arg-type]
    assert await house.rt.published() == []


@pytest.mark.parametrize("minutes", [-5.02, 5.02, 60 * 24])
async def test_what_was_not_signed_just_now_is_refused(house: House, minutes: float) -> None:
    path, secret = await house.endpoint()
    headers = signed(secret, "{}", NOW + timedelta(minutes=minutes))
    async with house.browser() as system:
        assert (await system.post(path, content="{}", headers=headers)).status_code == 401


async def test_a_changed_byte_or_place_is_refused(house: House) -> None:
    path, secret = await house.endpoint()
    body = '{"booking_id": "b"}'
    headers = signed(secret, body)
    async with house.browser() as system:
        for changed in (body.replace("b", "c", 1), body + " ", "", body.encode("utf-16")):
            assert (await system.post(path, content=changed, headers=headers)).status_code == 401
        for change in ({"webhook-id": "msg_2"}, {"webhook-timestamp": str(int(NOW.timestamp()) + 1)}):
            assert (await system.post(path, content=body, headers=headers | change)).status_code == 401
        for elsewhere in ("/webhooks/booking/made-up", path + "x", "/webhooks/booking/" + "x" * 3000):
            assert (await system.post(elsewhere, content=body, headers=headers)).status_code == 401, elsewhere
        assert (await system.post("/webhooks/booking/%00", content=body, headers=headers)).status_code == 422
    assert await house.rt.published() == []


@pytest.mark.parametrize("size", [64 * 1024, 64 * 1024 + 1, 2 * 1024 * 1024])
async def test_a_body_has_64_kilobytes_at_most(house: House, size: int) -> None:
    path, secret = await house.endpoint()
    body = json.dumps({"note": "x" * (size - len('{"note": ""}'))})
    async with house.browser() as system:
        answer = await system.post(path, content=body, headers=signed(secret, body))
    assert answer.status_code == (204 if size == 64 * 1024 else 413)


@pytest.mark.parametrize("body", ["[]", "7", '{"a": NaN}', '{"a":1,"a":2}', r'{"a": "\u0000"}', r'{"a": "\ud800"}', "[" * 50_000])
async def test_a_signed_body_must_still_be_an_object(house: House, body: str) -> None:
    path, secret = await house.endpoint()
    async with house.browser() as system:
        answer = await system.post(path, content=body, headers=signed(secret, body))
    assert answer.status_code == 400
    assert await house.rt.published() == []
    assert await house.rt.sql(DEALER, "select 1 from api.delivery") == [], "it may come again, mended"


# --- delivery reports


def callback(house: House, dealer: DealerId = DEALER) -> str:
    return f"/webhooks/gatewayapi/{web.address_of(house.rt.settings.derived(web.SMS_CALLBACKS), dealer)}"


async def test_a_report_is_passed_on_once_and_each_state_of_it(house: House) -> None:
    async with house.browser() as provider:
        for told in (REPORT, REPORT, REPORT | {"status": "EXPIRED"}):
            assert (await provider.post(callback(house), json=told)).status_code == 204
    told = await house.rt.published(DEALER)
    assert kinds(told) == [WebhookAccepted] * 2
    assert [json.loads(event.body)["status"] for event in told if isinstance(event, WebhookAccepted)] == ["DELIVERED", "EXPIRED"]


async def test_reports_come_only_to_an_address_that_cannot_be_made_up(house: House) -> None:
    right = callback(house).rpartition("/")[2]
    stranger = callback(house, DealerId(of("no dealer"))).rpartition("/")[2]
    made_up = (
        str(DEALER),
        DEALER.hex + "0" * 32,
        "x",
        right[:-1] + ("0" if right[-1] != "0" else "1"),
        right.upper(),
        "%00",
        "x" * 9000,
    )
    async with house.browser() as provider:
        for address in (*made_up, stranger, right + "0"):
            assert (await provider.post(f"/webhooks/gatewayapi/{address}", json=REPORT)).status_code == 401, address
    assert await house.rt.published() == []


def jwt(claims: dict[str, Any], secret: str, alg: str = "HS256") -> str:
    """A token as RFC 7515 says."""

    def text(part: bytes) -> str:
        return base64.urlsafe_b64encode(part).decode().rstrip("=")

    head = f"{text(json.dumps({'alg': alg, 'typ': 'JWT'}).encode())}.{text(json.dumps(claims).encode())}"
    return f"{head}.{text(hmac.new(secret.encode(), head.encode(), hashlib.sha256).digest())}"


@pytest.fixture
def signing(house: House) -> House:
    """The house whose provider was told to sign."""
    return House(house.rt, house.clock, open_doors(house.rt, house.rt, FastAPI(), "a secret"), house.rt)


async def test_a_provider_that_signs_must_have_signed_this_body(signing: House) -> None:
    good = jwt(REPORT, "a secret")
    refused = [
        "", "x", "a.b.c", "....", jwt(REPORT, "another"), jwt(REPORT, "a secret", "none"), jwt(REPORT, "a secret", "HS512"),
        good.rpartition(".")[0] + ".", good[:-2], "é" + good, jwt(REPORT | {"status": "EXPIRED"}, "a secret"), "[." * 9000,
    ]  # fmt: skip
    async with signing.browser() as provider:
        for token in refused:
            headers = {"x-gwapi-signature": token.encode()}
            answer = await provider.post(callback(signing), json=REPORT, headers=headers)  # type: ignore[arg-type]
            assert answer.status_code == 401, token[:80]
        assert (await provider.post(callback(signing), json=REPORT)).status_code == 401
        assert await signing.rt.published() == []
        answer = await provider.post(callback(signing), json=REPORT, headers={"x-gwapi-signature": good})
        assert answer.status_code == 204
    assert kinds(await signing.rt.published(DEALER)) == [WebhookAccepted]
