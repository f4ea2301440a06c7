"""One decision a day about one invitation: when it leaves, is reminded, closes, and what it is told (`rules.md` 1, 2, 5, 8)."""

from datetime import date, timedelta
from uuid import UUID

import pytest
from scheduler_given import (
    ANNE,
    BO,
    INVITATION,
    anne,
    appointment,
    as_stored,
    bo,
    cycle,
    instant,
    left,
    open_order,
    order,
    served,
    visit,
    with_more,
)  # fmt: skip

from common.events.words import Because
from common.policy import IntervalRule, Policy
from scheduler.domain.deciding import decide, find_cycle
from scheduler.domain.facts import Answer, Contact, Cycle, Decision, FollowUp, Standing, VehicleFacts, Why
from scheduler.domain.planning import Plan

LAST = date(2025, 3, 10)
INVITED = date(2026, 2, 10)  # a Tuesday
REMINDED = date(2026, 2, 17)


def on(day: date, facts: VehicleFacts) -> Decision:
    return decide(facts, today=day)


def begun(on: date) -> Plan:
    """A plan that a service on that day began."""
    return Plan("service", on, Why(Because.DUE))


def current(found: Decision) -> Standing:
    return found.standings[-1]


def planned(*, anchor: date = LAST, **more: object) -> VehicleFacts:
    return served(LAST, cycles=(cycle(anchor, **more),))


def sent(*contacts: Contact, **facts: object) -> VehicleFacts:
    """Invited on its day, and whatever else left."""
    values: dict = {"cycles": (cycle(LAST, left(1, INVITED), *contacts),)} | facts
    return served(LAST, **values)


def state(found: Decision) -> tuple[str, str | None]:
    return current(found).stage, current(found).outcome


# Step 1


@pytest.mark.parametrize(
    ("today", "stage", "leaves"),
    [
        (date(2026, 1, 5), "planned", False),
        (date(2026, 2, 2), "planned", False),
        (date(2026, 2, 3), "pending", False),  # a week ahead
        (date(2026, 2, 9), "pending", False),
        (INVITED, "pending", True),
        (date(2026, 2, 13), "pending", True),
        (date(2026, 2, 14), "pending", False),  # a Saturday
        (date(2026, 2, 24), "pending", True),  # the last day
        (date(2026, 2, 25), "closed", False),
    ],
)
def test_an_invitation_is_planned_pending_leaves_on_its_day_or_within_14_days_and_is_missed_after(
    today: date, stage: str, leaves: bool
) -> None:
    found = on(today, planned())
    assert (current(found).stage, found.leaving is not None) == (stage, leaves)


def test_what_is_missed_says_until_when_it_could_have_left() -> None:
    found = on(date(2026, 2, 25), planned())
    assert state(found) == ("closed", "missed")
    assert current(found).reasons[-1].code == "too_late"
    assert current(found).reasons[-1].params == {"until": "2026-02-24"}


def test_the_lateness_limit_is_the_dealers() -> None:
    facts = planned()
    short = VehicleFacts(**(vars(facts) | {"policy": Policy(lateness_days=2)}))
    assert on(date(2026, 2, 12), short).leaving is not None
    assert state(on(date(2026, 2, 13), short)) == ("closed", "missed")


def test_an_invitation_of_a_saturday_leaves_on_monday_and_lateness_counts_from_there() -> None:
    last = date(2025, 3, 14)  # invited on Saturday 14 February
    facts = served(last, cycles=(cycle(last),))
    assert current(on(date(2026, 2, 10), facts)).send_on == date(2026, 2, 16)
    found = on(date(2026, 2, 16), facts)
    assert found.leaving is not None
    assert found.leaving.until == date(2026, 3, 2)


@pytest.mark.parametrize(("customer", "channel"), [(anne(), "email"), (anne(mobile=None), "email"), (anne(email=None), "sms")])
def test_step_1_goes_by_e_mail_else_by_sms(customer: object, channel: str) -> None:
    found = on(INVITED, served(LAST, customers={ANNE: customer}, cycles=(cycle(LAST),)))
    assert found.leaving is not None
    assert (found.leaving.step, found.leaving.channel) == (1, channel)


def test_what_the_notifier_has_in_hand_does_not_leave_again() -> None:
    contact = Contact(1, "due", "email", ANNE, INVITED)
    found = on(INVITED, served(LAST, cycles=(cycle(LAST, contact),)))
    assert found.leaving is None


