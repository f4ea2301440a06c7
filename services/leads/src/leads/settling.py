"""What was touched is decided again: facts, decisions, stored and told. Sending itself is the tick's."""

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from common.events.invitations import Reason
from common.events.leads import LeadChanged
from common.handling import Settlers
from common.ids import CustomerId, DealerId, LeadId, VehicleId, WorkshopId, link_code, new_id
from common.work import Work
from leads import store
from leads.domain.deciding import decide_all
from leads.domain.facts import Decision, Standing, VehicleFacts, Why

SLICE = 500
TICK = "tick"

settlers = Settlers()


@settlers.of(DealerId)
async def decide_everything_again(_: frozenset[UUID], work: Work) -> None:
    """The dealer, a workshop or a source changed."""
    work.touch(VehicleId, *await store.vehicles(work.session, work.dealer))


@settlers.of(CustomerId)
async def decide_a_customers_vehicles_again(customers: frozenset[UUID], work: Work) -> None:
    """What is known of a customer changed."""
    work.touch(VehicleId, *await store.vehicles_of_customers(work.session, work.dealer, customers))


@settlers.of(VehicleId)
async def decide_again(vehicles: frozenset[UUID], work: Work) -> None:
    """Decide each vehicle again and tell what changed; what may leave is left to the next tick."""
    await store.decide_alone(work.session, work.dealer)
    wanted = sorted(vehicles, key=lambda vehicle: vehicle.int)
    for start in range(0, len(wanted), SLICE):
        for facts, decision in await decided(wanted[start : start + SLICE], work):
            wake_for(facts, decision, work)


async def decided(vehicles: Collection[UUID], work: Work) -> list[tuple[VehicleFacts, Decision]]:
    """Decide every type of these vehicles on their workshops' day, store the decisions and tell what changed."""
    gathered = await store.vehicle_facts(work.session, work.dealer, vehicles, now=work.now)
    found = [(facts, minted(decision)) for facts in gathered for decision in decide_all(facts, today=work.today(facts.timezone))]
    events = [event_of(facts, standing) for facts, decision in found for standing in decision.standings]
    work.publish(*await store.save_leads(work.session, work.dealer, events))
    stored = [
        store.Decided(facts.vehicle.vehicle_id, decision, current_id(decision), work.today(facts.timezone))
        for facts, decision in found
    ]
    await store.save_decisions(work.session, work.dealer, stored)
    return found


def minted(decision: Decision) -> Decision:
    """A decision of which every lead has an id and a code."""
    standings = [
        standing if standing.lead.lead_id else replace(standing, lead=replace(standing.lead, lead_id=new_id(), code=link_code()))
        for standing in decision.standings
    ]
    return replace(decision, standings=tuple(standings))


def current_id(decision: Decision) -> UUID | None:
    """The lead that a decision is about; of those that ended the last."""
    if decision.current is not None:
        return decision.standings[decision.current].lead.lead_id
    return decision.standings[-1].lead.lead_id if decision.standings else None


def event_of(facts: VehicleFacts, standing: Standing) -> LeadChanged:
    """A lead as the others hear of it; its revision is the store's to give."""
    lead = standing.lead
    assert lead.lead_id is not None
    mail = lead.mail
    return LeadChanged(
        revision=0,
        lead_id=LeadId(lead.lead_id),
        vehicle_id=VehicleId(facts.vehicle.vehicle_id),
        customer_id=CustomerId(standing.customer_id) if standing.customer_id else None,
        workshop_id=WorkshopId(standing.workshop_id) if standing.workshop_id else None,
        type=lead.type,
        anchor=lead.anchor,
        stage=standing.stage,
        due_on=standing.due_on or lead.anchor,
        send_on=standing.send_on,
        blocked=standing.blocked,
        permanent=standing.permanent,
        contacted_on=mail.on if mail is not None and mail.left else None,
        call_from_on=standing.call_from_on,
        closes_on=standing.closes_on,
        outcome=standing.outcome,
        closed_on=standing.closed_on,
        reasons=reasons(standing.reasons),
        code=lead.code,
    )


def reasons(whys: Iterable[Why]) -> tuple[Reason, ...]:
    """Reasons as they are told and stored."""
    return tuple(Reason(code=why.code, params=dict(why.params)) for why in whys)


def wake_for(facts: VehicleFacts, decision: Decision, work: Work) -> None:
    """Have the tick run on the day this vehicle is looked at next: what may leave leaves at the next 10 o'clock."""
    if decision.look_on is None:
        return
    zone, at = ZoneInfo(facts.timezone), facts.policy.leads.send_at
    now = work.now.astimezone(zone)
    day = max(decision.look_on, now.date())
    if decision.leaving is not None and now.time() > at:
        day = now.date() + timedelta(days=1)
    work.wake(TICK, at_wall_clock(day, at, zone))


def at_wall_clock(day: date, at: time, zone: ZoneInfo) -> datetime:
    """That time on the wall of that zone; in the hour that a clock change skips, the hour after."""
    return datetime.combine(day, at, zone).astimezone(UTC)
