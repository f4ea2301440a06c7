"""Calendar months and years, as contracts count them."""

import calendar
from datetime import date, timedelta
from typing import TypeVar

DAY = timedelta(days=1)
FIRST_YEAR, LAST_YEAR = 1950, 2100
D = TypeVar("D", bound=date)


def plausible(day: D | None) -> D | None:
    """A day (or instant) that may be meant; systems write 0001 or 9999 for what they do not know, and that is not told."""
    return day if day is not None and FIRST_YEAR <= day.year <= LAST_YEAR else None


def add_months(day: date, months: int) -> date:
    """The same day so many months later (or earlier); where the month is shorter, its last day."""
    index = day.year * 12 + day.month - 1 + months
    year, month = index // 12, index % 12 + 1
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def months_between(earlier: date, later: date) -> int:
    """Calendar months from one day to a later one, a begun month counted: a lease from 1 June to 31 May has twelve."""
    months = (later.year - earlier.year) * 12 + later.month - earlier.month
    return months if add_months(earlier, months) >= later else months + 1
