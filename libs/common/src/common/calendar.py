"""Days on which messages may leave: weekdays by setting, without public holidays and the dealer's closed days."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

import holidays

from common.policy import Sending

_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_YEAR = 366  # days looked ahead before we say that there is no sending day at all


@dataclass(frozen=True)
class Calendar:
    """The sending days of one workshop."""

    country: str
    subdivision: str | None
    sending: Sending
    closed_days: frozenset[date]

    def is_sending_day(self, day: date) -> bool:
        """Whether messages may leave on that local day."""
        if _WEEKDAYS[day.weekday()] not in self.sending.days or day in self.closed_days:
            return False
        if self.sending.closed_24_31_december and (day.month, day.day) in ((12, 24), (12, 31)):
            return False
        return day not in _public_holidays(self.country, self.subdivision, day.year)

    def moved(self, day: date) -> date:
        """The day itself, or the next sending day after it. Raises ValueError when a year has none."""
        for ahead in range(_YEAR):
            if self.is_sending_day(found := day + timedelta(days=ahead)):
                return found
        raise ValueError(f"no sending day within a year from {day}")

    def moved_back(self, day: date) -> date:
        """The day itself, or the last sending day before it. Raises ValueError when a year has none."""
        for back in range(_YEAR):
            if self.is_sending_day(found := day - timedelta(days=back)):
                return found
        raise ValueError(f"no sending day within a year before {day}")


def calendar(country: str, subdivision: str | None, sending: Sending, closed_days: Iterable[date]) -> Calendar:
    """The calendar of a workshop in that country (ISO 3166) and subdivision."""
    return Calendar(country, subdivision, sending, frozenset(closed_days))


@cache
def _public_holidays(country: str, subdivision: str | None, year: int) -> frozenset[date]:
    """Public holidays by the `holidays` package: of a subdivision that it does not know the country's, of no country none."""
    if subdivision not in holidays.list_supported_countries().get(country, ()):
        subdivision = None
    try:
        return frozenset(holidays.country_holidays(country, subdiv=subdivision, years=year))
    except NotImplementedError:
        return frozenset()
