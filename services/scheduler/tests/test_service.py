"""Service by mileage, and winning back (`rules.md` 2)."""

from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scheduler_given import INVITATION, VEHICLE, as_stored, cycle, instant, left, order, served, visit, with_more

from common.events.words import Because
from common.months import add_months
from common.policy import IntervalRule, Policy
from scheduler.domain.deciding import decide_all
from scheduler.domain.facts import Answer, FollowUp, Registry, VehicleFacts, Why
from scheduler.domain.interval import KM_A_DAY_AT_MOST, believable, reached
from scheduler.domain.planning import Plan
from scheduler.domain.service import plans

D = date
KM = Policy(intervals=(IntervalRule(type="service", months=12, km=30_000),))


def mileage(facts: VehicleFacts) -> Plan | Why:
    return plans(facts, facts.visits)["service_mileage"]


def new_car(registered_on: date, *days: date, **more: Any) -> VehicleFacts:
    return served(*days, vehicle=replace(VEHICLE, first_registered_on=registered_on), **more)


@pytest.mark.parametrize(
    ("after", "is_early"),
    [(89, False), (90, True), (200, True), (273, True), (274, False), (400, False)],  # 75 % of 365 days are 273.75
)
def test_a_first_service_is_early_from_90_days_to_three_quarters_of_the_interval(after: int, is_early: bool) -> None:
    registered_on = D(2025, 1, 10)
    found = mileage(new_car(registered_on, registered_on + timedelta(days=after)))
    assert isinstance(found, Plan) is is_early
    if isinstance(found, Plan):
        assert found.due_on == registered_on + timedelta(days=2 * after)


def test_an_early_first_service_needs_to_be_the_only_one_and_the_registration_to_be_told() -> None:
    early = D(2025, 1, 10) + timedelta(days=150)
    assert isinstance(mileage(new_car(D(2025, 1, 10), early, early + timedelta(days=300))), Why)
    assert isinstance(mileage(served(early, vehicle=type(VEHICLE)(VEHICLE.vehicle_id))), Why)


@pytest.mark.parametrize(("gap", "is_short"), [(61, True), (273, True), (274, False), (365, False)])
def test_two_services_closer_than_three_quarters_of_the_interval_come_early_again(gap: int, is_short: bool) -> None:
    last = D(2025, 6, 1)
    found = mileage(served(last - timedelta(days=gap), last))
    assert isinstance(found, Plan) is is_short
    if isinstance(found, Plan):
        assert found.invite_on is not None
        assert found.due_on == last + timedelta(days=gap)
        assert found.invite_on == max(add_months(last + timedelta(days=gap), -1), last + timedelta(days=60))


def test_the_latest_gap_does_not_teach_the_interval_that_it_is_measured_by() -> None:
    """Two years between each service, then ten months: early against 24, and would not be against 12."""
    days = (D(2019, 1, 1), D(2021, 1, 1), D(2023, 1, 1), D(2023, 11, 1))
    found = mileage(served(*days))
    assert isinstance(found, Plan)
    assert found.because.params["months"] == 24


def test_a_noted_date_replaces_early_visits_but_not_the_km_limit() -> None:
    orders = (order(1, D(2025, 1, 1)), order(2, D(2025, 6, 1), next_service_on=D(2026, 6, 1)))
    assert isinstance(mileage(served(D(2025, 1, 1), D(2025, 6, 1), orders=orders)), Why)
    driven = served(
        D(2025, 1, 1), D(2025, 6, 1), orders=orders, policy=KM, odometer=((D(2025, 1, 1), 10_000), (D(2025, 6, 1), 40_000))
    )
    found = mileage(driven)
    assert isinstance(found, Plan)
    assert found.because.params["basis"] == "km"


def driven(*readings: tuple[date, int], **more: Any) -> VehicleFacts:
    return served(D(2025, 3, 10), policy=KM, odometer=readings, **more)


def test_the_km_limit_is_reached_at_the_pace_of_the_readings_and_rounded_down() -> None:
    found = mileage(driven((D(2025, 3, 10), 60_000), (D(2025, 6, 18), 70_000)))
    assert isinstance(found, Plan)
    assert (found.due_on, found.invite_on) == (D(2026, 1, 4), D(2025, 12, 4))