def test_a_mail_that_was_refused_goes_by_sms_the_same_day_and_then_not_at_all() -> None:
    refused = Contact(1, "refused", "email", ANNE, INVITED, refused=frozenset({"anne@example.com"}))
    found = on(INVITED, served(LAST, cycles=(cycle(LAST, refused),)))
    assert found.leaving is not None
    assert (found.leaving.channel, found.leaving.again) == ("sms", True)
    both = Contact(1, "refused", "sms", ANNE, INVITED, refused=frozenset({"anne@example.com", "+4520123456"}))
    found = on(INVITED, served(LAST, cycles=(cycle(LAST, both),)))
    assert (found.leaving, current(found).blocked) == (None, "no_address")


def test_a_block_keeps_it_pending_is_looked_at_every_day_and_is_the_reason_it_was_missed() -> None:
    facts = planned(held="on holiday")
    for days in range(15):
        found = on(INVITED + timedelta(days=days), facts)
        assert (current(found).blocked, found.leaving) == ("held", None)
        assert found.look_on == INVITED + timedelta(days=days + 1)
    found = on(INVITED + timedelta(days=15), facts)
    assert state(found) == ("closed", "missed")
    assert current(found).reasons[-1].code == "held"


def test_the_clock_stands_still_while_an_order_of_that_kind_is_open_and_then_it_leaves_on_the_next_sending_day() -> None:
    opened = date(2026, 2, 5)
    facts = with_more(planned(), orders=[open_order(9, opened, "service")])
    one = facts.cycles[0]
    for days in range(91):
        found = on(opened + timedelta(days=days), VehicleFacts(**(vars(facts) | {"cycles": (one,)})))
        assert (current(found).blocked, found.leaving) == ("open_order", None)
        one = Cycle(**(vars(one) | {"stood_on": current(found).stood_on}))
    after = VehicleFacts(**(vars(facts) | {"cycles": (one,)}))
    assert on(opened + timedelta(days=91), after).leaving is not None


@pytest.mark.parametrize(
    ("facts", "outcome", "because"),
    [
        ({"customers": {ANNE: anne(suppressed=True)}}, "suppressed", "suppressed"),
        ({"customers": {ANNE: anne(excluded="family")}}, "excluded", "excluded"),
        ({"excluded": "museum piece"}, "excluded", "excluded"),
        ({"customers": {ANNE: anne(consents=False)}}, "excluded", "no_consent"),
        ({"answers": (Answer(INVITATION, "no", "sold", instant(date(2026, 1, 20))),)}, "answered_no", "answered"),
    ],
)
def test_a_permanent_block_is_shown_until_the_sending_day_and_closes_on_it(facts: dict, outcome: str, because: str) -> None:
    blocked = served(LAST, cycles=(cycle(LAST),), **facts)
    before = current(on(date(2026, 2, 9), blocked))
    assert (before.stage, before.blocked, before.permanent) == ("pending", because, True)
    found = on(INVITED, blocked)
    assert (*state(found), found.leaving) == ("closed", outcome, None)
    assert current(found).reasons[-1].code == because


def test_a_type_that_is_off_invites_nobody() -> None:
    found = on(INVITED, served(LAST, cycles=(cycle(LAST),), policy=Policy(types={"service": False})))
    assert (found.reasons[0].code, found.leaving, state(found)) == ("type_off", None, ("closed", "superseded"))


def test_a_vehicle_without_a_service_is_not_invited_and_says_so() -> None:
    found = on(INVITED, served(LAST, visits=(visit(1, LAST, "brakes"),)))
    assert (found.standings, [why.code for why in found.reasons]) == ((), ["no_service_known"])


def test_nothing_begins_while_a_finished_order_is_unread() -> None:
    facts = with_more(served(LAST), orders=[order(9, date(2026, 1, 20), tags=None)])
    found = on(INVITED, facts)
    assert (found.standings, found.leaving, found.reasons[0].code) == ((), None, "order_unread")


