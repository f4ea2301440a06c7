"""Facts in any order, twice, moved, merged and told again: the same invitations, and never a third contact."""

import asyncio
import random
from collections.abc import Iterable
from datetime import date, timedelta
from uuid import UUID

import pytest
from scheduler_world import (
    INVITED,
    LAST,
    REMINDED,
    World,
    about,
    appointment,
    appointment_read,
    at,
    history,
    open_order_read,
    order,
    source,
    steps,
    twin,
    visit,
)  # fmt: skip

from common.bus.envelope import seal
from common.clock import FixedClock
from common.errors import DomainError
from common.events import Event, State
from common.events.answers import ContactSuppressed, CustomerAnswered, CustomerExcluded, InvitationHeld
from common.events.customers import CustomerMerged, VehicleChanged, VehicleMerged
from common.events.invitations import InvitationChanged
from common.events.messages import MessageAccepted, MessageBounced
from common.ids import CustomerId, derived_id
from common.testing.nordhavn import ANNE, BO, GOLF, OCTAVIA, anne, dealer, golf, octavia
from common.testing.product import until
from common.testing.runtime import DEALER, OTHER_DEALER, running
from scheduler import store
from scheduler.main import service

OLD = LAST - timedelta(days=366)
TWIN = twin("the same Octavia")
EVERYTHING: tuple[Event, ...] = (
    dealer(), source(), anne(), anne(2, mobile="+4520999999"), octavia(), *history(on=OLD, number=1), *history(number=2),
    order(3, date(2025, 9, 1)), visit(3, date(2025, 9, 1), "tyre_sale"), order(4, None, changed_on=date(2026, 1, 15)),
    open_order_read(4, "tyre_sale"), appointment(1, date(2025, 12, 1), at(date(2025, 11, 1))), appointment_read(1, "wheel_change"),
    VehicleChanged(vehicle_id=TWIN, revision=1, plate="AB12345"), *history(vehicle=TWIN, number=5),
    VehicleMerged(vehicle_id=TWIN, into_id=OCTAVIA, revision=1),
)  # fmt: skip


def mixed(events: Iterable[Event], seed: int) -> list[Event]:
    """Every event twice, in an order of its own."""
    shuffled = [event for event in events for _ in range(2)]
    random.Random(seed).shuffle(shuffled)
    return shuffled


async def outcome(world: World) -> list[tuple[date, int, str]]:
    return steps(await world.days(date(2026, 1, 26), date(2026, 3, 20)))


@pytest.mark.parametrize("seed", range(8))
async def test_any_order_of_facts_each_twice_has_the_same_contacts(world: World, seed: int) -> None:
    events = mixed(EVERYTHING, seed)
    cuts = sorted(random.Random(seed).sample(range(1, len(events)), 5))
    for start, end in zip([0, *cuts], [*cuts, len(events)], strict=True):
        await world.hear(*events[start:end])
    assert await outcome(world) == [(INVITED, 1, "email"), (REMINDED, 2, "sms")]
    open_ones = [i for i in await world.invitations() if i.stage != "closed"]
    assert [(i.anchor, i.stage, i.customer_id) for i in open_ones] == [(LAST, "reminded", ANNE)]


async def test_hearing_everything_again_changes_and_tells_nothing(world: World) -> None:
    await world.hear(*EVERYTHING)
    await world.days(INVITED, INVITED)
    before, _ = await world.invitations(), await world.told(InvitationChanged)
    await world.hear(*(event for event in EVERYTHING if isinstance(event, State)))
    assert (await world.invitations(), await world.told(InvitationChanged), await world.due()) == (before, [], [])


async def test_an_older_revision_after_a_newer_one_changes_nothing(world: World) -> None:
    await world.begin(order(1, LAST, revision=2), visit(1, LAST, "brakes", revision=2))
    await world.hear(order(1, LAST), visit(1, LAST, "service"))
    assert await world.invitations() == []


async def test_an_invitation_is_told_only_when_it_changes_and_each_time_with_the_next_revision(world: World) -> None:
    await world.begin(*history())
    for day in range(1, 15):
        await world.tick(date(2026, 1, 20) + timedelta(days=day))
    told = [one for one in await world.told(InvitationChanged) if one.type == "service"]
    assert [(one.revision, one.stage) for one in told] == [(1, "planned"), (2, "pending")]
    assert len({one.code for one in told}) == 1


