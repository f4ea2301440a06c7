"""Cursors of lists: the day and id of the last row, good for the list and the filters that they were made for only."""

import hashlib
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import date
from uuid import UUID

from common.errors import DomainError

Place = tuple[date, UUID]


def digest(*what: object) -> str:
    """A short name of a list with its filters."""
    return hashlib.sha256(json.dumps(what, default=str, sort_keys=True).encode()).hexdigest()[:12]


def write(of: str, place: Place) -> str:
    """The cursor after that row of the list named by `digest`."""
    day, row = place
    return urlsafe_b64encode(f"{of} {day.isoformat()} {row.hex}".encode()).decode().rstrip("=")


def read(given: str | None, of: str) -> Place | None:
    """Where to go on; None for the beginning. Raises DomainError (400) for a cursor of another list, or none of ours."""
    if not given:
        return None
    try:
        made_for, day, row = urlsafe_b64decode(given[:200] + "=" * (-len(given[:200]) % 4)).decode().split(" ")
        place = date.fromisoformat(day), UUID(row)
    except ValueError:
        raise _refusal("This cursor is none of ours.") from None
    if made_for != of:
        raise _refusal("This cursor was made for another list, or for other filters.")
    return place


def _refusal(sentence: str) -> DomainError:
    return DomainError(sentence, code="bad_cursor", status=400, advice="Begin again without a cursor.")
