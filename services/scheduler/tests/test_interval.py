"""When the next service is due, and on which day to invite for it (`rules.md` 2)."""

from collections.abc import Sequence
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scheduler_given import VEHICLE, order, served, visit

from common.months import add_months, months_between
from common.policy import IntervalRule, Policy
from scheduler.domain import table
from scheduler.domain.facts import VehicleFacts, Visit
from scheduler.domain.interval import fits, learned_months, service_interval
from scheduler.domain.planning import Plan
from scheduler.domain.service import plans


def plan(facts: VehicleFacts, history: Sequence[Visit]) -> Plan | None:
    """The standard plan; None where there is none."""
    found = plans(facts, history)["service"]
    return found if isinstance(found, Plan) else None


def told_by(found: Plan) -> object:
    return found.because.params["interval_from"]


DAYS = st.dates(date(2000, 1, 1), date(2090, 1, 1))


@pytest.mark.parametrize(
    ("day", "months", "found"),
    [
        (date(2025, 3, 31), -1, date(2025, 2, 28)),
        (date(2024, 3, 31), -1, date(2024, 2, 29)),
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
        (date(2024, 2, 29), 48, date(2028, 2, 29)),
        (date(2025, 12, 31), 2, date(2026, 2, 28)),
        (date(2025, 1, 15), -1, date(2024, 12, 15)),
    ],
)
def test_months_clamp_at_month_ends(day: date, months: int, found: date) -> None:
    assert add_months(day, months) == found


@given(DAYS, st.integers(0, 240))
def test_adding_months_lands_in_the_month_so_many_on_and_never_after_the_same_day(day: date, months: int) -> None:
    later = add_months(day, months)
    assert (later.year - day.year) * 12 + later.month - day.month == months
    assert later.day <= day.day
    assert months_between(day, later) in (months, months - 1)


@pytest.mark.parametrize(
    ("last", "invite_on"),
    [
        (date(2025, 3, 10), date(2026, 2, 10)),
        (date(2025, 3, 31), date(2026, 2, 28)),
        (date(2024, 2, 29), date(2025, 1, 28)),  # due 28 February 2025, a calendar month before
        (date(2025, 1, 31), date(2025, 12, 31)),
    ],
)
def test_a_year_after_the_last_service_is_due_and_a_calendar_month_before_is_invited(last: date, invite_on: date) -> None:
    facts = served(last)
    found = plan(facts, facts.history(facts.customers[facts.orders[0].customer_id]))
    assert found is not None
    assert (found.due_on, found.invite_on, told_by(found)) == (add_months(last, 12), invite_on, "default")


D = date
YOUNG = date(2022, 6, 1)


@pytest.mark.parametrize(
    ("days", "first_registered_on", "months"),
    [
        ([], None, None),
        ([D(2025, 3, 1)], YOUNG, None),
        ([D(2023, 1, 1), D(2025, 1, 1)], YOUNG, 24),  # a single long gap on a young car
        ([D(2024, 1, 1), D(2026, 1, 1)], YOUNG, None),  # over 3 years old by then
        ([D(2023, 1, 1), D(2025, 1, 1)], None, None),  # age not told
        ([D(2019, 1, 1), D(2021, 1, 1), D(2023, 1, 1)], D(2010, 1, 1), 24),
        ([D(2021, 1, 1), D(2022, 1, 1), D(2023, 1, 1)], D(2010, 1, 1), 12),
        ([D(2017, 1, 1), D(2019, 1, 1), D(2021, 1, 1), D(2022, 1, 1), D(2023, 1, 1)], D(2010, 1, 1), 12),  # the latest pair
        ([D(2017, 1, 1), D(2018, 1, 1), D(2019, 1, 1), D(2021, 1, 1), D(2023, 1, 1)], D(2010, 1, 1), 24),
        ([D(2020, 1, 1), D(2022, 1, 1), D(2023, 1, 1)], D(2010, 1, 1), None),  # one long, one short
        ([D(2020, 1, 1), D(2021, 6, 1), D(2022, 11, 1)], D(2010, 1, 1), None),  # 17 months are neither
        ([D(2021, 1, 1), D(2022, 9, 1)], D(2021, 1, 1), 24),  # 20 months, the bound included
        ([D(2021, 1, 1), D(2023, 5, 1)], D(2021, 1, 1), 24),  # 28 months, the bound included
        ([D(2021, 1, 1), D(2022, 8, 31)], D(2021, 1, 1), None),
    ],
)
def test_what_a_vehicles_own_history_teaches(days: list[date], first_registered_on: date | None, months: int | None) -> None:
    assert learned_months(days, first_registered_on) == months


