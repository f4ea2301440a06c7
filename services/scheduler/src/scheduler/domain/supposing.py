"""What would be decided if some visits had been about something else."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from common.events.words import InvitationType
from scheduler.domain.deciding import decide_all
from scheduler.domain.facts import Decision, Standing, VehicleFacts, Visit

Supposed = Mapping[UUID, Mapping[str, tuple[str, ...]]]  # by order: all its tags, with the words of those that are new


@dataclass(frozen=True)
class Moved:
    """A type that would be decided otherwise for a vehicle."""

    type: InvitationType
    before: Decision
    after: Decision


def supposing(facts: VehicleFacts, supposed: Supposed) -> VehicleFacts:
    """The facts as they would be; orders that are no visits of this vehicle change nothing."""
    return replace(facts, visits=tuple(_visit(visit, supposed) for visit in facts.visits))


def _visit(visit: Visit, supposed: Supposed) -> Visit:
    if (tags := supposed.get(visit.order_id)) is None:
        return visit
    words = {tag: said or visit.words.get(tag, ()) for tag, said in tags.items()}
    inspected = visit.inspection_result if "official_inspection" in tags else None
    return replace(visit, tags=frozenset(tags), words=words, inspection_result=inspected)


def moved(facts: VehicleFacts, supposed: Supposed, *, today: date | Callable[[str], date]) -> list[Moved]:
    """The types whose invitation would be another, or planned on another day."""
    before, after = (decide_all(one, today=today) for one in (facts, supposing(facts, supposed)))
    return [Moved(kind, before[kind], after[kind]) for kind in before if _planned(before[kind]) != _planned(after[kind])]


def _planned(decision: Decision) -> tuple[object, ...] | None:
    standing = current(decision)
    if standing is None:
        return None
    return standing.cycle.anchor, standing.stage, standing.invite_on, standing.due_on, standing.blocked, standing.outcome


def current(decision: Decision) -> Standing | None:
    """The invitation that a decision is about; None where there is none."""
    return decision.standings[-1] if decision.standings else None
