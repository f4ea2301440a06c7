"""Sending: each contact leaves once, through every fault of a provider, crash, second copy and repetition."""

import asyncio
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from autoflows.demo.gatewayapi import BadDay
from common import failpoints
from common.events.messages import (
    ContactWithdrawn,
    MessageAccepted,
    MessageRefused,
    MessageUnknown,
)
from common.events.settings import Sender
from common.testing.mail import Fault
from common.testing.nordhavn import ANNE, GOLF, NINE, World, anne, contact, dealer, due, invitation
from common.testing.runtime import DEALER
from notifier import texts


async def test_a_message_that_is_due_leaves_once_and_is_told(world: World) -> None:
    message = due()
    await world.hear(message)
    await world.send()
    await world.send()

    (mail,) = world.mails()
    assert mail.to == ("anne@example.com",)
    assert str(message.message_id) in mail.message["Message-ID"]
    (accepted,) = await world.told(MessageAccepted)
    assert accepted.message_id == message.message_id
    assert accepted.customer_id == ANNE
    assert accepted.local_on == date(2026, 3, 2)
    assert accepted.invitations() == {invitation(): 1}
    assert await world.contacts() == {(invitation(), 1): "accepted"}


async def test_the_same_event_heard_twice_is_one_message(world: World) -> None:
    message = due()
    await world.hear(message, message)
    await world.send()
    await world.hear(message)
    await world.send()
    assert len(world.mails()) == 1


async def test_another_message_for_a_contact_that_was_made_never_leaves(world: World) -> None:
    await world.hear(due())
    await world.send()
    await world.hear(due(channel="sms"))
    await world.send()
    assert len(world.mails()) == 1
    assert world.sms.taken == []
    assert sorted(await world.states()) == ["accepted", "superseded"]


async def test_a_reminder_is_a_contact_of_its_own_and_there_is_no_third(world: World) -> None:
    await world.hear(due(), due(contact(step=2), channel="sms"))
    await world.send()
    assert (len(world.mails()), len(world.sms.taken)) == (1, 1)
    with pytest.raises(ValueError, match="beyond the second"):
        await world.hear(due(contact(step=3)))
    insert = "insert into notifier.contact (dealer_id, purpose, reference, step, message_id, state, claimed_at) values"
    with pytest.raises(IntegrityError, match="contact_step_check"):
        await world.rt.sql(DEALER, f"{insert} (:d, 'invitation', :d, 3, :d, 'claimed', now())", d=DEALER)


async def test_eight_senders_at_once_make_one_call(world: World, another: Any) -> None:
    await world.hear(due(), due())  # two messages for the same contact
    async with another() as second:
        senders = [rt.run_errand("send", DEALER) for rt in (world.rt, second) for _ in range(4)]
        await asyncio.gather(*senders)
    assert len(world.mails()) == 1
    assert sorted(await world.states()) == ["accepted", "superseded"]


MAIL_FAULTS: list[tuple[Fault, str, str]] = [
    (Fault.BUSY, "due", "provider_away"),
    (Fault.SLOW_BANNER, "due", "provider_away"),
    (Fault.SENDER_REFUSED, "due", "provider_away"),
    (Fault.GREYLISTED, "due", "refused_for_now"),
    (Fault.NO_SUCH_MAILBOX, "refused", ""),
    (Fault.CONTENT_REFUSED, "refused", ""),
    (Fault.DROP_AFTER_DATA, "unknown", ""),
    (Fault.DROP_AFTER_DOT, "unknown", ""),
    (Fault.LATE, "unknown", ""),
    (Fault.GARBLED, "unknown", ""),
]


@pytest.mark.parametrize(("fault", "state", "waits"), MAIL_FAULTS)
async def test_only_what_was_certainly_not_sent_is_ever_tried_again_by_mail(
    world: World, fault: Fault, state: str, waits: str
) -> None:
    world.mail.faults.append(fault)
    await world.hear(due())
    await world.send()
    row = await world.row()
    assert (row.state, row.waits or "") == (state, waits)

    world.rt.later(hours=2)
    await world.send()
    await world.send()
    expected = {"due": "accepted"}.get(state, state)
    assert (await world.row()).state == expected
    taken = {Fault.DROP_AFTER_DOT, Fault.LATE, Fault.GARBLED}
    assert len(world.mails()) == (1 if expected == "accepted" or fault in taken else 0)
    assert len(await world.contacts()) == 1


