"""Delivery callbacks: late, twice, in any order, about nothing of ours. The end is the same whatever the order."""

import json
from itertools import permutations
from typing import Any

import pytest

from autoflows.demo.gatewayapi import BadDay
from common.events.messages import MessageAccepted, MessageBounced, MessageDelivered, MessageUnknown
from common.events.webhooks import WebhookAccepted
from common.testing.nordhavn import NINE, World, due
from common.testing.runtime import DEALER, OTHER_DEALER
from common.web import SMS_CALLBACKS, dealer_at
from notifier.domain.delivery import read_gatewayapi
from notifier.domain.states import State

ORDERS = list(permutations(["BUFFERED", "ENROUTE", "UNDELIVERABLE", "DELIVERED"]))


def webhook(body: Any, number: int = 1) -> WebhookAccepted:
    text = body if isinstance(body, str) else json.dumps(body)
    return WebhookAccepted(source="gatewayapi", delivery_id=f"delivery-{number}", body=text, at=NINE)


async def sent(world: World, bad: BadDay | None = None) -> Any:
    """Send one SMS; gives what the provider took."""
    if bad is not None:
        world.sms.bad_days.append(bad)
    await world.hear(due(channel="sms"))
    await world.send()
    return world.sms.taken[0]


async def test_a_delivered_sms_is_told_once_however_often_it_is_reported(world: World) -> None:
    sms = await sent(world)
    for number in range(3):
        await world.hear(webhook(world.sms.notification(sms, "DELIVERED"), number))
    assert await world.states() == ["delivered"]
    assert len(await world.told(MessageDelivered)) == 1


@pytest.mark.parametrize("order", ORDERS, ids="-".join)
async def test_the_end_is_the_same_in_whatever_order_reports_come(world: World, order: tuple[str, ...]) -> None:
    sms = await sent(world)
    for number, status in enumerate(order):
        report = world.sms.notification(sms, status)
        await world.hear(webhook(report, number), webhook(report, number + 100))
    assert await world.states() == ["delivered"]
    assert len(await world.told(MessageDelivered)) == 1


@pytest.mark.parametrize("status", ["EXPIRED", "DELETED", "UNDELIVERABLE", "REJECTED", "SKIPPED"])
async def test_what_did_not_arrive_is_told_with_the_providers_words(world: World, status: str) -> None:
    sms = await sent(world)
    await world.hear(webhook(world.sms.notification(sms, status, ("Absent subscriber", "0x1013"))))
    await world.hear(webhook(world.sms.notification(sms, "ENROUTE"), 2))  # a transient state after a final one
    assert await world.states() == ["failed"]
    (bounced,) = await world.told(MessageBounced)
    assert bounced.because == "Absent subscriber 0x1013"


async def test_an_unknown_send_is_reconciled_by_its_callback(world: World) -> None:
    sms = await sent(world, BadDay.RESET_AFTER)
    assert await world.states() == ["unknown"]
    await world.hear(webhook(world.sms.notification(sms, "ENROUTE")))
    assert await world.states() == ["accepted"]
    await world.hear(webhook(world.sms.notification(sms, "DELIVERED"), 2))
    assert await world.states() == ["delivered"]
    told = [type(event) for event in await world.told(MessageUnknown, MessageAccepted, MessageDelivered)]
    assert told == [MessageUnknown, MessageAccepted, MessageDelivered]
    await world.send()
    assert len(world.sms.taken) == 1


async def test_a_callback_may_come_before_the_answer_is_recorded(world: World) -> None:
    heard: list[Any] = []
    world.sms.hears = heard.append
    (errand,) = world.rt.errands
    call = errand._call  # type: ignore[attr-defined]

    async def report_before_the_answer(ready: Any) -> Any:
        outcome = await call(ready)
        await world.hear(webhook(world.sms.notification(heard[0], "DELIVERED")))
        return outcome

    errand._call = report_before_the_answer  # type: ignore[attr-defined]
    await sent(world)
    row = await world.row()
    assert (row.state, row.provider_ref) == ("delivered", str(heard[0].id))
    told = [type(event) for event in await world.told(MessageAccepted, MessageDelivered)]
    assert sorted(told, key=str) == [MessageAccepted, MessageDelivered]


async def test_a_callback_without_our_reference_is_found_by_the_providers(world: World) -> None:
    sms = await sent(world)
    await world.hear(webhook(world.sms.notification(sms, "DELIVERED") | {"userref": None}))
    assert await world.states() == ["delivered"]


@pytest.mark.parametrize(
    "body",
    [
        "not json",
        "[]",
        '{"status": 7}',
        '{"status": "NEVER_HEARD_OF", "userref": "x"}',
        '{"id": 7, "status": "DELIVERED", "userref": "0197a000-0000-7000-8000-00000000dead"}',
        '{"id": 1000001, "msisdn": 4587654321, "receiver": 451204, "message": "foo Hello World", "senttime": 1450000000}',
    ],
)
async def test_what_belongs_to_nothing_of_ours_is_counted_and_changes_nothing(world: World, body: str) -> None:
    await sent(world)
    await world.hear(webhook(body))
    await world.hear(webhook(body, 2))
    assert await world.states() == ["accepted"]
    (stray,) = await world.rt.sql(DEALER, "select source, seen from notifier.stray")
    assert tuple(stray) == ("gatewayapi", 2)


async def test_a_callback_under_another_dealers_name_finds_nothing(world: World) -> None:
    sms = await sent(world)
    await world.rt.deliver(OTHER_DEALER, webhook(world.sms.notification(sms, "UNDELIVERABLE")))
    assert await world.states() == ["accepted"]


async def test_other_webhooks_are_left_alone(world: World) -> None:
    await world.hear(WebhookAccepted(source="booking", delivery_id="1", body="{}", at=NINE))
    assert await world.rt.sql(DEALER, "select * from notifier.stray") == []


async def test_what_the_provider_is_asked_comes_back_to_us(world: World) -> None:
    sms = await sent(world)
    assert sms.userref == str((await world.row()).message_id)
    base, _, address = str(sms.callback_url).rpartition("/")
    assert base == "https://svar.example/webhooks/gatewayapi"
    assert dealer_at(world.rt.settings.derived(SMS_CALLBACKS), address) == DEALER
    assert dealer_at("another installation", address) is None
    assert (sms.msisdn, sms.sender, sms.encoding) == (4520123456, "NordhavnAut", "UTF8")


def test_the_documented_notification_is_read() -> None:
    body = '{"id": 1000001, "msisdn": 4587654321, "time": 1450000000, "status": "DELIVERED", "userref": "foobar"}'
    report = read_gatewayapi(body)
    assert report is not None
    assert (report.state, report.provider_ref, report.message_id) == (State.DELIVERED, "1000001", None)