async def test_the_classifier_being_away_keeps_everybody_with_an_unread_order_from_being_invited(world: World) -> None:
    await world.begin(*history())
    await world.hear(order(2, date(2026, 2, 5)))
    assert await world.days(INVITED, INVITED + timedelta(days=5)) == []
    assert (await world.invitation()).blocked == "order_unread"
    await world.hear(visit(2, date(2026, 2, 5), "service"))
    assert await world.days(date(2026, 2, 16), date(2026, 3, 20)) == []
    assert [(i.outcome, i.stage) for i in await world.invitations()] == [("superseded", "closed"), (None, "planned")]


async def test_a_visit_read_before_the_order_was_corrected_does_not_count_as_read(world: World) -> None:
    await world.begin(*history())
    await world.hear(order(1, LAST, revision=2))
    assert (await world.invitation()).blocked == "order_unread"
    await world.hear(visit(1, LAST, "service", revision=2))
    assert (await world.invitation()).blocked is None


async def test_a_silent_source_blocks_until_it_answers(world: World) -> None:
    await world.begin(*history(), source(2, polled=True, fresh_at=at(date(2026, 2, 6), 8)))
    await world.tick(INVITED)
    assert (await world.due(), (await world.invitation()).blocked) == ([], "source_stale")
    await world.hear(source(3, polled=True, fresh_at=at(INVITED, 10)))
    assert steps(await world.days(INVITED + timedelta(days=1), INVITED + timedelta(days=1))) == [
        (INVITED + timedelta(days=1), 1, "email")
    ]


async def test_a_service_read_elsewhere_moves_the_invitation_without_a_third_contact(world: World) -> None:
    """Contacted twice; then the last service is dated five weeks later: the same invitation, nothing leaves again."""
    await world.begin(*history())
    sent = await world.days(INVITED, REMINDED)
    before = await world.invitation()
    moved = LAST + timedelta(days=35)
    await world.hear(order(1, moved, revision=2), visit(1, moved, "service", revision=2))
    assert await world.days(REMINDED + timedelta(days=1), date(2026, 6, 30)) == []
    after = await world.invitation()
    assert (len(sent), after.invitation_id, after.anchor, after.outcome) == (2, before.invitation_id, moved, "no_reaction")


async def test_a_service_taken_back_after_two_contacts_leads_to_no_third(world: World) -> None:
    await world.begin(*history(on=OLD, number=1), *history(number=2))
    assert len(await world.days(INVITED, REMINDED)) == 2
    await world.hear(visit(2, LAST, "brakes", revision=2, text_revision=1))
    sent = await world.days(REMINDED + timedelta(days=1), date(2026, 7, 31))
    assert {part.type for _, message in sent for part in message.contacts} <= {"service_winback"}  # of the year before


async def test_a_visit_read_as_service_only_later_moves_the_date_and_step_1_keeps_60_days(world: World) -> None:
    """Invited for the service of March; a visit of June before turns out to have been one: its own day comes, no sooner."""
    june = date(2025, 6, 2)
    await world.begin(*history(), order(2, june), visit(2, june, "brakes"))
    await world.days(INVITED, INVITED)
    await world.hear(visit(2, june, "service", revision=2, text_revision=1))
    sent = steps(await world.days(INVITED + timedelta(days=1), date(2026, 6, 30)))
    assert sent == [(date(2026, 5, 4), 1, "email"), (date(2026, 5, 11), 2, "sms")]  # 2 May is a Saturday


async def test_an_invitation_closed_because_its_anchor_moved_stays_closed_as_it_was(world: World) -> None:
    june = date(2025, 6, 2)
    await world.begin(*history(), order(2, june), visit(2, june, "brakes"))
    await world.days(INVITED, INVITED)
    await world.hear(visit(2, june, "service", revision=2, text_revision=1))
    assert (await world.invitations())[0].outcome == "visited"
    await world.hear(order(3, date(2026, 4, 20)), visit(3, date(2026, 4, 20), "brakes"))
    await world.days(date(2026, 4, 20), date(2026, 5, 4))
    assert (await world.invitations())[0].outcome == "visited"


