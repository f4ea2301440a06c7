"""The decisions about the invitations of one vehicle on one day: one for each type."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from common.clock import local_day
from common.events.words import Answer as Said
from common.events.words import Because, Channel, InspectionResult, InvitationType, Outcome, Stage
from common.months import DAY, add_months
from common.policy import BY_INTERVAL, WHEELS
from scheduler.domain import blocks, by_interval, inspection, service, wheels
from scheduler.domain.blocks import Block
from scheduler.domain.facts import (
    Appointment,
    Contact,
    Customer,
    Cycle,
    Decision,
    Leaving,
    Rollout,
    Standing,
    VehicleFacts,
    Visit,
    Why,
)
from scheduler.domain.kinds import KINDS
from scheduler.domain.planning import Plan, Planned

REMIND_AFTER = timedelta(days=7)
CALL_AFTER = timedelta(days=3)
GIVE_UP_AFTER = timedelta(days=60)
SHOWN_AHEAD = timedelta(days=7)
ROLLED_OUT_WITHIN = timedelta(days=60)
ROLLED_OUT_MONTHS = 6  # so old a date is dealt, not missed, when a type is switched on

OUTCOME_OF = {
    Said.BOOKED: Outcome.BOOKED,
    Said.CALL_ME: Outcome.CALL_ME,
    Said.NO: Outcome.ANSWERED_NO,
    Said.UNSUBSCRIBE: Outcome.SUPPRESSED,
}


def decide(facts: VehicleFacts, *, today: date, kind: str = InvitationType.SERVICE) -> Decision:
    """Decide one type for a vehicle: which cycle, how it stands, what leaves today, and when to look again."""
    return decide_all(facts, today=today)[InvitationType(kind)]


def decide_all(facts: VehicleFacts, *, today: date | Callable[[str], date]) -> dict[InvitationType, Decision]:
    """Decide every type for a vehicle. `today` is the day, or what tells the day of a zone."""
    customer = facts.invited()
    history = facts.history(customer) if customer is not None else []
    looked = _Vehicle(facts, customer, history, today)
    found = looked.service_types()
    found[InvitationType.INSPECTION_CHECK] = looked.decide(InvitationType.INSPECTION_CHECK, inspection.plan(facts, history))
    for kind in (InvitationType.WHEEL_WINTER, InvitationType.WHEEL_SUMMER):
        found[kind] = looked.seasons(kind)
    for kind in sorted(BY_INTERVAL):
        found[kind] = looked.decide(kind, by_interval.plan(facts, history, kind))
    return found


class _Vehicle:
    """One vehicle on one day, type by type."""

    def __init__(
        self, facts: VehicleFacts, customer: Customer | None, history: list[Visit], today: date | Callable[[str], date]
    ) -> None:
        self.facts, self.customer, self.history = facts, customer, history
        self._today = today

    def today(self, facts: VehicleFacts) -> date:
        """The day by the clock of the workshop that invites."""
        return self._today if isinstance(self._today, date) else self._today(facts.timezone)

    def service_types(self) -> dict[InvitationType, Decision]:
        """By mileage if it is earlier, else standard: one of the two for a last service. The one that wins back stands beside."""
        plans = service.plans(self.facts, self.history)
        mileage, standard = plans[InvitationType.SERVICE_MILEAGE], plans[InvitationType.SERVICE]
        early: Cycle | None = None
        if isinstance(standard, Plan):
            mine = [c for c in self.facts.cycles if c.type == InvitationType.SERVICE_MILEAGE]
            theirs = [c for c in self.facts.cycles if c.type == InvitationType.SERVICE]
            early, usual = find_cycle(mine, standard), find_cycle(theirs, standard)
            if early is not None and early.in_hand and not isinstance(mileage, Plan):
                mileage = replace(standard, type=InvitationType.SERVICE_MILEAGE)  # what it rested on is gone, the contact is not
            elif usual is not None and usual.in_hand and isinstance(mileage, Plan):
                mileage = Why(Because.SUPERSEDED, {"by": "service", "anchor": standard.anchor.isoformat()})
        by_mileage = self.decide(InvitationType.SERVICE_MILEAGE, mileage)
        winback = plans[InvitationType.SERVICE_WINBACK]
        if isinstance(standard, Plan):
            winback = service.after(winback, standard)
            replaced = bool(by_mileage.standings) and isinstance(mileage, Plan) and _replaces(by_mileage.standings[-1])
            if replaced or (early is not None and early.in_hand):
                standard = Why(Because.SUPERSEDED, {"by": "service_mileage", "anchor": standard.anchor.isoformat()})
        return {
            InvitationType.SERVICE_MILEAGE: by_mileage,
            InvitationType.SERVICE: self.decide(InvitationType.SERVICE, standard),
            InvitationType.SERVICE_WINBACK: self.decide(InvitationType.SERVICE_WINBACK, winback),
        }

    def seasons(self, kind: InvitationType) -> Decision:
        """Every season that is not over, the latest last."""
        found = [
            self.decide(kind, wheels.plan(self.history, season), of=season.anchor)
            for season in wheels.relevant(self.facts, kind, self.today(self.facts.at_workshop(kind)))
        ]
        if not found:
            return self.decide(kind, Why(Because.NOT_DUE))
        if len(found) == 1:
            return found[0]
        look_on = min((one.look_on for one in found if one.look_on is not None), default=None)
        leaving = next((one.leaving for one in found if one.leaving is not None), None)
        standings = [standing for one in found for standing in one.standings]
        if leaving is not None:  # the one that leaves stands last
            leaver = next(one.standings[-1] for one in found if one.leaving is not None)
            standings = [*(one for one in standings if one is not leaver), leaver]
        return Decision(found[-1].reasons, tuple(standings), look_on, leaving)

    def decide(self, kind: str, planned: Planned, *, of: date | None = None) -> Decision:
        """Decide one type, or one season of it."""
        facts = self.facts.at_workshop(kind)
        today = self.today(facts)
        cycles = [cycle for cycle in facts.cycles if cycle.type == kind and (of is None or cycle.anchor == of)]
        if not facts.policy.is_on(kind):
            return _nothing(facts, cycles, Why(Because.TYPE_OFF), today)
        if self.customer is None or isinstance(planned, Why):
            if any(blocks.ignorance(facts)):
                return _wait(facts, today)
            group = facts.excluded_group() if self.customer is None else None
            why = Why(Because.EXCLUDED, {"reason": group}) if group else planned
            return _nothing(facts, cycles, why if isinstance(why, Why) else Why(Because.NO_SERVICE_KNOWN), today)
        cycle = find_cycle(cycles, planned)
        if cycle is None:
            if facts.unread() is not None:  # what is unread may be the visit that this cycle would ask for
                return _wait(facts, today)
            if planned.begun_by_visit and any(other.anchor > planned.anchor and other.first() for other in cycles):
                return _nothing(facts, cycles, Why(Because.SUPERSEDED, {"anchor": planned.anchor.isoformat()}), today)
            cycle = Cycle(anchor=planned.anchor, type=kind)
        others = [other for other in cycles if other.invitation_id != cycle.invitation_id]
        standing, look_on, leaving = _Current(facts, self.customer, cycle, planned, today).stand()
        closed = [one for other in others if (one := _supersede(facts, other, planned.anchor, today)) is not None]
        return Decision(standing.reasons, (*closed, standing), _earliest(look_on, *closed), leaving)


def _replaces(standing: Standing) -> bool:
    """Whether an invitation by mileage takes the place of the standard one: unless it ended without a contact."""
    return standing.stage != Stage.CLOSED or standing.cycle.in_hand or standing.outcome != Outcome.MISSED


def find_cycle(cycles: Iterable[Cycle], plan: Plan) -> Cycle | None:
    """The cycle that this anchor continues: at most 60 days off, unless the anchor is a visit after that cycle's contact.

    One that a customer heard of goes before one that nobody did, however near: else it would be a third contact.
    """
    same = [
        cycle
        for cycle in cycles
        if abs(cycle.anchor - plan.anchor) <= plan.same_cycle
        and not (plan.begun_by_visit and cycle.anchor < plan.anchor and _contacted_before(cycle, plan.anchor))
    ]
    return min(same, key=lambda c: (not c.in_hand, abs(c.anchor - plan.anchor), c.anchor, str(c.invitation_id)), default=None)


def _contacted_before(cycle: Cycle, day: date) -> bool:
    first = cycle.first()
    return first is not None and first.on is not None and first.on <= day


def _nothing(facts: VehicleFacts, cycles: Iterable[Cycle], why: Why, today: date) -> Decision:
    """No invitation: what was planned is superseded until its facts come back, what was contacted goes its way."""
    closed = [one for cycle in cycles if (one := _supersede(facts, cycle, None, today, why)) is not None]
    return Decision((why,), tuple(closed), _earliest(None, *closed))


def _earliest(look_on: date | None, *closed: Standing) -> date | None:
    """When to look again: also when a booking that fell through leaves the list of those to call."""
    days = [one.call_from_on + GIVE_UP_AFTER for one in closed if one.call_from_on is not None]
    return min([*days, *([look_on] if look_on is not None else [])], default=None)


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
    invited = facts.invited()
    if anchor is None and invited is not None and invited.customer_id != first.customer_id:
        reason = Why(Because.OWNER_CHANGED, {"by": "customer"})
        return Standing(
            cycle, Stage.CLOSED, first.customer_id, outcome=Outcome.OWNER_CHANGED, closed_on=today, stood_on=cycle.stood_on,
            reasons=(reason,),
        )  # fmt: skip
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
    zone, kind = ZoneInfo(facts.timezone), KINDS[cycle.type]
    begun_by_visit = cycle.type not in WHEELS and cycle.type != InvitationType.INSPECTION_CHECK
    assert first.on is not None
    for inspected in facts.registry.inspections if facts.registry is not None and kind.family == "inspection" else ():
        if inspected.result == InspectionResult.PASSED and inspected.on >= first.on:
            why = Why(Because.DONE, {"on": inspected.on.isoformat()})
            yield _day_moment(inspected.on), Outcome.VISITED, inspected.on, why, None
    for visit in facts.visits:
        if kind.is_met_by(visit.tags, visit.on) and (visit.on > cycle.anchor or not begun_by_visit) and visit.on >= first.on:
            yield _day_moment(visit.on), Outcome.VISITED, visit.on, Why(Because.DONE, {"on": visit.on.isoformat()}), None
    for appointment in facts.appointments:
        if not first.is_answered_by(appointment) or appointment.tags is None:
            continue
        names_it = appointment.invitation_id == cycle.invitation_id
        of_kind = kind.is_met_by(appointment.tags, appointment.starts_on)
        if not names_it and (appointment.invitation_id is not None or (appointment.tags and not of_kind)):
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
    kind = KINDS[cycle.type]
    booked_again = any(
        other.stands and other.starts_on >= on and (not other.tags or kind.is_met_by(other.tags, other.starts_on))
        for other in facts.appointments
    )
    came = any(kind.is_met_by(visit.tags, visit.on) and visit.on >= on for visit in facts.visits)
    if kind.family == "inspection" and facts.registry is not None:
        came |= any(one.result == InspectionResult.PASSED and one.on >= on for one in facts.registry.inspections)
    mine = cycle.invitation_id
    answered = any(a.invitation_id == mine and a.answer in OUTCOME_OF and local_day(a.at, zone) > on for a in facts.answers)
    settled = any(told.invitation_id == mine and local_day(told.at, zone) >= on for told in facts.follow_ups)
    return None if booked_again or came or answered or settled else on


def _day_moment(day: date) -> float:
    return (day - date(1970, 1, 1)).total_seconds()


class _Current:
    """One cycle on a day."""

    def __init__(self, facts: VehicleFacts, customer: Customer, cycle: Cycle, found: Plan, today: date) -> None:
        self.facts, self.customer, self.cycle, self.plan, self.today = facts, customer, cycle, found, today
        self.calendar = facts.calendar
        self.late_after = timedelta(days=facts.policy.lateness_days)
        self.invite_on = self._invite_on()
        self.case = blocks.considered(facts, customer, cycle, today, found.done, self.invite_on)

    def stand(self) -> tuple[Standing, date | None, Leaving | None]:
        """How it stands, when to look again, and what may leave."""
        first = self.cycle.first()
        if first is not None:
            return self._after_first(first)
        if self.cycle.is_closed and not self._comes_back():
            return self._standing(Stage.CLOSED, outcome=_outcome(self.cycle), closed_on=self.cycle.closed_on), None, None
        return self._before_first()

    def _invite_on(self) -> date | None:
        """The day by the rule; the day on which staff asked for it by hand; or the one dealt when a type was switched on."""
        zone = ZoneInfo(self.facts.timezone)
        since, planned = self.plan.since or self.plan.anchor, self.plan.invite_on
        asked = [local_day(one.at, zone) for one in self.facts.requests if one.type == self.cycle.type]
        asked_on = max((day for day in asked if day >= since), default=None)
        if asked_on is not None:
            in_time = self.today <= self.calendar.moved(asked_on) + self.late_after
            if in_time or (planned is not None and planned <= asked_on):
                return asked_on
        rollout = self._rollout()
        return rollout.day if rollout is not None else planned

    def _rollout(self) -> Rollout | None:
        """Where the type was switched on since: what is overdue by up to 6 months is dealt over the days after it."""
        rollout, planned = self.facts.rollouts.get(self.cycle.type), self.plan.invite_on
        if rollout is None or planned is None or (self.cycle.is_closed and self.cycle.invite_on == planned):
            return None  # what was missed before is not due to the change
        if rollout.day is None and self.today > rollout.changed_on + ROLLED_OUT_WITHIN:
            return None  # it came when the dealing was over
        late = self.calendar.moved(planned) + self.late_after < rollout.changed_on
        return rollout if late and add_months(rollout.changed_on, -ROLLED_OUT_MONTHS) <= planned else None

    def _comes_back(self) -> bool:
        """Whether a cycle that closed untouched begins again: its facts are back, or its day moved and is not past."""
        if self.cycle.outcome == Outcome.MISSED:
            if self.invite_on is None:
                return self._rollout() is not None
            last_day = self._effective(self.calendar.moved(self.invite_on)) + self.late_after
            return self.today <= min(last_day, self.plan.never_after or last_day)
        return self.cycle.outcome == Outcome.SUPERSEDED

    def _before_first(self) -> tuple[Standing, date | None, Leaving | None]:
        contact = self.cycle.contacts.get(1)
        if self.invite_on is None:
            return self._without_a_day()
        planned_on = self.calendar.moved(self.invite_on)
        send_on = self._effective(planned_on)
        block = self._answered() or blocks.permanent(self.case)
        if block is not None and self.today >= send_on:
            return self._close(block.outcome or Outcome.EXCLUDED, self.today, block.why)
        if contact is not None and contact.state == "due":
            return self._handed_over(contact)
        block = block or self._refused_everywhere(contact) or blocks.temporary(self.case)
        last_day = self.plan.never_after
        if last_day is not None and self.today > last_day and not self.facts.unread():
            return self._miss(block, last_day)
        stood_on = self.cycle.stood_on
        if self._stands_still(block, send_on):
            stood_on = self.today
            if self.today >= planned_on:
                send_on = self.calendar.moved(self.today + DAY)
        elif self.today > send_on + self.late_after and not self.facts.unread():
            return self._miss(block, send_on + self.late_after)
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
        until = min(send_on + self.late_after, last_day or date.max)
        return standing, self.today, Leaving(1, self._first_channel(contact), until=until, again=again)

    def _without_a_day(self) -> tuple[Standing, date | None, Leaving | None]:
        """A day is dealt later: at a season's dealing, to late-comers daily as long as there is room, after a rollout at once."""
        block = self._answered() or blocks.permanent(self.case)
        dealt_on = self.plan.wait_until
        if dealt_on is not None and self.today < dealt_on:
            return self._standing(Stage.PLANNED, block=block or blocks.temporary(self.case)), dealt_on, None
        ends_on = self.plan.ends_on
        if self.plan.never_after is not None and ends_on is None and self.today > self.plan.never_after:
            return self._miss(block, self.plan.never_after)
        if block is not None and (ends_on is None or self.today >= ends_on):
            return self._close(block.outcome or Outcome.EXCLUDED, self.today, block.why)
        block = block or blocks.temporary(self.case)
        if ends_on is not None and (self.today > ends_on or (self.today == ends_on and block is None and dealt_on is None)):
            return self._close(Outcome.MISSED, min(self.today, ends_on), (block or Block(Why(Because.NO_CAPACITY))).why)
        stood_on = self.today if block is not None and block.stops_clock else None
        return self._standing(Stage.PENDING, block=block, stood_on=stood_on), self.today + DAY, None

    def _miss(self, block: Block | None, until: date) -> tuple[Standing, date | None, Leaving | None]:
        """Its last day passed: with the block that held it as the reason."""
        if block is not None and block.permanent:
            return self._close(block.outcome or Outcome.EXCLUDED, self.today, block.why)
        why = block.why if block is not None else Why(Because.TOO_LATE, {"until": until.isoformat()})
        outcome = Outcome.OWNER_CHANGED if why.code == Because.OWNER_CHANGED else Outcome.MISSED
        return self._close(outcome, self.today, why)

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
        last_day = self.plan.no_reminder_after
        if first.customer_id != self.customer.customer_id:
            return self._close(Outcome.OWNER_CHANGED, self.today, Why(Because.OWNER_CHANGED, {"by": "customer"}))
        planned_on = self.calendar.moved(first.on + REMIND_AFTER)
        send_on = self._effective(planned_on)
        block = blocks.temporary(self.case)
        stood_on = self.cycle.stood_on
        if self._stands_still(block, send_on):
            stood_on = self.today
            if self.today >= planned_on:
                send_on = self.calendar.moved(self.today + DAY)
        elif self.today > send_on + self.late_after and not (block and block.why.code == Because.HELD):
            return self._await_reaction(send_on + self.late_after + DAY, closes_on)
        if last_day is not None and self.today > last_day:
            return self._await_reaction(max(last_day, first.on + CALL_AFTER) + DAY, closes_on)
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
        return standing, self.today, Leaving(2, channel, until=min(send_on + self.late_after, last_day or date.max))

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

    def _stands_still(self, block: Block | None, send_on: date) -> bool:
        """Whether a block stops the lateness clock: one that began after the last day came too late for that."""
        stopper = blocks.clock_stopper(self.case) if block is not None and not block.permanent else None
        return stopper is not None and (stopper.since is None or stopper.since <= send_on + self.late_after)

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
            replace(self.cycle, anchor=self.plan.anchor), stage, first.customer_id if first else self.customer.customer_id,
            due_on=self.plan.due_on, invite_on=self.invite_on, send_on=send_on,
            blocked=block.why.code if block else None, permanent=bool(block and block.permanent),
            call_from_on=call_from_on, closes_on=closes_on, outcome=outcome, closed_on=closed_on,
            stood_on=stood_on or self.cycle.stood_on, reasons=(self.plan.because, *((block.why,) if block else ())),
        )  # fmt: skip


def _outcome(cycle: Cycle) -> Outcome | None:
    return Outcome(cycle.outcome) if cycle.outcome in set(Outcome) else None
