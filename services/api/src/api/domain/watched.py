"""Where a stream of changes is: the moment, and what the database showed then. It is the id of each event sent."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

_PLACE = re.compile(r"(\d{1,12})-(\d{1,19}):(\d{1,19}):((?:\d{1,19}(?:,\d{1,19}){0,499})?)")


@dataclass(frozen=True)
class Place:
    """A moment of the business clock, and a snapshot (`xmin:xmax:in progress`)."""

    at: datetime
    snapshot: str

    def write(self) -> str:
        return f"{int(self.at.timestamp())}-{self.snapshot}"

    def is_ahead_of(self, snapshot: str) -> bool:
        """Whether this was seen in another life of the database, before it was restored to an earlier day."""
        return int(self.snapshot.split(":")[1]) > int(snapshot.split(":")[1])


def read(given: str | None) -> Place | None:
    """A place that somebody gives back; None for what is none."""
    found = _PLACE.fullmatch(given or "")
    if found is None:
        return None
    low, high, running = int(found[2]), int(found[3]), [int(one) for one in found[4].split(",") if one]
    fits = 0 < low <= high < 2**63 and running == sorted(set(running)) and all(low <= one < high for one in running)
    if not fits or (given or "") != f"{found[1]}-{low}:{high}:{','.join(map(str, running))}":
        return None
    try:
        return Place(datetime.fromtimestamp(int(found[1]), UTC), f"{low}:{high}:{found[4]}")
    except (ValueError, OverflowError, OSError):
        return None
