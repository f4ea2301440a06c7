"""Whatever happens to a vehicle, day by day: two contacts at most, each once, on sending days, never past a block."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from scheduler_given import (
    ANNE,
    CALENDAR,
    anne,
    appointment,
    as_stored,
    instant,
    left,
    open_order,
    order,
    served,
    visit,
    with_contact,
    with_more,
)  # fmt: skip

from common.policy import Policy
from scheduler.domain.deciding import decide
from scheduler.domain.facts import Answer, Contact, Decision, Ignorance, VehicleFacts

LAST = date(2025, 3, 10)
FROM = date(2026, 1, 26)
DAYS = 90
HAPPENINGS = ("service", "brakes", "open_service", "open_tyres", "appointment", "no", "call_me", "hold", "restore", "suppress", "park",
              "unpark", "down", "lose_address", "unread", "refuse", "unknown")  # fmt: skip


@dataclass(frozen=True)
class Happening:
    day: int
    what: str


happenings = st.lists(st.builds(Happening, st.integers(0, DAYS - 1), st.sampled_from(HAPPENINGS)), max_size=8)
lasts = st.dates(date(2025, 2, 20), date(2025, 4, 10))


def happen(facts: VehicleFacts, what: str, day: date, number: int) -> VehicleFacts:
    """The facts once that happened."""
    open_ids = [one.invitation_id for one in facts.cycles if not one.is_closed and one.invitation_id]
    match what:
        case "service" | "brakes":
            return with_more(facts, orders=[order(number, day)], visits=[visit(number, day, what)])
        case "open_service":
            return with_more(facts, orders=[open_order(number, day, "service")])
        case "open_tyres":
            return with_more(facts, orders=[open_order(number, day, "tyre_sale")])
        case "unread":
            return with_more(facts, orders=[order(number, day, tags=None)])
        case "appointment":
            return with_more(facts, appointments=[appointment(number, day + timedelta(days=9), day, "service")])
        case "no" | "call_me":
            return with_more(facts, answers=[Answer(one, what, None, instant(day)) for one in open_ids[:1]])
        case "hold" | "restore":
            held = "wait" if what == "hold" else None
            return replace(facts, cycles=tuple(replace(one, held=held) for one in facts.cycles))
        case "suppress":
            return replace(facts, customers={ANNE: anne(suppressed=True, email=None, mobile=None)})
        case "lose_address":
            return replace(facts, customers={ANNE: anne(email=None, suppressed=facts.customers[ANNE].suppressed)})
        case "park" | "unpark":
            return replace(facts, ignorance=Ignorance(parked=what == "park"))
    return facts


def outcome_of(found: Decision, day: date, whats: set[str]) -> Contact:
    """What became of a step that was handed over: accepted, unless something else happens that day."""
    assert found.leaving is not None
    channel = found.leaving.channel
    if "refuse" in whats:
        return Contact(found.leaving.step, "refused", channel, ANNE, day, refused=frozenset({channel}))
    return replace(left(found.leaving.step, day, channel), state="unknown" if "unknown" in whats else "accepted")


@settings(max_examples=300, deadline=None)
@given(lasts, happenings)
def test_whatever_happens_each_step_leaves_once_on_a_sending_day_and_past_no_block(last: date, story: list[Happening]) -> None:
    facts = served(last)
    sent: dict[tuple[date, int], date] = {}
    first_steps: list[date] = []
    for ahead in range(DAYS):
        day = FROM + timedelta(days=ahead)
        whats = {one.what for one in story if one.day == ahead}
        for number, one in enumerate(story, 100):
            if one.day == ahead:
                facts = happen(facts, one.what, day, number)
        if "down" in whats:
            continue
        found = decide(facts, today=day)
        facts = as_stored(facts, found)
        if found.leaving is None:
            continue
        standing = found.standings[-1]
        anchor, step = standing.cycle.anchor, found.leaving.step
        assert CALENDAR.is_sending_day(day)
        assert standing.blocked is None
        assert not facts.customers[ANNE].suppressed
        assert not facts.ignorance.parked
        assert facts.unread() is None
        assert (anchor, step) not in sent, f"step {step} of {anchor} twice"
        assert step == 1 or (anchor, 1) in sent
        assert day <= found.leaving.until
        contact = outcome_of(found, day, whats)
        facts = with_contact(facts, anchor, contact)
        if contact.left:
            sent[anchor, step] = day
            first_steps += [day] if step == 1 else []
    assert all(later - earlier >= timedelta(days=60) for earlier, later in pairwise(first_steps))


@settings(max_examples=150, deadline=None)
@given(lasts, happenings, st.integers(0, DAYS))
def test_a_decision_is_a_function_of_facts_and_day_and_looks_again_later(last: date, story: list[Happening], ahead: int) -> None:
    facts, day = served(last, policy=Policy(lateness_days=10)), FROM + timedelta(days=ahead)
    for number, one in enumerate(story, 100):
        facts = happen(facts, one.what, FROM + timedelta(days=min(one.day, ahead)), number)
    found = decide(facts, today=day)
    assert found == decide(facts, today=day)
    assert found.reasons
    if found.look_on is not None and found.leaving is None:
        assert found.look_on > day
    if found.standings:
        again = as_stored(facts, found)
        stored = decide(again, today=day)
        assert (stored.leaving, stored.look_on) == (found.leaving, found.look_on)


@settings(max_examples=150, deadline=None)
@given(lasts, happenings, st.randoms(use_true_random=False))
def test_the_order_in_which_facts_stand_changes_nothing(last: date, story: list[Happening], shuffled: object) -> None:
    facts = served(last)
    for number, one in enumerate(story, 100):
        facts = happen(facts, one.what, FROM + timedelta(days=one.day), number)
    mixed = replace(facts, **{
        name: tuple(shuffled.sample(rows, len(rows)))  # type: ignore[attr-defined]
        for name in ("orders", "visits", "appointments", "answers") if (rows := getattr(facts, name))
    })  # fmt: skip
    day = FROM + timedelta(days=DAYS)
    one, other = decide(facts, today=day), decide(mixed, today=day)
    assert [s.stage for s in one.standings] == [s.stage for s in other.standings]
    assert [s.outcome for s in one.standings] == [s.outcome for s in other.standings]
    assert (one.look_on, one.leaving) == (other.look_on, other.leaving)