def test_the_decision_says_which_visit_which_words_and_the_arithmetic() -> None:
    why = current(on(date(2026, 1, 5), planned())).reasons[0]
    assert why.code == "due"
    assert why.params["words"] == "serviceeftersyn"
    assert {name: why.params[name] for name in ("last_on", "months", "interval_from", "due_on", "invite_on")} == {
        "last_on": "2025-03-10", "months": 12, "interval_from": "default", "due_on": "2026-03-10", "invite_on": "2026-02-10",
    }  # fmt: skip


# Who is invited


def test_invited_is_the_customer_of_the_latest_finished_order_and_history_counts_from_his_first() -> None:
    facts = served(
        LAST, orders=(order(1, LAST), order(2, date(2025, 6, 1), BO)), customers={ANNE: anne(), BO: bo()},
        visits=(visit(1, LAST), visit(2, date(2025, 6, 1), "brakes")),
    )  # fmt: skip
    assert on(INVITED, facts).reasons[0].code == "no_service_known"
    own = with_more(facts, orders=[order(3, date(2025, 8, 1), BO)], visits=[visit(3, date(2025, 8, 1))])
    found = current(on(date(2026, 1, 5), own))
    assert (found.customer_id, found.invite_on) == (BO, date(2026, 7, 1))


def test_an_order_of_an_excluded_group_leaves_the_earlier_customer_invited() -> None:
    facts = served(
        LAST, orders=(order(1, LAST), order(2, date(2025, 6, 1), BO)),
        customers={ANNE: anne(), BO: bo(groups=frozenset({"insurance"}))},
        visits=(visit(1, LAST), visit(2, date(2025, 6, 1), "bodywork")), policy=Policy(excluded_groups=frozenset({"insurance"})),
        cycles=(cycle(LAST),),
    )  # fmt: skip
    assert current(on(INVITED, facts)).customer_id == ANNE


def test_a_customer_left_out_by_his_group_is_said_to_be_excluded() -> None:
    insured = anne(groups=frozenset({"insurance"}))
    facts = served(LAST, customers={ANNE: insured}, policy=Policy(excluded_groups=frozenset({"insurance"})))
    assert "excluded" in [why.code for why in on(INVITED, facts).reasons]


# Step 2 and after


def test_the_reminder_goes_a_week_after_step_1_by_sms() -> None:
    before = on(date(2026, 2, 16), sent())
    assert (current(before).stage, current(before).send_on, before.look_on) == ("sent", REMINDED, REMINDED)
    found = on(REMINDED, sent())
    assert found.leaving is not None
    assert (found.leaving.step, found.leaving.channel) == (2, "sms")


def test_the_reminder_goes_by_the_only_channel_unless_the_dealer_wants_none() -> None:
    single = left(1, INVITED, single_channel=True)
    facts: dict = {"customers": {ANNE: anne(mobile=None)}, "cycles": (cycle(LAST, single),)}
    found = on(REMINDED, served(LAST, **facts))
    assert found.leaving is not None
    assert found.leaving.channel == "email"
    off = on(REMINDED, served(LAST, policy=Policy(remind_on_single_channel=False), **facts))
    assert (off.leaving, current(off).call_from_on) == (None, INVITED + timedelta(days=3))


def test_nobody_is_contacted_a_third_time() -> None:
    both = (left(1, INVITED), left(2, REMINDED, "sms"))
    for days in range(200):
        assert on(REMINDED + timedelta(days=days), served(LAST, cycles=(cycle(LAST, *both),))).leaving is None


def test_three_days_after_the_last_contact_is_call_now_and_after_60_days_it_closes() -> None:
    facts = served(LAST, cycles=(cycle(LAST, left(1, INVITED), left(2, REMINDED, "sms")),))
    found = current(on(REMINDED, facts))
    assert (found.stage, found.call_from_on, found.closes_on) == ("reminded", date(2026, 2, 20), date(2026, 4, 18))
    assert state(on(date(2026, 4, 17), facts)) == ("reminded", None)
    closed = on(date(2026, 4, 18), facts)
    assert (*state(closed), current(closed).reasons[-1].code) == ("closed", "no_reaction", "no_reaction")


def test_a_missed_reminder_sends_the_customer_to_follow_up() -> None:
    limit = REMINDED + timedelta(days=14)
    assert on(limit, sent()).leaving is not None
    found = on(limit + timedelta(days=1), sent())
    assert (found.leaving, current(found).stage, current(found).call_from_on) == (None, "sent", limit + timedelta(days=1))


