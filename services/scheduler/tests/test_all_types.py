"""Whatever happens to a vehicle, of all types together: each step once, no two of a family close, never past a last day or a block."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st
from scheduler_given import ANNE, CALENDAR, anne, as_stored, instant, left, open_order, order, served, visit, with_more

from common.policy import IntervalRule, Policy
from scheduler.domain.deciding import decide_all
from scheduler.domain.facts import Answer, Inspection, Registry, Season, Sign, VehicleFacts
from scheduler.domain.kinds import KINDS

FROM = date(2026, 2, 2)
DAYS = 120
POLICY = Policy(
    intervals=(IntervalRule(type="underbody", months=24), IntervalRule(type="timing_belt", months=60, km=90_000)),
)
SUMMER = Season(
    UUID(int=0x5E), "wheel_summer", date(2026, 2, 1), date(2026, 3, 14), date(2026, 4, 29), frozenset({"changed", "hotel"}), True,
    date(2026, 3, 24),
)  # fmt: skip
TAGS = (
    "service",
    "inspection_check",
    "wheel_change_winter",
    "wheel_change_summer",
    "underbody_treatment",
    "timing_belt",
    "brakes",
)
HAPPENINGS = (
    *TAGS, *("open_service", "open_wheels", "open_check", "closed") * 3, *("hold", "restore", "suppress", "gone", "exclude") * 2,
    "no", "not_now", "call_me", "passed", "failed", "owner", "released", "down", "unread", "correct", "correct", "read",
)  # fmt: skip


@dataclass(frozen=True)
class Past:
    """An earlier visit."""

    days_ago: int
    tag: str


@dataclass(frozen=True)
class Happening:
    day: int
    what: str


pasts = st.tuples(  # so that much is due within the days that are played
    st.builds(Past, st.integers(230, 345), st.just("service")),
    st.none() | st.builds(Past, st.integers(560, 720), st.just("service")),
    st.none() | st.builds(Past, st.integers(90, 220), st.just("wheel_change_winter")),
    st.none() | st.builds(Past, st.integers(150, 500), st.just("inspection_check")),
    st.none() | st.builds(Past, st.integers(610, 705), st.just("underbody_treatment")),
    st.none() | st.builds(Past, st.integers(1, 900), st.sampled_from(TAGS)),
).map(lambda found: [one for one in found if one is not None])
stories = st.lists(st.builds(Happening, st.integers(0, DAYS - 1), st.sampled_from(HAPPENINGS)), max_size=9)
inspections = st.none() | st.dates(date(2026, 2, 10), date(2026, 5, 20))


def begun(past: list[Past], due_on: date | None) -> VehicleFacts:
    days = [FROM - timedelta(days=one.days_ago) for one in past]
    registry = Registry(status="registered", next_on=due_on, every_months=24, rule="a rule") if due_on else None
    return served(
        policy=POLICY, seasons=(SUMMER,), registry=registry,
        orders=tuple(order(n, on) for n, on in enumerate(days)),
        visits=tuple(
            visit(n, on, one.tag, odometer_km=90_000 - 60 * one.days_ago)
            for n, (on, one) in enumerate(zip(days, past, strict=True))
        ),
    )  # fmt: skip


def happen(facts: VehicleFacts, what: str, day: date, number: int) -> VehicleFacts:
    """The facts once that happened."""
    open_ = [one.invitation_id for one in facts.cycles if not one.is_closed and one.invitation_id and one.first()]
    registry = facts.registry or Registry(status="registered")
    if what in TAGS:
        return with_more(facts, orders=[order(number, day)], visits=[visit(number, day, what)])
    match what:
        case "open_service" | "open_wheels":
            return with_more(
                facts, orders=[open_order(number, day, "service" if what == "open_service" else "wheel_change_summer")]
            )
        case "no" | "not_now" | "call_me":
            answer, reason = ("call_me", None) if what == "call_me" else ("no", "not_now" if what == "not_now" else "price")
            return with_more(facts, answers=[Answer(one, answer, reason, instant(day)) for one in open_[:1]])
        case "hold" | "restore":
            held = "wait" if what == "hold" else None
            return replace(facts, cycles=tuple(replace(one, held=held) for one in facts.cycles))
        case "suppress":
            return replace(facts, customers={ANNE: anne(suppressed=True, email=None, mobile=None)})
        case "passed" | "failed":
            seen = (*registry.inspections, Inspection(day, what))
            next_on = date(day.year + 2, day.month, 15) if what == "passed" else None
            return replace(facts, registry=replace(registry, inspections=seen, next_on=next_on, because="inspection_failed"))
        case "gone":
            return replace(facts, registry=replace(registry, status="exported"))
        case "owner":
            return replace(facts, registry=replace(registry, signs=(Sign(day, "status"),)))
        case "released":
            return replace(facts, released_at=instant(day))
        case "unread":
            return with_more(facts, orders=[order(number, day, tags=None)])
        case "correct":  # a visit turns out to have been on another day
            moved = tuple(replace(one, on=one.on + timedelta(days=20)) for one in facts.visits[:1])
            return replace(facts, visits=(*moved, *facts.visits[1:]))
    return facts


def with_contact(facts: VehicleFacts, invitation: UUID | None, **contact: Any) -> VehicleFacts:
    cycles = [
        replace(one, contacts={**one.contacts, contact["step"]: left(**contact)}) if one.invitation_id == invitation else one
        for one in facts.cycles
    ]
    return replace(facts, cycles=tuple(cycles))


@settings(max_examples=250, deadline=None)
@given(pasts, inspections, stories)
def test_of_all_types_each_step_leaves_once_and_no_two_of_a_family_are_close(
    past: list[Past], due_on: date | None, story: list[Happening]
) -> None:
    facts = begun(past, due_on)
    sent: dict[tuple[UUID | None, int], date] = {}
    firsts: dict[str, list[date]] = {}
    for ahead in range(DAYS):
        day = FROM + timedelta(days=ahead)
        whats = [one.what for one in story if one.day == ahead]
        for number, one in enumerate(story, 100):
            if one.day == ahead:
                facts = happen(facts, one.what, day, number)
        if "down" in whats:
            continue
        found = decide_all(facts, today=day)
        for decision in found.values():
            facts = as_stored(facts, decision)
        leaving = {kind: decision for kind, decision in found.items() if decision.leaving is not None}
        families = [KINDS[kind].family for kind, decision in leaving.items() if decision.leaving and decision.leaving.step == 1]
        assert len(set(families)) == len(families), "two of one family at once"
        for kind, decision in leaving.items():
            assert decision.leaving is not None
            standing, step = decision.standings[-1], decision.leaving.step
            mine = next(c for c in facts.cycles if c.type == kind and c.anchor == standing.cycle.anchor)
            assert CALENDAR.is_sending_day(day)
            assert standing.blocked is None
            assert day <= decision.leaving.until
            assert not facts.customers[ANNE].suppressed
            assert facts.excluded is None
            assert facts.registry is None or facts.registry.status != "exported"
            assert facts.unread() is None
            assert (mine.invitation_id, step) not in sent, f"{kind} step {step} twice"
            assert step == 1 or (mine.invitation_id, 1) in sent
            if step == 1 and kind == "wheel_summer":
                assert SUMMER.from_on <= day <= SUMMER.to_on
            if step == 1 and kind == "inspection_check":
                assert standing.due_on is not None
                assert day <= standing.due_on
            sent[mine.invitation_id, step] = day
            if step == 1:
                firsts.setdefault(KINDS[kind].family, []).append(day)
            facts = with_contact(facts, mine.invitation_id, step=step, on=day, channel=decision.leaving.channel)
    for family, days in firsts.items():
        apart = {"wheel_summer": 0, "inspection": 180}.get(family, 60)
        assert all((later - earlier).days >= apart for earlier, later in pairwise(days)), family
    assert len(firsts.get("wheel_summer", ())) <= 1


@settings(max_examples=80, deadline=None)
@given(pasts, inspections, stories, st.integers(0, DAYS))
def test_of_all_types_a_decision_is_stable_has_reasons_and_looks_ahead(
    past: list[Past], due_on: date | None, story: list[Happening], ahead: int
) -> None:
    facts, day = begun(past, due_on), FROM + timedelta(days=ahead)
    for number, one in enumerate(story, 100):
        facts = happen(facts, one.what, FROM + timedelta(days=min(one.day, ahead)), number)
    found = decide_all(facts, today=day)
    for decision in found.values():
        assert decision.reasons
        assert decision.look_on is None or decision.leaving is not None or decision.look_on > day
        facts = as_stored(facts, decision)
    again = decide_all(facts, today=day)
    assert [(d.leaving, d.look_on) for d in again.values()] == [(d.leaving, d.look_on) for d in found.values()]
