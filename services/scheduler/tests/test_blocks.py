"""What stops an invitation, for how long, and which reason is told (`rules.md` 1, 2 and 5)."""

from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

import pytest
from scheduler_given import ANNE, INVITATION, anne, appointment, cycle, left, open_order, order, served, visit, with_more

from common.policy import Policy
from scheduler.domain.blocks import Block, Considered, permanent, temporary
from scheduler.domain.facts import Customer, Cycle, Ignorance, VehicleFacts

LAST = date(2025, 3, 10)
OTHER = UUID(int=0x1002)  # another invitation
TODAY = date(2026, 2, 10)  # a Tuesday, the day this invitation leaves


def block(
    facts: VehicleFacts, *, today: date = TODAY, customer: Customer | None = None, one: Cycle | None = None, earlier: tuple = ()
) -> Block | None:
    return temporary(Considered(facts, customer or anne(), one or cycle(LAST), today, earlier))


def code(found: Block | None) -> str | None:
    return found.why.code if found is not None else None


def test_nothing_stops_what_is_due() -> None:
    assert block(served(LAST)) is None


@pytest.mark.parametrize(("days", "blocks"), [(0, True), (90, True), (91, False)])
def test_an_open_order_of_that_kind_blocks_through_day_90_after_its_last_change(days: int, blocks: bool) -> None:
    facts = with_more(served(LAST), orders=[open_order(9, TODAY - timedelta(days=days), "service")])
    assert code(block(facts)) == ("open_order" if blocks else None)


@pytest.mark.parametrize("tags", [("tyre_sale",), ("brakes", "wheel_change"), ()])
def test_an_open_order_of_another_kind_or_an_unreadable_one_blocks_nothing(tags: tuple[str, ...]) -> None:
    assert block(with_more(served(LAST), orders=[open_order(9, TODAY, *tags)])) is None


@pytest.mark.parametrize(
    ("starts", "status", "tags", "blocks"),
    [
        (TODAY + timedelta(days=20), "booked", ("service",), True),
        (TODAY - timedelta(days=7), "booked", ("service",), True),
        (TODAY - timedelta(days=8), "booked", ("service",), False),
        (TODAY + timedelta(days=20), "moved", ("service",), True),
        (TODAY + timedelta(days=20), "cancelled", ("service",), False),
        (TODAY + timedelta(days=20), "no_show", ("service",), False),
        (TODAY + timedelta(days=20), "booked", ("wheel_change",), False),
        (TODAY + timedelta(days=20), "booked", (), False),
    ],
)
def test_an_appointment_of_that_kind_blocks_while_ahead_and_a_week_after(
    starts: date, status: str, tags: tuple[str, ...], blocks: bool
) -> None:
    facts = with_more(served(LAST), appointments=[appointment(1, starts, TODAY - timedelta(days=40), *tags, status=status)])
    assert code(block(facts)) == ("appointment_ahead" if blocks else None)


def test_only_orders_appointments_and_another_invitation_of_that_kind_stop_the_lateness_clock() -> None:
    ahead = appointment(1, TODAY, LAST, "service")
    stopping = [
        block(with_more(served(LAST), orders=[open_order(9, TODAY, "service")])),
        block(with_more(served(LAST), appointments=[ahead])),
        block(served(LAST), earlier=(TODAY - timedelta(days=10),)),
    ]
    passing = [
        block(served(LAST), one=cycle(LAST, held="asked us to wait")),
        block(served(LAST), customer=anne(email=None, mobile=None)),
        block(served(LAST, firsts=((OTHER, TODAY - timedelta(days=2), None),))),
        block(served(LAST, ignorance=Ignorance(parked=True))),
    ]
    assert [found is not None and found.stops_clock for found in stopping] == [True] * 3
    assert [found is not None and not found.stops_clock for found in passing] == [True] * 4


@pytest.mark.parametrize(("days", "blocks"), [(0, False), (1, True), (4, True), (5, False)])
def test_step_1s_to_one_customer_are_5_days_apart_unless_they_leave_the_same_day(days: int, blocks: bool) -> None:
    found = block(served(LAST, firsts=((OTHER, TODAY - timedelta(days=days), None),)))
    assert code(found) == ("distance" if blocks else None)


@pytest.mark.parametrize(("days", "blocks"), [(0, True), (59, True), (60, False)])
def test_step_1s_of_one_vehicle_and_type_are_60_days_apart(days: int, blocks: bool) -> None:
    assert code(block(served(LAST), earlier=(TODAY - timedelta(days=days),))) == ("distance" if blocks else None)


