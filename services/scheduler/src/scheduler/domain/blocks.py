"""What stops an invitation: for good, or for now (`rules.md` 1). Each block is a reason; the first in the rules' order counts."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from common.clock import local_day
from common.events.words import Answer, Because, Outcome
from scheduler.domain.facts import DAY, SERVICE, Customer, Cycle, VehicleFacts, Why

OPEN_ORDER_DAYS = timedelta(days=90)
APPOINTMENT_DAYS_AFTER = timedelta(days=7)
DISTANCE = timedelta(days=5)
FIRST_STEPS_APART = timedelta(days=60)
FOR_GOOD = frozenset({"sold", "other_workshop"})


@dataclass(frozen=True)
class Block:
    """Something that stops an invitation now."""

    why: Why
    stops_clock: bool = False  # the lateness clock stands still meanwhile
    until: date | None = None  # the last day it holds by itself
    outcome: Outcome | None = None  # of a permanent one: how the invitation closes

    @property
    def permanent(self) -> bool:
        return self.outcome is not None


@dataclass(frozen=True)
class Considered:
    """A cycle looked at on a day."""

    facts: VehicleFacts
    customer: Customer
    cycle: Cycle
    today: date
    earlier_first: tuple[date, ...] = field(default=())  # days of step 1 of this vehicle's other service invitations


def permanent(case: Considered) -> Block | None:
    """What does not pass by itself; answers to this one invitation are looked at where the cycle is."""
    facts, customer = case.facts, case.customer
    if (gone := said_for_good(facts)) is not None:
        return Block(Why(Because.ANSWERED, {"answer": gone}), outcome=Outcome.ANSWERED_NO)
    if customer.suppressed:
        return Block(Why(Because.SUPPRESSED), outcome=Outcome.SUPPRESSED)
    if (reason := facts.excluded or customer.excluded) is not None:
        return Block(Why(Because.EXCLUDED, {"reason": reason}), outcome=Outcome.EXCLUDED)
    if customer.consents is False:
        return Block(Why(Because.NO_CONSENT), outcome=Outcome.EXCLUDED)
    return None


def said_for_good(facts: VehicleFacts) -> str | None:
    """Sold, or gone to another workshop: no invitation of any kind, until the vehicle visits again (`rules.md` 2)."""
    last_visit = max((order.finished_on for order in facts.finished() if order.finished_on), default=date.min)
    zone = ZoneInfo(facts.timezone)
    said = [answer for answer in facts.answers if answer.answer == Answer.NO and answer.reason in FOR_GOOD]
    return next((answer.reason for answer in said if local_day(answer.at, zone) >= last_visit), None)


def temporary(case: Considered) -> Block | None:
    """The first of open order, appointment, hold, address, ignorance and distance."""
    return next(_temporary(case), None)


def _temporary(case: Considered) -> Iterator[Block]:
    facts, today = case.facts, case.today
    yield from _longest(_open_orders(facts, today))
    yield from _longest(_appointments(facts, case.cycle, today))
    if case.cycle.held is not None:
        yield Block(Why(Because.HELD, {"reason": case.cycle.held}))
    if not case.customer.channels():
        yield Block(Why(Because.NO_ADDRESS))
    yield from ignorance(facts)
    if case.cycle.first() is not None:
        return
    if (first := max((day for day in case.earlier_first if today < day + FIRST_STEPS_APART), default=None)) is not None:
        yield Block(
            Why(Because.DISTANCE, {"on": first.isoformat(), "days": FIRST_STEPS_APART.days}),
            stops_clock=True,
            until=first + FIRST_STEPS_APART - DAY,
        )
    near = facts.others_first_on
    if near is not None and near < today < near + DISTANCE:
        yield Block(Why(Because.DISTANCE, {"on": near.isoformat(), "days": DISTANCE.days}), until=near + DISTANCE - DAY)


def ignorance(facts: VehicleFacts) -> Iterator[Block]:
    """What is known to be not known yet."""
    unread = facts.unread()
    if unread is not None:
        yield Block(Why(Because.ORDER_UNREAD, {"number": unread.number}))
    if any(appointment.tags is None and appointment.stands for appointment in facts.appointments):
        yield Block(Why(Because.ORDER_UNREAD, {"number": "–"}))
    if facts.ignorance.parked:
        yield Block(Why(Because.FACT_PARKED))
    if facts.ignorance.stale_source is not None:
        since = facts.ignorance.stale_since
        yield Block(
            Why(Because.SOURCE_STALE, {"source": facts.ignorance.stale_source, "since": since.isoformat() if since else None})
        )


def _longest(found: Iterator[Block]) -> list[Block]:
    """Of several blocks of one kind the one that holds longest."""
    return sorted(found, key=lambda block: (block.until or date.max, str(block.why.params)), reverse=True)[:1]


def _open_orders(facts: VehicleFacts, today: date) -> Iterator[Block]:
    for order in facts.orders:
        if order.status != "open" or order.tags is None or SERVICE not in order.tags:
            continue
        until = (order.changed_on or today) + OPEN_ORDER_DAYS
        if today <= until:
            changed_on = order.changed_on.isoformat() if order.changed_on else None
            yield Block(
                Why(Because.OPEN_ORDER, {"number": order.number, "changed_on": changed_on}), stops_clock=True, until=until
            )


def _appointments(facts: VehicleFacts, cycle: Cycle, today: date) -> Iterator[Block]:
    first = cycle.first()
    for appointment in facts.appointments:
        if first is not None and first.is_answered_by(appointment):
            continue  # it is a booking, and ends the invitation
        until = appointment.starts_on + APPOINTMENT_DAYS_AFTER
        if appointment.stands and appointment.tags is not None and SERVICE in appointment.tags and today <= until:
            yield Block(
                Why(Because.APPOINTMENT_AHEAD, {"starts_on": appointment.starts_on.isoformat()}), stops_clock=True, until=until
            )
