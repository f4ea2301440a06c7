"""Days and terms, as contracts count them."""

from datetime import date
from typing import TypeVar

from common.months import add_months

FIRST_YEAR, LAST_YEAR = 1950, 2100
D = TypeVar("D", bound=date)


def plausible(day: D | None) -> D | None:
    """A day (or instant) that may be meant; systems write 0001 or 9999 for what they do not know, and that is not told."""
    return day if day is not None and FIRST_YEAR <= day.year <= LAST_YEAR else None


def months_of_term(starts_on: date, ends_on: date) -> int:
    """How many months a contract runs, a begun month counted: a lease from 1 June to 31 May has twelve."""
    months = (ends_on.year - starts_on.year) * 12 + ends_on.month - starts_on.month
    return months if add_months(starts_on, months) >= ends_on else months + 1