def test_a_reminder_stopped_by_a_hold_stays_held_until_60_days() -> None:
    facts = sent(cycles=(cycle(LAST, left(1, INVITED), held="will call himself"),))
    found = on(date(2026, 4, 10), facts)
    assert (current(found).stage, current(found).blocked, current(found).call_from_on) == ("sent", "held", None)
    assert state(on(INVITED + timedelta(days=60), facts)) == ("closed", "no_reaction")


def test_step_2_goes_only_to_the_customer_of_step_1() -> None:
    facts = with_more(
        sent(customers={ANNE: anne(), BO: bo()}),
        orders=[order(2, date(2025, 1, 2), BO), order(3, date(2026, 2, 12), BO)],
        visits=[visit(3, date(2026, 2, 12), "brakes")],
    )
    assert state(on(date(2026, 2, 16), facts)) == ("closed", "owner_changed")


AFTER_STEP_1 = INVITED + timedelta(days=2)


@pytest.mark.parametrize(
    ("facts", "outcome", "because"),
    [
        ({"answers": (Answer(INVITATION, "no", "price", instant(AFTER_STEP_1)),)}, "answered_no", "answered"),
        ({"answers": (Answer(INVITATION, "call_me", None, instant(AFTER_STEP_1)),)}, "call_me", "answered"),
        ({"answers": (Answer(INVITATION, "booked", None, instant(AFTER_STEP_1)),)}, "booked", "answered"),
        ({"answers": (Answer(INVITATION, "unsubscribe", None, instant(AFTER_STEP_1)),)}, "suppressed", "answered"),
        ({"follow_ups": (FollowUp(INVITATION, "call_me", instant(AFTER_STEP_1)),)}, "call_me", "answered"),
        ({"appointments": (appointment(1, date(2026, 3, 2), AFTER_STEP_1, "service"),)}, "booked", "booked"),
        ({"customers": {ANNE: anne(suppressed=True)}}, "suppressed", "suppressed"),
        ({"excluded": "by hand"}, "excluded", "excluded"),
    ],
)
def test_what_ends_a_contacted_invitation_ends_it_at_once(facts: dict, outcome: str, because: str) -> None:
    found = on(AFTER_STEP_1, sent(**facts))
    assert (*state(found), current(found).reasons[-1].code) == ("closed", outcome, because)


def test_a_service_after_step_1_closes_it_as_visited_and_begins_the_next() -> None:
    done = date(2026, 2, 20)
    facts = with_more(sent(), orders=[order(2, done)], visits=[visit(2, done)])
    old, new = on(done, facts).standings
    assert (old.cycle.invitation_id, old.stage, old.outcome, old.reasons[0].code) == (INVITATION, "closed", "visited", "done")
    assert (new.cycle.anchor, new.stage, new.invite_on) == (done, "planned", date(2027, 1, 20))


def test_an_answer_to_another_invitation_leaves_this_one_alone() -> None:
    other = Answer(ANNE, "no", "price", instant(AFTER_STEP_1))
    assert state(on(AFTER_STEP_1, sent(answers=(other,)))) == ("sent", None)


def test_a_booking_started_still_leads_to_a_reminder_where_bookings_reach_us_and_to_a_call_where_not() -> None:
    started = (Answer(INVITATION, "booking_started", None, instant(AFTER_STEP_1)),)
    assert on(REMINDED, sent(answers=started)).leaving is not None
    found = on(REMINDED, sent(answers=started, bookings_reach_us=False))
    assert (found.leaving, current(found).call_from_on) == (None, INVITED + timedelta(days=3))


def test_an_appointment_whose_kind_nobody_can_read_closes_what_was_contacted_and_is_doubtful() -> None:
    found = on(AFTER_STEP_1, sent(appointments=(appointment(1, date(2026, 3, 2), AFTER_STEP_1),)))
    assert state(found) == ("closed", "booked")
    assert current(found).reasons[-1].params.get("doubtful")


def test_an_appointment_of_another_kind_leaves_it_open() -> None:
    found = on(AFTER_STEP_1, sent(appointments=(appointment(1, date(2026, 3, 2), AFTER_STEP_1, "wheel_change"),)))
    assert state(found) == ("sent", None)


