"""What came of a story, and how it differs from what was expected."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from autoflows.scenarios.facts import vehicle_id
from autoflows.scenarios.story import ExpectedContact, ExpectedLead, OnDay, Story
from common import policy
from common.bus.envelope import Envelope
from common.events.invitations import InvitationChanged, Reason
from common.events.leads import LeadChanged
from common.events.messages import ContactWithdrawn, MessageAccepted, MessageUnknown
from common.events.words import Because, Stage

Key = tuple[str, str]  # the story's vehicle, the type


@dataclass(frozen=True)
class Contact:
    """A message as it left for one invitation, or the mail of a lead."""

    on: date
    time: str
    vehicle: str
    type: str
    step: int
    channel: str
    message: str
    reasons: tuple[Reason, ...] = ()


@dataclass
class Told:
    """One state of an invitation, and when it was told."""

    at: datetime
    invitation: InvitationChanged


@dataclass
class ToldLead:
    """One state of a lead, and when it was told."""

    at: datetime
    lead: LeadChanged


@dataclass
class Report:
    """One story's outcome."""

    story: Story
    contacts: list[Contact] = field(default_factory=list)
    history: dict[Key, list[Told]] = field(default_factory=dict)
    leads: list[Contact] = field(default_factory=list)
    lead_history: dict[Key, list[ToldLead]] = field(default_factory=dict)
    explained: dict[tuple[date, str, str], list[str]] = field(default_factory=dict)  # codes of "why not" by day
    contradictions: list[str] = field(default_factory=list)  # where what left and what was decided do not agree

    def differences(self) -> list[str]:
        """What is not as expected, a sentence each; empty when everything is."""
        expect = self.story.expect
        found = self._contacts(expect.contacts)
        if expect.leads is not None:
            found += self._leads(expect.leads)
        found += [
            line for closed in expect.closed for line in self._closed(closed.vehicle, closed.type, closed.outcome, closed.because)
        ]
        found += [line for held in expect.held for line in self._held(held)]
        found += self._pending(expect.pending)
        if expect.follow_up is not None:
            found += self._follow_up(expect.follow_up)
        found += [line for wanted in expect.not_ for line in self._not(wanted)]
        return found + self.contradictions

    def _contacts(self, expected: tuple[ExpectedContact, ...]) -> list[str]:
        left = list(self.contacts)
        found: list[str] = []
        together: dict[str | int, set[str]] = {}
        for wanted in expected:
            match = next((contact for contact in left if _is(contact, wanted)), None)
            if match is None:
                found.append(f"no contact {_line(wanted)}")
                continue
            left.remove(match)
            if wanted.message is not None:
                together.setdefault(wanted.message, set()).add(match.message)
        found += [f"unexpected contact on {c.on}, {c.vehicle}, {c.type}, step {c.step}, {c.channel} at {c.time}" for c in left]
        found += [f"message {name} left as {len(parts)} messages" for name, parts in together.items() if len(parts) != 1]
        return found

    def _leads(self, expected: tuple[ExpectedLead, ...]) -> list[str]:
        left = list(self.leads)
        found: list[str] = []
        for wanted in expected:
            match = next((lead for lead in left if _is_lead(lead, wanted)), None)
            if match is None:
                found.append(f"no lead on {wanted.on}, {wanted.vehicle}, {wanted.type}")
            else:
                left.remove(match)
        return found + [
            f"unexpected lead on {lead.on}, {lead.vehicle}, {lead.type}, {lead.channel} at {lead.time}" for lead in left
        ]

    def _closed(self, vehicle: str, kind: str, outcome: str, because: str | None) -> list[str]:
        states: list[InvitationChanged | LeadChanged] = [told.invitation for told in self.history.get((vehicle, kind), [])]
        states += [told.lead for told in self.lead_history.get((vehicle, kind), [])]
        closed = [state for state in states if state.stage == "closed"]
        if any(c.outcome == outcome and (because is None or _says(c, because)) for c in closed):
            return []
        seen = ", ".join(f"{c.outcome} ({'/'.join(r.code for r in c.reasons)})" for c in closed) or "nothing"
        return [
            f"{vehicle} {kind}: closed as {outcome}{f' because {because}' if because else ''} was expected, {seen} was closed"
        ]

    def _held(self, wanted: OnDay) -> list[str]:
        midnight = self._midnight_after(wanted.on)
        states: list[InvitationChanged | LeadChanged] = [*self.as_of(wanted, midnight), *self._leads_as_of(wanted, midnight)]
        if any(state.blocked == wanted.because for state in states):
            return []
        return [
            f"{wanted.vehicle} {wanted.type} on {wanted.on}: held because {wanted.because} was expected, it was {_blocks(states)}"
        ]

    def _pending(self, expected: tuple[OnDay, ...]) -> list[str]:
        found: list[str] = []
        for day in sorted({wanted.on for wanted in expected}):
            wanted = {(w.vehicle, w.type) for w in expected if w.on == day}
            listed = self.pending_on(day)
            found += [f"{vehicle} {kind} was expected on pending on {day}" for vehicle, kind in sorted(wanted - listed)]
            found += [f"{vehicle} {kind} was on pending on {day}, unexpectedly" for vehicle, kind in sorted(listed - wanted)]
        return found

    def pending_on(self, day: date) -> set[Key]:
        """Who stands on pending before that day's sending (`rules.md` 8)."""
        morning = self._local(day, policy.read(self.story.dealer.settings).sending.from_)
        listed: set[Key] = set()
        for key in self.history:
            for state in self.as_of(OnDay(on=day, vehicle=key[0], type=key[1]), morning):
                if _awaits_sending(state, day):
                    listed.add(key)
        return listed

    def _follow_up(self, expected: tuple[OnDay, ...]) -> list[str]:
        wanted = {(w.on, w.vehicle, w.type) for w in expected}
        listed = self.call_now()
        found = [f"{vehicle} {kind} was expected on call now from {on}" for on, vehicle, kind in sorted(wanted - listed)]
        return found + [
            f"{vehicle} {kind} came on call now on {on}, unexpectedly" for on, vehicle, kind in sorted(listed - wanted)
        ]

    def call_now(self) -> set[tuple[date, str, str]]:
        """Who came on call now, and on which day, within the run."""
        last_day, listed = self.story.run.to, set()
        for (vehicle, kind), history in self.history.items():
            for told, following in zip(history, [*history[1:], None], strict=True):
                on = told.invitation.call_from_on
                fell_through = told.invitation.outcome == "booked"  # a booking that was cancelled or not kept
                if on is None or (told.invitation.stage == "closed" and not fell_through) or on > last_day:
                    continue
                later = [t for t in history if t.at > told.at and t.invitation.invitation_id == told.invitation.invitation_id]
                if (following is None or not later or later[0].at >= self._local(on, time())) and on >= self.story.run.from_:
                    listed.add((on, vehicle, kind))
        return listed

    def _not(self, wanted: OnDay) -> list[str]:
        codes = self.explained.get((wanted.on, wanted.vehicle, wanted.type), [])
        if wanted.because in codes:
            return []
        return [f"{wanted.vehicle} {wanted.type} on {wanted.on}: not because {wanted.because} was expected, explain says {codes}"]

    def as_of(self, wanted: OnDay, instant: datetime) -> list[InvitationChanged]:
        """Each cycle's invitation of that vehicle and type as it stood at an instant."""
        latest: dict[Any, InvitationChanged] = {}
        for told in self.history.get((wanted.vehicle, wanted.type), []):
            if told.at < instant:
                latest[told.invitation.invitation_id] = told.invitation
        return list(latest.values())

    def _leads_as_of(self, wanted: OnDay, instant: datetime) -> list[LeadChanged]:
        """Each lead of that vehicle and type as it stood at an instant."""
        told = [told for told in self.lead_history.get((wanted.vehicle, wanted.type), []) if told.at < instant]
        return list({one.lead.lead_id: one.lead for one in told}.values())

    def _midnight_after(self, day: date) -> datetime:
        return self._local(day + timedelta(days=1), time())

    def _local(self, day: date, at: time) -> datetime:
        return datetime.combine(day, at, ZoneInfo(self.story.dealer.timezone))


