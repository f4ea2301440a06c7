"""What booking systems post, as facts of one booking: in any order and repeated they add up to the same. A booking that was moved is
a new one to these systems; here all that were moved into each other are one appointment."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from common import values
from ingest.domain.snapshots import MOST_TEXT, MOST_WORD, could_be

CALENDLY, CALCOM = "calendly", "calcom"
TITLES = {CALENDLY: "Calendly", CALCOM: "Cal.com"}
_PLATE = re.compile(r"plade|plate|reg(?:istr|\b|[. -]?n)|indreg|kenteken|kennzeichen|licen[cs]e", re.IGNORECASE)
_VIN = re.compile(r"\bvin\b|stelnummer|stel|chassis|fahrgestell", re.IGNORECASE)
_PHONE = re.compile(r"phone|telefon|tlf|mobil|handy", re.IGNORECASE)
_OURS = re.compile(r"\b(?:ref|reference|invitation)\b", re.IGNORECASE)
_ASKED_ANYWAY = {"name", "email", "title", "location", "guests", "rescheduleReason", "attendeePhoneNumber", "smsReminderNumber"}
Pairs = Sequence[tuple[str, str]]  # what was asked, and the answer


class BadBooking(ValueError):
    """A body that is not as its system documents it."""


@dataclass(frozen=True)
class Details:
    """What a booking says of itself; what it does not say an earlier one of the same appointment may."""

    starts_at: datetime | None = None
    text: str = ""
    name: str | None = None
    email: str | None = None
    mobile: str | None = None
    plate: str | None = None
    vin: str | None = None


@dataclass(frozen=True)
class Step:
    """One webhook: what happened to a booking, when, and which booking it was moved from or into."""

    booking: str
    what: str  # stands, cancelled, no_show, showed, moved_away
    at: datetime
    details: Details = Details()
    before: str | None = None
    after: str | None = None


@dataclass(frozen=True)
class Facts:
    """All that is known of one booking. The instants are those of the newest webhook that said so."""

    stands_at: datetime | None = None
    cancelled_at: datetime | None = None
    details_at: datetime | None = None
    details: Details = Details()
    showed: tuple[datetime, bool] | None = None
    before: str | None = None
    after: str | None = None
    moved_away: bool = False


@dataclass(frozen=True)
class Appointment:
    """What the bookings of one appointment add up to."""

    status: str
    details: Details = field(default_factory=Details)


def added(facts: Facts, step: Step) -> Facts:
    """What is known once a webhook was heard: the same whatever the order, and however often."""
    newest = facts.details_at is None or (step.at, repr(step.details)) >= (facts.details_at, repr(facts.details))
    tells = newest and step.details != Details()
    showed = facts.showed
    if step.what in ("no_show", "showed"):
        showed = max(filter(None, (showed, (step.at, step.what == "no_show"))))
    return Facts(
        stands_at=_later(facts.stands_at, step.at if step.what == "stands" else None),
        cancelled_at=_later(facts.cancelled_at, step.at if step.what == "cancelled" else None),
        details_at=step.at if tells else facts.details_at,
        details=step.details if tells else facts.details,
        showed=showed,
        before=max(filter(None, (facts.before, step.before)), default=None),
        after=max(filter(None, (facts.after, step.after)), default=None),
        moved_away=facts.moved_away or step.what == "moved_away",
    )


def together(bookings: Mapping[str, Facts]) -> Appointment | None:
    """The appointment that these bookings are; None while no webhook has told when it starts."""
    left = {facts.before for facts in bookings.values()} | {name for name, facts in bookings.items() if facts.after}
    ordered = sorted(bookings, key=lambda name: (name not in left, bookings[name].details_at or _LONG_AGO, name))
    details = _filled([bookings[name].details for name in reversed(ordered)])
    if details.starts_at is None:
        return None
    last = bookings[ordered[-1]]
    moved = any(facts.before for facts in bookings.values()) or any(facts.after for facts in bookings.values())
    return Appointment(_status(last, moved=moved), details)


def _status(last: Facts, *, moved: bool) -> str:
    if last.cancelled_at is not None and last.cancelled_at >= (last.stands_at or _LONG_AGO) and not last.moved_away:
        return "cancelled"
    if last.showed is not None and last.showed[1]:
        return "no_show"
    return "moved" if moved and last.details_at is not None else "booked"


def _filled(newest_first: Sequence[Details]) -> Details:
    """The newest that each says."""
    names = ("starts_at", "text", "name", "email", "mobile", "plate", "vin")
    return Details(
        **{name: next((found for one in newest_first if (found := getattr(one, name))), _EMPTY[name]) for name in names}
    )


_LONG_AGO = datetime(1, 1, 1, tzinfo=UTC)
_EMPTY: dict[str, Any] = {"text": "", **dict.fromkeys(("starts_at", "name", "email", "mobile", "plate", "vin"))}


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    return max(filter(None, (one, other)), default=None)


def read(system: str, body: Any, country: str) -> Step | None:
    """A webhook as a step; None for one that tells of no booking. Raises BadBooking."""
    return _calendly(_Body(body), country) if system == CALENDLY else _calcom(_Body(body), country)


def name_in(system: str, body: Any) -> str | None:
    """Of which booking a body tells, where that can be read."""
    payload = _Body(body).inner("payload")
    return payload.other("uri") if system == CALENDLY else payload.other("uid") or payload.other("bookingUid")


class _Body:
    """An object of a body, whose parts may be anything."""

    def __init__(self, given: Any) -> None:
        self.given: dict[str, Any] = given if isinstance(given, dict) else {}

    def inner(self, name: str) -> "_Body":
        return _Body(self.given.get(name))

    def text(self, name: str) -> str | None:
        found = self.given.get(name)
        return found.strip()[:MOST_TEXT] or None if isinstance(found, str) else None

    def word(self, name: str) -> str | None:
        found = self.text(name)
        return found[:MOST_WORD] if found else None

    def other(self, name: str) -> str | None:
        """The name of another booking."""
        found = self.text(name)
        return found if found and len(found) <= MOST_WORD else None

    def many(self, name: str) -> list["_Body"]:
        found = self.given.get(name)
        return [_Body(one) for one in found[:50]] if isinstance(found, list) else []

    def instant(self, name: str) -> datetime | None:
        """Raises BadBooking for what is told and is no instant."""
        if (told := self.given.get(name)) is None:
            return None
        try:
            found = datetime.fromisoformat(told)
        except (ValueError, TypeError):
            raise BadBooking(f"{name}: it is no instant") from None
        if found.tzinfo is None or not could_be(found):
            raise BadBooking(f"{name}: it has no zone, or is of another age")
        return found.astimezone(UTC)

    def must(self, name: str) -> str:
        if (found := self.text(name)) is None or len(found) > MOST_WORD:
            raise BadBooking(f"{name}: it is missing or too long")
        return found


# --- Calendly: webhook subscriptions v2

_CALENDLY = {
    "invitee.created": "stands", "invitee.canceled": "cancelled", "invitee_no_show.created": "no_show",
    "invitee_no_show.deleted": "showed",
}  # fmt: skip


def _calendly(body: _Body, country: str) -> Step | None:
    what, payload = _CALENDLY.get(body.text("event") or ""), body.inner("payload")
    if what is None:
        return None
    at = body.instant("created_at") or payload.instant("created_at")
    if at is None:
        raise BadBooking("created_at: it is missing")
    if what in ("no_show", "showed"):
        return Step(payload.must("invitee"), what, at)
    event = payload.inner("scheduled_event")
    if what == "stands" and event.given.get("start_time") is None:
        raise BadBooking("payload.scheduled_event.start_time: it is missing")
    if what == "cancelled" and payload.given.get("rescheduled") is True:
        what = "moved_away"
    pairs = [(one.text("question") or "", one.text("answer") or "") for one in payload.many("questions_and_answers")]
    name = payload.word("name") or " ".join(filter(None, (payload.word("first_name"), payload.word("last_name")))) or None
    details = _details(
        event.instant("start_time"),
        event.text("name"),
        pairs,
        name,
        payload.text("email"),
        payload.text("text_reminder_number"),
        country,
    )
    return Step(payload.must("uri"), what, at, details, payload.other("old_invitee"), payload.other("new_invitee"))


# --- Cal.com: webhooks 2021-10-20

_CALCOM = {
    "BOOKING_CREATED": "stands", "BOOKING_REQUESTED": "stands", "BOOKING_RESCHEDULED": "stands", "BOOKING_CANCELLED": "cancelled",
    "BOOKING_REJECTED": "cancelled", "BOOKING_NO_SHOW_UPDATED": "no_show",
}  # fmt: skip


def _calcom(body: _Body, country: str) -> Step | None:
    what, payload = _CALCOM.get(body.text("triggerEvent") or ""), body.inner("payload")
    if what is None:
        return None
    at = body.instant("createdAt")
    if at is None:
        raise BadBooking("createdAt: it is missing")
    if what == "no_show":
        missed = any(one.given.get("noShow") is True for one in payload.many("attendees"))
        return Step(payload.must("bookingUid"), "no_show" if missed else "showed", at)
    if payload.given.get("startTime") is None:
        raise BadBooking("payload.startTime: it is missing")
    booking, before = payload.must("uid"), payload.other("rescheduleUid")
    attendee = next(iter(payload.many("attendees")), _Body(None))
    answers = payload.inner("responses")
    pairs = [*_answers(payload.inner("userFieldsResponses")), *_answers(answers), *_answers(payload.inner("customInputs"))]
    phone = attendee.text("phoneNumber") or answers.inner("attendeePhoneNumber").text("value")
    title = payload.text("eventTitle") or payload.text("type")
    details = _details(
        payload.instant("startTime"), title, pairs, attendee.word("name"), attendee.text("email"), phone, country
    )  # fmt: skip
    return Step(booking, what, at, details, before if before != booking else None)


def _answers(responses: _Body) -> Iterator[tuple[str, str]]:
    for slug, given in list(responses.given.items())[:50]:
        if slug in _ASKED_ANYWAY:
            continue
        value = given.get("value") if isinstance(given, dict) else given
        label = given.get("label") if isinstance(given, dict) else None
        if isinstance(value, str) and value.strip():
            yield f"{slug} {label}" if isinstance(label, str) and label != slug else slug, value.strip()


# --- what both have in common


def _details(
    starts_at: datetime | None,
    title: str | None,
    pairs: Pairs,
    name: str | None,
    email: str | None,
    phone: str | None,
    country: str,
) -> Details:
    """What a booking says, its vehicle looked for in the answers: where it was asked for, else anywhere."""
    plate = next((found for asked, said in pairs if _PLATE.search(asked) and (found := values.plate(said))), None)
    vin = next((found for asked, said in pairs if _VIN.search(asked) and (found := values.vin(said))), None)
    free = [(asked, said) for asked, said in pairs if not (_PHONE.search(asked) or _OURS.search(asked))]
    if plate is None and country == "DK":
        plate = values.danish_plate_among([said for _, said in free])
    phones = [phone, *(said for asked, said in pairs if _PHONE.search(asked))]
    mobile = next((found for one in phones if one and (found := values.mobile(one, country))), None)
    said = [said for asked, said in free if not (_PLATE.search(asked) or _VIN.search(asked))]
    text = "\n".join(dict.fromkeys(filter(None, (title, *said))))[:2_000]
    return Details(starts_at, text, name, values.email(email), mobile, plate, vin or values.vin_in("\n".join(s for _, s in free)))