@given(st.lists(DAYS, max_size=8), st.none() | DAYS)
def test_history_teaches_one_year_two_years_or_nothing(days: list[date], first_registered_on: date | None) -> None:
    assert learned_months(sorted(days), first_registered_on) in (None, 12, 24)


@pytest.mark.parametrize(
    ("rule", "odometer_km", "is_about_it"),
    [
        ({}, None, True),
        ({"make": "SKODA", "model": "octavia"}, None, True),
        ({"make": "VW"}, None, False),
        ({"variant": "RS"}, None, False),  # nobody told the variant
        ({"fuel": "diesel", "model_years": (2018, 2022)}, None, True),
        ({"model_years": (2020, 2022)}, None, False),
        ({"km_from": 0, "km_to": 100_000}, 61_000, True),
        ({"km_from": 0, "km_to": 60_000}, 61_000, False),
        ({"km_to": 60_000}, None, False),  # nobody told the odometer
    ],
)
def test_a_rule_is_about_a_vehicle_that_has_all_it_names(rule: dict, odometer_km: int | None, is_about_it: bool) -> None:
    assert fits(IntervalRule(type="service", months=24, **rule), VEHICLE, odometer_km) is is_about_it


def test_the_dealers_first_fitting_rule_wins_over_history_and_default() -> None:
    rules = (
        IntervalRule(type="service", months=6, make="VW"),
        IntervalRule(type="service", km=15_000, make="Skoda"),  # says nothing of months
        IntervalRule(type="service", months=24, make="Skoda"),
        IntervalRule(type="service", months=18),
    )
    facts = served(date(2023, 3, 1), date(2024, 3, 1), date(2025, 3, 1), policy=Policy(intervals=rules))
    found = service_interval(facts, facts.visits)
    assert (found.months, found.told_by) == (24, "rule")


def noted(on: date, next_on: date) -> Plan:
    facts = served(date(2025, 3, 10), orders=(order(1, date(2025, 3, 10)), order(2, on, next_service_on=next_on)))
    facts = served(date(2025, 3, 10), orders=facts.orders, visits=(visit(1, date(2025, 3, 10)), visit(2, on, "brakes")))
    found = plan(facts, facts.visits)
    assert found is not None
    return found


def test_a_date_noted_on_an_order_replaces_the_months_and_is_invited_30_days_before() -> None:
    found = noted(date(2025, 6, 1), date(2026, 5, 1))
    assert (found.due_on, found.invite_on, told_by(found)) == (date(2026, 5, 1), date(2026, 4, 1), "next_service_on")


def test_a_date_noted_before_the_last_service_does_not_count() -> None:
    assert told_by(noted(date(2025, 1, 1), date(2025, 12, 1))) == "default"


def test_a_noted_date_more_than_36_months_ahead_is_ignored_and_shown() -> None:
    found = noted(date(2025, 6, 1), date(2028, 6, 2))
    assert (told_by(found), found.because.params["ignored_note"]) == ("default", "2028-06-02")
    assert told_by(noted(date(2025, 6, 1), date(2028, 6, 1))) == "next_service_on"


def test_no_service_no_plan() -> None:
    facts = served(date(2025, 3, 10), visits=(visit(1, date(2025, 3, 10), "brakes"),))
    assert plan(facts, facts.visits) is None


@pytest.mark.parametrize("days_after", [1, 30, 60])
def test_a_service_in_two_visits_is_dated_by_the_first(days_after: int) -> None:
    first = date(2025, 3, 10)
    facts = served(first, first + timedelta(days=days_after))
    found = plan(facts, facts.visits)
    assert found is not None
    assert found.anchor == first


def test_a_service_61_days_after_another_is_one_of_its_own() -> None:
    facts = served(date(2025, 3, 10), date(2025, 5, 10))
    found = plan(facts, facts.visits)
    assert found is not None
    assert found.anchor == date(2025, 5, 10)


TABLE = """
version = "2026.9"
[[row]]
type = "service"
make = "Skoda"
months = 24
km = 30000
source = "a document"
"""


def test_a_row_of_the_interval_table_counts_after_the_dealers_rules_and_before_the_vehicles_history(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(table, "rows", lambda: table.read(TABLE))
    facts = served(date(2023, 3, 1), date(2024, 3, 1), date(2025, 3, 1))
    found = service_interval(facts, facts.visits)
    assert (found.months, found.told_by, found.km, found.km_told_by) == (24, "table", 30_000, "table")
    own = served(date(2025, 3, 1), policy=Policy(intervals=(IntervalRule(type="service", months=18),)))
    assert service_interval(own, own.visits).months == 18


def test_a_row_without_its_source_is_refused_and_every_row_that_we_have_names_one() -> None:
    with pytest.raises(ValueError, match="names no source"):
        table.read(TABLE.replace('source = "a document"', ""))
    table.rows()
