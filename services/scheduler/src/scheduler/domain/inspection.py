"""The check before the official inspection: when that is, and who is invited (`rules.md` 3)."""

from collections.abc import Sequence
from datetime import date, timedelta

from common.events.words import Because, InspectionResult, InvitationType, VisitTag
from common.months import add_months
from scheduler.domain.facts import Registry, VehicleFacts, Visit, Why
from scheduler.domain.kinds import KINDS
from scheduler.domain.planning import Plan, Planned

CHECKED_WITHIN_MONTHS = 4
EXPIRY_PERIOD_MONTHS = 6
CUSTOMER_WITHIN_MONTHS = 36
BOUGHT = KINDS[InvitationType.INSPECTION_CHECK].tags


def plan(facts: VehicleFacts, history: Sequence[Visit]) -> Planned:
    """The plan for the next inspection, or why there is none."""
    registry = facts.registry
    if registry is None or not registry.known:
        return Why(Because.NO_REGISTRY_ROW)
    found = next_inspection(registry, history)
    if isinstance(found, Why):
        return found
    on, params = found
    invite_on = on - timedelta(days=facts.policy.inspection.days_before)
    seen = [visit for visit in history if visit.on >= add_months(invite_on, -CUSTOMER_WITHIN_MONTHS)]
    bought = [visit for visit in history if not BOUGHT.isdisjoint(visit.tags)]
    if not seen or (facts.policy.inspection.audience == "bought_before" and not bought):
        return Why(Because.NOT_BOUGHT_BEFORE)
    last = (bought or seen)[-1]
    why = Why(
        Because.DUE,
        params
        | {
            "basis": "inspection" if bought else "inspection_visit", "last_on": last.on.isoformat(),
            "order": str(last.order_id), "words": last.said(BOUGHT),
            "due_on": on.isoformat(), "invite_on": invite_on.isoformat(),
        },
    )  # fmt: skip
    return Plan(
        InvitationType.INSPECTION_CHECK,
        on,
        why,
        on,
        invite_on,
        begun_by_visit=False,
        never_after=on,
        no_reminder_after=on,
        since=add_months(on, -12),
        done=_checked(registry, on, history),
    )


def next_inspection(registry: Registry, history: Sequence[Visit]) -> tuple[date, dict[str, object]] | Why:
    """The day of the next inspection and what it rests on: the registry's own date, else an estimate from the latest passed
    one, the registry's or an own visit's. After a failed one there is no date until a pass arrives."""
    told = max((one.on for one in registry.inspections), default=date.min)
    own = [
        visit
        for visit in history
        if VisitTag.OFFICIAL_INSPECTION in visit.tags and not visit.of_trailer and visit.on > told
    ]  # fmt: skip
    renewed = registry.expires and registry.next_on is not None and bool(own)
    if renewed and registry.next_on is not None and registry.next_on > add_months(own[-1].on, EXPIRY_PERIOD_MONTHS):
        return registry.next_on, {"from": "registry"}
    if own and own[-1].inspection_result == InspectionResult.FAILED:
        return Why(Because.INSPECTION_FAILED, {"on": own[-1].on.isoformat()})
    if registry.expires and registry.next_on is not None:
        return registry.next_on, {"from": "registry"}
    if own and registry.every_months is not None:
        on = add_months(own[-1].on, registry.every_months)
        told_result = own[-1].inspection_result or InspectionResult.NOT_TOLD
        return on, {
            "from": "own_visit",
            "estimate": True,
            "rule": registry.rule,
            "passed_on": own[-1].on.isoformat(),
            "result": told_result,
        }
    if registry.next_on is not None:
        return registry.next_on, {"from": "estimate", "estimate": True, "rule": registry.rule}
    return Why(registry.because or Because.NO_REGISTRY_ROW, registry.because_params)


def _checked(registry: Registry, on: date, history: Sequence[Visit]) -> Why | None:
    """A check within 4 months before the date, or where the registry gives the date a passed inspection in the 6 before it."""
    for visit in reversed(history):
        checked = VisitTag.INSPECTION_CHECK in visit.tags and add_months(on, -CHECKED_WITHIN_MONTHS) <= visit.on <= on
        if checked or (registry.expires and _passed(visit) and add_months(on, -EXPIRY_PERIOD_MONTHS) <= visit.on):
            return Why(Because.DONE, {"on": visit.on.isoformat()})
    passed = [one.on for one in registry.inspections if one.result == InspectionResult.PASSED]
    if registry.expires and passed and passed[-1] >= add_months(on, -EXPIRY_PERIOD_MONTHS):
        return Why(Because.DONE, {"on": passed[-1].isoformat()})
    return None


def _passed(visit: Visit) -> bool:
    inspected = VisitTag.OFFICIAL_INSPECTION in visit.tags and not visit.of_trailer
    return inspected and visit.inspection_result != InspectionResult.FAILED
