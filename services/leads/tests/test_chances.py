"""When a mail of each type is planned, and until when it may leave (`rules.md` 7)."""

from dataclasses import replace
from datetime import date
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from leads_given import ANNE, BO, CALENDAR, VEHICLE, appointment, car, contract, lead, new_car, policy, sent

from common.months import add_months
from common.policy import LeaseLead, VisitLead
from leads.domain import chances
from leads.domain.chances import Chance, Found, Span, merged_leases
from leads.domain.dates import months_of_term
from leads.domain.facts import Registry, Visit, Why

TODAY = date(2026, 1, 5)
BY_LENGTH = policy(lease_expiry=(LeaseLead(max_term_months=None, months_before=6), LeaseLead(max_term_months=6, months_before=2)))


def days(found: Found) -> tuple[date, date] | str:
    """The planned day and the last one, or why there is none."""
    return (found.plan_on, found.last_day) if isinstance(found, Chance) else found.code


@pytest.mark.parametrize(
    ("ends_on", "expected"),
    [
        (date(2026, 9, 10), (date(2026, 3, 10), date(2026, 8, 10))),
        (date(2026, 9, 14), (date(2026, 3, 16), date(2026, 8, 14))),  # 14 March is a Saturday
        (date(2026, 8, 31), (date(2026, 3, 2), date(2026, 7, 31))),  # months clamp: 28 February, a Saturday
        (None, "has_contract"),
    ],
)
def test_a_service_contract_is_written_about_six_months_before(ends_on: date | None, expected: Any) -> None:
    assert days(chances.contract_expiry(car(contract("service_contract", ends_on)), TODAY)) == expected


def test_months_before_are_the_dealers_to_say() -> None:
    facts = car(contract("service_contract", date(2026, 9, 10)), policy=policy(contract_expiry_months=3))
    assert days(chances.contract_expiry(facts, TODAY)) == (date(2026, 6, 10), date(2026, 8, 10))


@pytest.mark.parametrize("kind", ["service_contract", "warranty"])
def test_the_contract_that_ends_last_decides(kind: str) -> None:
    both = car(contract(kind, date(2026, 6, 1)), contract(kind, date(2027, 6, 1)))
    find = chances.contract_expiry if kind == "service_contract" else chances.warranty_expiry
    found = find(both, TODAY)
    assert isinstance(found, Chance)
    assert found.anchor == date(2027, 6, 1)


def test_a_warranty_is_written_about_two_months_before_while_fourteen_days_are_left() -> None:
    facts = car(contract("warranty", date(2026, 5, 12)), contract("service_contract", date(2026, 9, 10)))
    assert days(chances.warranty_expiry(facts, TODAY)) == (date(2026, 3, 12), date(2026, 4, 28))


def test_without_a_contract_of_that_kind_it_says_so() -> None:
    facts = car(contract("lease", date(2026, 9, 10)))
    assert chances.contract_expiry(facts, TODAY) == Why("no_contract", {"kind": "service_contract"})
    assert chances.warranty_expiry(facts, TODAY) == Why("no_contract", {"kind": "warranty"})
    assert chances.lease_expiry(car(), TODAY) == Why("no_contract", {"kind": "lease"})


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (new_car(date(2026, 1, 2)), (date(2026, 1, 16), date(2026, 4, 1))),
        (new_car(date(2026, 1, 3)), (date(2026, 1, 19), date(2026, 4, 2))),  # the 17th is a Saturday
        (new_car(date(2026, 1, 2), contracts_known=False), "contracts_not_told"),
        (new_car(date(2026, 1, 2), contracts=(contract("service_contract", None),)), "has_contract"),
        (new_car(date(2026, 1, 2), contracts=(contract("service_contract", date(2029, 1, 2)),)), "has_contract"),
        (new_car(date(2026, 1, 2), contracts=(contract("service_contract", date(2026, 1, 4)),)), (date(2026, 1, 16), date(2026, 4, 1))),
        (new_car(date(2026, 1, 2), contracts=(contract("warranty", date(2029, 1, 2)),)), (date(2026, 1, 16), date(2026, 4, 1))),
        (car(vehicle=replace(VEHICLE, first_registered_on=None)), "no_first_registration"),
    ],
)  # fmt: skip
def test_a_new_car_without_a_contract(facts: Any, expected: Any) -> None:
    assert days(chances.contract_new_car(facts, TODAY)) == expected