@pytest.mark.parametrize("status", ["cancelled", "no_show"])
def test_a_booking_that_fell_through_stays_closed_and_is_called_that_day(status: str) -> None:
    fell_on = date(2026, 2, 26)
    gone = appointment(1, date(2026, 3, 2), AFTER_STEP_1, "service", status=status, changed_on=fell_on)
    found = on(fell_on, sent(appointments=(gone,)))
    assert (*state(found), current(found).call_from_on) == ("closed", "booked", fell_on)


# Which invitation an anchor belongs to


@pytest.mark.parametrize(("days", "is_same"), [(-60, True), (-1, True), (0, True), (60, True), (61, False), (-61, False)])
def test_an_anchor_corrected_by_at_most_60_days_is_the_same_invitation(days: int, is_same: bool) -> None:
    assert (find_cycle((cycle(LAST),), begun(LAST + timedelta(days=days))) is not None) is is_same


def test_a_visit_after_the_contact_begins_a_new_invitation_however_near() -> None:
    assert find_cycle((cycle(LAST, left(1, LAST + timedelta(days=30))),), begun(LAST + timedelta(days=40))) is None


def test_a_superseded_invitation_without_contact_comes_back_with_its_facts() -> None:
    superseded = cycle(LAST, stage="closed", outcome="superseded", closed_on=date(2026, 1, 20))
    found = on(date(2026, 2, 3), served(LAST, cycles=(superseded,)))
    assert (current(found).cycle.invitation_id, state(found)) == (INVITATION, ("pending", None))


@pytest.mark.parametrize("outcome", ["excluded", "answered_no", "suppressed"])
def test_an_invitation_that_ended_otherwise_does_not_come_back(outcome: str) -> None:
    over = cycle(LAST, stage="closed", outcome=outcome, closed_on=date(2026, 2, 9))
    found = on(INVITED, served(LAST, cycles=(over,)))
    assert (found.leaving, state(found)) == (None, ("closed", outcome))


@pytest.mark.parametrize("days_back", [61, 75, 100])
def test_a_service_that_turns_out_to_have_been_an_earlier_one_leads_to_no_third_contact(days_back: int) -> None:
    """Invited in February and reminded; then the visit it counted from is read as no service, and an older one counts."""
    facts = served(LAST - timedelta(days=days_back), cycles=(cycle(LAST, left(1, INVITED), left(2, REMINDED, "sms")),))
    for days in range(1, 200):
        found = on(REMINDED + timedelta(days=days), facts)
        assert found.leaving is None, f"leaves {days} days after step 2"
        facts = as_stored(facts, found)


def test_a_missed_invitation_comes_back_only_while_its_day_is_not_past() -> None:
    missed = cycle(LAST, stage="closed", outcome="missed", closed_on=date(2026, 3, 1))
    past = on(date(2026, 2, 25), served(LAST, cycles=(missed,)))
    assert (past.leaving, current(past).closed_on) == (None, date(2026, 3, 1))
    longer = Policy(intervals=(IntervalRule(type="service", months=18),))
    ahead = on(date(2026, 3, 2), served(LAST, cycles=(missed,), policy=longer))
    assert (state(ahead), current(ahead).send_on) == (("planned", None), date(2026, 8, 10))


def test_another_address_may_be_tried_after_a_refusal() -> None:
    refused = Contact(1, "refused", "email", ANNE, INVITED, refused=frozenset({"old@example.com"}))
    found = on(INVITED, served(LAST, cycles=(cycle(LAST, refused),), customers={ANNE: anne(mobile=None)}))
    assert found.leaving is not None
    assert found.leaving.channel == "email"


def test_what_the_notifier_says_nothing_of_is_shown_after_the_last_day_for_sending() -> None:
    handed = served(LAST, cycles=(cycle(LAST, Contact(1, "due", "email", ANNE, INVITED)),))
    last_day = INVITED + timedelta(days=14)
    assert (current(on(last_day, handed)).blocked, on(last_day, handed).look_on) == (None, last_day + timedelta(days=1))
    assert current(on(last_day + timedelta(days=1), handed)).blocked == "fact_parked"


# The customer's word, and appointments, whenever they were told


@pytest.mark.parametrize("reason", ["sold", "other_workshop"])
def test_who_sold_the_car_is_not_invited_in_a_cycle_found_later(reason: str) -> None:
    said = Answer(UUID(int=1), "no", reason, instant(date(2026, 1, 5)))
    found = on(INVITED, served(LAST, answers=(said,)))
    assert (found.leaving, state(found)) == (None, ("closed", "answered_no"))
    assert [why.code for why in current(found).reasons] == ["due", "answered"]


