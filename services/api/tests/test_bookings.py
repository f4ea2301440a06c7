"""Calendly's and Cal.com's webhooks at the door: signed as each documents it, bounded in time, and tied to our invitation at once."""

import hashlib
import hmac
import json
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from api_house import NOW, House, code, of
from hypothesis import given
from hypothesis import strategies as st

from api.domain import bookings
from api.domain.bookings import CALCOM, CALENDLY
from api.routes.links import with_reference
from common.events.answers import CustomerAnswered
from common.events.webhooks import WebhookAccepted
from common.testing.runtime import DEALER, OTHER_DEALER

KEY = "a signing key".replace(" ", "-") + "-of-a-dealer"


def calendly(event: str = "invitee.created", reference: str | None = None, **payload: Any) -> dict[str, Any]:
    told = {"uri": "https://api.calendly.com/x/1", "tracking": {"utm_content": reference, "utm_source": None}, **payload}
    return {"event": event, "created_at": NOW.isoformat(), "payload": told}


def calcom(trigger: str = "BOOKING_CREATED", reference: str | None = None, at: datetime = NOW, **payload: Any) -> dict[str, Any]:
    told = {"uid": "u1", "metadata": {"ref": reference} if reference else {}, **payload}
    return {"triggerEvent": trigger, "createdAt": at.isoformat().replace("+00:00", "Z"), "payload": told}


async def post(
    house: House, system: str, told: dict[str, Any] | str, key: str = KEY, at: datetime = NOW, **headers: str
) -> httpx.Response:
    """What that system posts to the dealer's address, signed."""
    path, _ = await house.endpoint(secret=KEY, system=system)
    body = told if isinstance(told, str) else json.dumps(told)
    stamp = str(int(at.timestamp()))
    signed = f"{stamp}.{body}" if system == CALENDLY else body
    mac = hmac.new(key.encode(), signed.encode(), hashlib.sha256).hexdigest()
    own = {"calendly-webhook-signature": f"t={stamp},v1={mac}"} if system == CALENDLY else {"x-cal-signature-256": mac}
    async with house.browser() as browser:
        return await browser.post(path, content=body, headers=own | headers)


@pytest.mark.parametrize("system", [CALENDLY, CALCOM])
async def test_a_booking_with_our_reference_answers_its_invitation_once_and_says_whom_it_was_for(
    house: House, system: str
) -> None:
    told = calendly(reference=code()) if system == CALENDLY else calcom(reference=code())
    for _ in range(2):
        assert (await post(house, system, told | {"invitation_id": "made up"})).status_code == 204
    answer, passed_on = await house.rt.published(DEALER)
    assert isinstance(answer, CustomerAnswered)
    assert (answer.answer, answer.by, answer.invitation_id) == ("booked", "webhook", of("invitation"))
    assert isinstance(passed_on, WebhookAccepted)
    body = json.loads(passed_on.body)
    assert (passed_on.source, body["payload"]) == (system, told["payload"])
    assert [body[name] for name in ("invitation_id", "vehicle_id", "customer_id")] == [
        str(of(what)) for what in ("invitation", "vehicle", "customer")
    ]


@pytest.mark.parametrize(
    ("system", "told"),
    [
        (CALENDLY, calendly("invitee.canceled", code())),
        (CALENDLY, calendly(reference=code(OTHER_DEALER))),
        (CALENDLY, calendly(reference="zzzzzzzzzz")),
        (CALENDLY, {"event": ["invitee.created"], "payload": 7}),
        (CALCOM, calcom("BOOKING_CANCELLED", code())),
        (CALCOM, calcom("BOOKING_NO_SHOW_UPDATED", code())),
        (CALCOM, calcom(metadata=None)),
    ],
)
async def test_what_is_no_booking_of_ours_is_passed_on_and_answers_nothing(
    house: House, system: str, told: dict[str, Any]
) -> None:
    assert (await post(house, system, told)).status_code == 204
    assert [type(event) for event in await house.rt.published()] == [WebhookAccepted]


async def test_calendly_must_have_signed_this_body_within_three_minutes(house: House) -> None:
    for minutes, status in ((0, 204), (-2.9, 204), (-3.1, 401), (3.1, 401), (-600, 401)):
        answer = await post(house, CALENDLY, calendly(uri=str(minutes)), at=NOW + timedelta(minutes=minutes))
        assert answer.status_code == status, minutes
    assert (await post(house, CALENDLY, calendly(), key="another key of ours")).status_code == 401
    for header in ("", "t=1", "v1=x", "t=,v1=", "t=1,v1=1,t=2", "t=+1,v1=x", "x" * 9_000, f"t={10**11},v1=x"):
        answer = await post(house, CALENDLY, calendly(), **{"calendly-webhook-signature": header})  # type: ignore[arg-type]
        assert answer.status_code == 401, header[:20]


async def test_calcom_must_have_signed_a_body_that_is_of_the_last_day(house: House) -> None:
    for hours, status in ((0, 204), (-23, 204), (-25, 401), (0.05, 204), (1, 401)):
        answer = await post(house, CALCOM, calcom(at=NOW + timedelta(hours=hours), uid=str(hours)))
        assert answer.status_code == status, hours
    assert (await post(house, CALCOM, calcom(), key="another key of ours")).status_code == 401
    for body in ("[]", "7", "{}", '{"createdAt": 7}', '{"createdAt": "2026-02-12T09:00:00"}', "[" * 50_000, "not json"):
        assert (await post(house, CALCOM, body)).status_code == 401, body[:20]


async def test_each_system_has_its_own_address(house: House) -> None:
    path, secret = await house.endpoint()
    async with house.browser() as system:
        for other in (CALENDLY, CALCOM):
            answer = await system.post(path.replace("booking", other), json=calcom(), headers={"x-cal-signature-256": secret})
            assert answer.status_code == 401


def test_our_reference_is_found_where_the_systems_carry_it() -> None:
    asked = [{"question": "Reference", "answer": f" {code()} "}, {"question": "Plate", "answer": "AB12345"}]
    assert bookings.codes(CALENDLY, calendly(questions_and_answers=asked)) == [code()]
    answers = {"ref": {"label": "ref", "value": code()}, "notes": {"label": "notes"}}
    assert bookings.codes(CALCOM, calcom(userFieldsResponses=answers)) == [code()]


SHAPES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["payload", "tracking", "metadata"]), inner),
    max_leaves=12,
)


@given(st.sampled_from(bookings.SYSTEMS), st.dictionaries(st.sampled_from(["event", "status", "payload", "invitation"]), SHAPES))
def test_no_shape_of_a_body_breaks_the_reader(system: str, told: dict[str, Any]) -> None:
    assert isinstance(bookings.stands(system, told), bool)
    assert len(bookings.codes(system, told)) <= bookings.MOST_CODES


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        ("https://booking.example/n?x=1", "https://booking.example/n?x=1&ref=c"),
        ("https://calendly.com/n/service", "https://calendly.com/n/service?utm_content=c&ref=c"),
        ("https://app.cal.com/n", "https://app.cal.com/n?metadata%5Bref%5D=c&ref=c"),
        ("https://notcal.com/n", "https://notcal.com/n?ref=c"),
        ("https://tider.example/n?metadata[ref]={code}", "https://tider.example/n?metadata[ref]=c"),
    ],
)
def test_the_link_carries_our_reference_as_the_system_takes_it(url: str, wanted: str) -> None:
    assert with_reference(url, "c") == wanted
