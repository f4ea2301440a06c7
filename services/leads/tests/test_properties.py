"""Whatever happens to a vehicle, day by day: one mail a lead at most, on sending days, in time, and never past a block."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import pairwise
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st
from leads_given import ANNE, CALENDAR, anne, appointment, as_stored, car, contract, said, sent, with_mail

from common.events.words import LeadType
from leads.domain.chances import CHANCES, Chance
from leads.domain.deciding import decide
from leads.domain.facts import FollowUp, Ignorance, Mail, Registry, VehicleFacts

FROM = date(2026, 1, 5)
DAYS = 150
KINDS = {LeadType.CONTRACT_EXPIRY: "service_contract", LeadType.LEASE_EXPIRY: "lease", LeadType.WARRANTY_EXPIRY: "warranty"}
HAPPENINGS = ("contract", "earlier", "take_back", "appointment", "cancel", "sold", "no", "call_me", "follow_up", "exclude", "include",
              "suppress", "park", "unpark", "down", "lose_address", "gone", "refuse", "unknown", "withdraw", "bounce")  # fmt: skip


@dataclass(frozen=True)
class Happening:
    day: int
    what: str


happenings = st.lists(st.builds(Happening, st.integers(0, DAYS - 1), st.sampled_from(HAPPENINGS)), max_size=8)
ends = st.dates(date(2026, 2, 20), date(2026, 11, 10))


def happen(facts: VehicleFacts, what: str, day: date, kind: LeadType) -> VehicleFacts:
    """The facts once that happened."""
    written = [one.lead_id for one in facts.leads if one.mail is not None and one.mail.left and one.lead_id]
    paper = KINDS.get(kind, "service_contract")
    match what:
        case "contract":
            return replace(facts, contracts=(*facts.contracts, contract(paper, day + timedelta(days=200), day)))
        case "earlier":
            return replace(facts, contracts=(contract(paper, day + timedelta(days=70), day - timedelta(days=900)),))
        case "take_back":
            return replace(facts, contracts=facts.contracts[:-1])
        case "appointment":
            return replace(facts, appointments=(*facts.appointments, appointment(day + timedelta(days=9))))
        case "cancel":
            return replace(facts, appointments=tuple(replace(one, status="cancelled") for one in facts.appointments))
        case "sold":
            return replace(facts, answers=(*facts.answers, said("no", day, "sold", UUID(int=1))))
        case "no" | "call_me":
            return replace(facts, answers=(*facts.answers, *(said(what, day, "price", one) for one in written)))
        case "follow_up":
            return replace(facts, follow_ups=tuple(FollowUp(one, "no_reaction", said("no", day).at) for one in written))
        case "exclude" | "include":
            return replace(facts, excluded="by hand" if what == "exclude" else None)
        case "suppress":
            return replace(facts, customers={ANNE: anne(suppressed=True)})
        case "lose_address":
            return replace(facts, customers={ANNE: replace(facts.customers[ANNE], email=None)})
        case "park" | "unpark":
            return replace(facts, ignorance=Ignorance(parked=what == "park"))
        case "gone":
            return replace(facts, registry=Registry(known=True, status="scrapped"))
    return facts


def stops(facts: VehicleFacts) -> bool:
    person = facts.customers[ANNE]
    gone = facts.registry.status is not None
    sold = any(answer.reason == "sold" for answer in facts.answers)
    return bool(person.suppressed or person.email is None or facts.excluded or facts.ignorance.parked or gone or sold)


@settings(max_examples=150)
@given(st.sampled_from([*KINDS, LeadType.VISIT]), ends, happenings)
def test_never_twice_never_late_never_past_a_block(kind: LeadType, ends_on: date, coming: list[Happening]) -> None:
    facts = car(
        contract(KINDS.get(kind, "service_contract"), ends_on, date(2023, 1, 1)), appointments=(appointment(date(2026, 3, 12)),)
    )
    mailed: list[date] = []
    of: list[UUID | None] = []
    look_on: date | None = FROM
    for ahead in range(DAYS):
        today = FROM + timedelta(days=ahead)
        now = [happening.what for happening in coming if happening.day == ahead]
        for what in now:
            facts = happen(facts, what, today, kind)
        if not now and (look_on is None or today < look_on):
            continue  # nothing happened and nobody asked to look: the tick does not either
        found = decide(facts, kind, today=today)
        facts = as_stored(facts, found)
        look_on = found.look_on
        assert look_on is None or look_on > today or found.leaving is not None
        again = decide(facts, kind, today=today)
        assert (again.reasons, again.look_on, again.leaving) == (found.reasons, found.look_on, found.leaving), (
            "deciding again differs"
        )
        if found.leaving is None or "down" in now:
            if found.leaving is not None:
                look_on = today + timedelta(days=1)
            continue
        chance = CHANCES[kind](facts, today)
        assert isinstance(chance, Chance)
        assert CALENDAR.is_sending_day(today)
        assert today <= chance.last_day == found.leaving.until
        assert today >= chance.plan_on
        assert not stops(facts)
        assert found.current is not None
        (lead_id,) = [
            one.lead_id for one in facts.leads if one.type == kind and one.anchor == chance.anchor and not one.is_closed
        ]
        if "withdraw" in now:
            look_on = today + timedelta(days=1)
            continue
        if "refuse" in now:
            refused = frozenset({facts.customers[ANNE].email or ""})
            facts = with_mail(facts, lead_id, Mail("refused", ANNE, today, refused=refused))
        else:
            mailed.append(today)
            of.append(lead_id)
            back = today if "bounce" in now else None
            mail = replace(sent(today, bounced_on=back), state="unknown" if "unknown" in now else "accepted")
            facts = with_mail(facts, lead_id, mail)
        look_on = today
        facts = as_stored(facts, decide(facts, kind, today=today))
    assert len(of) == len(set(of)), "a lead was written about twice"
    assert all(later - earlier >= timedelta(days=60) for earlier, later in pairwise(mailed))