async def test_a_merged_vehicle_keeps_its_contacts_and_gets_no_third(world: World) -> None:
    """Two records of one car: one was invited and reminded before they became one."""
    await world.begin(VehicleChanged(vehicle_id=TWIN, revision=1), *history(vehicle=TWIN, number=5))
    assert len(await world.days(INVITED, REMINDED)) == 2
    await world.hear(*history(), VehicleMerged(vehicle_id=TWIN, into_id=OCTAVIA, revision=1))
    assert await world.days(REMINDED + timedelta(days=1), date(2026, 7, 31)) == []


@pytest.mark.parametrize("apart", [0, 1, 20])
async def test_two_invitations_of_one_car_become_one_when_it_merges(world: World, apart: int) -> None:
    """Both records had an invitation of their own, one of them contacted: after the merge its contacts are the car's."""
    await world.begin(
        VehicleChanged(vehicle_id=TWIN, revision=1), *history(vehicle=TWIN, number=5), *history(on=LAST + timedelta(days=apart)),
        CustomerExcluded(vehicle_id=OCTAVIA, reason="not this record", at=at(date(2026, 1, 20))),
    )  # fmt: skip
    sent = steps(await world.days(INVITED, INVITED))
    await world.hear(VehicleMerged(vehicle_id=TWIN, into_id=OCTAVIA, revision=1))
    sent += steps(await world.days(INVITED + timedelta(days=1), date(2026, 7, 31)))
    assert [step for _, step, _ in sent] in ([1], [1, 2])


async def test_a_merged_customer_is_invited_as_who_he_became(world: World) -> None:
    await world.begin(anne(2, mobile=None), *history())
    await world.days(date(2026, 1, 26), date(2026, 1, 26))
    bo = anne().model_copy(update={"customer_id": BO, "email": "anne@example.com"})
    await world.hear(bo, CustomerMerged(customer_id=ANNE, into_id=BO, revision=1))
    (_, message), *_ = await world.days(INVITED, REMINDED)
    assert message.customer_id == BO


async def test_an_unsubscribed_customer_is_not_contacted_and_a_relative_loses_only_that_address(world: World) -> None:
    wife = CustomerId(derived_id("customer", "wife"))
    await world.begin(
        golf(), *history(), anne().model_copy(update={"customer_id": wife, "mobile": "+4520111111"}),
        order(2, LAST, vehicle=GOLF, customer=wife), visit(2, LAST, "service", vehicle=GOLF),
        ContactSuppressed(customer_id=ANNE, at=at(date(2026, 1, 20))),
    )  # fmt: skip
    sent = await world.days(INVITED, INVITED)
    assert steps(sent) == [(INVITED, 1, "sms")]
    assert sent[0][1].customer_id == wife


async def test_unsubscribing_covers_addresses_that_come_later(world: World) -> None:
    await world.begin(*history(), ContactSuppressed(customer_id=ANNE, at=at(date(2026, 1, 20))))
    await world.hear(anne(2, email="anne.holm@example.com", mobile="+4520777777"))
    assert await world.days(INVITED, date(2026, 3, 20)) == []
    assert (await world.invitation()).outcome == "suppressed"


async def test_an_address_that_was_unsubscribed_stays_so_when_its_customer_gets_another(world: World) -> None:
    wife = CustomerId(derived_id("customer", "wife"))
    await world.begin(
        golf(), ContactSuppressed(customer_id=ANNE, at=at(date(2026, 1, 20))), anne(2, email="new@example.com"),
        anne().model_copy(update={"customer_id": wife, "mobile": "+4520111111"}),
        order(2, LAST, vehicle=GOLF, customer=wife), visit(2, LAST, "service", vehicle=GOLF),
    )  # fmt: skip
    assert steps(await world.days(INVITED, INVITED)) == [(INVITED, 1, "sms")]


async def test_an_address_that_more_than_3_customers_have_counts_as_none(world: World) -> None:
    others = [anne().model_copy(update={"customer_id": derived_id("other", n), "mobile": None}) for n in range(3)]
    await world.begin(*history(), *others)
    assert steps(await world.days(INVITED, INVITED)) == [(INVITED, 1, "sms")]