SMS_FAULTS: list[tuple[BadDay, str, str]] = [
    (BadDay.TOO_MANY, "due", "provider_away"),
    (BadDay.NO_CREDIT, "due", "provider_away"),
    (BadDay.BLACKLISTED, "refused", ""),
    (BadDay.LATE, "unknown", ""),
    (BadDay.RESET_AFTER, "unknown", ""),
    (BadDay.ERROR_AFTER, "unknown", ""),
    (BadDay.GARBLED, "unknown", ""),
    (BadDay.RESET_BEFORE, "unknown", ""),
    (BadDay.ERROR_BEFORE, "unknown", ""),
]


@pytest.mark.parametrize(("bad", "state", "waits"), SMS_FAULTS)
async def test_only_what_was_certainly_not_sent_is_ever_tried_again_by_sms(
    world: World, bad: BadDay, state: str, waits: str
) -> None:
    world.sms.bad_days.append(bad)
    await world.hear(due(channel="sms"))
    await world.send()
    row = await world.row()
    assert (row.state, row.waits or "") == (state, waits)

    world.rt.later(hours=2)
    await world.send()
    await world.send()
    expected = {"due": "accepted"}.get(state, state)
    assert (await world.row()).state == expected
    taken = {BadDay.LATE, BadDay.RESET_AFTER, BadDay.ERROR_AFTER, BadDay.GARBLED}
    assert len(world.sms.taken) == (1 if expected == "accepted" or bad in taken else 0)


async def test_a_provider_that_is_away_is_asked_once_not_once_a_message(world: World) -> None:
    world.mail.faults.extend([Fault.BUSY] * 100)
    await world.hear(*(due(contact(number)) for number in range(1, 31)))
    again = await world.send()
    assert world.mail.connections <= 8
    assert again is not None
    assert again >= NINE + timedelta(minutes=1)
    world.mail.faults.clear()
    world.rt.later(minutes=2)
    await world.send()
    assert len(world.mails()) == 30


async def test_a_mailbox_that_says_not_now_five_times_is_refused(world: World) -> None:
    await world.hear(due())
    for _ in range(5):
        world.mail.faults.append(Fault.GREYLISTED)
        await world.send()
        world.rt.later(hours=1)
    (refused,) = await world.told(MessageRefused)
    assert refused.because.startswith("smtp 450")
    assert await world.states() == ["refused"]


async def test_after_a_refusal_the_same_contact_may_go_by_another_channel(world: World) -> None:
    world.mail.faults.append(Fault.NO_SUCH_MAILBOX)
    await world.hear(due())
    await world.send()
    (refused,) = await world.told(MessageRefused)
    assert refused.because.startswith("smtp 550")

    await world.hear(due(channel="sms"))
    await world.send()
    assert (len(world.mails()), len(world.sms.taken)) == (0, 1)
    assert await world.contacts() == {(invitation(), 1): "accepted"}


async def test_a_customer_without_an_address_on_the_channel_is_refused(world: World) -> None:
    await world.hear(anne(2, email=None), due())
    await world.send()
    (refused,) = await world.told(MessageRefused)
    assert refused.because == "no_address"


async def test_the_address_is_the_one_known_when_it_leaves(world: World) -> None:
    await world.hear(due(), anne(2, email="anne.ny@example.com"))
    await world.send()
    assert world.mails()[0].to == ("anne.ny@example.com",)


async def test_a_vehicle_not_heard_of_yet_is_waited_for(world: World) -> None:
    from common.events.customers import VehicleChanged
    from common.ids import VehicleId, new_id

    later = VehicleId(new_id())
    await world.hear(due(contact(vehicle=later)))
    await world.send()
    assert ((await world.row()).state, (await world.row()).waits) == ("due", "customer_unknown")
    await world.hear(VehicleChanged(revision=1, vehicle_id=later, make="Fiat", model="500"))
    await world.send()
    assert len(world.mails()) == 1


@pytest.mark.parametrize(
    ("point", "state", "mails"),
    [
        ("notifier.after_claim", "accepted", 1),  # nothing was sent yet, so it is sent
        ("notifier.after_look", "unknown", 0),  # it may have been: never again
        ("notifier.after_call", "unknown", 1),
        ("notifier.after_record", "accepted", 1),
    ],
)
async def test_a_sender_that_dies_at_any_step_sends_nothing_twice(world: World, point: str, state: str, mails: int) -> None:
    await world.hear(due())
    await die_at(world, point)
    await world.send()  # its lease still runs: hands off
    assert len(world.mails()) == (0 if point in ("notifier.after_claim", "notifier.after_look") else 1)

    await world.lose_the_sender()
    await world.send()
    await world.send()
    assert await world.states() == [state]
    assert len(world.mails()) == mails
    assert len(await world.told(MessageUnknown)) == (state == "unknown")


