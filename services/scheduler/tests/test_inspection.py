"""The check before the official inspection: when, and for whom (`rules.md` 3)."""

from datetime import date, timedelta
from typing import Any

import pytest
from scheduler_given import ANNE, BO, anne, appointment, bo, cycle, instant, left, order, served, visit, with_more

from common.events.words import Because
from common.months import add_months
from common.policy import Inspection as Audience
from common.policy import Policy
from scheduler.domain.deciding import decide
from scheduler.domain.facts import Decision, Inspection, Registry, Rollout, Sign, VehicleFacts, Why
from scheduler.domain.inspection import next_inspection, plan
from scheduler.domain.planning import Plan

D = date
DUE = D(2026, 3, 10)
INVITED = D(2026, 2, 17)  # 21 days before, a Tuesday


def registry(**more: Any) -> Registry:
    values: dict[str, Any] = {"status": "registered", "next_on": DUE, "rule": "passenger car", "every_months": 24} | more
    return Registry(**values)


def checked(on: date = D(2024, 5, 5), *tags: str, told: Registry | None = None, **more: Any) -> VehicleFacts:
    """A vehicle whose check was bought here before."""
    values: dict[str, Any] = {"visits": (visit(1, on, *(tags or ("inspection_check",))),), "registry": told or registry()} | more
    return served(on, **values)


def on(day: date, facts: VehicleFacts) -> Decision:
    return decide(facts, today=day, kind="inspection_check")


def test_it_leaves_21_days_before_the_estimate_and_says_what_that_rests_on() -> None:
    found = on(INVITED, checked())
    assert found.leaving is not None
    (why,) = found.reasons
    assert (why.params["due_on"], why.params["estimate"], why.params["rule"]) == ("2026-03-10", True, "passenger car")


@pytest.mark.parametrize("days", [14, 30])
def test_the_days_before_are_a_setting(days: int) -> None:
    found = plan(checked(policy=Policy(inspection=Audience(days_before=days))), checked().visits)
    assert isinstance(found, Plan)
    assert found.invite_on == DUE - timedelta(days=days)


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        (checked(told=registry(known=False)), Because.NO_REGISTRY_ROW),
        (checked(told=registry(next_on=None, because="inspection_failed")), Because.INSPECTION_FAILED),
        (checked(told=registry(next_on=None, because="no_registry_row")), Because.NO_REGISTRY_ROW),
        (checked(D(2024, 5, 5), "service"), Because.NOT_BOUGHT_BEFORE),
        (checked(D(2023, 1, 5)), Because.NOT_BOUGHT_BEFORE),  # no visit in the last 36 months
    ],
)
def test_who_has_no_date_or_never_bought_it_is_told_why_not(facts: VehicleFacts, code: str) -> None:
    found = on(INVITED, facts)
    assert ([why.code for why in found.reasons], found.leaving) == ([code], None)


def test_without_anything_of_the_registry_there_is_none_and_it_says_so() -> None:
    facts = served(D(2024, 5, 5), visits=(visit(1, D(2024, 5, 5), "inspection_check"),))
    assert [why.code for why in on(INVITED, facts).reasons] == [Because.NO_REGISTRY_ROW]


def test_the_wide_audience_takes_any_visit() -> None:
    wide = Policy(inspection=Audience(audience="any_visit"))
    assert on(INVITED, checked(D(2024, 5, 5), "brakes", policy=wide)).leaving is not None


@pytest.mark.parametrize(
    ("inspected_on", "result", "trailer", "expected"),
    [
        (D(2025, 6, 1), "passed", False, D(2027, 6, 1)),
        (D(2025, 6, 1), "not_told", False, D(2027, 6, 1)),
        (D(2025, 6, 1), "passed", True, DUE),  # never a trailer's
        (D(2024, 3, 10), "passed", False, DUE),  # the registry shows one of the same day
        (D(2023, 6, 1), "passed", False, DUE),
    ],
)
def test_an_own_inspection_counts_until_the_registry_shows_one(
    inspected_on: date, result: str, trailer: bool, expected: date
) -> None:
    own = visit(1, inspected_on, "official_inspection", inspection_result=result, of_trailer=trailer)
    found = next_inspection(registry(inspections=(Inspection(D(2024, 3, 10), "passed"),)), [own])
    assert not isinstance(found, Why)
    assert found[0] == expected