def test_sold_is_over_when_the_vehicle_visits_again() -> None:
    said = Answer(UUID(int=1), "no", "sold", instant(date(2025, 3, 9)))
    assert on(INVITED, served(LAST, answers=(said,))).leaving is not None


@pytest.mark.parametrize("reason", ["price", "not_now", "done_elsewhere"])
def test_a_no_of_another_kind_closes_the_invitation_it_answers_alone(reason: str) -> None:
    said = Answer(UUID(int=1), "no", reason, instant(date(2026, 1, 5)))
    assert on(INVITED, served(LAST, answers=(said,))).leaving is not None


def test_an_appointment_known_before_the_invitation_and_standing_again_holds_the_reminder() -> None:
    revived = appointment(1, date(2026, 2, 25), date(2026, 1, 5), "service", status="moved", changed_on=date(2026, 2, 12))
    found = on(REMINDED, sent(appointments=(revived,)))
    assert (found.leaving, current(found).blocked) == (None, "appointment_ahead")


def test_what_staff_said_before_anything_left_ends_the_invitation_on_its_day() -> None:
    settled = FollowUp(INVITATION, "booked", instant(date(2026, 2, 5)))
    found = on(INVITED, served(LAST, cycles=(cycle(LAST),), follow_ups=(settled,)))
    assert (found.leaving, state(found)) == (None, ("closed", "booked"))


FELL_THROUGH = appointment(1, date(2026, 2, 20), date(2026, 2, 12), "service", status="cancelled", changed_on=date(2026, 2, 16))


@pytest.mark.parametrize(
    ("since", "call"),
    [
        ({}, date(2026, 2, 16)),
        ({"appointments": (appointment(2, date(2026, 3, 2), date(2026, 2, 17), "service"),)}, None),
        ({"appointments": (appointment(2, date(2026, 3, 2), date(2026, 2, 17), "tyre_sale"),)}, date(2026, 2, 16)),
        ({"orders": (order(7, date(2026, 3, 2)),), "visits": (visit(7, date(2026, 3, 2)),)}, None),
        ({"follow_ups": (FollowUp(INVITATION, "answered_no", instant(date(2026, 2, 17))),)}, None),
        ({"answers": (Answer(INVITATION, "no", "price", instant(date(2026, 2, 18))),)}, None),
    ],
)
def test_who_cancelled_is_called_until_he_books_comes_or_answers(since: dict, call: date | None) -> None:
    found = on(date(2026, 3, 3), with_more(sent(appointments=(FELL_THROUGH,)), **since))
    standings = [standing for standing in found.standings if standing.cycle.invitation_id == INVITATION]
    assert [(one.outcome, one.call_from_on) for one in standings] == [("booked", call)]


def test_who_cancelled_is_called_for_60_days_at_most() -> None:
    facts = sent(appointments=(FELL_THROUGH,))
    last = date(2026, 4, 16)
    assert on(last, facts).look_on == last + timedelta(days=1)
    assert current(on(last, facts)).call_from_on == date(2026, 2, 16)
    assert current(on(last + timedelta(days=1), facts)).call_from_on is None


def test_who_falls_into_an_excluded_group_after_the_invitation_is_excluded() -> None:
    found = on(date(2026, 2, 12), sent(policy=Policy(excluded_groups=frozenset({"private"}))))
    assert state(found) == ("closed", "excluded")


def test_the_dealers_own_cars_are_not_invited() -> None:
    found = on(INVITED, served(LAST, customers={ANNE: anne(is_dealer=True)}))
    assert (found.leaving, found.reasons) == (None, (Why(Because.EXCLUDED, {"reason": "dealer"}),))


def test_a_cycle_that_a_customer_heard_of_goes_before_a_nearer_one() -> None:
    heard = cycle(LAST, left(1, INVITED), left(2, REMINDED, "sms"))
    nearer = cycle(date(2025, 4, 20), invitation_id=UUID(int=9))
    for cycles in ((heard, nearer), (nearer, heard)):
        assert find_cycle(cycles, begun(date(2025, 4, 20))) == heard
