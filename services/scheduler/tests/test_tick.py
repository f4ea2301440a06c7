"""The tick of the dealer's day on a real database: what leaves, when, bundled how, and never twice."""

from datetime import date, timedelta

import pytest
from scheduler_world import INVITED, LAST, REMINDED, World, about, at, history, open_order_read, order, steps, visit

from common.events.answers import InvitationHeld, InvitationRestored
from common.events.customers import CustomerChanged, VehicleChanged
from common.events.messages import ContactWithdrawn, MessageAccepted, MessageRefused, MessageUnknown
from common.ids import CustomerId, derived_id
from common.testing.nordhavn import ANNE, GOLF, OCTAVIA, anne, dealer, golf
from common.testing.runtime import DEALER


async def test_a_yearly_service_leads_to_a_mail_eleven_months_later_and_an_sms_a_week_after(world: World) -> None:
    await world.begin(*history())
    sent = await world.days(date(2026, 2, 1), date(2026, 4, 30))
    assert steps(sent) == [(INVITED, 1, "email"), (REMINDED, 2, "sms")]
    closed = await world.invitation()
    assert (closed.stage, closed.outcome, closed.closed_on) == ("closed", "no_reaction", REMINDED + timedelta(days=60))


async def test_the_message_says_when_and_until_when_it_may_leave_and_whose_it_is(world: World) -> None:
    await world.begin(*history())
    await world.tick(INVITED)
    message = await world.one_due()
    invitation = await world.invitation()
    assert (message.customer_id, message.channel, message.timezone) == (ANNE, "email", "Europe/Copenhagen")
    assert (message.send_on, message.not_after) == (INVITED, INVITED + timedelta(days=14))
    assert (f"{message.send_from:%H:%M}", f"{message.send_to:%H:%M}") == ("09:00", "18:00")
    (contact,) = message.contacts
    assert (contact.invitation_id, contact.step, contact.code) == (invitation.invitation_id, 1, invitation.code)
    assert contact.due_on == date(2026, 3, 10)


async def test_a_tick_again_the_same_day_publishes_nothing_twice(world: World) -> None:
    await world.begin(*history())
    await world.tick(INVITED)
    assert len(await world.due()) == 1
    for minute in (0, 1, 30):
        await world.tick(INVITED, 9, minute)
    assert await world.due() == []


async def test_a_tick_before_the_window_sends_nothing_and_says_when_it_opens(world: World) -> None:
    await world.begin(*history())
    assert await world.tick(INVITED, 6) == at(INVITED)
    assert await world.due() == []


async def test_a_tick_that_wakes_late_still_sends_before_the_window_ends(world: World) -> None:
    await world.begin(*history())
    await world.tick(INVITED, 17, 59)
    assert len(await world.due()) == 1


async def test_a_tick_that_wakes_after_the_window_sends_on_the_next_sending_day(world: World) -> None:
    await world.begin(*history())
    assert await world.tick(INVITED, 18) == at(INVITED + timedelta(days=1))
    assert await world.due() == []
    assert len(await world.send(INVITED + timedelta(days=1))) == 1


@pytest.mark.parametrize("day", [date(2026, 3, 30), date(2026, 10, 26)])
async def test_the_window_opens_by_the_wall_clock_whatever_the_season(world: World, day: date) -> None:
    """The Mondays after the clocks changed: 9 o'clock is 7 or 8 in UTC."""
    last = day.replace(year=2025, month=day.month + 1)
    await world.begin(*history(on=last))
    wanted = await world.tick(day - timedelta(days=3))
    assert wanted == at(day)
    assert wanted.hour == (7 if day.month == 3 else 8)
    await world.tick(day)
    assert (await world.one_due()).send_on == day


async def test_after_downtime_what_was_missed_leaves_within_14_days_and_not_after(world: World) -> None:
    await world.begin(*history())
    assert len(await world.send(INVITED + timedelta(days=14))) == 1


async def test_after_downtime_beyond_the_limit_it_is_missed(world: World) -> None:
    await world.begin(*history())
    assert await world.send(INVITED + timedelta(days=15)) == []
    assert (await world.invitation()).outcome == "missed"


async def test_the_tick_asks_to_run_again_when_something_is_next_looked_at(world: World) -> None:
    await world.begin(*history())
    assert await world.tick(date(2026, 1, 21)) == at(date(2026, 1, 31))  # six weeks before the summer season the dealer is asked
    assert await world.tick(date(2026, 1, 31)) == at(date(2026, 2, 3))  # a week ahead it becomes pending
    assert await world.tick(date(2026, 2, 3)) == at(INVITED)


async def test_what_a_tick_costs_follows_what_is_due(world: World) -> None:
    await world.begin(*history())
    before = await world.rt.sql(DEALER, "select decided_on from scheduler.decision")
    await world.tick(date(2026, 1, 25))
    assert await world.rt.sql(DEALER, "select decided_on from scheduler.decision") == before


async def test_two_vehicles_due_the_same_day_leave_in_one_message_and_are_reminded_in_one(world: World) -> None:
    await world.begin(golf(), *history(), *history(vehicle=GOLF, number=2))
    sent = await world.days(INVITED, REMINDED)
    assert [sorted(contact.vehicle_id for contact in message.contacts) for _, message in sent] == [[OCTAVIA, GOLF]] * 2
    assert steps(sent) == [(INVITED, 1, "email")] * 2 + [(REMINDED, 2, "sms")] * 2