def test_a_reading_of_the_registry_counts_too() -> None:
    facts = driven((D(2025, 3, 10), 60_000), registry=Registry(odometer=((D(2025, 6, 18), 70_000),)))
    assert isinstance(mileage(facts), Plan)


@pytest.mark.parametrize(
    "readings",
    [
        ((D(2025, 3, 10), 60_000),),
        ((D(2025, 3, 10), 60_000), (D(2025, 5, 8), 66_000)),  # 59 days apart
        ((D(2025, 3, 10), 60_000), (D(2025, 6, 18), 60_000)),  # not driven
        ((D(2025, 3, 10), 60_000), (D(2025, 6, 18), 62_000)),  # reached long after the year
        ((D(2020, 3, 10), 60_000), (D(2025, 6, 18), 90_000)),  # the first is older than 24 months
    ],
)
def test_without_a_pace_or_with_a_slow_one_the_standard_invitation_applies(readings: tuple[tuple[date, int], ...]) -> None:
    assert isinstance(mileage(driven(*readings)), Why)


@given(st.lists(st.tuples(st.dates(D(2020, 1, 1), D(2026, 1, 1)), st.integers(0, 500_000)), max_size=30))
def test_believable_readings_rise_and_by_no_more_than_400_km_a_day(readings: list[tuple[date, int]]) -> None:
    kept = believable(sorted(dict(readings).items()))
    assert len(kept) >= bool(readings)
    for (on, km), (later_on, later_km) in pairwise(kept):
        assert 0 <= later_km - km <= KM_A_DAY_AT_MOST * (later_on - on).days


@pytest.mark.parametrize("odd", [999_999, 5])
def test_one_odd_reading_costs_itself(odd: int) -> None:
    facts = driven((D(2025, 3, 10), 60_000), (D(2025, 4, 10), odd), (D(2025, 6, 18), 70_000))
    found = reached(facts, 30_000, facts.visits[0])
    assert found is not None
    assert found.on == D(2026, 1, 4)


@given(st.lists(st.dates(D(2019, 6, 1), D(2025, 12, 1)), min_size=1, max_size=6, unique=True))
def test_by_mileage_is_earlier_than_the_standard_and_never_within_60_days(days: list[date]) -> None:
    facts = served(*sorted(days))
    found = plans(facts, facts.visits)
    standard, early = found["service"], found["service_mileage"]
    assert isinstance(standard, Plan)
    if isinstance(early, Plan):
        assert early.invite_on is not None
        assert standard.invite_on is not None
        assert early.anchor + timedelta(days=60) <= early.invite_on < standard.invite_on


# Winning back

LAST = D(2024, 3, 10)
WON_BACK = D(2026, 2, 10)


def winback(facts: VehicleFacts, today: date = WON_BACK) -> Any:
    return decide_all(facts, today=today)["service_winback"]


def invited(**more: Any) -> VehicleFacts:
    return served(LAST, cycles=(cycle(LAST, left(1, D(2025, 2, 10)), left(2, D(2025, 2, 17), "sms"), **more),))


def test_a_skipped_service_is_won_back_a_month_before_the_second_in_a_row() -> None:
    assert winback(invited()).leaving is not None
    assert winback(served(LAST)).leaving is not None  # whether or not an invitation was sent


@pytest.mark.parametrize(
    ("answer", "reason", "leaves"),
    [
        ("no", "price", False), ("no", "other", False), ("no", None, False), ("no", "not_now", True), ("call_me", None, True),
        ("booked", None, True), ("no", "sold", False),
    ],
)  # fmt: skip
def test_any_no_but_not_now_cancels_winning_back(answer: str, reason: str | None, leaves: bool) -> None:
    facts = with_more(invited(), answers=[Answer(INVITATION, answer, reason, instant(D(2025, 2, 12)))])
    found = winback(facts)
    assert (found.leaving is not None) is leaves
    if not leaves:
        assert found.standings[-1].outcome == "answered_no"


def test_a_tyre_visit_does_not_stop_it_and_a_service_does() -> None:
    tyres = with_more(invited(), orders=[order(9, D(2025, 10, 1))], visits=[visit(9, D(2025, 10, 1), "wheel_change_winter")])
    assert winback(tyres).leaving is not None
    service = with_more(invited(), orders=[order(9, D(2025, 10, 1))], visits=[visit(9, D(2025, 10, 1))])
    assert winback(service).leaving is None


