"""Wheel seasons: their windows, who is invited, and the dealing of days to customers (`rules.md` 4)."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from common.events.words import Because, InvitationType, VisitTag
from common.months import DAY, add_months
from scheduler.domain.facts import Season, VehicleFacts, Visit, Why
from scheduler.domain.kinds import KINDS
from scheduler.domain.planning import Plan, Planned

CHANGED_WITHIN_MONTHS = 18
STILL_HEARD_OF = timedelta(days=150)  # after a window: reminders, answers and bookings that fell through
BEGINS_IN = {
    InvitationType.WHEEL_WINTER: 8,
    InvitationType.WHEEL_SUMMER: 2,
}  # the month from which a change counts for the season
DEFAULT_WINDOW = {
    InvitationType.WHEEL_WINTER: ((10, 1), (11, 8)),
    InvitationType.WHEEL_SUMMER: ((3, 14), (4, 29)),
}  # month and day
OTHER = {
    InvitationType.WHEEL_WINTER: InvitationType.WHEEL_SUMMER,
    InvitationType.WHEEL_SUMMER: InvitationType.WHEEL_WINTER,
}


def season_of(kind: str, window_from: date) -> date:
    """What a season's invitations hang on: once per type and year in which the window starts."""
    return date(window_from.year, BEGINS_IN[InvitationType(kind)], 1)


def default_window(kind: str, year: int) -> tuple[date, date]:
    """First and last day of the window that counts where the dealer says nothing."""
    first, last = DEFAULT_WINDOW[InvitationType(kind)]
    return date(year, *first), date(year, *last)


def counts_since(season: Season) -> date:
    """From when a change counts as done for a season: 1 August or 1 February before its window."""
    month = BEGINS_IN[InvitationType(season.type)]
    return date(season.from_on.year if season.from_on.month >= month else season.from_on.year - 1, month, 1)


def relevant(facts: VehicleFacts, kind: str, today: date) -> list[Season]:
    """The seasons to decide on: each with an invitation that is not over, and the one that runs or comes next; oldest first."""
    seasons = sorted((season for season in facts.seasons if season.type == kind), key=lambda season: season.from_on)
    coming = next((season for season in seasons if today <= season.to_on), None)
    minted = {cycle.anchor for cycle in facts.cycles if cycle.type == kind}
    return [one for one in seasons if one is coming or (one.anchor in minted and today <= one.to_on + STILL_HEARD_OF)]


def plan(history: Sequence[Visit], season: Season) -> Planned:
    """The plan for one season, or why there is none."""
    if season.stopped:
        return Why(Because.TYPE_OFF, {"season": season.anchor.isoformat()})
    qualifying = [visit for visit in history if qualifies(visit, season)]
    if not qualifying:
        return Why(Because.NOT_BOUGHT_BEFORE)
    last = qualifying[-1]
    tags = KINDS[OTHER[InvitationType(season.type)]].tags | {VisitTag.WHEEL_CHANGE, VisitTag.TYRE_HOTEL}
    params: dict[str, object] = {
        "basis": "season", "last_on": last.on.isoformat(), "order": str(last.order_id), "words": last.said(tags),
        "from_on": season.from_on.isoformat(), "to_on": season.to_on.isoformat(),
        "day": season.day.isoformat() if season.day else None,
    }  # fmt: skip
    return Plan(
        season.type, season.anchor, Why(Because.DUE, params), None, season.day, begun_by_visit=False, same_cycle=timedelta(0),
        never_after=season.to_on, done=_done(history, season),
        wait_until=season.dealt_from if not season.is_dealt else None, ends_on=season.to_on,
    )  # fmt: skip


def qualifies(visit: Visit, season: Season) -> bool:
    """Whether a visit makes its customer one of the season's audience on the window's first day."""
    if not add_months(season.from_on, -CHANGED_WITHIN_MONTHS) <= visit.on < season.from_on + DAY:
        return False
    other = KINDS[OTHER[InvitationType(season.type)]]
    changed = "changed" in season.audience and other.is_met_by(visit.tags, visit.on)
    return changed or ("hotel" in season.audience and VisitTag.TYRE_HOTEL in visit.tags)


def _done(history: Sequence[Visit], season: Season) -> Why | None:
    since, kind = counts_since(season), KINDS[season.type]
    done = [visit.on for visit in history if visit.on >= since and kind.is_met_by(visit.tags, visit.on)]
    return Why(Because.DONE, {"on": done[-1].isoformat()}) if done else None


# Dealing


@dataclass(frozen=True)
class Candidate:
    """A customer with all his cars: the first plate, and on which day of the season he changed last, where known."""

    customer_id: UUID
    plate: str
    last_day: tuple[int, int] | None = None  # months and days into the season


def day_of_season(kind: str, on: date) -> tuple[int, int]:
    """How far into a season a day is, comparable over years: January comes after December."""
    return (on.month - BEGINS_IN[InvitationType(kind)]) % 12, on.day


def last_day_of(kind: str, history: Iterable[Visit]) -> tuple[int, int] | None:
    """On which day of the season this vehicle's wheels were changed last *for this season*."""
    days = [visit.on for visit in history if KINDS[kind].is_met_by(visit.tags, visit.on)]
    return day_of_season(kind, max(days)) if days else None


def together(cars: Iterable[Candidate]) -> list[Candidate]:
    """One candidate for each customer: all cars get the day of the earliest."""
    found: dict[UUID, Candidate] = {}
    for car in cars:
        one = found.get(car.customer_id)
        if one is None:
            found[car.customer_id] = car
            continue
        days = [day for day in (one.last_day, car.last_day) if day is not None]
        found[car.customer_id] = Candidate(car.customer_id, min(one.plate, car.plate), min(days, default=None))
    return list(found.values())


def in_order(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Early customers early, ties by plate; those of whom nothing is known stand after the first half of the known."""
    ranked = sorted(candidates, key=lambda one: (one.last_day or (0, 0), one.plate, one.customer_id.int))
    known = [one for one in ranked if one.last_day is not None]
    unknown = [one for one in ranked if one.last_day is None]
    half = -(-len(known) // 2)
    return [*known[:half], *unknown, *known[half:]]


def deal(
    candidates: Iterable[Candidate], days: Sequence[date], capacity: int | None, told: Mapping[date, int] = {}
) -> dict[UUID, date | None]:
    """A day for each customer: evenly over the days, in order. With a capacity the rest moves to the next later day with
    room; None for whom there is none. `told` are the customers of each day who were contacted already."""
    order = in_order(candidates)
    taken = {day: told.get(day, 0) for day in days}
    dealt: dict[UUID, date | None] = {}
    for i, one in enumerate(order):
        first = (2 * i + 1) * len(days) // (2 * len(order))
        dealt[one.customer_id] = _next_with_room(days[first:], taken, capacity)
    return dealt


def fill(waiting: Iterable[UUID], days: Sequence[date], taken: Mapping[date, int], capacity: int | None) -> dict[UUID, date]:
    """A day for those who have none, in their order: the next with room, of the days left."""
    room = {day: taken.get(day, 0) for day in days}
    found = {customer: _next_with_room(days, room, capacity) for customer in waiting}
    return {customer: day for customer, day in found.items() if day is not None}


def _next_with_room(days: Collection[date], taken: dict[date, int], capacity: int | None) -> date | None:
    for day in days:
        if capacity is None or taken[day] < capacity:
            taken[day] += 1
            return day
    return None