def contradictions(seen: Sequence[Envelope]) -> list[str]:
    """Where the stored decisions and what happened do not agree: a contact of an invitation that was not due, or was stopped, and
    a contact that was withdrawn without anything that says why."""
    latest: dict[Any, InvitationChanged] = {}
    withdrawn: dict[Any, datetime] = {}
    found: list[str] = []
    for envelope in seen:
        event = envelope.event()
        if isinstance(event, InvitationChanged):
            latest[event.invitation_id] = event
        elif isinstance(event, ContactWithdrawn):
            withdrawn |= dict.fromkeys(event.invitations(), envelope.occurred_at)
        elif isinstance(event, MessageAccepted | MessageUnknown):
            for invitation, step in event.invitations().items():
                withdrawn.pop(invitation, None)
                if (wrong := _not_due(latest.get(invitation))) is not None:
                    found.append(f"step {step} left on {event.local_on} though {wrong}")
    for invitation, at in withdrawn.items():
        told = latest.get(invitation)
        if told is None or (told.stage != Stage.CLOSED and told.blocked is None and told.call_from_on is None):
            found.append(f"a contact was withdrawn at {at} and nothing says why")
    return found


def _not_due(told: InvitationChanged | None) -> str | None:
    """Why an invitation as told could not leave; None when it could."""
    if told is None:
        return "nothing was decided"
    if told.stage == Stage.CLOSED or told.blocked is not None:
        return f"the {told.type} invitation was {told.blocked or told.stage}"
    return None if any(reason.code == Because.DUE for reason in told.reasons) else f"the {told.type} invitation had no reason"