def test_after_an_own_failed_inspection_there_is_no_date_until_a_pass_arrives() -> None:
    failed = visit(1, D(2025, 6, 1), "official_inspection", inspection_result="failed")
    passed = visit(2, D(2025, 6, 20), "official_inspection", inspection_result="passed")
    found = next_inspection(registry(), [failed])
    assert isinstance(found, Why)
    assert found.code == Because.INSPECTION_FAILED
    assert next_inspection(registry(), [failed, passed])[0] == D(2027, 6, 20)  # type: ignore[index]
    told = registry(inspections=(Inspection(D(2025, 6, 2), "passed"),))
    assert next_inspection(told, [failed])[0] == DUE  # type: ignore[index]


def test_the_registrys_own_date_goes_before_an_estimate() -> None:
    own = visit(1, D(2025, 6, 1), "official_inspection", inspection_result="passed")
    assert next_inspection(registry(expires=True), [own]) == (DUE, {"from": "registry"})


@pytest.mark.parametrize(("months_before", "is_done"), [(1, True), (4, True), (5, False)])
def test_a_check_within_4_months_before_the_date_is_enough(months_before: int, is_done: bool) -> None:
    found = on(INVITED, checked(add_months(DUE, -months_before)))
    assert (found.leaving is None) is is_done


def test_it_never_leaves_after_its_date_whatever_held_it() -> None:
    held = checked(cycles=(cycle(DUE, held="later", type="inspection_check"),), policy=Policy(lateness_days=60))
    assert on(DUE, held).standings[-1].blocked == Because.HELD
    closed = on(DUE + timedelta(days=1), held).standings[-1]
    assert (closed.outcome, closed.reasons[-1].code) == ("missed", Because.HELD)


def test_no_reminder_after_the_date() -> None:
    late = checked(cycles=(cycle(DUE, left(1, DUE - timedelta(days=2)), type="inspection_check"),))
    assert on(DUE + timedelta(days=5), late).leaving is None


def test_a_passed_inspection_in_the_registry_closes_an_open_invitation() -> None:
    sent = cycle(DUE, left(1, INVITED), type="inspection_check")
    passed = registry(next_on=D(2028, 2, 20), inspections=(Inspection(D(2026, 2, 20), "passed"),))
    closed = [one for one in on(D(2026, 2, 23), checked(told=passed, cycles=(sent,))).standings if one.cycle.anchor == DUE]
    assert [one.outcome for one in closed] == ["visited"]


def test_an_estimate_corrected_within_60_days_is_the_same_invitation_and_no_other_leaves_within_six_months() -> None:
    sent = cycle(DUE, left(1, INVITED), left(2, D(2026, 2, 24), "sms"), type="inspection_check")
    moved = checked(told=registry(next_on=DUE + timedelta(days=40)), cycles=(sent,))
    assert on(D(2026, 3, 31), moved).leaving is None
    further = checked(told=registry(next_on=DUE + timedelta(days=100)), cycles=(sent,))
    found = on(DUE + timedelta(days=79), further)
    assert (found.leaving, found.standings[-1].blocked) == (None, Because.DISTANCE)


# Whose car it is, and whether it still drives (`rules.md` 6)

LAST = D(2025, 3, 10)
SERVICE_ON = D(2026, 2, 10)


@pytest.mark.parametrize("status", ["deregistered", "scrapped", "exported", "stolen"])
def test_a_vehicle_that_is_gone_is_not_invited(status: str) -> None:
    found = decide(served(LAST, registry=Registry(status=status)), today=SERVICE_ON)
    assert (found.leaving, found.standings[-1].outcome) == (None, "vehicle_gone")


@pytest.mark.parametrize(
    ("sign_on", "blocked"),
    [
        (D(2025, 9, 1), True),
        (LAST, False),  # not after the latest order
        (LAST + timedelta(days=30), False),  # within 30 days after his first order: his own
        (LAST + timedelta(days=31), True),
    ],
)
def test_a_change_after_the_latest_order_is_probably_another_owner(sign_on: date, blocked: bool) -> None:
    found = decide(served(LAST, registry=Registry(signs=(Sign(sign_on, "status"),))), today=SERVICE_ON)
    assert (found.standings[-1].blocked == Because.OWNER_CHANGED) is blocked
    assert (found.leaving is None) is blocked


