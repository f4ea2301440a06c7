"""What stops an invitation: for good, or for now (`rules.md` 1). Each block is a reason; the first in the rules' order counts."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from common.clock import local_day
from common.events.words import Answer, Because, Outcome, RegistryStatus
from common.months import DAY
from scheduler.domain.facts import Customer, Cycle, Sign, VehicleFacts, Why
from scheduler.domain.kinds import KINDS, Kind

OPEN_ORDER_DAYS = timedelta(days=90)
APPOINTMENT_DAYS_AFTER = timedelta(days=7)
DISTANCE = timedelta(days=5)
FOR_GOOD = frozenset({"sold", "other_workshop"})
GONE = frozenset({RegistryStatus.DEREGISTERED, RegistryStatus.SCRAPPED, RegistryStatus.EXPORTED, RegistryStatus.STOLEN})
OWN_CHANGE = timedelta(days=30)  # after a customer's first order here a change is his own


@dataclass(frozen=True)
class Block:
    """Something that stops an invitation now."""

    why: Why
    stops_clock: bool = False  # the lateness clock stands still meanwhile
    since: date | None = None  # of one that stops the clock: when it began
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
    earlier_firsts: tuple[date, ...] = field(default=())  # days of step 1 of this vehicle's other invitations of the family
    done: Why | None = None  # the work is done already
    due_on: date | None = None  # the sending day by the rule

    @property
    def kind(self) -> Kind:
        return KINDS[self.cycle.type]


def considered(
    facts: VehicleFacts, customer: Customer, cycle: Cycle, today: date, done: Why | None, invite_on: date | None
) -> Considered:
    """A cycle with what stands around it: the first steps of its family, and the sending day of its own."""
    family = tuple(
        first
        for other in facts.cycles
        if other.invitation_id != cycle.invitation_id and KINDS[other.type].family == KINDS[cycle.type].family
        and (first := other.first_on()) is not None
    )  # fmt: skip
    due_on = facts.calendar.moved(invite_on) if invite_on is not None else None
    return Considered(facts, customer, cycle, today, family, done, due_on)


def permanent(case: Considered) -> Block | None:
    """What does not pass by itself; answers to this one invitation are looked at where the cycle is."""
    return next((block for _, check in PERMANENT if (block := check(case)) is not None), None)


def _done(case: Considered) -> Block | None:
    if case.done is None:
        return None
    outcome = Outcome.ANSWERED_NO if case.done.code == Because.ANSWERED else Outcome.VISITED
    return Block(case.done, outcome=outcome)


def _said_for_good(case: Considered) -> Block | None:
    gone = said_for_good(case.facts)
    return Block(Why(Because.ANSWERED, {"answer": gone}), outcome=Outcome.ANSWERED_NO) if gone is not None else None


def _suppressed(case: Considered) -> Block | None:
    return Block(Why(Because.SUPPRESSED), outcome=Outcome.SUPPRESSED) if case.customer.suppressed else None


def _excluded(case: Considered) -> Block | None:
    reason = case.facts.excluded or case.customer.excluded
    return Block(Why(Because.EXCLUDED, {"reason": reason}), outcome=Outcome.EXCLUDED) if reason is not None else None


def _no_consent(case: Considered) -> Block | None:
    return Block(Why(Because.NO_CONSENT), outcome=Outcome.EXCLUDED) if case.customer.consents is False else None


def _held_out(case: Considered) -> Block | None:
    is_in = case.cycle.type in case.facts.held_out and case.cycle.first() is None
    return Block(Why(Because.HELD_OUT), outcome=Outcome.HELD_OUT) if is_in else None


def _gone(case: Considered) -> Block | None:
    registry = case.facts.registry
    if registry is None or registry.status not in GONE:
        return None
    return Block(Why(Because.VEHICLE_GONE, {"status": registry.status}), outcome=Outcome.VEHICLE_GONE)


def _owner_certain(case: Considered) -> Block | None:
    sign = owner_sign(case.facts, case.customer)
    return Block(_owner_changed(sign), outcome=Outcome.OWNER_CHANGED) if sign is not None and sign.certain else None


Check = Callable[[Considered], Block | None]
PERMANENT: tuple[tuple[Because, Check], ...] = (
    (Because.DONE, _done),
    (Because.ANSWERED, _said_for_good),
    (Because.SUPPRESSED, _suppressed),
    (Because.EXCLUDED, _excluded),
    (Because.NO_CONSENT, _no_consent),
    (Because.HELD_OUT, _held_out),
    (Because.VEHICLE_GONE, _gone),
    (Because.OWNER_CHANGED, _owner_certain),
)


def owner_sign(facts: VehicleFacts, customer: Customer) -> Sign | None:
    """The latest sign of another owner since this customer's latest finished order; a certain one before a probable one.

    What stands on the first registration date, or within 30 days after his first order here, is his own. A later visit or a
    release by hand clears it for good (`rules.md` 6).
    """
    if facts.registry is None:
        return None
    mine = [order.finished_on for order in facts.finished() if order.customer_id == customer.customer_id and order.finished_on]
    if not mine:
        return None
    released_on = local_day(facts.released_at, ZoneInfo(facts.timezone)) if facts.released_at else date.min
    registered_on = {facts.vehicle.first_registered_on, facts.registry.first_registered_on}
    open_ = [
        sign
        for sign in facts.registry.signs
        if sign.on > max(mine) and sign.on > released_on and sign.on not in registered_on and sign.on > min(mine) + OWN_CHANGE
    ]
    return max(open_, key=lambda sign: (sign.certain, sign.on), default=None)


def _owner_changed(sign: Sign) -> Why:
    return Why(Because.OWNER_CHANGED, {"on": sign.on.isoformat(), "sign": sign.sign})


def said_for_good(facts: VehicleFacts) -> str | None:
    """Sold, or gone to another workshop: no invitation of any kind, until the vehicle visits again (`rules.md` 2)."""
    last_visit = max((order.finished_on for order in facts.finished() if order.finished_on), default=date.min)
    zone = ZoneInfo(facts.timezone)
    said = [answer for answer in facts.answers if answer.answer == Answer.NO and answer.reason in FOR_GOOD]
    return next((answer.reason for answer in said if local_day(answer.at, zone) >= last_visit), None)


def temporary(case: Considered) -> Block | None:
    """The first of open order, appointment, hold, owner, address, ignorance and distance."""
    return next((block for _, check in TEMPORARY if (block := check(case)) is not None), None)


def clock_stopper(case: Considered) -> Block | None:
    """A block that stops the lateness clock, whichever is the reason."""
    return next((block for _, check in TEMPORARY if (block := check(case)) is not None and block.stops_clock), None)


def _open_order(case: Considered) -> Block | None:
    return _longest(_open_orders(case.facts, case.kind, case.today))


def _appointment(case: Considered) -> Block | None:
    return _longest(_appointments(case.facts, case.cycle, case.kind, case.today))


def _held(case: Considered) -> Block | None:
    return Block(Why(Because.HELD, {"reason": case.cycle.held})) if case.cycle.held is not None else None


def _owner_probable(case: Considered) -> Block | None:
    sign = owner_sign(case.facts, case.customer)
    return Block(_owner_changed(sign)) if sign is not None else None


def _no_address(case: Considered) -> Block | None:
    return Block(Why(Because.NO_ADDRESS)) if not case.customer.channels() else None


def _unread(case: Considered) -> Block | None:
    return next(ignorance(case.facts), None)


def _distance(case: Considered) -> Block | None:
    """Two first steps of one family are far apart, and those of one customer five days."""
    if case.cycle.first() is not None:
        return None
    today = case.today
    near = max(((case.kind.apart_until(day), day) for day in case.earlier_firsts), default=None)
    if near is not None and today < near[0]:
        until, first = near
        why = Why(Because.DISTANCE, {"on": first.isoformat(), "days": (until - first).days})
        return Block(why, stops_clock=True, since=first, until=until - DAY)
    others = [
        day
        for invitation, day, due_on in case.facts.firsts
        if invitation != case.cycle.invitation_id
        and (day < today < day + DISTANCE or (day == today and due_on is not None and due_on != case.due_on))
    ]
    if not others:
        return None
    last = max(others)
    return Block(Why(Because.DISTANCE, {"on": last.isoformat(), "days": DISTANCE.days}), until=last + DISTANCE - DAY)


TEMPORARY: tuple[tuple[Because, Check], ...] = (
    (Because.OPEN_ORDER, _open_order),
    (Because.APPOINTMENT_AHEAD, _appointment),
    (Because.HELD, _held),
    (Because.OWNER_CHANGED, _owner_probable),
    (Because.NO_ADDRESS, _no_address),
    (Because.ORDER_UNREAD, _unread),
    (Because.DISTANCE, _distance),
)


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


def _longest(found: Iterator[Block]) -> Block | None:
    """Of several blocks of one kind the one that holds longest."""
    return max(found, key=lambda block: (block.until or date.max, str(block.why.params)), default=None)


def _open_orders(facts: VehicleFacts, kind: Kind, today: date) -> Iterator[Block]:
    for order in facts.orders:
        if order.status != "open" or order.tags is None or not kind.is_met_by(order.tags, order.changed_on or today):
            continue
        until = (order.changed_on or today) + OPEN_ORDER_DAYS
        if today <= until:
            changed_on = order.changed_on.isoformat() if order.changed_on else None
            why = Why(Because.OPEN_ORDER, {"number": order.number, "changed_on": changed_on})
            yield Block(why, stops_clock=True, since=order.changed_on, until=until)


def _appointments(facts: VehicleFacts, cycle: Cycle, kind: Kind, today: date) -> Iterator[Block]:
    first = cycle.first()
    for appointment in facts.appointments:
        if first is not None and first.is_answered_by(appointment):
            continue  # it is a booking, and ends the invitation
        until = appointment.starts_on + APPOINTMENT_DAYS_AFTER
        tags = appointment.tags or frozenset()
        if appointment.stands and kind.is_met_by(tags, appointment.starts_on) and today <= until:
            why = Why(Because.APPOINTMENT_AHEAD, {"starts_on": appointment.starts_on.isoformat()})
            yield Block(why, stops_clock=True, since=local_day(appointment.made_at, ZoneInfo(facts.timezone)), until=until)