async def test_a_vehicle_due_two_days_later_waits_until_five_days_lie_between(world: World) -> None:
    await world.begin(golf(), *history(), *history(vehicle=GOLF, number=2, on=LAST + timedelta(days=2)))
    sent = await world.days(INVITED, INVITED + timedelta(days=6))
    assert steps(sent) == [(INVITED, 1, "email"), (INVITED + timedelta(days=6), 1, "email")]  # the fifth day is a Sunday


async def test_customers_with_one_address_keep_the_distance_and_share_a_message(world: World) -> None:
    wife = CustomerId(derived_id("customer", "wife"))
    await world.begin(
        golf(), CustomerChanged(customer_id=wife, revision=1, email="anne@example.com", mobile=None), *history(),
        order(2, LAST, vehicle=GOLF, customer=wife), visit(2, LAST, "service", vehicle=GOLF),
    )  # fmt: skip
    (_, message), *rest = await world.days(INVITED, INVITED + timedelta(days=1))
    assert (len(message.contacts), rest) == (2, [])


async def test_a_refused_mail_goes_by_sms_the_same_day_as_the_same_contact(world: World) -> None:
    await world.begin(*history())
    await world.tick(INVITED)
    mail = await world.one_due()
    await world.hear(about(MessageRefused, mail, INVITED, because="no such mailbox"))
    await world.tick(INVITED, 9, 2)
    sms = await world.one_due()
    assert (sms.channel, sms.send_on, sms.contacts[0].step) == ("sms", INVITED, 1)
    assert sms.contacts[0].invitation_id == mail.contacts[0].invitation_id
    assert sms.message_id != mail.message_id
    await world.hear(about(MessageAccepted, sms, INVITED, local_on=INVITED))
    assert [(step, state) for _, step, state in await world.contacts()] == [(1, "accepted")]


async def test_a_mail_refused_where_there_is_no_mobile_waits_for_an_address(world: World) -> None:
    await world.begin(anne(2, mobile=None), *history())
    await world.tick(INVITED)
    await world.hear(about(MessageRefused, await world.one_due(), INVITED, because="no such mailbox"))
    await world.tick(INVITED + timedelta(days=1))
    assert (await world.due(), (await world.invitation()).blocked) == ([], "no_address")


async def test_what_nobody_knows_of_counts_as_sent(world: World) -> None:
    await world.begin(*history())
    await world.tick(INVITED)
    await world.hear(about(MessageUnknown, await world.one_due(), INVITED, local_on=INVITED, because="timeout"))
    assert [(step, state) for _, step, state in await world.contacts()] == [(1, "unknown")]
    assert steps(await world.days(INVITED + timedelta(days=1), REMINDED)) == [(REMINDED, 2, "sms")]


async def test_a_withdrawn_contact_was_never_sent_and_is_decided_again(world: World) -> None:
    await world.begin(*history())
    await world.tick(INVITED)
    first = await world.one_due()
    held = {"invitation_id": first.contacts[0].invitation_id, "vehicle_id": OCTAVIA}
    await world.hear(InvitationHeld(**held, at=at(INVITED, 9, 1)), about(ContactWithdrawn, first, INVITED, because="held"))
    assert ((await world.invitation()).blocked, await world.contacts()) == ("held", [])
    await world.tick(INVITED + timedelta(days=1))
    assert await world.due() == []
    await world.hear(InvitationRestored(**held, at=at(INVITED + timedelta(days=1), 12)))
    assert steps(await world.days(INVITED + timedelta(days=2), INVITED + timedelta(days=2))) == [
        (INVITED + timedelta(days=2), 1, "email")
    ]


async def test_a_message_withdrawn_in_part_leaves_the_other_contact_alone(world: World) -> None:
    await world.begin(golf(), *history(), *history(vehicle=GOLF, number=2))
    await world.tick(INVITED)
    message = await world.one_due()
    only = message.model_copy(update={"contacts": message.contacts[:1]})
    rest = message.model_copy(update={"contacts": message.contacts[1:]})
    await world.hear(about(ContactWithdrawn, only, INVITED, because="held"))
    await world.hear(about(MessageAccepted, rest, INVITED, local_on=INVITED))
    assert [(invitation, state) for invitation, _, state in await world.contacts()] == [
        (rest.contacts[0].invitation_id, "accepted")
    ]


async def test_an_open_service_order_blocks_and_the_invitation_leaves_once_it_is_cancelled(world: World) -> None:
    opened = order(9, None, changed_on=date(2026, 2, 5))
    await world.begin(*history(), opened, open_order_read(9, "service"))
    assert await world.days(INVITED, INVITED + timedelta(days=20)) == []
    assert (await world.invitation()).blocked == "open_order"
    await world.hear(order(9, None, revision=2, status="cancelled"), open_order_read(9, revision=2, open=False))
    assert steps(await world.days(date(2026, 3, 3), date(2026, 3, 4))) == [(date(2026, 3, 3), 1, "email")]


async def test_a_dealer_that_nobody_has_told_of_yet_has_no_tick(world: World) -> None:
    await world.hear(anne(), *history())
    assert await world.tick(INVITED) is None
    await world.hear(dealer(), VehicleChanged(vehicle_id=OCTAVIA, revision=1))
    assert len(await world.send(INVITED)) == 1