def test_distance_is_about_step_1_only() -> None:
    sent = cycle(LAST, left(1, TODAY))
    found = block(served(LAST, firsts=((OTHER, TODAY, None),)), one=sent, earlier=(TODAY,), today=TODAY + timedelta(days=2))
    assert found is None


@pytest.mark.parametrize(
    ("ignorance", "told"),
    [
        (Ignorance(parked=True), "fact_parked"),
        (Ignorance(stale_source="e-conomic", stale_since=date(2026, 2, 1)), "source_stale"),
    ],
)
def test_what_is_known_to_be_unknown_blocks(ignorance: Ignorance, told: str) -> None:
    assert code(block(served(LAST, ignorance=ignorance))) == told


def test_a_finished_order_that_nobody_has_read_blocks() -> None:
    facts = with_more(served(LAST), orders=[order(9, date(2026, 2, 1), tags=None)])
    assert code(block(facts)) == "order_unread"


def test_the_first_of_several_blocks_is_the_reason() -> None:
    everything = with_more(
        served(LAST, firsts=((OTHER, TODAY - timedelta(days=1), None),), ignorance=Ignorance(parked=True)),
        orders=[open_order(9, TODAY, "service")],
        appointments=[appointment(1, TODAY, LAST, "service")],
    )
    held, nobody = cycle(LAST, held="wait"), anne(email=None, mobile=None)
    seen = [code(block(everything, one=held, customer=nobody))]
    without_order = replace(everything, orders=everything.orders[:-1])
    seen.append(code(block(without_order, one=held, customer=nobody)))
    without_appointment = replace(without_order, appointments=())
    seen.append(code(block(without_appointment, one=held, customer=nobody)))
    seen.append(code(block(without_appointment, customer=nobody)))
    assert seen == ["open_order", "appointment_ahead", "held", "no_address"]


@pytest.mark.parametrize(
    ("customer", "vehicle_excluded", "told", "outcome"),
    [
        (anne(suppressed=True), None, "suppressed", "suppressed"),
        (anne(excluded="family"), None, "excluded", "excluded"),
        (anne(), "museum piece", "excluded", "excluded"),
        (anne(consents=False), None, "no_consent", "excluded"),
        (anne(suppressed=True, excluded="family", consents=False), "museum piece", "suppressed", "suppressed"),
    ],
)
def test_what_does_not_pass_by_itself(customer: Customer, vehicle_excluded: str | None, told: str, outcome: str) -> None:
    facts = served(LAST, customers={ANNE: customer}, excluded=vehicle_excluded)
    found = permanent(Considered(facts, customer, cycle(LAST), TODAY))
    assert (code(found), found and found.outcome) == (told, outcome)


@pytest.mark.parametrize("consents", [None, True])
def test_consent_that_nobody_refused_stops_nothing(consents: bool | None) -> None:
    assert permanent(Considered(served(LAST), anne(consents=consents), cycle(LAST), TODAY)) is None


@pytest.mark.parametrize(
    ("customer", "excluded_groups", "is_in"),
    [
        (anne(), {"private"}, True),  # nobody told: counts as private
        (anne(kind="business"), {"business"}, True),
        (anne(kind="business"), {"private"}, False),
        (anne(groups=frozenset({"insurance", "leasing"})), {"leasing"}, True),
        (anne(), set(), False),
    ],
)
def test_who_belongs_to_an_excluded_group(customer: Customer, excluded_groups: set[str], is_in: bool) -> None:
    facts = served(LAST, customers={ANNE: customer}, policy=Policy(excluded_groups=frozenset(excluded_groups)))
    assert (facts.invited() is None) is is_in


def test_a_visit_of_another_kind_is_no_reason_to_stop() -> None:
    assert block(with_more(served(LAST), visits=[visit(9, TODAY, "brakes")], orders=[order(9, TODAY)])) is None


def test_an_appointment_after_step_1_no_longer_blocks_it_is_a_booking() -> None:
    facts = with_more(served(LAST), appointments=[appointment(1, TODAY + timedelta(days=9), TODAY, "service")])
    sent = cycle(LAST, left(1, TODAY - timedelta(days=3)), invitation_id=INVITATION)
    assert block(facts, one=sent) is None


@pytest.mark.parametrize(("other_due", "blocks"), [(TODAY, False), (TODAY - timedelta(days=5), True), (None, False)])
def test_of_two_that_leave_the_same_day_the_later_due_waits_however_late_in_the_day_it_is_found(
    other_due: date | None, blocks: bool
) -> None:
    facts = served(LAST, firsts=((OTHER, TODAY, other_due),))
    found = temporary(Considered(facts, anne(), cycle(LAST), TODAY, (), None, TODAY))
    assert code(found) == ("distance" if blocks else None)