async def test_the_previous_owner_is_not_invited_while_the_new_one_is_still_on_his_way(world: World) -> None:
    bo = anne().model_copy(update={"customer_id": BO, "email": "bo@example.com", "mobile": None})
    await world.begin(*history(), order(2, date(2025, 6, 1), customer=BO), visit(2, date(2025, 6, 1), "brakes"))
    assert await world.days(INVITED, INVITED) == []
    await world.hear(bo)
    assert await world.days(INVITED + timedelta(days=1), date(2026, 3, 20)) == []


async def test_a_visit_dated_after_it_arrived_counts_from_its_arrival(world: World) -> None:
    await world.begin(order(1, date(2027, 1, 20)), visit(1, date(2027, 1, 20), "service"))
    assert (await world.invitation()).anchor == date(2026, 1, 20)


async def test_an_open_order_whose_last_change_nobody_told_counts_from_when_it_came(world: World) -> None:
    await world.begin(*history(), order(9, None), open_order_read(9, "service"))
    sent = steps(await world.days(INVITED, date(2026, 4, 30)))
    assert sent[:1] == [(date(2026, 4, 21), 1, "email")]  # 90 days after 20 January


async def test_what_an_order_says_in_words_is_not_kept_here(world: World) -> None:
    await world.begin(order(1, LAST, remarks="Anne ringer selv"), visit(1, LAST, "service"))
    (row,) = await world.rt.sql(DEALER, "select body from scheduler.fact where name = 'work_order.changed.v1'")
    assert "Anne ringer selv" not in str(row.body)


async def test_one_channel_may_be_unsubscribed_alone(world: World) -> None:
    await world.begin(*history(), ContactSuppressed(customer_id=ANNE, channel="email", at=at(date(2026, 1, 20))))
    assert steps(await world.days(INVITED, REMINDED)) == [(INVITED, 1, "sms"), (REMINDED, 2, "sms")]


async def test_an_answer_acts_at_once(world: World) -> None:
    await world.begin(*history())
    await world.send(INVITED)
    invitation = await world.invitation()
    await world.hear(
        CustomerAnswered(
            invitation_id=invitation.invitation_id, vehicle_id=OCTAVIA, customer_id=ANNE, type="service", answer="call_me",
            at=at(INVITED, 12),
        )
    )  # fmt: skip
    closed = await world.invitation()
    assert (closed.stage, closed.outcome, closed.closed_on) == ("closed", "call_me", INVITED)
    assert await world.days(INVITED + timedelta(days=1), REMINDED) == []


async def test_a_bounce_does_not_stop_a_reminder_by_sms(world: World) -> None:
    await world.begin(*history())
    (message,) = await world.send(INVITED)
    await world.hear(about(MessageBounced, message, INVITED, because="mailbox full"))
    assert steps(await world.days(REMINDED, REMINDED)) == [(REMINDED, 2, "sms")]


async def test_a_hold_stops_the_reminder_of_that_invitation_only(world: World) -> None:
    await world.begin(golf(), *history(), *history(vehicle=GOLF, number=2))
    await world.send(INVITED)
    held, _ = await world.invitations()
    await world.hear(InvitationHeld(invitation_id=held.invitation_id, vehicle_id=held.vehicle_id, at=at(INVITED, 12)))
    ((_, message),) = await world.days(REMINDED, REMINDED)
    assert [contact.vehicle_id for contact in message.contacts] != [held.vehicle_id]
    assert len(message.contacts) == 1


async def test_one_dealers_facts_say_nothing_about_anothers(world: World) -> None:
    await world.begin(*history())
    assert await world.rt.sql(OTHER_DEALER, "select * from scheduler.cycle") == []
    assert await world.rt.sql(OTHER_DEALER, "select * from scheduler.fact") == []


async def test_a_restart_between_tick_and_acceptance_sends_nothing_again(world: World) -> None:
    await world.begin(*history())
    await world.tick(INVITED)
    assert len(await world.due()) == 1
    async with running(service, world.rt.settings, clock=FixedClock(at(INVITED, 9, 5))) as again:
        await again.published(DEALER)
        await again.run_job("tick", DEALER)
        assert await again.published(DEALER) == []


