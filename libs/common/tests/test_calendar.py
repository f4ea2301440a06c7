"""Sending days: weekdays by setting, without public holidays, 24 and 31 December, and the dealer's closed days."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.calendar import Calendar, calendar
from common.policy import Sending

DENMARK = calendar("DK", None, Sending(), ())


@pytest.mark.parametrize(
    ("day", "moved"),
    [
        (date(2026, 2, 10), date(2026, 2, 10)),
        (date(2026, 2, 14), date(2026, 2, 16)),  # a Saturday
        (date(2026, 4, 2), date(2026, 4, 7)),  # Maundy Thursday to Easter Monday
        (date(2026, 5, 14), date(2026, 5, 15)),  # Ascension Day
        (date(2026, 5, 25), date(2026, 5, 26)),  # Whit Monday
        (date(2026, 5, 1), date(2026, 5, 1)),  # the Great Prayer Day that was, until 2023
        (date(2026, 12, 24), date(2026, 12, 28)),
        (date(2026, 12, 31), date(2027, 1, 4)),
        (date(2027, 1, 1), date(2027, 1, 4)),
    ],
)
def test_a_danish_day_moves_to_the_next_sending_day(day: date, moved: date) -> None:
    assert DENMARK.moved(day) == moved


def test_24_and_31_december_may_be_sending_days() -> None:
    open_then = calendar("DK", None, Sending(closed_24_31_december=False), ())
    assert open_then.moved(date(2026, 12, 24)) == date(2026, 12, 24)
    assert open_then.moved(date(2026, 12, 31)) == date(2026, 12, 31)


def test_closed_days_move_it_on() -> None:
    closed = calendar("DK", None, Sending(), [date(2026, 2, 10), date(2026, 2, 11)])
    assert closed.moved(date(2026, 2, 10)) == date(2026, 2, 12)


def test_the_dealer_says_which_weekdays() -> None:
    saturdays = calendar("DK", None, Sending(days=("sat",)), ())
    assert saturdays.moved(date(2026, 2, 10)) == date(2026, 2, 14)


@pytest.mark.parametrize(("subdivision", "is_sending_day"), [("BY", False), ("BE", True)])
def test_holidays_are_those_of_the_subdivision(subdivision: str, is_sending_day: bool) -> None:
    epiphany = date(2026, 1, 6)
    assert calendar("DE", subdivision, Sending(), ()).is_sending_day(epiphany) is is_sending_day


def test_a_country_without_known_holidays_has_none() -> None:
    assert calendar("XX", None, Sending(), ()).is_sending_day(date(2026, 1, 1))


@given(st.dates(date(2020, 1, 1), date(2040, 1, 1)), st.sets(st.dates(date(2020, 1, 1), date(2040, 1, 1)), max_size=20))
def test_a_moved_day_is_the_first_sending_day_from_that_day_on(day: date, closed: set[date]) -> None:
    found: Calendar = calendar("DK", None, Sending(), closed)
    moved = found.moved(day)
    assert found.is_sending_day(moved)
    assert moved >= day
    between = (date.fromordinal(one) for one in range(day.toordinal(), moved.toordinal()))
    assert not any(found.is_sending_day(one) for one in between)
