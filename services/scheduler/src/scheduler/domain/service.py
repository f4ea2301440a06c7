"""Service: the standard invitation, the earlier one by mileage, and the one that wins back (`rules.md` 2)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from common.clock import local_day
from common.events.words import Answer, Because, InvitationType, NoReason, Outcome, VisitTag
from common.months import add_months
from scheduler.domain.facts import VehicleFacts, Visit, Why
from scheduler.domain.interval import Interval, as_one, reached, service_interval
from scheduler.domain.kinds import SERVICE_TYPES
from scheduler.domain.planning import SAME_CYCLE, Plan, Planned

SERVICE = VisitTag.SERVICE
NOTED_DAYS_AHEAD = timedelta(days=30)
NOTED_AT_MOST_MONTHS = 36
EARLY = 0.75  # of the interval: sooner than that is driven faster
FIRST_AFTER = timedelta(days=90)  # a service sooner after first registration teaches nothing
NEVER_BEFORE = timedelta(days=60)


@dataclass(frozen=True)
class _Early:
    """A mileage-based date and what it rests on."""

    due_on: date
    because: Why


def plans(facts: VehicleFacts, history: Sequence[Visit]) -> dict[str, Planned]:
    """The plans that the last service began, by type; the reason where there is none."""
    services = as_one(visit for visit in history if SERVICE in visit.tags)
    if not services:
        return dict.fromkeys(SERVICE_TYPES, Why(Because.NO_SERVICE_KNOWN))
    interval = service_interval(facts, services)
    standard = _standard(facts, services[-1], interval)
    return {
        InvitationType.SERVICE: standard,
        InvitationType.SERVICE_MILEAGE: _by_mileage(facts, services, standard),
        InvitationType.SERVICE_WINBACK: _winback(facts, services[-1], interval),
    }


def _standard(facts: VehicleFacts, last: Visit, interval: Interval) -> Plan:
    assert interval.months is not None
    due_on = add_months(last.on, interval.months)
    params = _params(last) | {"months": interval.months, "interval_from": interval.told_by}
    noted = noted_next_service(facts, last)
    if noted is not None:
        noted_by, noted_on = noted
        if noted_on <= add_months(noted_by, NOTED_AT_MOST_MONTHS):
            invite_on = noted_on - NOTED_DAYS_AHEAD
            why = _due(params | {"interval_from": "next_service_on", "basis": "noted"}, noted_on, invite_on)
            return Plan(InvitationType.SERVICE, last.on, why, noted_on, invite_on)
        params |= {"ignored_note": noted_on.isoformat()}
    invite_on = add_months(due_on, -1)
    return Plan(InvitationType.SERVICE, last.on, _due(params, due_on, invite_on), due_on, invite_on)


def _params(last: Visit) -> dict[str, object]:
    return {"last_on": last.on.isoformat(), "order": str(last.order_id), "words": last.said([SERVICE])}


def _due(params: dict[str, object], due_on: date, invite_on: date) -> Why:
    return Why(Because.DUE, params | {"due_on": due_on.isoformat(), "invite_on": invite_on.isoformat()})


def noted_next_service(facts: VehicleFacts, last: Visit) -> tuple[date, date] | None:
    """The next service date of the latest finished order since the last service that gives one, with that order's day.

    A date that is not after its own order (an unset field, a typing error) is none.
    """
    read = {visit.order_id: visit.next_service_on for visit in facts.visits}
    notes = [
        (order.finished_on, noted)
        for order in facts.finished()
        if order.finished_on is not None and order.finished_on >= last.on
        and (noted := order.next_service_on or read.get(order.order_id)) is not None and noted > order.finished_on
    ]  # fmt: skip
    return notes[-1] if notes else None


def _by_mileage(facts: VehicleFacts, services: Sequence[Visit], standard: Plan) -> Planned:
    """The earliest of what an early first service, a short gap and the km limit say, if it is earlier than the standard."""
    last = services[-1]
    noted = standard.because.params.get("basis") == "noted"
    found = [] if noted else [early for early in (_early_first(facts, services), _short_gap(facts, services)) if early]
    if (by_km := _km_limit(facts, services)) is not None:
        found.append(by_km)
    if not found:
        return Why(Because.NOT_DUE, {"basis": "not_faster", "invite_on": _iso(standard.invite_on)})
    early = min(found, key=lambda one: one.due_on)
    invite_on = max(add_months(early.due_on, -1), last.on + NEVER_BEFORE)
    assert standard.invite_on is not None
    if invite_on >= standard.invite_on:
        return Why(Because.NOT_DUE, {"basis": "not_faster", "invite_on": _iso(standard.invite_on)})
    why = _due(_params(last) | dict(early.because.params), early.due_on, invite_on)
    return Plan(InvitationType.SERVICE_MILEAGE, last.on, why, early.due_on, invite_on)


def _early_first(facts: VehicleFacts, services: Sequence[Visit]) -> _Early | None:
    registered_on = facts.vehicle.first_registered_on
    if len(services) != 1 or registered_on is None or services[0].on < registered_on + FIRST_AFTER:
        return None
    interval = service_interval(facts, services)
    assert interval.months is not None
    gap, whole = services[0].on - registered_on, add_months(registered_on, interval.months) - registered_on
    if gap >= EARLY * whole:
        return None
    params = {"basis": "early_first", "registered_on": registered_on.isoformat(), "days": gap.days, "months": interval.months}
    return _Early(services[0].on + gap, Why(Because.DUE, params))


def _short_gap(facts: VehicleFacts, services: Sequence[Visit]) -> _Early | None:
    if len(services) < 2:
        return None
    earlier, last = services[-2], services[-1]
    interval = service_interval(facts, services, learn_from=services[:-1])
    assert interval.months is not None
    gap, whole = last.on - earlier.on, add_months(earlier.on, interval.months) - earlier.on
    if gap >= EARLY * whole:
        return None
    params = {"basis": "short_gap", "earlier_on": earlier.on.isoformat(), "days": gap.days, "months": interval.months}
    return _Early(last.on + gap, Why(Because.DUE, params))


def _km_limit(facts: VehicleFacts, services: Sequence[Visit]) -> _Early | None:
    km = service_interval(facts, services).km
    found = reached(facts, km, services[-1]) if km is not None else None
    if found is None:
        return None
    return _Early(found.on, Why(Because.DUE, {"basis": "km", "km": km, "km_a_day": found.km_a_day, "readings": found.readings}))


def _winback(facts: VehicleFacts, last: Visit, interval: Interval) -> Plan:
    assert interval.months is not None
    due_on = add_months(last.on, 2 * interval.months)
    invite_on = add_months(due_on, -1)
    params = _params(last) | {"basis": "winback", "months": interval.months, "interval_from": interval.told_by}
    plan = Plan(InvitationType.SERVICE_WINBACK, last.on, _due(params, due_on, invite_on), due_on, invite_on)
    return replace(plan, done=_refused(facts, last))


def after(winback: Planned, standard: Plan) -> Planned:
    """Winning back begins when the cycle ended without a service: never sooner than 60 days after its own invitation."""
    if isinstance(winback, Why) or winback.invite_on is None or standard.invite_on is None:
        return winback
    invite_on = max(winback.invite_on, standard.invite_on + NEVER_BEFORE)
    why = Why(winback.because.code, {**winback.because.params, "invite_on": invite_on.isoformat()})
    return replace(winback, invite_on=invite_on, because=why)


def _refused(facts: VehicleFacts, last: Visit) -> Why | None:
    """A "no" to a service invitation of this cycle; "not now" closes only the one that it answers."""
    mine = {
        cycle.invitation_id
        for cycle in facts.cycles
        if cycle.type in SERVICE_TYPES
        and cycle.type != InvitationType.SERVICE_WINBACK
        and abs(cycle.anchor - last.on) <= SAME_CYCLE
    }
    zone = ZoneInfo(facts.timezone)
    for answer in facts.answers:
        no = answer.answer == Answer.NO and answer.reason != NoReason.NOT_NOW
        if no and answer.invitation_id in mine and local_day(answer.at, zone) >= last.on:
            return Why(Because.ANSWERED, {"answer": answer.reason or answer.answer})
    for told in facts.follow_ups:
        if told.invitation_id in mine and told.outcome == Outcome.ANSWERED_NO and local_day(told.at, zone) >= last.on:
            return Why(Because.ANSWERED, {"answer": told.outcome})
    return None


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None
