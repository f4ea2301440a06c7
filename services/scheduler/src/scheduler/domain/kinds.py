"""What each type of invitation is about: the visits, orders and appointments of its kind, and how far its first steps are apart."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta

from common.events.words import InvitationType, VisitTag
from common.months import add_months

T = InvitationType
WINTER_CHANGES = frozenset({9, 10, 11, 12, 1})  # months; without words, for ranking (`rules.md` 4)


@dataclass(frozen=True)
class Kind:
    """The kind of work that a type invites to. Types of one family never follow each other closely."""

    family: str
    tags: frozenset[str]
    season: str | None = None  # winter or summer
    months_apart: int = 0
    days_apart: int = 60

    def is_met_by(self, tags: Collection[str], on: date) -> bool:
        """Whether work with these tags on that day is of this kind; a change of unknown season counts by its day."""
        if not self.tags.isdisjoint(tags):
            return True
        return self.season is not None and VisitTag.WHEEL_CHANGE in tags and ranking_season(on) == self.season

    def apart_until(self, first: date) -> date:
        """The first day on which another first step of this family may leave."""
        return add_months(first, self.months_apart) if self.months_apart else first + timedelta(days=self.days_apart)


def ranking_season(on: date) -> str:
    """The season that a change on that day counts for where no word tells it: September to January are winter."""
    return "winter" if on.month in WINTER_CHANGES else "summer"


_SERVICE = Kind("service", frozenset({VisitTag.SERVICE}))
KINDS: dict[str, Kind] = {
    T.SERVICE: _SERVICE,
    T.SERVICE_MILEAGE: _SERVICE,
    T.SERVICE_WINBACK: _SERVICE,
    T.INSPECTION_CHECK: Kind("inspection", frozenset({VisitTag.INSPECTION_CHECK, VisitTag.OFFICIAL_INSPECTION}), months_apart=6),
    T.WHEEL_WINTER: Kind("wheel_winter", frozenset({VisitTag.WHEEL_CHANGE_WINTER}), season="winter", days_apart=0),
    T.WHEEL_SUMMER: Kind("wheel_summer", frozenset({VisitTag.WHEEL_CHANGE_SUMMER}), season="summer", days_apart=0),
    T.TIMING_BELT: Kind("timing_belt", frozenset({VisitTag.TIMING_BELT})),
    T.UNDERBODY: Kind("underbody", frozenset({VisitTag.UNDERBODY_TREATMENT})),
    T.BODY_INSPECTION: Kind("body_inspection", frozenset({VisitTag.BODY_INSPECTION})),
}
SERVICE_TYPES = (T.SERVICE_MILEAGE, T.SERVICE, T.SERVICE_WINBACK)