@pytest.mark.parametrize(
    ("starts_on", "expected"),
    [
        (date(2023, 9, 11), (date(2026, 3, 10), date(2026, 8, 10))),  # 36 months
        (date(2026, 3, 11), (date(2026, 7, 10), date(2026, 8, 10))),  # 6 months
        (date(2026, 3, 9), (date(2026, 3, 10), date(2026, 8, 10))),  # a day more than 6
        (None, (date(2026, 3, 10), date(2026, 8, 10))),  # a length that is not told
    ],
)
def test_a_lease_is_written_about_by_its_length(starts_on: date | None, expected: Any) -> None:
    facts = car(contract("lease", date(2026, 9, 10), starts_on), policy=BY_LENGTH)
    assert days(chances.lease_expiry(facts, TODAY)) == expected


def test_a_length_that_no_rule_names_is_left_out() -> None:
    only_short = policy(lease_expiry=(LeaseLead(max_term_months=6, months_before=2),))
    facts = car(contract("lease", date(2026, 9, 10), date(2023, 9, 11)), policy=only_short)
    assert days(chances.lease_expiry(facts, TODAY)) == "type_off"


def test_a_lease_of_the_registry_is_one_with_the_dealers_own_that_it_overlaps() -> None:
    facts = car(
        contract("lease", date(2026, 9, 10), date(2023, 9, 11)),
        registry=Registry(known=True, tells_leases=True, leases=((date(2023, 9, 14), date(2026, 9, 30)),)),
    )
    found = chances.lease_expiry(facts, TODAY)
    assert isinstance(found, Chance)
    assert (found.anchor, found.once_since, found.doubt) == (date(2026, 9, 30), date(2023, 9, 11), None)


@pytest.mark.parametrize(
    ("registry", "doubted"),
    [
        (Registry(), False),  # nobody asked
        (Registry(known=True, tells_leases=False), False),  # a registry that does not tell
        (Registry(known=True, tells_leases=True), True),
        (Registry(known=True, tells_leases=True, leases=((date(2023, 9, 14), date(2025, 12, 31)),)), True),  # ended early
        (Registry(known=True, tells_leases=True, leases=((date(2023, 9, 14), None),)), False),
    ],
)
def test_an_active_lease_is_checked_against_the_registry(registry: Registry, doubted: bool) -> None:
    found = chances.lease_expiry(car(contract("lease", date(2026, 9, 10), date(2023, 9, 11)), registry=registry), TODAY)
    assert isinstance(found, Chance)
    assert (found.doubt is not None) is doubted


def span(start: date | None, end: date | None) -> Span:
    return Span(start, end, None)


def test_leases_that_only_touch_are_two() -> None:
    first, second = span(date(2023, 1, 1), date(2025, 12, 31)), span(date(2025, 12, 31), date(2027, 12, 31))
    assert merged_leases([second, first]) == [first, second]


ends = st.none() | st.dates(date(2020, 1, 1), date(2030, 1, 1))
leases = st.lists(st.builds(span, st.none() | st.dates(date(2018, 1, 1), date(2026, 1, 1)), ends), max_size=5)


@given(leases, st.randoms())
def test_merged_leases_do_not_depend_on_the_order_and_do_not_overlap(found: list[Span], random: Any) -> None:
    found = [one for one in found if one.starts_on is None or one.ends_on is None or one.starts_on < one.ends_on]
    shuffled = list(found)
    random.shuffle(shuffled)
    merged = merged_leases(found)
    assert merged == merged_leases(shuffled)
    for earlier, later in pairwise(merged):
        assert (earlier.ends_on or date.max) <= (later.starts_on or date.min)


