"""When the registry is looked at: once a day, at an hour in which nobody waits."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Europe/Copenhagen")
REGISTRY = "registry"  # the errand that fetches and reads; it is no dealer's
HOUR = 3  # by default


def next_at(now: datetime, hour: int) -> datetime:
    """The next moment at which the clock in Copenhagen shows that hour, later than now."""
    local = now.astimezone(ZONE)
    today = datetime.combine(local.date(), time(hour), ZONE)
    return today if today > local else datetime.combine(local.date() + timedelta(days=1), time(hour), ZONE)
