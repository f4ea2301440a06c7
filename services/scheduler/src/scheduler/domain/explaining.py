"""Saying why, and why not: what a decision rests on, each block that was looked at, and what would change it."""

from dataclasses import dataclass
from datetime import date

from common.events.words import Because, Stage
from scheduler.domain import blocks
from scheduler.domain.facts import Decision, Standing, VehicleFacts, Why

OF_THE_WORK = frozenset({Because.DONE, Because.ANSWERED})  # what a plan itself says of the work


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


def explain(facts: VehicleFacts, decision: Decision, today: date) -> Explanation:
    """Take a decision apart, on the facts that it was made from."""
    standing = decision.standings[-1] if decision.standings and decision.standings[-1].reasons == decision.reasons else None
    return Explanation(decision.reasons, _checks(facts, standing, decision, today), standing, decision.look_on)


def _checks(facts: VehicleFacts, standing: Standing | None, decision: Decision, today: date) -> tuple[Checked, ...]:
    customer = facts.customers.get(standing.customer_id) if standing is not None and standing.customer_id else None
    if standing is None or customer is None or standing.stage == Stage.CLOSED:
        return ()
    done = next(
        (w for w in decision.reasons if w.code in OF_THE_WORK and standing.permanent and w.code == standing.blocked), None
    )
    case = blocks.considered(facts, customer, standing.cycle, today, done, standing.invite_on)
    found: dict[str, Checked] = {}
    for code, check in (*blocks.PERMANENT, *blocks.TEMPORARY):
        block = check(case)
        if block is not None or code not in found:
            found[code] = Checked(code, block.why if block is not None else None)
    return tuple(found.values())
