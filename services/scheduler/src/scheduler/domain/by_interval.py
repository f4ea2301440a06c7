"""Timing belt, underbody treatment and body inspection: by the dealer's interval since the last one (`rules.md` 4)."""

from collections.abc import Sequence
from datetime import date

from common.events.words import Because
from common.months import add_months
from scheduler.domain.facts import VehicleFacts, Visit, Why
from scheduler.domain.interval import as_one, own_interval, reached
from scheduler.domain.kinds import KINDS
from scheduler.domain.planning import Plan, Planned


def plan(facts: VehicleFacts, history: Sequence[Visit], kind: str) -> Planned:
    """The plan since the last of that kind, the earlier of months and km; or why there is none."""
    tags = KINDS[kind].tags
    done = as_one(visit for visit in history if not tags.isdisjoint(visit.tags))
    last = done[-1] if done else None
    interval = own_interval(facts, kind, last.odometer_km if last else None)
    if interval is None:
        return Why(Because.NO_INTERVAL)
    registered_on = facts.vehicle.first_registered_on
    if last is None and not (interval.from_first_registration and registered_on is not None):
        return Why(Because.NOT_BOUGHT_BEFORE)
    begun_on = last.on if last is not None else registered_on
    assert begun_on is not None
    by_months = add_months(begun_on, interval.months) if interval.months is not None else None
    by_km = reached(facts, interval.km, last) if interval.km is not None else None
    days: list[date] = [day for day in (by_months, by_km.on if by_km else None) if day is not None]
    if not days:
        return Why(Because.NO_INTERVAL, {"km": interval.km})
    due_on = min(days)
    invite_on = add_months(due_on, -1)
    params: dict[str, object] = {
        "basis": "interval" if last is not None else "from_registration", "kind": kind, "last_on": begun_on.isoformat(),
        "order": str(last.order_id) if last else None, "words": last.said(tags) if last else "", "months": interval.months,
        "km": interval.km, "interval_from": interval.told_by, "due_on": due_on.isoformat(), "invite_on": invite_on.isoformat(),
    }  # fmt: skip
    return Plan(kind, begun_on, Why(Because.DUE, params), due_on, invite_on)