def tell_report(story: Story, seen: list[Envelope]) -> Report:
    """The report of what was seen of a story."""
    names = {vehicle_id(vehicle.id): vehicle.id for vehicle in story.vehicles}
    zone = ZoneInfo(story.dealer.timezone)
    report = Report(story, contradictions=contradictions(seen))
    reasons: dict[Any, tuple[Reason, ...]] = {}
    for envelope in seen:
        event = envelope.event()
        if isinstance(event, InvitationChanged) and event.vehicle_id in names:
            key = (names[event.vehicle_id], event.type)
            report.history.setdefault(key, []).append(Told(envelope.occurred_at, event))
            reasons[event.invitation_id] = event.reasons
        elif isinstance(event, LeadChanged) and event.vehicle_id in names:
            report.lead_history.setdefault((names[event.vehicle_id], event.type), []).append(
                ToldLead(envelope.occurred_at, event)
            )
            reasons[event.lead_id] = event.reasons
        elif isinstance(event, MessageAccepted | MessageUnknown):
            for part in event.contacts:
                if part.purpose in ("invitation", "lead") and part.vehicle_id in names:
                    left = report.contacts if part.purpose == "invitation" else report.leads
                    left.append(
                        Contact(
                            on=event.local_on, time=f"{event.at.astimezone(zone):%H:%M}", vehicle=names[part.vehicle_id],
                            type=part.type or "", step=part.step, channel=event.channel, message=str(event.message_id),
                            reasons=reasons.get(part.reference, ()),
                        )
                    )  # fmt: skip
    return report


def _awaits_sending(state: InvitationChanged, day: date) -> bool:
    """Whether an invitation stands on pending: not sent, its day within a week; blocked for good only until the day before."""
    if state.stage not in ("planned", "pending") or state.step != 0 or state.send_on is None:
        return False
    return state.send_on <= day + timedelta(days=7) and not (state.permanent and state.send_on <= day)


def _is(contact: Contact, wanted: ExpectedContact) -> bool:
    same = (contact.on, contact.vehicle, contact.type, contact.step) == (wanted.on, wanted.vehicle, wanted.type, wanted.step)
    return same and wanted.channel in (None, contact.channel) and wanted.time in (None, contact.time)


def _is_lead(lead: Contact, wanted: ExpectedLead) -> bool:
    same = (lead.on, lead.vehicle, lead.type) == (wanted.on, wanted.vehicle, wanted.type)
    return same and wanted.channel in (None, lead.channel)


def _line(wanted: ExpectedContact) -> str:
    at = f" at {wanted.time}" if wanted.time else ""
    channel = f", {wanted.channel}" if wanted.channel else ""
    return f"on {wanted.on}, {wanted.vehicle}, {wanted.type}, step {wanted.step}{channel}{at}"


def _says(invitation: InvitationChanged | LeadChanged, because: str) -> bool:
    return because == invitation.blocked or any(reason.code == because for reason in invitation.reasons)


def _blocks(states: Sequence[InvitationChanged | LeadChanged]) -> str:
    return ", ".join(state.blocked or f"not held ({state.stage})" for state in states) or "not planned"
