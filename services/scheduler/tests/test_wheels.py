"""Wheel seasons: windows, audiences, and the dealing of days (`rules.md` 4)."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scheduler_given import CALENDAR, cycle, left, order, served, visit

from common.events.answers import CampaignAnswered
from common.events.words import Because
from common.ids import CampaignId
from common.policy import Policy
from scheduler.domain import campaigns, wheels
from scheduler.domain.campaigns import Campaign
from scheduler.domain.deciding import decide
from scheduler.domain.facts import Decision, Season, VehicleFacts
from scheduler.domain.wheels import Candidate, deal, fill, in_order, together

D = date
DEALER = UUID(int=0xDEA1)
HERE, THERE = UUID(int=0x1), UUID(int=0x2)
FROM, TO = D(2026, 10, 1), D(2026, 11, 8)
WINTER = D(2026, 8, 1)


def season(**more: Any) -> Season:
    values: dict[str, Any] = {"audience": frozenset({"changed", "hotel"}), "is_dealt": True, "day": D(2026, 10, 12)} | more
    return Season(UUID(int=0xCA), "wheel_winter", WINTER, FROM, TO, **values)


def changed(on: date = D(2026, 4, 1), *tags: str, told: Season | None = None, **more: Any) -> VehicleFacts:
    values: dict[str, Any] = {
        "seasons": (told or season(),),
        "visits": (visit(1, on, *(tags or ("wheel_change_summer",))),),
    } | more
    return served(on, **values)


def on(day: date, facts: VehicleFacts) -> Decision:
    return decide(facts, today=day, kind="wheel_winter")


def codes(found: Decision) -> list[str]:
    return [why.code for why in found.reasons]


# Who is invited


@pytest.mark.parametrize(
    ("changed_on", "tag", "is_invited"),
    [
        (D(2026, 4, 1), "wheel_change_summer", True),
        (D(2025, 4, 1), "wheel_change_summer", True),  # exactly 18 months before the window
        (D(2025, 3, 31), "wheel_change_summer", False),
        (D(2026, 4, 1), "wheel_change_winter", False),
        (D(2026, 6, 20), "wheel_change", True),  # no season told: June counts as summer
        (D(2025, 12, 20), "wheel_change", False),
        (D(2025, 12, 20), "tyre_hotel", True),
        (D(2026, 4, 1), "tyre_sale", False),
    ],
)
def test_who_changed_the_other_season_or_stores_here_within_18_months_is_invited(
    changed_on: date, tag: str, is_invited: bool
) -> None:
    found = on(D(2026, 10, 12), changed(changed_on, tag))
    assert (found.leaving is not None) is is_invited
    assert is_invited or codes(found) == [Because.NOT_BOUGHT_BEFORE]


@pytest.mark.parametrize(
    ("audience", "tag", "is_invited"),
    [("hotel", "tyre_hotel", True), ("hotel", "wheel_change_summer", False), ("changed", "tyre_hotel", False)],
)
def test_the_audience_is_what_the_dealer_says(audience: str, tag: str, is_invited: bool) -> None:
    found = on(D(2026, 10, 12), changed(D(2026, 3, 20), tag, told=season(audience=frozenset({audience}))))
    assert (found.leaving is not None) is is_invited


@pytest.mark.parametrize(
    ("done_on", "tag", "is_done"),
    [
        (D(2026, 8, 1), "wheel_change_winter", True),
        (D(2026, 7, 31), "wheel_change_winter", False),
        (D(2026, 9, 20), "wheel_change", True),
        (D(2026, 8, 20), "wheel_change", False),  # August counts as summer
    ],
)
def test_who_changed_since_the_first_of_august_is_done(done_on: date, tag: str, is_done: bool) -> None:
    facts = changed(
        orders=(order(1, D(2026, 4, 1)), order(2, done_on)),
        visits=(visit(1, D(2026, 4, 1), "wheel_change_summer"), visit(2, done_on, tag)),
    )
    found = on(D(2026, 10, 12), facts)
    assert (found.leaving is None) is is_done
    assert not is_done or found.standings[-1].outcome == "visited"


def test_a_season_waits_for_its_dealing_is_seen_a_week_ahead_and_ends_with_its_window() -> None:
    undealt = changed(told=season(is_dealt=False, day=None))
    assert on(D(2026, 9, 1), undealt).look_on == D(2026, 9, 24)
    waiting = changed(told=season(day=None))
    assert on(D(2026, 11, 7), waiting).standings[-1].stage == "pending"
    closed = on(TO, waiting).standings[-1]
    assert (closed.outcome, closed.reasons[-1].code) == ("missed", Because.NO_CAPACITY)


def test_it_never_leaves_after_its_window_but_the_reminder_may() -> None:
    late = changed(told=season(day=D(2026, 11, 6)), cycles=(cycle(WINTER, type="wheel_winter", held="later"),))
    closed = on(TO + timedelta(days=1), late).standings[-1]
    assert (closed.outcome, closed.reasons[-1].code) == ("missed", Because.HELD)
    sent = changed(told=season(day=D(2026, 11, 6)), cycles=(cycle(WINTER, left(1, D(2026, 11, 6)), type="wheel_winter"),))
    found = on(D(2026, 11, 13), sent)
    assert found.leaving is not None
    assert found.leaving.step == 2


def test_once_per_season_whatever_happens_to_its_window() -> None:
    sent = (cycle(WINTER, left(1, D(2026, 10, 12)), left(2, D(2026, 10, 19), "sms"), type="wheel_winter"),)
    moved = Season(
        UUID(int=0xCA), "wheel_winter", WINTER, D(2026, 10, 20), D(2026, 12, 1), frozenset({"changed"}), True, D(2026, 11, 2)
    )
    assert on(D(2026, 11, 2), changed(told=moved, cycles=sent)).leaving is None


def test_last_seasons_invitation_goes_its_way_while_the_next_season_is_planned() -> None:
    last = Season(
        UUID(int=0xCB),
        "wheel_winter",
        D(2025, 8, 1),
        D(2025, 10, 1),
        D(2025, 11, 8),
        frozenset({"changed"}),
        True,
        D(2025, 11, 3),
    )
    facts = served(
        D(2025, 4, 1), visits=(visit(1, D(2025, 4, 1), "wheel_change_summer"),), seasons=(last, season(is_dealt=False, day=None)),
        cycles=(cycle(D(2025, 8, 1), left(1, D(2025, 11, 3)), type="wheel_winter"),),
    )  # fmt: skip
    found = on(D(2025, 11, 10), facts)
    assert found.leaving is not None
    assert (found.leaving.step, found.standings[-1].cycle.anchor) == (2, D(2025, 8, 1))


# Dealing

candidates = st.lists(
    st.builds(
        Candidate,
        st.integers(1, 10_000).map(lambda n: UUID(int=n)),
        st.from_regex(r"[A-Z]{2}[0-9]{5}", fullmatch=True),
        st.none() | st.tuples(st.integers(0, 11), st.integers(1, 31)),
    ),
    max_size=60,
    unique_by=lambda one: one.customer_id,
)
windows = st.integers(1, 40).map(lambda count: [D(2026, 10, 1) + timedelta(days=ahead) for ahead in range(count)])


@given(candidates, windows)
def test_days_are_even_and_keep_the_order(found: list[Candidate], days: list[date]) -> None:
    dealt = deal(found, days, None)
    order = [dealt[one.customer_id] for one in in_order(found)]
    assert all(day is not None for day in order)
    assert order == sorted(order)  # type: ignore[type-var]
    each = [order.count(day) for day in days]
    assert not found or max(each) - min(each) <= 1 or min(each) == 0
    assert not found or max(each) <= -(-len(found) // len(days))


@given(candidates, windows, st.integers(1, 5))
def test_a_capacity_is_kept_moves_only_later_and_leaves_out_only_who_finds_no_room(
    found: list[Candidate], days: list[date], capacity: int
) -> None:
    free, dealt = deal(found, days, None), deal(found, days, capacity)
    taken = [day for day in dealt.values() if day is not None]
    assert all(taken.count(day) <= capacity for day in days)
    for one in found:
        mine, wished = dealt[one.customer_id], free[one.customer_id]
        assert mine is None or wished is None or mine >= wished
        assert mine is not None or all(taken.count(day) == capacity for day in days if wished is None or day >= wished)
    order = [dealt[one.customer_id] for one in in_order(found)]
    placed = [day for day in order if day is not None]
    assert placed == sorted(placed)


@given(candidates)
def test_early_ones_are_early_and_the_unknown_stand_after_the_first_half_of_the_known(found: list[Candidate]) -> None:
    order = in_order(found)
    known = [one.last_day for one in order if one.last_day is not None]
    assert known == sorted(known)
    half = -(-len(known) // 2)
    assert all(one.last_day is not None for one in order[:half])
    assert all(one.last_day is None for one in order[half : half + len(order) - len(known)])


def test_january_comes_after_december_and_a_customer_counts_once_by_his_earliest_car() -> None:
    days = [wheels.day_of_season("wheel_winter", day) for day in (D(2025, 10, 3), D(2025, 12, 31), D(2026, 1, 10))]
    assert days == sorted(days)
    cars = [Candidate(HERE, "B", days[2]), Candidate(HERE, "A", days[0]), Candidate(HERE, "C"), Candidate(THERE, "D")]
    assert together(cars) == [Candidate(HERE, "A", days[0]), Candidate(THERE, "D")]


def test_the_formula_of_the_rules() -> None:
    found = [Candidate(UUID(int=n), f"A{n}", (0, n)) for n in range(1, 5)]
    days = [D(2026, 10, n) for n in range(5, 15)]
    assert [day.day for day in deal(found, days, None).values() if day] == [6, 8, 11, 13]


@given(st.lists(st.integers(1, 50), max_size=30, unique=True), windows, st.integers(1, 3), st.data())
def test_who_comes_late_gets_the_next_day_with_room(ids: list[int], days: list[date], capacity: int, data: st.DataObject) -> None:
    taken = data.draw(st.dictionaries(st.sampled_from(days), st.integers(0, capacity)))
    waiting = [UUID(int=n) for n in ids]
    found = fill(waiting, days, taken, capacity)
    got = [found[one] for one in waiting if one in found]
    assert got == sorted(got)
    assert all(taken.get(day, 0) + got.count(day) <= capacity for day in days)
    assert len(found) == min(len(waiting), sum(capacity - taken.get(day, 0) for day in days))


# Windows


def of_dealer(today: date = D(2026, 9, 1), *answers: CampaignAnswered, **settings: Any) -> list[Campaign]:
    policy = Policy.model_validate(settings)
    return campaigns.of_dealer(DEALER, policy, {HERE: "Nord", THERE: "Syd"}, answers, {}, today)


def test_by_default_winter_runs_from_1_october_to_8_november_and_summer_from_14_march_to_29_april() -> None:
    windows = {(one.type, one.from_on, one.to_on) for one in of_dealer() if one.from_on.year == 2026}
    assert windows == {
        ("wheel_winter", D(2026, 10, 1), D(2026, 11, 8)),
        ("wheel_summer", D(2026, 3, 14), D(2026, 4, 29)),
    }


def test_a_workshop_with_a_season_of_its_own_has_that_and_others_the_dealers() -> None:
    settings = {
        "campaigns": [
            {"type": "wheel_winter", "workshop": "Nord", "from": "2026-10-12", "to": "2026-10-23", "capacity_per_day": 3}
        ]
    }
    found = of_dealer(**settings)
    (mine,) = [one for one in campaigns.of_workshop(found, "wheel_winter", HERE) if one.from_on.year == 2026]
    (others,) = [one for one in campaigns.of_workshop(found, "wheel_winter", THERE) if one.from_on.year == 2026]
    assert (mine.from_on, mine.to_on, mine.capacity_per_day) == (D(2026, 10, 12), D(2026, 10, 23), 3)
    assert (others.from_on, others.capacity_per_day) == (D(2026, 10, 1), None)


def answered(campaign: Campaign, day: int = 1, **more: Any) -> CampaignAnswered:
    return CampaignAnswered(campaign_id=CampaignId(campaign.campaign_id), at=datetime(2026, 8, day, tzinfo=UTC), **more)


def winter() -> Campaign:
    (found,) = [one for one in of_dealer() if one.type == "wheel_winter" and one.from_on.year == 2026]
    return found


def test_the_dealers_answer_counts_and_the_latest_of_two() -> None:
    told = winter()
    (found,) = [
        one
        for one in of_dealer(
            D(2026, 9, 1),
            answered(told, 2, capacity_per_day=0),
            answered(told, 1, from_on=D(2026, 10, 5), audience=("hotel",), capacity_per_day=4),
        )
        if one.campaign_id == told.campaign_id
    ]
    assert (found.from_on, found.audience, found.capacity_per_day, found.answered) == (D(2026, 10, 5), {"hotel"}, None, True)
    assert found.anchor == told.anchor


@pytest.mark.parametrize("asked", [0, 1, 2, 3])
def test_the_dealer_is_asked_42_days_before_at_21_and_told_at_14(asked: int) -> None:
    days = [D(2026, 8, 20), D(2026, 9, 10), D(2026, 9, 17)]
    assert winter().asked_on(asked) == days[asked:]


@given(st.dates(D(2026, 9, 1), D(2026, 11, 30)))
def test_the_days_left_are_sending_days_of_the_window_from_today_on(today: date) -> None:
    left_ = winter().days_left(CALENDAR, today)
    assert all(max(today, FROM) <= day <= TO and CALENDAR.is_sending_day(day) for day in left_)
    assert all(earlier < later for earlier, later in pairwise(left_))