@pytest.mark.parametrize(
    ("starts_on", "expected"),
    [
        (date(2026, 3, 12), (date(2026, 3, 9), date(2026, 3, 11))),  # Thursday: Monday
        (date(2026, 3, 16), (date(2026, 3, 13), date(2026, 3, 15))),  # Monday: Friday
        (date(2026, 3, 18), (date(2026, 3, 13), date(2026, 3, 17))),  # Wednesday: a Sunday, so Friday before
        (date(2026, 4, 7), (date(2026, 4, 1), date(2026, 4, 6))),  # after Easter: the Wednesday before
    ],
)
def test_a_visit_is_written_about_three_days_before_on_the_sending_day_before(starts_on: date, expected: Any) -> None:
    assert days(chances.visit(car(appointments=(appointment(starts_on),)), TODAY)) == expected


def test_the_days_before_a_visit_are_the_dealers_to_say() -> None:
    facts = car(appointments=(appointment(date(2026, 3, 12)),), policy=policy(visit=VisitLead(days_before=7)))
    assert days(chances.visit(facts, TODAY)) == (date(2026, 3, 5), date(2026, 3, 11))


VISIT = appointment(date(2026, 3, 12))


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"appointments": ()}, "no_visit_ahead"),
        ({"appointments": (replace(VISIT, status="cancelled"),)}, "no_visit_ahead"),
        ({"vehicle": replace(VEHICLE, first_registered_on=date(2023, 3, 13))}, "car_too_new"),
        ({"vehicle": replace(VEHICLE, first_registered_on=date(2023, 3, 12))}, (date(2026, 3, 9), date(2026, 3, 11))),
        ({"vehicle": replace(VEHICLE, first_registered_on=None)}, (date(2026, 3, 9), date(2026, 3, 11))),  # by the model year
        ({"vehicle": replace(VEHICLE, first_registered_on=None, model_year=2023)}, "car_too_new"),
        ({"vehicle": replace(VEHICLE, first_registered_on=None, model_year=None)}, "no_first_registration"),
        ({"vehicle": replace(VEHICLE, owned_since=date(2024, 3, 13))}, "owned_too_short"),
        ({"registry": Registry(known=True, owner_since=date(2024, 6, 1))}, "owned_too_short"),
        ({"vehicle": replace(VEHICLE, owned_since=None)}, (date(2026, 3, 9), date(2026, 3, 11))),  # by her first visit
        ({"vehicle": replace(VEHICLE, owned_since=None), "visits": (Visit(date(2020, 4, 20), BO),)}, "owned_too_short"),
        ({"leads": (lead("visit", date(2025, 9, 15), sent(date(2025, 9, 12))),)}, "recent_lead"),
        ({"leads": (lead("visit", date(2025, 9, 12), sent(date(2025, 9, 9))),)}, (date(2026, 3, 9), date(2026, 3, 11))),
        ({"leads": (lead("visit", date(2025, 9, 15)),)}, (date(2026, 3, 9), date(2026, 3, 11))),  # nothing left
    ],
)  # fmt: skip
def test_who_gets_a_visit_lead(more: dict[str, Any], expected: Any) -> None:
    assert days(chances.visit(car(**({"appointments": (VISIT,)} | more)), TODAY)) == expected


def test_the_next_visit_that_qualifies_counts() -> None:
    near, far = appointment(date(2026, 1, 5)), appointment(date(2026, 3, 12))
    found = chances.visit(car(appointments=(far, near)), TODAY)
    assert isinstance(found, Chance)
    assert (found.anchor, found.customer_id) == (date(2026, 3, 12), ANNE)


dates = st.dates(date(2000, 1, 1), date(2040, 1, 1))


@given(dates, st.integers(0, 60))
def test_so_many_months_later_are_so_many_months(day: date, months: int) -> None:
    assert months_of_term(day, add_months(day, months)) == months


@given(dates, st.sampled_from(["service_contract", "lease", "warranty"]))
def test_a_planned_day_is_a_sending_day_with_time_left(ends_on: date, kind: str) -> None:
    find = {"service_contract": chances.contract_expiry, "lease": chances.lease_expiry, "warranty": chances.warranty_expiry}[kind]
    found = find(car(contract(kind, ends_on)), TODAY)
    assert isinstance(found, Chance)
    assert CALENDAR.is_sending_day(found.plan_on)
    assert found.plan_on <= found.last_day < ends_on
