"""The decision about the service invitation of one vehicle on one day."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from common.clock import local_day
from common.events.words import Answer as Said
from common.events.words import Because, Channel, Outcome, Stage
from scheduler.domain import blocks
from scheduler.domain.blocks import Block, Considered
from scheduler.domain.facts import (
    DAY,
    SERVICE,
    Appointment,
    Contact,
    Customer,
    Cycle,
    Decision,
    Leaving,
    Standing,
    VehicleFacts,
    Why,
)
from scheduler.domain.interval import Plan, plan

SAME_CYCLE = timedelta(days=60)
REMIND_AFTER = timedelta(days=7)
CALL_AFTER = timedelta(days=3)
GIVE_UP_AFTER = timedelta(days=60)
SHOWN_AHEAD = timedelta(days=7)

OUTCOME_OF = {
    Said.BOOKED: Outcome.BOOKED,
    Said.CALL_ME: Outcome.CALL_ME,
    Said.NO: Outcome.ANSWERED_NO,
    Said.UNSUBSCRIBE: Outcome.SUPPRESSED,
}


def decide(facts: VehicleFacts, *, today: date) -> Decision:
    """Decide the service invitation of a vehicle: which cycle, how it stands, what leaves today, and when to look again."""
    if not facts.policy.is_on("service"):
        return _nothing(facts, Why(Because.TYPE_OFF), today)
    customer = facts.invited()
    found = plan(facts, facts.history(customer)) if customer is not None else None
    if customer is None or found is None:
        if any(blocks.ignorance(facts)):
            return _wait(facts, today)
        group = facts.excluded_group() if customer is None else None
        why = Why(Because.EXCLUDED, {"reason": group}) if group else Why(Because.NO_SERVICE_KNOWN)
        return _nothing(facts, why, today)
    cycle = find_cycle(facts.cycles, found.anchor.on)
    if cycle is None:
        if facts.unread() is not None:  # what is unread may be the service that this cycle would ask for
            return _wait(facts, today)
        if any(other.anchor > found.anchor.on and other.first() for other in facts.cycles):  # only a later visit begins one
            return _nothing(facts, Why(Because.SUPERSEDED, {"anchor": found.anchor.on.isoformat()}), today)
        cycle = Cycle(anchor=found.anchor.on)
    others = [other for other in facts.cycles if other.invitation_id != cycle.invitation_id]
    current = _Current(facts, customer, cycle, found, today, tuple(first.on for o in others if (first := o.first()) and first.on))
    standing, look_on, leaving = current.stand()
    closed = [_supersede(facts, other, found.anchor.on, today) for other in others]
    return Decision(standing.reasons, (*(one for one in closed if one is not None), standing), look_on, leaving)


def find_cycle(cycles: tuple[Cycle, ...], anchor: date) -> Cycle | None:
    """The cycle that this anchor continues: at most 60 days off, unless the anchor is a visit after that cycle's contact.

    One that a customer heard of goes before one that nobody did, however near: else it would be a third contact.
    """
    same = [
        cycle
        for cycle in cycles
        if abs(cycle.anchor - anchor) <= SAME_CYCLE and not (cycle.anchor < anchor and _contacted_before(cycle, anchor))
    ]
    return min(same, key=lambda c: (not c.in_hand, abs(c.anchor - anchor), c.anchor, str(c.invitation_id)), default=None)


def _contacted_before(cycle: Cycle, day: date) -> bool:
    first = cycle.first()
    return first is not None and first.on is not None and first.on <= day


def _nothing(facts: VehicleFacts, why: Why, today: date) -> Decision:
    """No invitation: what was planned is superseded until its facts come back, what was contacted goes its way."""
    closed = [_supersede(facts, cycle, None, today, why) for cycle in facts.cycles]
    return Decision((why,), tuple(one for one in closed if one is not None))


def _wait(facts: VehicleFacts, today: date) -> Decision:
    """Something is on its way: nothing is begun or ended before it came."""
    return Decision(tuple(block.why for block in blocks.ignorance(facts)), look_on=today + DAY)


def _supersede(facts: VehicleFacts, cycle: Cycle, anchor: date | None, today: date, why: Why | None = None) -> Standing | None:
    """An earlier cycle when another is current: closed as visited if it had a contact, else as superseded."""
    reason = why or Why(Because.SUPERSEDED, {"anchor": anchor.isoformat() if anchor else None})
    first = cycle.first()
    if first is None:
        if cycle.is_closed:
            return None
        return Standing(
            cycle, Stage.CLOSED, outcome=Outcome.SUPERSEDED, closed_on=today, stood_on=cycle.stood_on, reasons=(reason,)
        )
    ends = min(ending(facts, cycle, first, today), default=None, key=_by_moment)
    if ends is not None and not (cycle.is_closed and ends[1] == Outcome.NO_REACTION):
        _, outcome, closed_on, told, call_from_on = ends
        return Standing(
            cycle, Stage.CLOSED, first.customer_id, outcome=outcome, closed_on=closed_on, call_from_on=call_from_on,
            stood_on=cycle.stood_on, reasons=(told,),
        )  # fmt: skip
    if cycle.is_closed:
        return None
    outcome = Outcome.VISITED if anchor is not None else Outcome.SUPERSEDED
    outcome = Outcome.EXCLUDED if reason.code == Because.EXCLUDED else outcome
    return Standing(
        cycle, Stage.CLOSED, first.customer_id, outcome=outcome, closed_on=today, stood_on=cycle.stood_on, reasons=(reason,)
    )


Ending = tuple[float, Outcome, date, Why, date | None]  # moment, outcome, local day, why, and from when to call all the same


def _by_moment(end: Ending) -> tuple[float, str]:
    return end[0], end[1]


def ending(facts: VehicleFacts, cycle: Cycle, first: Contact, today: date) -> Iterator[Ending]:
    """Everything that ends a contacted invitation, each with its moment; the earliest is how it ended, in whatever order told."""
    zone = ZoneInfo(facts.timezone)
    assert first.on is not None
    for visit in facts.visits:
        if SERVICE in visit.tags and visit.on > cycle.anchor and visit.on >= first.on:
            yield _day_moment(visit.on), Outcome.VISITED, visit.on, Why(Because.DONE, {"on": visit.on.isoformat()}), None
    for appointment in facts.appointments:
        if not first.is_answered_by(appointment) or appointment.tags is None:
            continue
        names_it = appointment.invitation_id == cycle.invitation_id
        if not names_it and (appointment.invitation_id is not None or (appointment.tags and SERVICE not in appointment.tags)):
            continue
        doubtful = {} if names_it or appointment.tags else {"doubtful": "doubtful"}
        made_on = local_day(appointment.made_at, zone)
        call_from_on = _to_be_called(facts, cycle, appointment, today)
        yield appointment.made_at.timestamp(), Outcome.BOOKED, made_on, Why(Because.BOOKED, doubtful), call_from_on
    for answer in facts.answers:
        if answer.invitation_id == cycle.invitation_id and answer.answer in OUTCOME_OF:
            outcome = OUTCOME_OF[Said(answer.answer)]
            why = Why(Because.ANSWERED, {"answer": answer.reason or answer.answer})
            yield answer.at.timestamp(), outcome, local_day(answer.at, zone), why, None
    for follow_up in facts.follow_ups:
        if follow_up.invitation_id == cycle.invitation_id and follow_up.outcome in set(Outcome):
            why = Why(Because.ANSWERED, {"answer": follow_up.outcome})
            yield follow_up.at.timestamp(), Outcome(follow_up.outcome), local_day(follow_up.at, zone), why, None
    last = cycle.second() or first
    assert last.on is not None
    if today >= (gives_up_on := last.on + GIVE_UP_AFTER):
        yield (
            _day_moment(gives_up_on),
            Outcome.NO_REACTION,
            gives_up_on,
            Why(Because.NO_REACTION, {"since": last.on.isoformat()}),
            None,
        )


def _to_be_called(facts: VehicleFacts, cycle: Cycle, booking: Appointment, today: date) -> date | None:
    """From when to call a customer whose booking fell through: until he books again, comes, answers, or 60 days are over."""
    on = booking.changed_on
    if booking.stands or today >= on + GIVE_UP_AFTER:
        return None
    zone = ZoneInfo(facts.timezone)
    booked_again = any(
        other.stands and other.starts_on >= on and (not other.tags or SERVICE in other.tags) for other in facts.appointments
    )
    came = any(SERVICE in visit.tags and visit.on >= on for visit in facts.visits)
    mine = cycle.invitation_id
    answered = any(a.invitation_id == mine and a.answer in OUTCOME_OF and local_day(a.at, zone) > on for a in facts.answers)
    settled = any(told.invitation_id == mine and local_day(told.at, zone) >= on for told in facts.follow_ups)
    return None if booked_again or came or answered or settled else on


def _day_moment(day: date) -> float:
    return (day - date(1970, 1, 1)).total_seconds()


class _Current:
    """The cycle of the last service on a day."""

    def __init__(
        self, facts: VehicleFacts, customer: Customer, cycle: Cycle, found: Plan, today: date, earlier_first: tuple[date, ...]
    ) -> None:
        self.facts, self.customer, self.cycle, self.plan, self.today = facts, customer, cycle, found, today
        self.case = Considered(facts, customer, cycle, today, earlier_first)
        self.calendar = facts.calendar
        self.late_after = timedelta(days=facts.policy.lateness_days)

    def stand(self) -> tuple[Standing, date | None, Leaving | None]:
        """How it stands, when to look again, and what may leave."""
        first = self.cycle.first()
        if first is not None:
            return self._after_first(first)
        if self.cycle.is_closed and not self._comes_back():
            return self._standing(Stage.CLOSED, outcome=_outcome(self.cycle), closed_on=self.cycle.closed_on), None, None
        return self._before_first()

    def _comes_back(self) -> bool:
        """Whether a cycle that closed untouched begins again: its facts are back, or its day moved and is not past."""
        if self.cycle.outcome == Outcome.MISSED:
            return self.today <= self._effective(self.calendar.moved(self.plan.invite_on)) + self.late_after
        return self.cycle.outcome == Outcome.SUPERSEDED

    def _before_first(self) -> tuple[Standing, date | None, Leaving | None]:
        planned_on = self.calendar.moved(self.plan.invite_on)
        send_on = self._effective(planned_on)
        block = self._answered() or blocks.permanent(self.case)
        if block is not None and self.today >= send_on:
            return self._close(block.outcome or Outcome.EXCLUDED, self.today, block.why)
        contact = self.cycle.contacts.get(1)
        if contact is not None and contact.state == "due":
            return self._handed_over(contact)
        block = block or self._refused_everywhere(contact) or blocks.temporary(self.case)
        stood_on = self.cycle.stood_on
        if block is not None and block.stops_clock:
            stood_on = self.today
            if self.today >= planned_on:
                send_on = self.calendar.moved(self.today + DAY)
        elif self.today > send_on + self.late_after and not self.facts.unread():
            until = (send_on + self.late_after).isoformat()
            return self._close(Outcome.MISSED, self.today, block.why if block else Why(Because.TOO_LATE, {"until": until}))
        stage = Stage.PENDING if send_on <= self.today + SHOWN_AHEAD else Stage.PLANNED
        standing = self._standing(
            stage, send_on=max(send_on, self.today) if block is None else send_on, block=block, stood_on=stood_on
        )
        if block is not None:
            return standing, self._look_while_blocked(block, send_on), None
        if self.today < send_on:
            return standing, max(send_on - SHOWN_AHEAD, self.today + DAY) if stage == Stage.PLANNED else send_on, None
        if not self.calendar.is_sending_day(self.today):
            moved = self.calendar.moved(self.today)
            return replace(standing, send_on=moved), moved, None
        again = contact is not None and contact.state == "refused"
        leaving = Leaving(1, self._first_channel(contact), until=send_on + self.late_after, again=again)
        return standing, self.today, leaving

    def _handed_over(self, contact: Contact) -> tuple[Standing, date | None, Leaving | None]:
        """The notifier has it; when it says nothing by the last day for sending, something of it is set aside there."""
        last_day = contact.handed_on + self.late_after
        silent = Block(Why(Because.FACT_PARKED)) if self.today > last_day else None
        look_on = max(last_day, self.today) + DAY
        return self._standing(Stage.PENDING, send_on=contact.handed_on, block=silent), look_on, None

    def _after_first(self, first: Contact) -> tuple[Standing, date | None, Leaving | None]:
        ends = min(ending(self.facts, self.cycle, first, self.today), default=None, key=_by_moment)
        if ends is not None and not (self.cycle.is_closed and ends[1] == Outcome.NO_REACTION):
            _, outcome, closed_on, why, call_from_on = ends
            return self._close(outcome, closed_on, why, call_from_on)
        if self.cycle.is_closed:  # by a block or another's visit, then: that does not come undone
            return self._standing(Stage.CLOSED, outcome=_outcome(self.cycle), closed_on=self.cycle.closed_on), None, None
        if (block := blocks.permanent(self.case)) is not None:
            return self._close(block.outcome or Outcome.EXCLUDED, self.today, block.why)
        last = self.cycle.second() or first
        assert last.on is not None
        closes_on = last.on + GIVE_UP_AFTER
        if last.step == 2 or not self._reminds(first):
            return self._await_reaction(last.on + CALL_AFTER, closes_on)
        contact = self.cycle.contacts.get(2)
        if contact is not None and contact.state == "due":
            return self._standing(Stage.SENT, send_on=contact.handed_on, closes_on=closes_on), closes_on, None
        if contact is not None and contact.state == "refused":
            return self._await_reaction(contact.handed_on, closes_on)
        return self._remind(first, closes_on)

    def _remind(self, first: Contact, closes_on: date) -> tuple[Standing, date | None, Leaving | None]:
        assert first.on is not None
        if first.customer_id != self.customer.customer_id:
            return self._close(Outcome.OWNER_CHANGED, self.today, Why(Because.OWNER_CHANGED))
        planned_on = self.calendar.moved(first.on + REMIND_AFTER)
        send_on = self._effective(planned_on)
        block = blocks.temporary(self.case)
        stood_on = self.cycle.stood_on
        if block is not None and block.stops_clock:
            stood_on = self.today
            if self.today >= planned_on:
                send_on = self.calendar.moved(self.today + DAY)
        elif self.today > send_on + self.late_after and not (block and block.why.code == Because.HELD):
            return self._await_reaction(send_on + self.late_after + DAY, closes_on)
        standing = self._standing(Stage.SENT, send_on=send_on, block=block, stood_on=stood_on, closes_on=closes_on)
        if block is not None:
            return standing, min(self._look_while_blocked(block, send_on), closes_on), None
        if self.today < send_on:
            return standing, send_on, None
        if not self.calendar.is_sending_day(self.today):
            moved = self.calendar.moved(self.today)
            return replace(standing, send_on=moved), moved, None
        channels = self.customer.channels()
        channel = Channel.SMS if Channel.SMS in channels else channels[0]
        return standing, self.today, Leaving(2, channel, until=send_on + self.late_after)

    def _await_reaction(self, call_from_on: date, closes_on: date) -> tuple[Standing, date | None, Leaving | None]:
        stage = Stage.REMINDED if self.cycle.second() is not None else Stage.SENT
        return self._standing(stage, call_from_on=call_from_on, closes_on=closes_on), closes_on, None

    def _reminds(self, first: Contact) -> bool:
        """Whether a step 2 comes at all."""
        if first.single_channel and not self.facts.policy.remind_on_single_channel:
            return False
        started = any(
            answer.invitation_id == self.cycle.invitation_id and answer.answer == Said.BOOKING_STARTED
            for answer in self.facts.answers
        )
        return self.facts.bookings_reach_us or not started

    def _answered(self) -> Block | None:
        """An answer before anything left, as staff may record it."""
        for answer in self.facts.answers:
            if answer.invitation_id == self.cycle.invitation_id and answer.answer in OUTCOME_OF:
                why = Why(Because.ANSWERED, {"answer": answer.reason or answer.answer})
                return Block(why, outcome=OUTCOME_OF[Said(answer.answer)])
        for follow_up in self.facts.follow_ups:
            if follow_up.invitation_id == self.cycle.invitation_id and follow_up.outcome in set(Outcome):
                return Block(Why(Because.ANSWERED, {"answer": follow_up.outcome}), outcome=Outcome(follow_up.outcome))
        return None

    def _refused_everywhere(self, contact: Contact | None) -> Block | None:
        if contact is None or self._left_channels(contact):
            return None
        return Block(Why(Because.NO_ADDRESS))

    def _first_channel(self, contact: Contact | None) -> Channel:
        return (self._left_channels(contact) if contact is not None else self.customer.channels())[0]

    def _left_channels(self, contact: Contact) -> tuple[Channel, ...]:
        return self.customer.channels(but=contact.refused)

    def _effective(self, planned_on: date) -> date:
        """The sending day; after something stopped the clock beyond it, the next sending day after that."""
        stood_on = self.cycle.stood_on
        return planned_on if stood_on is None or stood_on < planned_on else self.calendar.moved(stood_on + DAY)

    def _look_while_blocked(self, block: Block, send_on: date) -> date:
        """Every day once it would leave within a week; before that when the block may have passed by itself."""
        if send_on <= self.today + SHOWN_AHEAD:
            return self.today + DAY
        looks = [send_on - SHOWN_AHEAD]
        if block.until is not None:
            looks.append(block.until + DAY)
        return max(min(looks), self.today + DAY)

    def _close(
        self, outcome: Outcome, closed_on: date, why: Why, call_from_on: date | None = None
    ) -> tuple[Standing, date | None, Leaving | None]:
        standing = self._standing(Stage.CLOSED, outcome=outcome, closed_on=closed_on, call_from_on=call_from_on)
        look_on = call_from_on + GIVE_UP_AFTER if call_from_on is not None else None
        return replace(standing, blocked=None, reasons=(*standing.reasons, why)), look_on, None

    def _standing(
        self,
        stage: str,
        *,
        send_on: date | None = None,
        block: Block | None = None,
        stood_on: date | None = None,
        call_from_on: date | None = None,
        closes_on: date | None = None,
        outcome: Outcome | None = None,
        closed_on: date | None = None,
    ) -> Standing:
        first = self.cycle.first()
        return Standing(
            replace(self.cycle, anchor=self.plan.anchor.on), stage, first.customer_id if first else self.customer.customer_id,
            due_on=self.plan.due_on, invite_on=self.plan.invite_on, send_on=send_on,
            blocked=block.why.code if block else None, permanent=bool(block and block.permanent),
            call_from_on=call_from_on, closes_on=closes_on, outcome=outcome, closed_on=closed_on,
            stood_on=stood_on or self.cycle.stood_on, reasons=(self._because_due(), *((block.why,) if block else ())),
        )  # fmt: skip

    def _because_due(self) -> Why:
        found = self.plan
        params = {
            "last_on": found.anchor.on.isoformat(),
            "order": str(found.anchor.order_id),
            "words": ", ".join(found.anchor.words[:3]),
            "months": found.interval.months,
            "interval_from": found.told_by,
            "due_on": found.due_on.isoformat(),
            "invite_on": found.invite_on.isoformat(),
        }
        return Why(Because.DUE, params | ({"ignored_note": found.ignored_note.isoformat()} if found.ignored_note else {}))


def _outcome(cycle: Cycle) -> Outcome | None:
    return Outcome(cycle.outcome) if cycle.outcome in set(Outcome) else None
