"""Two clocks. The business clock decides (a demo or a scenario moves it); the system clock leases, signs and times out."""

import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo


class Clock(Protocol):
    def now(self) -> datetime:
        """The current instant, aware, in UTC."""


class SystemClock:
    """The machine's own time."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class MovedClock:
    """The machine's time moved ahead by the seconds in a small file, so that every process of a demo reads the same clock."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read_at: int | None = None
        self._ahead = timedelta()

    def now(self) -> datetime:
        return SystemClock().now() + self.ahead()

    def ahead(self) -> timedelta:
        """How far this clock is ahead of the machine's."""
        try:
            changed_at = os.stat(self._path).st_mtime_ns
        except FileNotFoundError:
            return timedelta()
        if changed_at != self._read_at:
            self._ahead, self._read_at = timedelta(seconds=float(self._path.read_text())), changed_at
        return self._ahead

    def move_to(self, instant: datetime) -> None:
        """Move every process that reads this file to `instant`; a clock never goes back."""
        ahead = max(instant - SystemClock().now(), self.ahead())
        fresh = self._path.with_suffix(".new")
        fresh.write_text(repr(ahead.total_seconds()))
        fresh.replace(self._path)


class FixedClock:
    """A clock that stands still until it is moved: scenarios and tests."""

    def __init__(self, instant: datetime) -> None:
        self._instant = instant.astimezone(UTC)

    def now(self) -> datetime:
        return self._instant

    def move_to(self, instant: datetime) -> None:
        self._instant = instant.astimezone(UTC)


def local_day(instant: datetime, zone: ZoneInfo) -> date:
    """The date that `instant` has on the wall of that zone."""
    return instant.astimezone(zone).date()
