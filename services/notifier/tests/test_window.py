"""When a message may leave: inside its hours, on its day, whatever the clocks on the wall do."""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from common.events.messages import ContactWithdrawn
from common.testing.nordhavn import NINE, World, due
from notifier.domain.window import DayMissed, Leave, TooLate, Wait, Window, may_leave

MONDAY = Window("Europe/Copenhagen", date(2026, 3, 2), time(9), time(18), date(2026, 3, 4))


@pytest.mark.parametrize(
    ("now", "verdict"),
    [
        (datetime(2026, 3, 1, 23, 30, tzinfo=UTC), Wait(NINE)),
        (datetime(2026, 3, 2, 7, 59, 59, tzinfo=UTC), Wait(NINE)),
        (datetime(2026, 3, 2, 8, tzinfo=UTC), Leave()),
        (datetime(2026, 3, 2, 16, 59, 59, tzinfo=UTC), Leave()),
        (datetime(2026, 3, 2, 17, tzinfo=UTC), DayMissed()),
        (datetime(2026, 3, 3, 9, tzinfo=UTC), DayMissed()),
        (datetime(2026, 3, 4, 22, 59, tzinfo=UTC), DayMissed()),
        (datetime(2026, 3, 4, 23, tzinfo=UTC), TooLate()),
    ],
)
def test_a_message_leaves_on_its_day_in_its_hours(now: datetime, verdict: object) -> None:
    assert may_leave(MONDAY, now=now) == verdict


@pytest.mark.parametrize(
    ("day", "opens", "closes"),
    [
        (date(2027, 3, 27), 8, 17),
        (date(2027, 3, 28), 7, 16),  # clocks went forward that night
        (date(2027, 10, 30), 7, 16),
        (date(2027, 10, 31), 8, 17),  # and back
        (date(2028, 2, 29), 8, 17),
    ],
)
def test_nine_on_the_wall_is_nine_in_summer_and_winter(day: date, opens: int, closes: int) -> None:
    window = Window("Europe/Copenhagen", day, time(9), time(18), day)
    assert window.opens_at() == datetime(day.year, day.month, day.day, opens, tzinfo=UTC)
    assert window.closes_at() == datetime(day.year, day.month, day.day, closes, tzinfo=UTC)


def test_a_window_over_the_hour_that_is_skipped_or_repeated_opens_once() -> None:
    spring = Window("Europe/Copenhagen", date(2027, 3, 28), time(2, 30), time(4), date(2027, 3, 28))
    assert spring.opens_at() == datetime(2027, 3, 28, 1, 30, tzinfo=UTC)  # 03:30 on the wall
    autumn = Window("Europe/Copenhagen", date(2027, 10, 31), time(2, 30), time(4), date(2027, 10, 31))
    assert autumn.opens_at() == datetime(2027, 10, 31, 0, 30, tzinfo=UTC)  # the first of the two
    assert autumn.closes_at() - autumn.opens_at() == timedelta(hours=2, minutes=30)


def test_the_last_day_is_the_workshops_own() -> None:
    auckland = Window("Pacific/Auckland", date(2026, 3, 2), time(9), time(18), date(2026, 3, 2))
    assert auckland.ends_at() == datetime(2026, 3, 2, 11, tzinfo=UTC)


async def test_the_errand_is_woken_when_the_window_opens(world: World) -> None:
    await world.hear(due(send_on=date(2026, 3, 5)))
    opens = datetime(2026, 3, 5, 8, tzinfo=UTC)
    assert (await world.rt.wakes(world.dealer))["send"] == opens
    assert await world.send() == opens
    assert world.mails() == []
    world.rt.at(opens)
    await world.rt.wakeups.step()
    assert len(world.mails()) == 1
    assert await world.rt.wakes(world.dealer) == {}


async def test_a_day_that_went_by_gives_the_contact_back_to_the_scheduler(world: World) -> None:
    await world.hear(due())
    world.rt.later(hours=24)  # nobody was there to send
    await world.send()
    assert world.mails() == []
    (withdrawn,) = await world.told(ContactWithdrawn)
    assert withdrawn.because == "not_due"
    await world.hear(due(send_on=date(2026, 3, 3)))
    await world.send()
    assert len(world.mails()) == 1


async def test_past_its_last_day_a_message_is_withdrawn_as_too_late(world: World) -> None:
    await world.hear(due())
    world.rt.later(days=15)
    await world.send()
    (withdrawn,) = await world.told(ContactWithdrawn)
    assert withdrawn.because == "too_late"


async def test_giving_back_never_touches_a_contact_that_another_message_made(world: World) -> None:
    await world.hear(due())
    await world.send()
    await world.hear(due(channel="sms"))
    world.rt.later(days=15)
    await world.send()
    assert await world.told(ContactWithdrawn) == []
    assert sorted(await world.states()) == ["accepted", "superseded"]
