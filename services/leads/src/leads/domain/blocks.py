"""What stops a lead: for good, or for now (`rules.md` 1, 7). Each block is a reason; the first that holds counts."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from common.clock import local_day
from common.events.words import Answer, Because, NoReason, Outcome
from leads.domain.chances import first_registered_on
from leads.domain.facts import BUSINESS, CERTAIN, DEALER, GONE, PRIVATE, Customer, Lead, VehicleFacts, Why

MAILS_APART = timedelta(days=60)  # of one type and vehicle, whatever its days are corrected to
OWN_CHANGE = timedelta(days=30)  # after a customer's first visit here a change in the registry is his own


@dataclass(frozen=True)
class Block:
    """Something that stops a lead now."""

    why: Why
    outcome: Outcome | None = None  # of a permanent one: how the lead closes

    @property
    def permanent(self) -> bool:
        return self.outcome is not None


def permanent(facts: VehicleFacts, customer: Customer | None, since: date | None) -> Block | None:
    """What does not pass by itself; answers to this one lead are looked at where the lead is."""
    if said_sold(facts):
        return Block(Why(Because.ANSWERED, {"answer": NoReason.SOLD.value}), Outcome.ANSWERED_NO)
    if facts.registry.status in GONE:
        return Block(Why(Because.VEHICLE_GONE), Outcome.VEHICLE_GONE)
    if customer is not None and customer.suppressed:
        return Block(Why(Because.SUPPRESSED), Outcome.SUPPRESSED)
    if (reason := facts.excluded or (_left_out(facts, customer) if customer else None)) is not None:
        return Block(Why(Because.EXCLUDED, {"reason": reason}), Outcome.EXCLUDED)
    if customer is None:
        return None
    if customer.consents is False or (facts.basis() == "consent" and not customer.consents):
        return Block(Why(Because.NO_CONSENT), Outcome.EXCLUDED)
    if owner_changed(facts, customer.customer_id, since):
        return Block(Why(Because.OWNER_CHANGED), Outcome.OWNER_CHANGED)
    return None


def said_sold(facts: VehicleFacts) -> bool:
    """The car is sold, said to whatever invitation or lead: nothing more until it visits again."""
    last_visit = max((found.on for found in facts.visits), default=date.min)
    zone = ZoneInfo(facts.timezone)
    return any(
        said.answer == Answer.NO and said.reason == NoReason.SOLD and local_day(said.at, zone) >= last_visit
        for said in facts.answers
    )


def _left_out(facts: VehicleFacts, customer: Customer) -> str | None:
    """Why a customer gets no leads: by hand, or as one of a group or kind that the dealer's leads leave out."""
    leads = facts.policy.leads
    if customer.excluded is not None:
        return customer.excluded
    if customer.is_dealer:
        return DEALER
    if group := min(leads.excluded_groups & (customer.groups | {customer.kind or PRIVATE}), default=None):
        return group
    kind = BUSINESS if customer.kind_counted == BUSINESS else PRIVATE
    return kind if kind not in leads.customer_kinds else None


def owner_changed(facts: VehicleFacts, customer: UUID, since: date | None) -> bool:
    """Whether the registry says for certain that the car has another owner since this customer was last known to have it."""
    own = [found.on for found in facts.visits if found.customer_id == customer]
    known = [day for day in (since, facts.released_on, *own) if day is not None]
    if not known:
        return False
    first_visit = min(own, default=None)
    return any(
        sign.confidence == CERTAIN
        and sign.on > max(known)
        and sign.on != first_registered_on(facts)
        and not (first_visit is not None and first_visit <= sign.on <= first_visit + OWN_CHANGE)
        for sign in facts.registry.signs
    )


def temporary(facts: VehicleFacts, customer: Customer | None, lead: Lead, doubt: Why | None, today: date) -> Block | None:
    """The first of: no basis, the lease is over, no address, something not known, another mail of that kind just before."""
    return next(_temporary(facts, customer, lead, doubt, today), None)


def _temporary(facts: VehicleFacts, customer: Customer | None, lead: Lead, doubt: Why | None, today: date) -> Iterator[Block]:
    if facts.basis() is None:
        yield Block(Why(Because.NO_BASIS))
    if doubt is not None:
        yield Block(doubt)
    refused = lead.mail.refused if lead.mail is not None else frozenset[str]()
    if customer is None or customer.email is None or customer.email in refused:
        yield Block(Why(Because.NO_ADDRESS))
    if facts.ignorance.parked:
        yield Block(Why(Because.FACT_PARKED))
    if (source := facts.ignorance.stale_source) is not None:
        since = facts.ignorance.stale_since
        yield Block(Why(Because.SOURCE_STALE, {"source": source, "since": since.isoformat() if since else None}))
    others = [one.sent_on for one in facts.leads if one.type == lead.type and one.lead_id != lead.lead_id]
    near = max((on for on in others if on is not None and on <= today < on + MAILS_APART), default=None)
    if near is not None:
        yield Block(Why(Because.RECENT_LEAD, {"on": near.isoformat()}))


def blocked_until(block: Block) -> date | None:
    """The first day on which a block has passed by itself; None where only news can lift it."""
    if block.why.code == Because.RECENT_LEAD:
        return date.fromisoformat(block.why.params["on"]) + MAILS_APART
    return None
