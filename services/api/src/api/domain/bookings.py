"""What api reads of a booking system's webhook: whether the booking stands, and where our reference may be in it."""

import re
from collections.abc import Iterator
from typing import Any

BOOKING, CALENDLY, CALCOM = "booking", "calendly", "calcom"
SYSTEMS = (BOOKING, CALENDLY, CALCOM)
MOST_CODES = 5  # looked up of one webhook
_CODE = re.compile(r"[a-z0-9]{10}")
_STANDS = {"invitee.created", "BOOKING_CREATED", "BOOKING_REQUESTED", "BOOKING_RESCHEDULED"}


def stands(system: str, told: dict[str, Any]) -> bool:
    """Whether somebody has a time by this; not by a cancellation, nor by what a system tells besides."""
    if system == BOOKING:
        return told.get("status", "booked") in ("booked", "moved")
    what = told.get("event" if system == CALENDLY else "triggerEvent")
    return isinstance(what, str) and what in _STANDS


def codes(system: str, told: dict[str, Any]) -> list[str]:
    """What may be our reference: in its field; of Calendly in the link's UTM words or an answer; of Cal.com in the metadata or an
    answer (`with_reference` puts it there)."""
    if system == BOOKING:
        code = told.get("invitation")
        return [code] if isinstance(code, str) and len(code) <= 20 else []
    payload = told.get("payload")
    inner = payload if isinstance(payload, dict) else {}
    places = ("tracking", "questions_and_answers") if system == CALENDLY else ("metadata", "userFieldsResponses", "responses")
    found = (text.strip() for place in places for text in _texts(inner.get(place)))
    return list(dict.fromkeys(text for text in found if _CODE.fullmatch(text)))[:MOST_CODES]


def _texts(value: Any) -> Iterator[str]:
    """Every text in a part of a body, up to three levels down."""
    pending = [(value, 0)]
    while pending:
        one, depth = pending.pop(0)
        if isinstance(one, str):
            yield one
        elif depth < 3:
            inner = one.values() if isinstance(one, dict) else one if isinstance(one, list) else ()
            pending += [(part, depth + 1) for part in list(inner)[:50]]
