"""When a message may leave: on its day, inside the window on the workshop's wall clock, and never after its last day."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True)
class Window:
    """The local day and hours that the scheduler decided, and the last local day on which this may leave at all."""

    zone: str
    send_on: date
    send_from: time
    send_to: time
    not_after: date

    def local(self, instant: datetime) -> datetime:
        return instant.astimezone(ZoneInfo(self.zone))

    def opens_at(self) -> datetime:
        return self._instant(self.send_on, self.send_from)

    def closes_at(self) -> datetime:
        return self._instant(self.send_on, self.send_to)

    def ends_at(self) -> datetime:
        """The first instant after its last day."""
        return self._instant(self.not_after + timedelta(days=1), time())

    def _instant(self, day: date, hour: time) -> datetime:
        """An hour that the clocks skip counts as the one that follows, one that they repeat as the first."""
        return datetime.combine(day, hour, ZoneInfo(self.zone)).astimezone(UTC)


@dataclass(frozen=True)
class Leave:
    """It may leave now."""


@dataclass(frozen=True)
class Wait:
    """It may leave from then on."""

    until: datetime


@dataclass(frozen=True)
class DayMissed:
    """Its day went by: whether another one is a sending day is the scheduler's to say."""


@dataclass(frozen=True)
class TooLate:
    """Its last day went by."""


def may_leave(window: Window, *, now: datetime) -> Leave | Wait | DayMissed | TooLate:
    """Decide by the instants, so that a day with 23 or 25 hours is a day like any other."""
    if now >= window.ends_at():
        return TooLate()
    if now < window.opens_at():
        return Wait(window.opens_at())
    if now < window.closes_at():
        return Leave()
    return DayMissed()