def test_two_service_types_are_60_days_apart_and_the_later_waits() -> None:
    late = served(LAST, cycles=(cycle(LAST, left(1, WON_BACK - timedelta(days=20))),))
    found = winback(late)
    assert (found.leaving, found.standings[-1].blocked) == (None, Because.DISTANCE)
    days = [WON_BACK + timedelta(days=ahead) for ahead in range(43)]
    left_on = []
    for day in days:
        found = winback(late, day)
        late = as_stored(late, found)
        left_on += [day] if found.leaving is not None else []
    assert left_on[0] == WON_BACK + timedelta(days=41)  # the 40th is a Sunday


def test_by_mileage_takes_the_place_of_the_standard_one_until_it_is_missed() -> None:
    facts = served(D(2025, 1, 15), D(2025, 7, 15))
    decided = decide_all(facts, today=D(2025, 12, 12))
    assert decided["service_mileage"].leaving is not None
    assert [why.code for why in decided["service"].reasons] == [Because.SUPERSEDED]
    missed = decide_all(facts, today=D(2026, 2, 1))
    assert missed["service_mileage"].standings[-1].outcome == "missed"
    assert missed["service"].standings[-1].stage == "planned"


def test_who_was_invited_standard_is_not_invited_by_mileage_for_the_same_service() -> None:
    facts = served(D(2025, 1, 15), D(2025, 7, 15), cycles=(cycle(D(2025, 7, 15), left(1, D(2025, 12, 1))),))
    decided = decide_all(facts, today=D(2025, 12, 12))
    assert decided["service_mileage"].leaving is None
    assert decided["service"].standings[-1].stage == "sent"


# What must not come twice, or at the wrong time


def test_winning_back_waits_60_days_after_the_invitation_of_a_noted_date() -> None:
    noted = served(D(2025, 7, 10), orders=(order(1, D(2025, 7, 10), next_service_on=D(2027, 7, 10)),))
    decided = decide_all(noted, today=D(2027, 6, 10))
    assert decided["service"].leaving is not None
    assert decided["service_winback"].leaving is None
    assert decided["service_winback"].standings[-1].invite_on == D(2027, 6, 10) + timedelta(days=60)


def test_a_step_that_is_just_leaving_keeps_others_of_its_family_away() -> None:
    leaving = replace(left(1, D(2026, 2, 3)), state="due", on=None, at=None)
    found = winback(served(LAST, cycles=(cycle(D(2024, 3, 10), leaving),)))
    assert (found.leaving, found.standings[-1].blocked) == (None, Because.DISTANCE)


def test_switching_mileage_off_brings_no_second_invitation_to_the_same_service() -> None:
    last = D(2025, 7, 15)
    sent = cycle(
        last, left(1, D(2025, 12, 12)), left(2, D(2025, 12, 19), "sms"), type="service_mileage", stage="closed", outcome="no_reaction",
        closed_on=D(2026, 2, 17),
    )  # fmt: skip
    facts = served(D(2025, 1, 15), last, cycles=(sent,), policy=Policy(types={"service_mileage": False}))
    assert decide_all(facts, today=D(2026, 6, 15))["service"].leaving is None


def test_a_no_that_staff_records_cancels_winning_back_too() -> None:
    told = with_more(invited(), follow_ups=[FollowUp(INVITATION, "answered_no", instant(D(2025, 2, 20)))])
    assert winback(told).leaving is None


@pytest.mark.parametrize("km", [1, 3, 6])
def test_a_car_that_hardly_moves_reaches_no_limit(km: int) -> None:
    assert isinstance(mileage(driven((D(2024, 6, 1), 50_000), (D(2026, 1, 10), 50_000 + km))), Why)


def test_the_lateness_clock_stands_still_whichever_block_is_the_reason() -> None:
    sent = cycle(LAST, left(1, D(2025, 12, 30)))
    held = cycle(LAST, type="service_winback", held="later", invitation_id=UUID(int=7))
    facts = served(LAST, cycles=(sent, held))
    for ahead in range(18):
        found = winback(facts, WON_BACK + timedelta(days=ahead))
        facts = as_stored(facts, found)
    assert found.standings[-1].blocked == Because.HELD