async def test_the_crash_tests_would_catch_a_sender_that_marks_after_sending(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mutant: while it calls, nothing of its claim is in the database. After a crash it sends a second mail."""
    (errand,) = world.rt.errands
    call = errand._call  # type: ignore[attr-defined]

    async def call_unmarked(ready: Any) -> Any:
        await world.rt.sql(DEALER, "update notifier.message set state = 'due', claim = null, looked = false")
        await world.rt.sql(DEALER, "delete from notifier.contact")
        return await call(ready)

    await world.hear(due())
    with monkeypatch.context() as mutant:
        mutant.setattr(errand, "_call", call_unmarked)
        await die_at(world, "notifier.after_call")
    await world.send()
    assert len(world.mails()) == 2


async def test_a_claim_that_was_lost_and_then_came_back_changes_nothing_but_good_news(world: World) -> None:
    from notifier.claiming import Claimed
    from notifier.domain.outcomes import Accepted, Refused
    from notifier.errands import record

    await world.hear(due())
    await die_at(world, "notifier.after_look")
    claim = Claimed((await world.row()).message_id, (await world.row()).claim)
    await world.lose_the_sender()
    await world.send()
    async with world.rt.work(DEALER) as work:
        await record(work, claim, Refused("late"))
    assert await world.states() == ["unknown"]
    async with world.rt.work(DEALER) as work:
        await record(work, claim, Accepted("provider-1"))
    assert await world.states() == ["accepted"]


async def test_several_vehicles_go_in_one_message_and_each_keeps_its_contact(world: World) -> None:
    await world.hear(due(contact(1), contact(2, vehicle=GOLF)))
    await world.send()
    (mail,) = world.mails()
    assert "Skoda Octavia (AB 12 345)" in mail.part("plain")
    assert "VW Golf (CD 67 890)" in mail.part("plain")
    (accepted,) = await world.told(MessageAccepted)
    assert accepted.invitations() == {invitation(1): 1, invitation(2): 1}


async def test_what_was_made_elsewhere_drops_out_of_a_message_for_several(world: World) -> None:
    await world.hear(due(contact(1)))
    await world.send()
    await world.hear(due(contact(1), contact(2, vehicle=GOLF)))
    await world.send()
    assert "Octavia" not in world.mails()[1].part("plain")
    assert [event.invitations() for event in await world.told(MessageAccepted)] == [{invitation(1): 1}, {invitation(2): 1}]


async def test_without_the_dealers_legal_identity_nothing_leaves_and_it_says_why(world: World) -> None:
    await world.hear(dealer(2, sender=Sender(email="post@nordhavn.example")), due())
    again = await world.send()
    row = await world.row()
    assert (row.state, row.waits, world.mails()) == ("due", "sender_incomplete", [])
    assert again is not None
    assert again > NINE
    world.rt.later(hours=1)
    await world.hear(dealer(3))
    await world.send()
    assert len(world.mails()) == 1


async def test_a_message_that_cannot_be_written_keeps_no_other_from_leaving(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = dict(texts.words("da", "service") or {})
    broken = words | {"mail": {"1": {**words["mail"]["1"], "opening": "{{ nothing_like_that }}"}}}
    monkeypatch.setattr(texts, "words", lambda language, name: broken if name == "service" else _words(language, name))
    await world.hear(due(contact(1)), due(contact(2), channel="sms"))
    await world.send()
    waits = await world.rt.sql(DEALER, "select channel, state, waits from notifier.message order by channel")
    assert [tuple(row) for row in waits] == [("email", "due", "cannot_be_written"), ("sms", "accepted", None)]
    assert world.mails() == []


async def test_a_dealer_that_never_completes_its_sender_gets_it_back_as_too_late(world: World) -> None:
    await world.hear(dealer(2, sender=Sender()), due())
    await world.send()
    world.rt.later(days=15)
    await world.send()
    (withdrawn,) = await world.told(ContactWithdrawn)
    assert withdrawn.because == "too_late"
    assert world.mails() == []


_words = texts.words


class Crash(BaseException):
    """The process is gone."""


async def die_at(world: World, point: str) -> None:
    def crash() -> None:
        raise Crash

    failpoints.arm(point, crash)
    with pytest.raises(Crash):
        await world.send()
    failpoints.arm(None)
