"""How long until the next time, in months and in km, and how fast a vehicle is driven (`rules.md` 2, 4)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from common.events.words import InvitationType
from common.months import add_months, months_between
from common.policy import IntervalRule
from scheduler.domain import table
from scheduler.domain.facts import Vehicle, VehicleFacts, Visit

DEFAULT_MONTHS = 12
ONE_SERVICE = timedelta(days=60)
YOUNG_YEARS = 3
RATE_OVER_MONTHS = 24
RATE_AT_LEAST = timedelta(days=60)
KM_A_DAY_AT_MOST = 400
LATEST_READINGS = 200
A_LIFETIME_DAYS = 36_500  # what is reached later is not reached


@dataclass(frozen=True)
class Interval:
    """Months and km between, and what told each: rule, table, learned or default. What nobody tells is None."""

    months: int | None
    told_by: str
    km: int | None = None
    km_told_by: str | None = None
    from_first_registration: bool = False


@dataclass(frozen=True)
class Reached:
    """The day on which a vehicle reaches so many km, at the pace it is driven."""

    on: date
    km_a_day: float
    readings: int


def as_one(visits: Iterable[Visit]) -> list[Visit]:
    """Visits within 60 days of the first are one, dated by the first."""
    found: list[Visit] = []
    for visit in visits:
        if not found or visit.on > found[-1].on + ONE_SERVICE:
            found.append(visit)
    return found


def service_interval(facts: VehicleFacts, services: Sequence[Visit], *, learn_from: Sequence[Visit] | None = None) -> Interval:
    """The first that knows, for months and for km each: the dealer's rules in their order, the interval table, this
    vehicle's own history, 12 months. `learn_from` are the services that may teach, where not all do."""
    odometer_km = services[-1].odometer_km if services else None
    months, months_by = _first(facts, InvitationType.SERVICE, odometer_km, "months")
    km, km_by = _first(facts, InvitationType.SERVICE, odometer_km, "km")
    if months is not None:
        return Interval(months, months_by or "rule", km, km_by)
    taught = services if learn_from is None else learn_from
    learned = learned_months([visit.on for visit in taught], facts.vehicle.first_registered_on)
    return Interval(learned or DEFAULT_MONTHS, "learned" if learned is not None else "default", km, km_by)


def own_interval(facts: VehicleFacts, kind: str, odometer_km: int | None) -> Interval | None:
    """The interval of a type that has one only where the dealer or a sourced table sets it."""
    months, months_by = _first(facts, kind, odometer_km, "months")
    km, km_by = _first(facts, kind, odometer_km, "km")
    if months is None and km is None:
        return None
    from_first = any(
        rule.from_first_registration
        for rule in facts.policy.intervals
        if rule.type == kind and fits(rule, facts.vehicle, odometer_km)
    )
    return Interval(months, months_by or km_by or "rule", km, km_by, from_first)


def _first(facts: VehicleFacts, kind: str, odometer_km: int | None, what: str) -> tuple[int | None, str | None]:
    for told_by, rules in (("rule", facts.policy.intervals), ("table", table.rows())):
        for rule in rules:
            value: int | None = getattr(rule, what)
            if rule.type == kind and value is not None and fits(rule, facts.vehicle, odometer_km):
                return value, told_by
    return None, None


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


def reached(facts: VehicleFacts, km: int, since: Visit | None) -> Reached | None:
    """When so many km after a visit (or, without one, from new) are driven; None where the pace is not known.

    The pace is that between the earliest and the latest reading within 24 months before the latest, at least 60 days apart;
    readings that fall, or rise by more than 400 km a day, are ignored. The day is rounded down.
    """
    readings = believable(odometer_readings(facts))
    if not readings:
        return None
    latest_on, latest_km = readings[-1]
    recent = [(on, read) for on, read in readings if on >= add_months(latest_on, -RATE_OVER_MONTHS)]
    earliest_on, earliest_km = recent[0]
    if latest_on - earliest_on < RATE_AT_LEAST or latest_km <= earliest_km:
        return None
    pace = (latest_km - earliest_km) / (latest_on - earliest_on).days
    at_visit = 0 if since is None else (since.odometer_km or _interpolated(readings, since.on))
    if at_visit is None:
        return None
    days = int((at_visit + km - latest_km) // pace)
    if abs(days) > A_LIFETIME_DAYS:
        return None
    return Reached(latest_on + timedelta(days=days), round(pace, 1), len(recent))


def odometer_readings(facts: VehicleFacts) -> list[tuple[date, int]]:
    """Every reading of orders, visits and the registry, oldest first; one a day, the highest."""
    visits = [(visit.on, visit.odometer_km) for visit in facts.visits if visit.odometer_km]
    registry = facts.registry.odometer if facts.registry is not None else ()
    by_day: dict[date, int] = {}
    for on, km in (*facts.odometer, *visits, *registry):
        by_day[on] = max(km, by_day.get(on, 0))
    return sorted(by_day.items())[-LATEST_READINGS:]


def believable(readings: Sequence[tuple[date, int]]) -> list[tuple[date, int]]:
    """The readings that rise, and by no more than 400 km a day: of those that cannot all be true, the longest row that can.

    So one odd reading, high or low, costs itself and not those after it.
    """
    best: list[list[tuple[date, int]]] = []
    for on, km in readings:
        rows = [row for row in best if 0 <= km - row[-1][1] <= KM_A_DAY_AT_MOST * (on - row[-1][0]).days]
        best.append([*max(rows, key=len, default=[]), (on, km)])
    return max(best, key=len, default=[])


def _interpolated(readings: Sequence[tuple[date, int]], on: date) -> int | None:
    for (before_on, before_km), (after_on, after_km) in pairwise(readings):
        if before_on <= on <= after_on:
            return before_km + (after_km - before_km) * (on - before_on).days // max((after_on - before_on).days, 1)
    return None
