"""Months of the calendar."""

from calendar import monthrange
from datetime import date


def add_months(day: date, months: int) -> date:
    """That day so many months later; at the end of a month the last one that there is."""
    years, month = divmod(day.month - 1 + months, 12)
    year = day.year + years
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