def test_a_change_on_the_first_registration_is_his_own() -> None:
    new = Registry(first_registered_on=D(2025, 9, 1), signs=(Sign(D(2025, 9, 1), "status"),))
    assert decide(served(LAST, registry=new), today=SERVICE_ON).leaving is not None


def test_a_later_visit_or_a_release_clears_a_change_for_good() -> None:
    sign = Registry(signs=(Sign(D(2025, 9, 1), "plate"),))
    came = with_more(served(LAST, registry=sign), orders=[order(9, D(2025, 10, 1))], visits=[visit(9, D(2025, 10, 1), "brakes")])
    assert decide(came, today=SERVICE_ON).leaving is not None
    assert decide(served(LAST, registry=sign, released_at=instant(D(2026, 1, 5))), today=SERVICE_ON).leaving is not None
    assert decide(served(LAST, registry=sign, released_at=instant(D(2025, 8, 5))), today=SERVICE_ON).leaving is None


def test_a_probable_change_closes_past_the_limit_and_a_certain_one_at_once() -> None:
    probable = served(LAST, registry=Registry(signs=(Sign(D(2025, 9, 1), "status"),)))
    assert decide(probable, today=SERVICE_ON + timedelta(days=15)).standings[-1].outcome == "owner_changed"
    certain = served(LAST, registry=Registry(signs=(Sign(D(2025, 9, 1), "owner", certain=True),)))
    assert decide(certain, today=SERVICE_ON).standings[-1].outcome == "owner_changed"


def test_a_new_expiry_date_ends_what_an_own_failed_inspection_said() -> None:
    failed = visit(1, D(2025, 3, 10), "official_inspection", inspection_result="failed")
    assert next_inspection(registry(expires=True, next_on=D(2026, 3, 15)), [failed]) == (D(2026, 3, 15), {"from": "registry"})
    assert isinstance(next_inspection(registry(expires=True, next_on=D(2025, 3, 20)), [failed]), Why)


def test_when_another_customer_is_invited_now_the_open_invitation_says_so() -> None:
    sent = served(LAST, cycles=(cycle(LAST, left(1, SERVICE_ON)),), customers={ANNE: anne(), BO: bo()})
    bought = with_more(sent, orders=[order(9, D(2026, 2, 12), customer=BO)], visits=[visit(9, D(2026, 2, 12), "tyre_sale")])
    assert decide(bought, today=D(2026, 2, 13)).standings[-1].outcome == "owner_changed"


def test_a_booking_that_fell_through_is_looked_at_when_it_leaves_the_list() -> None:
    booked = appointment(
        1, D(2026, 2, 20), SERVICE_ON + timedelta(days=1), "service", status="cancelled", changed_on=D(2026, 2, 18)
    )
    off = Policy(types={"service": False})
    facts = served(LAST, cycles=(cycle(LAST, left(1, SERVICE_ON)),), appointments=(booked,), policy=off)
    assert decide(facts, today=D(2026, 2, 19)).look_on == D(2026, 2, 18) + timedelta(days=60)


# Switched on (`rules.md` 4)


def switched_on(day: date | None = None, **more: Any) -> VehicleFacts:
    return served(LAST, rollouts={"service": Rollout(D(2026, 3, 2), day)}, **more)


@pytest.mark.parametrize(
    ("last", "waits"), [(LAST, True), (D(2025, 3, 20), False), (D(2024, 9, 1), False)]
)  # 20 days late, still in time, more than six months late
def test_what_would_be_missed_waits_for_a_day_and_nothing_else_does(last: date, waits: bool) -> None:
    facts = served(last, rollouts={"service": Rollout(D(2026, 3, 2))})
    standing = decide(facts, today=D(2026, 3, 2)).standings[-1]
    assert (standing.stage == "pending" and standing.send_on is None) is waits


def test_what_came_when_the_dealing_was_over_is_missed_and_a_dealt_day_counts() -> None:
    assert decide(switched_on(), today=D(2026, 5, 15)).standings[-1].outcome == "missed"
    assert decide(switched_on(D(2026, 3, 20)), today=D(2026, 3, 20)).leaving is not None
