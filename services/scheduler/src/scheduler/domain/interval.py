"""How long until the next service, and on which day to invite for it (`rules.md` 2)."""

import calendar
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from common.policy import IntervalRule
from scheduler.domain.facts import SERVICE, Vehicle, VehicleFacts, Visit

DEFAULT_MONTHS = 12
NOTED_DAYS_AHEAD = timedelta(days=30)
NOTED_AT_MOST_MONTHS = 36
ONE_SERVICE = timedelta(days=60)
YOUNG_YEARS = 3


@dataclass(frozen=True)
class Interval:
    """Months between services, and what told them: rule, learned or default."""

    months: int
    told_by: str


@dataclass(frozen=True)
class Plan:
    """The days of one cycle and what they rest on."""

    anchor: Visit
    interval: Interval
    due_on: date
    invite_on: date
    told_by: str  # the interval's source, or next_service_on
    ignored_note: date | None = None  # a next-service date too far ahead to be believed


def add_months(day: date, months: int) -> date:
    """The same day so many months later (or earlier); where the month is shorter, its last day."""
    index = day.year * 12 + day.month - 1 + months
    year, month = index // 12, index % 12 + 1
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def months_between(earlier: date, later: date) -> int:
    """Whole calendar months from one day to a later one."""
    months = (later.year - earlier.year) * 12 + later.month - earlier.month
    return months - 1 if add_months(earlier, months) > later else months


def plan(facts: VehicleFacts, history: Sequence[Visit]) -> Plan | None:
    """The days of the cycle that the last service began; None when no service is known."""
    services = as_services(visit for visit in history if SERVICE in visit.tags)
    if not services:
        return None
    last = services[-1]
    interval = find_interval(facts, services)
    due_on = add_months(last.on, interval.months)
    noted = noted_next_service(facts, last)
    if noted is None:
        return Plan(last, interval, due_on, add_months(due_on, -1), interval.told_by)
    noted_by, noted_on = noted
    if noted_on > add_months(noted_by, NOTED_AT_MOST_MONTHS):
        return Plan(last, interval, due_on, add_months(due_on, -1), interval.told_by, ignored_note=noted_on)
    return Plan(last, interval, noted_on, noted_on - NOTED_DAYS_AHEAD, "next_service_on")


def as_services(visits: Iterable[Visit]) -> list[Visit]:
    """Service visits within 60 days of the first are one service, dated by the first."""
    found: list[Visit] = []
    for visit in visits:
        if not found or visit.on > found[-1].on + ONE_SERVICE:
            found.append(visit)
    return found


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


def find_interval(facts: VehicleFacts, services: Sequence[Visit]) -> Interval:
    """The first that knows: the dealer's rules in their order, this vehicle's own history, 12 months."""
    odometer_km = services[-1].odometer_km
    for rule in facts.policy.intervals:
        if rule.type == "service" and rule.months is not None and fits(rule, facts.vehicle, odometer_km):
            return Interval(rule.months, "rule")
    learned = learned_months([visit.on for visit in services], facts.vehicle.first_registered_on)
    return Interval(learned, "learned") if learned is not None else Interval(DEFAULT_MONTHS, "default")


def fits(rule: IntervalRule, vehicle: Vehicle, odometer_km: int | None) -> bool:
    """Whether a rule is about this vehicle; what the rule names and nobody told does not fit."""
    for wanted, told in (
        (rule.make, vehicle.make),
        (rule.model, vehicle.model),
        (rule.fuel, vehicle.fuel),
        (rule.variant, vehicle.variant),
    ):
        if wanted is not None and (told is None or wanted.casefold() != told.casefold()):
            return False
    if rule.model_years is not None:
        first, last = rule.model_years
        if vehicle.model_year is None or not first <= vehicle.model_year <= last:
            return False
    if rule.km_from is None and rule.km_to is None:
        return True
    return odometer_km is not None and (rule.km_from or 0) <= odometer_km <= (
        rule.km_to if rule.km_to is not None else odometer_km
    )


def learned_months(services: Sequence[date], first_registered_on: date | None) -> int | None:
    """What this vehicle's own history teaches, of days in order; None when it teaches nothing.

    The latest pair of consecutive gaps that are both 20–28 months (24) or both under 16 (12) decides. A single gap of 20–28
    months teaches 24 only on a car under 3 years old at the later service.
    """
    days = sorted(set(services))
    gaps = [months_between(earlier, later) for earlier, later in pairwise(days)]
    for earlier, later in reversed(list(pairwise(gaps))):
        if _is_long(earlier) and _is_long(later):
            return 24
        if earlier < 16 and later < 16:
            return 12
    if len(gaps) == 1 and _is_long(gaps[0]) and first_registered_on is not None:
        return 24 if days[-1] < add_months(first_registered_on, YOUNG_YEARS * 12) else None
    return None


def _is_long(gap: int) -> bool:
    return 20 <= gap <= 28