async def test_who_decides_with_old_facts_waits_for_who_decides_now(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two transactions decide the same vehicle: the second sees what the first wrote, so nothing is overwritten."""
    await world.begin(*history())
    await world.tick(INVITED)
    due = await world.one_due()
    world.rt.at(at(INVITED, 9, 1))
    gathered, accepting = store.vehicle_facts, []

    async def hear(event: Event) -> None:
        async with world.rt.work(DEALER) as work:
            work.cause = seal(event, DEALER, world.rt.clock.now(), None)
            await world.rt.service.handlers.handle(event, work)

    async def waits() -> bool:
        rows = await world.rt.sql(DEALER, "select 1 from pg_locks where locktype = 'advisory' and not granted")
        return bool(rows) or accepting[0].done()

    async def gather_slowly(*given: object, **more: object) -> object:
        monkeypatch.setattr(store, "vehicle_facts", gathered)
        found = await gathered(*given, **more)  # type: ignore[arg-type]
        accepting.append(asyncio.create_task(hear(about(MessageAccepted, due, INVITED, local_on=INVITED))))
        await until(waits)
        return found

    monkeypatch.setattr(store, "vehicle_facts", gather_slowly)
    await hear(octavia(2, fuel="diesel"))
    await accepting[0]
    invitation = await world.invitation()
    assert (invitation.stage, invitation.step) == ("sent", 1)
    assert steps(await world.days(INVITED + timedelta(days=1), date(2026, 3, 20))) == [(REMINDED, 2, "sms")]


async def test_a_vehicle_that_became_another_is_looked_at_no_more(world: World) -> None:
    await world.begin(VehicleChanged(vehicle_id=TWIN, revision=1, plate="AB12345"), *history(vehicle=TWIN, number=5))
    await world.days(date(2026, 2, 3), date(2026, 2, 4))
    await world.hear(VehicleMerged(vehicle_id=TWIN, into_id=OCTAVIA, revision=1))
    await world.days(date(2026, 2, 5), INVITED)
    rows = await world.rt.sql(DEALER, "select distinct vehicle_id from scheduler.decision")
    assert [row.vehicle_id for row in rows] == [OCTAVIA]


async def test_records_that_became_one_customer_do_not_make_his_address_a_placeholder(world: World) -> None:
    await world.begin(*history())
    for number in range(3):
        old = CustomerId(UUID(int=0xC0 + number))
        same = anne().model_copy(update={"customer_id": old})
        await world.hear(same, CustomerMerged(customer_id=old, into_id=ANNE, revision=1))
    assert steps(await world.days(INVITED, INVITED)) == [(INVITED, 1, "email")]


async def test_settings_that_cannot_be_read_leave_those_before_them_in_force(world: World) -> None:
    off = {"types": {"service": False}}
    await world.begin(dealer(2, settings=off), *history())
    with pytest.raises(DomainError, match=r"sending\.from"):  # the consumer parks it
        await world.hear(dealer(3, settings={"sending": {"from": "late"}}))
    assert await world.days(INVITED, INVITED) == []


async def test_a_setting_that_a_newer_api_knows_keeps_the_others(world: World) -> None:
    await world.begin(dealer(2, settings={"moon": "full", "types": {"service": False}}), *history())
    assert await world.days(INVITED, INVITED) == []


async def test_the_dealers_own_address_is_not_invited(world: World) -> None:
    await world.begin(*history(), anne(2, email="kunde@nordhavn.example"))
    assert await world.days(INVITED, INVITED) == []


async def test_a_source_that_answers_once_more_has_nothing_decided_again_and_one_that_was_silent_has(world: World) -> None:
    await world.begin(*history(), source(2, polled=True, fresh_at=at(date(2026, 1, 20), 8)))
    await world.rt.sql(DEALER, "update scheduler.decision set decided_on = '2020-01-01'")
    world.rt.at(at(date(2026, 1, 21), 8))
    await world.hear(source(3, polled=True, fresh_at=at(date(2026, 1, 21), 8)))
    days = await world.rt.sql(DEALER, "select distinct decided_on from scheduler.decision")
    assert [row.decided_on for row in days] == [date(2020, 1, 1)]
    world.rt.at(at(date(2026, 1, 27), 8))
    await world.hear(source(4, polled=True, fresh_at=at(date(2026, 1, 27), 8)))
    (row,) = await world.rt.sql(DEALER, "select decided_on from scheduler.decision where type = 'service'")
    assert row.decided_on == date(2026, 1, 27)
