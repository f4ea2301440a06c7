"""Saying why, and why not: what a decision rests on, each block that was looked at, and what would change it."""

from dataclasses import dataclass
from datetime import date

from common.events.words import Because, Stage
from scheduler.domain import blocks
from scheduler.domain.blocks import Considered
from scheduler.domain.facts import Decision, Standing, VehicleFacts, Why
from scheduler.domain.kinds import KINDS


@dataclass(frozen=True)
class Checked:
    """One block as it was looked at: passed, or what it says."""

    code: str
    why: Why | None = None

    @property
    def passed(self) -> bool:
        return self.why is None


@dataclass(frozen=True)
class Explanation:
    """A decision about one vehicle and type, taken apart."""

    reasons: tuple[Why, ...]
    checks: tuple[Checked, ...]  # empty where there is no invitation that could be stopped
    standing: Standing | None
    look_on: date | None


def explain(facts: VehicleFacts, decision: Decision, kind: str, today: date) -> Explanation:
    """Take a decision apart, on the facts that it was made from."""
    standing = decision.standings[-1] if decision.standings and decision.standings[-1].reasons == decision.reasons else None
    return Explanation(decision.reasons, _checks(facts, standing, decision, kind, today), standing, decision.look_on)


def _checks(facts: VehicleFacts, standing: Standing | None, decision: Decision, kind: str, today: date) -> tuple[Checked, ...]:
    customer = facts.customers.get(standing.customer_id) if standing is not None and standing.customer_id else None
    if standing is None or customer is None or standing.stage == Stage.CLOSED:
        return ()
    done = next((why for why in decision.reasons if why.code == Because.DONE), None)
    firsts = tuple(
        first.on
        for other in facts.cycles
        if other.invitation_id != standing.cycle.invitation_id and KINDS[other.type].family == KINDS[kind].family
        and (first := other.first()) is not None and first.on is not None
    )  # fmt: skip
    case = Considered(facts, customer, standing.cycle, today, firsts, done)
    found: dict[str, Checked] = {}
    for code, check in (*blocks.PERMANENT, *blocks.TEMPORARY):
        block = check(case)
        if block is not None or code not in found:
            found[code] = Checked(code, block.why if block is not None else None)
    return tuple(found.values())
