"""The decision about one vehicle and one type of lead on one day."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from common.clock import local_day
from common.events.words import Answer as Said
from common.events.words import Because, LeadType, Outcome, Stage
from common.months import DAY
from leads.domain import blocks
from leads.domain.blocks import Block
from leads.domain.chances import CHANCES, SAME_CHANCE, Chance, Found
from leads.domain.facts import Decision, Lead, Leaving, Mail, Standing, VehicleFacts, Why

SEEN_AHEAD = timedelta(days=60)  # a lead is begun, and listed as coming, so long before its mail
SHOWN_AHEAD = timedelta(days=7)
FOLLOW_UP_AFTER = timedelta(days=7)
GIVE_UP_AFTER = timedelta(days=60)

ENDS_AS = {Said.NO: Outcome.ANSWERED_NO, Said.UNSUBSCRIBE: Outcome.SUPPRESSED, Said.BOOKED: Outcome.BOOKED}
WITH_END = frozenset({LeadType.CONTRACT_EXPIRY, LeadType.LEASE_EXPIRY, LeadType.WARRANTY_EXPIRY})


def decide_all(facts: VehicleFacts, *, today: date) -> list[Decision]:
    """Decide every type."""
    return [decide(facts, kind, today=today) for kind in CHANCES]


def decide(facts: VehicleFacts, kind: LeadType, *, today: date) -> Decision:
    """Decide one type of lead of a vehicle: whether there is a chance, how its lead stands, what leaves, when to look again."""
    found: Found = CHANCES[kind](facts, today) if facts.policy.is_on(kind) else Why(Because.TYPE_OFF)
    mine = [lead for lead in facts.leads if lead.type == kind]
    if isinstance(found, Why):
        return _ended(facts, kind, mine, found, today)
    lead = find_lead(mine, found)
    others = [one for other in mine if other != lead and (one := _other(facts, other, found, today)) is not None]
    standings, looks = [standing for standing, _ in others], [look_on for _, look_on in others if look_on is not None]
    if lead is None:
        starts = _not_begun(facts, found, today)
        if starts is not None:
            reasons, look_on = starts
            return Decision(kind, reasons, tuple(standings), None, min([*looks, *([look_on] if look_on else [])], default=None))
        lead = Lead(kind, found.anchor)
    standing, look_on, leaving = _Current(facts, lead, found, today).stand()
    looks += [look_on] if look_on is not None else []
    return Decision(kind, standing.reasons, (*standings, standing), len(standings), min(looks, default=None), leaving)


def find_lead(leads: list[Lead], chance: Chance) -> Lead | None:
    """The lead that this chance continues: its day was corrected by at most 60 days, or its mail went out for this very lease
    or car. One that was written about goes before one that was not, however near."""
    same = [
        lead
        for lead in leads
        if abs(lead.anchor - chance.anchor) <= SAME_CHANCE
        or (lead.sent_on is not None and chance.once_since is not None and chance.once_since <= lead.sent_on)
    ]
    return min(same, key=lambda one: (one.sent_on is None, abs(one.anchor - chance.anchor), str(one.lead_id)), default=None)


def _not_begun(facts: VehicleFacts, chance: Chance, today: date) -> tuple[tuple[Why, ...], date | None] | None:
    """Why no lead is begun yet, or at all, and when to look again; None when it begins now."""
    send_on = _send_on(facts, chance, today)
    if send_on is None:
        return (chance.why, Why(Because.TOO_LATE, {"until": chance.last_day.isoformat()})), None
    if send_on > today + SEEN_AHEAD:
        return (chance.why, Why(Because.NOT_DUE, {"invite_on": send_on.isoformat()})), send_on - SEEN_AHEAD
    return None


def _send_on(facts: VehicleFacts, chance: Chance, today: date) -> date | None:
    """The planned day, else the next sending day; None when too little time is left then."""
    send_on = facts.calendar.moved(max(chance.plan_on, today))
    return send_on if send_on <= chance.last_day else None


def _ended(facts: VehicleFacts, kind: LeadType, mine: list[Lead], why: Why, today: date) -> Decision:
    """There is no chance: what was planned is superseded until its facts come back, what was written goes its way."""
    done = [_without_chance(facts, lead, why, today) for lead in mine]
    standings = tuple(one[0] for one in done if one is not None)
    look_on = min((one[1] for one in done if one is not None and one[1] is not None), default=None)
    return Decision(kind, (why,), standings, None, look_on)


def _other(facts: VehicleFacts, lead: Lead, chance: Chance, today: date) -> tuple[Standing, date | None] | None:
    """A lead of another contract, car or visit: a later contract ends it, for the customer has one."""
    is_later = lead.type in WITH_END and chance.anchor > lead.anchor
    why = Why(Because.HAS_CONTRACT, {**chance.why.params, "until": chance.anchor.isoformat()}) if is_later else None
    superseded = why or Why(Because.SUPERSEDED, {"anchor": chance.anchor.isoformat()})
    return _without_chance(facts, lead, superseded, today)


def _without_chance(facts: VehicleFacts, lead: Lead, why: Why, today: date) -> tuple[Standing, date | None] | None:
    """How a lead stands whose chance is not the current one; None when nothing is to be written."""
    mail = lead.mail
    if mail is not None and mail.left:
        return _after_mail(facts, lead, mail, today, Standing(lead, Stage.SENT), since=mail.on, ended=why)
    if mail is not None and mail.state == "due":  # the notifier has it; what it says of it comes
        return Standing(lead, Stage.PENDING, mail.customer_id, send_on=mail.handed_on, reasons=_told(lead, why)), today + DAY
    if lead.is_closed:
        return None
    is_late = why.code not in (Because.HAS_CONTRACT, Because.TYPE_OFF) and lead.anchor <= today
    outcome = Outcome.MISSED if is_late else Outcome.SUPERSEDED
    return Standing(lead, Stage.CLOSED, outcome=outcome, closed_on=today, reasons=_told(lead, why)), None


def _told(lead: Lead, *whys: Why) -> tuple[Why, ...]:
    return (*lead.reasons[:1], *whys)


Ending = tuple[datetime, Outcome, date, Why]
"""What was said last to a lead: when, what that makes of it, its local day, and why."""


def last_said(facts: VehicleFacts, lead: Lead) -> Ending | None:
    """The last answer of the customer, or word of staff, to a lead; told in whatever order."""
    return max(_said(facts, lead), key=lambda said: (said[0], said[1]), default=None)


def _said(facts: VehicleFacts, lead: Lead) -> Iterator[Ending]:
    zone = ZoneInfo(facts.timezone)
    for answer in facts.answers:
        if answer.reference != lead.lead_id:
            continue
        why = Why(Because.ANSWERED, {"answer": answer.reason or answer.answer})
        if answer.answer == Said.CALL_ME:
            yield answer.at, Outcome.CALL_ME, local_day(answer.at, zone), why
        elif answer.answer in ENDS_AS:
            yield answer.at, ENDS_AS[Said(answer.answer)], local_day(answer.at, zone), why
    for told in facts.follow_ups:
        if told.lead_id == lead.lead_id and told.outcome in set(Outcome):
            why = Why(Because.ANSWERED, {"answer": told.outcome})
            yield told.at, Outcome(told.outcome), local_day(told.at, zone), why


def _after_mail(
    facts: VehicleFacts, lead: Lead, mail: Mail, today: date, base: Standing, *, since: date | None, ended: Why | None = None
) -> tuple[Standing, date | None]:
    """How a lead stands whose mail left: called, answered, followed up, or given up after 60 days."""
    assert mail.on is not None
    customer = facts.customers.get(mail.customer_id)
    base = replace(base, stage=Stage.SENT, customer_id=mail.customer_id, send_on=None, reasons=base.reasons or _told(lead))
    said = last_said(facts, lead)
    if said is not None and said[1] != Outcome.CALL_ME:
        _, outcome, closed_on, why = said
        return _closed(base, outcome, closed_on, why), None
    if lead.is_closed and lead.outcome != Outcome.CALL_ME and (said is None or not _came_after(said[2], lead.closed_on)):
        return _as_closed(base, lead), None
    if (block := blocks.permanent(facts, customer, since)) is not None:
        return _closed(base, block.outcome or Outcome.EXCLUDED, today, block.why), None
    if said is not None:
        _, outcome, on, why = said
        return replace(base, outcome=outcome, call_from_on=on, reasons=(*base.reasons, why)), None
    if ended is not None and ended.code == Because.HAS_CONTRACT:
        return _closed(base, Outcome.SUPERSEDED, today, ended), None
    closes_on = mail.on + GIVE_UP_AFTER
    if today >= closes_on:
        silence = Why(Because.NO_REACTION, {"since": mail.on.isoformat()})
        return _closed(base, Outcome.NO_REACTION, closes_on, silence), None
    follow_up_on = mail.on + FOLLOW_UP_AFTER
    if mail.bounced_on is not None:  # nobody read it: no reaction will come
        back = Why(Because.NO_ADDRESS)
        standing = replace(base, call_from_on=min(follow_up_on, mail.bounced_on), reasons=(*base.reasons, back))
        return replace(standing, closes_on=closes_on), closes_on
    return replace(base, call_from_on=follow_up_on, closes_on=closes_on), closes_on


def _came_after(said_on: date, closed_on: date | None) -> bool:
    return closed_on is not None and said_on >= closed_on


def _closed(base: Standing, outcome: Outcome, on: date, *whys: Why) -> Standing:
    return replace(
        base, stage=Stage.CLOSED, outcome=outcome, closed_on=on, call_from_on=None, closes_on=None, blocked=None, permanent=False,
        reasons=(*base.reasons, *whys),
    )  # fmt: skip


def _as_closed(base: Standing, lead: Lead) -> Standing:
    """A lead that ended stays as it ended, with what ended it."""
    outcome = Outcome(lead.outcome) if lead.outcome in set(Outcome) else None
    return replace(
        base, stage=Stage.CLOSED, outcome=outcome, closed_on=lead.closed_on, reasons=lead.reasons or base.reasons, send_on=None
    )


class _Current:
    """The lead of a chance on a day."""

    def __init__(self, facts: VehicleFacts, lead: Lead, chance: Chance, today: date) -> None:
        self.facts, self.chance, self.today = facts, chance, today
        self.lead = replace(lead, anchor=chance.anchor)
        self.customer = facts.customers.get(chance.customer_id) if chance.customer_id else None

    def stand(self) -> tuple[Standing, date | None, Leaving | None]:
        """How it stands, when to look again, and what may leave."""
        mail = self.lead.mail
        if mail is not None and mail.left:
            base = self._base(Stage.SENT)
            return *_after_mail(self.facts, self.lead, mail, self.today, base, since=self.chance.since), None
        if self.lead.is_closed and not self._comes_back():
            return _as_closed(self._base(Stage.CLOSED), self.lead), None, None
        return self._before_mail(mail)

    def _comes_back(self) -> bool:
        """Whether a lead that closed untouched begins again: its facts are back, or there is time again."""
        has_time = _send_on(self.facts, self.chance, self.today) is not None
        return has_time and self.lead.outcome in (Outcome.SUPERSEDED, Outcome.MISSED)

    def _before_mail(self, mail: Mail | None) -> tuple[Standing, date | None, Leaving | None]:
        facts, today, chance = self.facts, self.today, self.chance
        if mail is not None and mail.state == "due":
            silent = Block(Why(Because.FACT_PARKED)) if today > chance.last_day else None
            look_on = max(chance.last_day, today) + DAY
            return self._base(Stage.PENDING, send_on=mail.handed_on, block=silent), look_on, None
        block = self._answered() or blocks.permanent(facts, self.customer, chance.since)
        if block is not None and today >= chance.plan_on:
            return self._close(block.outcome or Outcome.EXCLUDED, block.why), None, None
        block = block or blocks.temporary(facts, self.customer, self.lead, chance.doubt, today)
        send_on = _send_on(facts, chance, today)
        if send_on is None:
            late = Why(Because.TOO_LATE, {"until": chance.last_day.isoformat()})
            return self._close(Outcome.MISSED, block.why if block else late), None, None
        stage = Stage.PENDING if send_on <= today + SHOWN_AHEAD else Stage.PLANNED
        standing = self._base(stage, send_on=send_on, block=block)
        if block is not None:
            return standing, self._look_while_blocked(block, stage, send_on), None
        if today < send_on:
            return standing, send_on if stage == Stage.PENDING else send_on - SHOWN_AHEAD, None
        return standing, today, Leaving(chance.last_day, again=mail is not None)

    def _look_while_blocked(self, block: Block, stage: Stage, send_on: date) -> date:
        """On its sending day, every day from then on, when the block may have passed, and when it comes to be listed."""
        looks = [self.today + DAY if send_on <= self.today else send_on]
        if stage == Stage.PLANNED:
            looks.append(send_on - SHOWN_AHEAD)
        if (until := blocks.blocked_until(block)) is not None:
            looks.append(until)
        return max(min(looks), self.today + DAY)

    def _answered(self) -> Block | None:
        """An answer before anything left, as staff may record it."""
        said = last_said(self.facts, self.lead)
        return Block(said[3], said[1]) if said is not None else None

    def _close(self, outcome: Outcome, why: Why) -> Standing:
        return _closed(self._base(Stage.CLOSED), outcome, self.today, why)

    def _base(
        self,
        stage: Stage,
        *,
        send_on: date | None = None,
        block: Block | None = None,
    ) -> Standing:
        chance = self.chance
        return Standing(
            self.lead, stage, self.customer.customer_id if self.customer else chance.customer_id, chance.workshop_id,
            due_on=chance.due_on, send_on=send_on, blocked=block.why.code if block else None,
            permanent=bool(block and block.permanent),
            reasons=(chance.why, *((block.why,) if block else ())),
        )  # fmt: skip
