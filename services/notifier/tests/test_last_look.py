"""The last look: what was said since a message was decided keeps it from leaving, and the contact may be made later."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from common import db
from common.bus import log
from common.bus.envelope import seal
from common.events import Event
from common.events.answers import ContactSuppressed, CustomerExcluded, FollowUpRecorded, InvitationHeld, InvitationRestored
from common.events.appointments import AppointmentChanged
from common.events.customers import CustomerMerged
from common.events.messages import ContactWithdrawn, MessageAccepted
from common.ids import AppointmentId, new_id
from common.testing.nordhavn import ANNE, BO, GOLF, NINE, OCTAVIA, World, anne, answered, bo, contact, due, invitation
from common.testing.runtime import DEALER

LATER = NINE + timedelta(minutes=5)


def booked(status: str = "booked", *, revision: int = 1, **more: Any) -> AppointmentChanged:
    values: dict[str, Any] = {"vehicle_id": OCTAVIA, "starts_at": NINE + timedelta(days=3), "made_at": NINE} | more
    return AppointmentChanged(revision=revision, appointment_id=AppointmentId(ANNE), status=status, **values)


def held(number: int = 1) -> InvitationHeld:
    return InvitationHeld(invitation_id=invitation(number), vehicle_id=OCTAVIA, at=LATER)


SINCE: list[tuple[Event, str]] = [
    (answered("booked", at=LATER), "booked"),
    (answered("call_me", at=LATER), "answered"),
    (answered("no", at=LATER, reason="price"), "answered"),
    (answered("booking_started", at=LATER), "answered"),
    (answered("unsubscribe", at=LATER), "suppressed"),
    (ContactSuppressed(customer_id=ANNE, at=LATER), "suppressed"),
    (ContactSuppressed(customer_id=ANNE, channel="email", at=LATER), "suppressed"),
    (held(), "held"),
    (CustomerExcluded(customer_id=ANNE, at=LATER), "excluded"),
    (CustomerExcluded(vehicle_id=OCTAVIA, at=LATER), "excluded"),
    (FollowUpRecorded(invitation_id=invitation(), vehicle_id=OCTAVIA, outcome="booked", at=LATER), "answered"),
    (booked(), "appointment_ahead"),
    (booked(vehicle_id=None, customer_id=ANNE), "appointment_ahead"),
    (booked(invitation_id=invitation()), "booked"),
]


@pytest.mark.parametrize(("said", "because"), SINCE)
async def test_what_was_said_since_withdraws_the_contact(world: World, said: Event, because: str) -> None:
    await world.hear(due())
    world.rt.later(minutes=5)
    await world.hear(said)
    await world.send()
    assert (world.mails(), world.sms.taken) == ([], [])
    (withdrawn,) = await world.told(ContactWithdrawn)
    assert (withdrawn.because, withdrawn.invitations()) == (because, {invitation(): 1})
    assert await world.contacts() == {(invitation(), 1): "withdrawn"}
    assert await world.states() == ["withdrawn"]


BEFORE: list[Event] = [
    booked(),  # another kind of appointment, which the scheduler weighed
    answered("booking_started"),
    ContactSuppressed(customer_id=ANNE, channel="sms", at=NINE),
    ContactSuppressed(customer_id=BO, at=NINE),
    answered("no", number=2),
    held(2),
    CustomerExcluded(vehicle_id=GOLF, at=NINE),
]


@pytest.mark.parametrize("said", BEFORE)
async def test_what_the_scheduler_could_weigh_or_what_concerns_others_stops_nothing(world: World, said: Event) -> None:
    await world.hear(said)
    world.rt.later(minutes=2)
    await world.hear(due())
    await world.send()
    assert len(world.mails()) == 1


async def test_what_was_told_while_it_was_decided_may_not_have_been_weighed(world: World) -> None:
    await world.hear(booked())
    world.rt.later(minutes=2)
    await world.hear(due(decided_at=NINE + timedelta(seconds=2)))
    await world.send()
    assert world.mails() == []
    (withdrawn,) = await world.told(ContactWithdrawn)
    assert withdrawn.because == "appointment_ahead"


async def test_in_a_message_to_a_shared_address_each_contact_is_held_against_its_own_customer(world: World) -> None:
    his = contact(2, vehicle=GOLF).model_copy(update={"customer_id": BO})
    await world.hear(bo(), due(contact(1), his))
    world.rt.later(minutes=5)
    await world.hear(CustomerExcluded(customer_id=BO, at=LATER))
    await world.send()
    assert await world.contacts() == {(invitation(1), 1): "accepted", (invitation(2), 1): "withdrawn"}


async def test_an_address_that_somebody_else_unsubscribed_is_written_to_no_more(world: World) -> None:
    await world.hear(bo(email="anne@example.com"), due())
    world.rt.later(minutes=5)
    await world.hear(ContactSuppressed(customer_id=BO, at=LATER))
    await world.send()
    assert world.mails() == []
    (withdrawn,) = await world.told(ContactWithdrawn)
    assert withdrawn.because == "suppressed"


async def test_while_something_of_the_customer_is_set_aside_nothing_leaves(world: World) -> None:
    await world.hear(due())
    await world.rt.sql(
        DEALER,
        """insert into notifier.parked (consumer, topic, part, off, id, dealer_id, key, type, at, headers, body, error, tries)
        values ('notifier', 'answers', 0, 0, gen_random_uuid(), :dealer, :key, 'customer.answered.v1', now(), '{}', '', 'x', 3)""",
        dealer=DEALER,
        key=OCTAVIA,
    )
    await world.send()
    assert world.mails() == []
    (withdrawn,) = await world.told(ContactWithdrawn)
    assert withdrawn.because == "fact_parked"


async def test_a_withdrawn_contact_may_be_claimed_again_as_the_same_row(world: World) -> None:
    first = due()
    await world.hear(first)
    world.rt.later(minutes=5)
    await world.hear(held())
    await world.send()
    world.rt.later(minutes=5)
    await world.hear(InvitationRestored(vehicle_id=OCTAVIA, invitation_id=invitation(), at=LATER + timedelta(minutes=5)), due())
    await world.send()
    assert len(world.mails()) == 1
    assert await world.contacts() == {(invitation(), 1): "accepted"}


async def test_the_same_message_may_be_said_to_be_due_again_after_it_was_withdrawn(world: World) -> None:
    message_id = new_id()
    await world.hear(due(message_id=message_id))
    world.rt.later(minutes=5)
    await world.hear(booked())
    await world.send()
    world.rt.later(minutes=2)
    await world.hear(due(message_id=message_id))  # decided anew, knowing of the appointment
    again = await world.send()
    assert again == LATER + timedelta(minutes=3)  # slowly, should the two of us never agree
    world.rt.at(again)
    await world.send()
    assert len(world.mails()) == 1
    assert len(await world.told(ContactWithdrawn)) == 1


async def test_an_answer_stops_a_reminder_whenever_it_came(world: World) -> None:
    await world.hear(answered("call_me"))
    world.rt.later(hours=1)
    await world.hear(due(contact(step=2)))
    await world.send()
    assert world.mails() == []


async def test_of_several_vehicles_only_the_touched_one_stays_behind(world: World) -> None:
    await world.hear(due(contact(1), contact(2, vehicle=GOLF)))
    world.rt.later(minutes=5)
    await world.hear(booked())
    await world.send()
    (mail,) = world.mails()
    assert "Golf" in mail.part("plain")
    assert "Octavia" not in mail.part("plain")
    (withdrawn,) = await world.told(ContactWithdrawn)
    assert withdrawn.invitations() == {invitation(1): 1}
    assert await world.contacts() == {(invitation(1), 1): "withdrawn", (invitation(2), 1): "accepted"}


async def test_a_hold_and_its_undoing_count_in_the_order_in_which_they_were_said(world: World) -> None:
    restored = InvitationRestored(vehicle_id=OCTAVIA, customer_id=ANNE, at=LATER + timedelta(minutes=1))
    await world.hear(restored, held(), CustomerExcluded(customer_id=ANNE, at=LATER), due())  # heard in the wrong order
    await world.send()
    assert len(world.mails()) == 1


async def test_a_suppression_of_a_merged_customer_is_one_of_both(world: World) -> None:
    await world.hear(due())
    await world.hear(ContactSuppressed(customer_id=BO, at=NINE), CustomerMerged(revision=1, customer_id=BO, into_id=ANNE))
    await world.send()
    assert world.mails() == []


async def test_a_message_to_a_customer_that_was_merged_goes_to_the_one_in_use(world: World) -> None:
    await world.hear(due(customer_id=BO), CustomerMerged(revision=1, customer_id=BO, into_id=ANNE), anne(2))
    await world.send()
    assert world.mails()[0].to == ("anne@example.com",)


async def test_an_old_state_published_again_touches_nothing(world: World) -> None:
    await world.hear(booked())
    world.rt.later(minutes=5)
    await world.hear(due())
    world.rt.later(minutes=5)
    await world.hear(booked())  # republished: the same revision
    await world.send()
    assert len(world.mails()) == 1


async def test_nothing_leaves_while_what_was_said_has_not_been_heard(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async def behind(*_: Any, **__: Any) -> bool:
        return False

    await world.hear(due())
    with monkeypatch.context() as patch:
        patch.setattr(world.rt, "caught_up", behind)
        again = await world.send()
    row = await world.row()
    assert (row.state, row.waits, world.mails()) == ("due", "not_caught_up", [])
    assert again is not None
    assert again <= NINE + timedelta(seconds=5)
    world.rt.at(again)
    await world.send()
    assert len(world.mails()) == 1
    assert len(await world.told(MessageAccepted)) == 1


async def test_no_send_starts_after_a_booking_is_committed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The booking is committed on api's log after the claim, and nobody has handed it to us: the look goes and reads it."""
    await world.hear(due())
    world.rt.later(minutes=5)
    (errand,) = world.rt.errands
    claim = errand._claim  # type: ignore[attr-defined]

    async def claim_then_book(*arguments: Any) -> Any:
        if claimed := await claim(*arguments):
            await commit(world, answered("booked", at=LATER))
        return claimed

    monkeypatch.setattr(errand, "_claim", claim_then_book)
    await world.send()
    assert world.mails() == []
    (withdrawn,) = await world.told(ContactWithdrawn)
    assert withdrawn.because == "booked"


async def commit(world: World, event: Event) -> None:
    """Append an event to its writer's log, as that writer."""
    engine = db.engine(world.rt.settings, event.topic.writer)
    async with AsyncSession(engine) as session, session.begin():
        await log.append(session, event.topic.writer, [seal(event, DEALER, world.rt.clock.now(), None)])
    await engine.dispose()
