"""The last look: what was heard of a contact since its message was decided, and whether that keeps it from leaving."""

from dataclasses import dataclass, replace
from datetime import datetime

from common.events.words import Answer, Because, LeadType
from notifier.domain.states import Purpose


@dataclass(frozen=True)
class Heard:
    """Everything heard that bears on one contact. Instants are those of the events' envelopes (business time)."""

    answers: frozenset[str] = frozenset()
    booking_started_at: datetime | None = None
    followed_up: bool = False
    suppressed: bool = False
    held: bool = False
    excluded: bool = False
    booked: bool = False  # an appointment that stands answers this very invitation
    appointment_at: datetime | None = None  # the latest change of any appointment of this vehicle
    parked: bool = False  # something about vehicle or customer could not be handled here, and may be any of these


_FINAL = frozenset({Answer.CALL_ME, Answer.NO, Answer.UNSUBSCRIBE})


def touched(heard: Heard, *, decided_at: datetime) -> Because | None:
    """Why this contact must not leave, or None. What the scheduler could weigh when it decided (another kind of
    appointment, a booking begun but not made) counts only if it came later; an answer counts whenever it came."""
    if heard.suppressed or Answer.UNSUBSCRIBE in heard.answers:
        return Because.SUPPRESSED
    if heard.booked or Answer.BOOKED in heard.answers:
        return Because.BOOKED
    if heard.answers & _FINAL or heard.followed_up or _after(heard.booking_started_at, decided_at):
        return Because.ANSWERED
    if heard.held:
        return Because.HELD
    if heard.excluded:
        return Because.EXCLUDED
    if _after(heard.appointment_at, decided_at):
        return Because.APPOINTMENT_AHEAD
    return Because.FACT_PARKED if heard.parked else None


def bearing_on(heard: Heard, purpose: str, kind: str | None) -> Heard:
    """Of what was heard that which bears on this kind of contact: an appointment stops a lead only where it is about a visit."""
    if purpose == Purpose.LEAD and kind != LeadType.VISIT:
        return replace(heard, appointment_at=None)
    return heard


def _after(instant: datetime | None, decided_at: datetime) -> bool:
    return instant is not None and instant > decided_at
