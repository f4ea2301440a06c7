"""What was touched is decided again: facts, decision, stored and told. Sending itself is the tick's."""

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from common.events.invitations import InvitationChanged, Reason
from common.handling import Settlers
from common.ids import CustomerId, DealerId, InvitationId, VehicleId, WorkshopId, link_code, new_id
from common.work import Work
from scheduler import store
from scheduler.domain.deciding import decide
from scheduler.domain.facts import Decision, Standing, VehicleFacts, Why

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
    """Decide these vehicles on their workshops' day, store the decisions and tell what changed."""
    found = []
    for facts in await store.vehicle_facts(work.session, work.dealer, vehicles, now=work.now):
        decision = decide(facts, today=work.today(facts.timezone))
        found.append((facts, await tell(facts, decision, work)))
    return found


async def tell(facts: VehicleFacts, decision: Decision, work: Work) -> Decision:
    """Store a decision, mint what is new, and tell each invitation that changed; the decision with what was minted."""
    minted = []
    for standing in decision.standings:
        cycle = (
            standing.cycle if standing.cycle.invitation_id else replace(standing.cycle, invitation_id=new_id(), code=link_code())
        )
        minted.append(replace(standing, cycle=cycle))
        told = await store.save_cycle(work.session, work.dealer, event_of(facts, minted[-1]), standing)
        if told is not None:
            work.publish(told)
    current = minted[-1].cycle.invitation_id if minted else None
    await store.save_decision(work.session, work.dealer, facts, decision, current, decided_on=work.today(facts.timezone))
    return replace(decision, standings=tuple(minted))


def event_of(facts: VehicleFacts, standing: Standing) -> InvitationChanged:
    """An invitation as the others hear of it; its revision is the store's to give."""
    cycle = standing.cycle
    assert cycle.invitation_id is not None
    last = cycle.second() or cycle.first()
    workshop = facts.workshop_id()
    return InvitationChanged(
        revision=0,
        invitation_id=InvitationId(cycle.invitation_id),
        vehicle_id=VehicleId(facts.vehicle.vehicle_id),
        customer_id=CustomerId(standing.customer_id) if standing.customer_id else None,
        workshop_id=WorkshopId(workshop) if workshop else None,
        type="service",
        anchor=cycle.anchor,
        stage=standing.stage,
        step=last.step if last else 0,
        due_on=standing.due_on,
        invite_on=standing.invite_on,
        send_on=standing.send_on,
        blocked=standing.blocked,
        permanent=standing.permanent,
        contacted_on=last.on if last else None,
        call_from_on=standing.call_from_on,
        closes_on=standing.closes_on,
        outcome=standing.outcome,
        closed_on=standing.closed_on,
        reasons=reasons(standing.reasons),
        code=cycle.code,
    )


def reasons(whys: Iterable[Why]) -> tuple[Reason, ...]:
    """Reasons as they are told and stored."""
    return tuple(Reason(code=why.code, params=dict(why.params)) for why in whys)


def wake_for(facts: VehicleFacts, decision: Decision, work: Work) -> None:
    """Have the tick run on the day this vehicle is looked at next; at once only for a step that a provider refused."""
    zone = ZoneInfo(facts.timezone)
    opens, closes = facts.policy.sending.from_, facts.policy.sending.to
    now = work.now.astimezone(zone)
    if decision.leaving is not None:
        if decision.leaving.again and opens <= now.time() < closes:
            work.wake(TICK, work.now)
        else:
            day = now.date() if now.time() <= opens else now.date() + timedelta(days=1)
            work.wake(TICK, at_wall_clock(day, opens, zone))
    elif decision.look_on is not None:
        work.wake(TICK, at_wall_clock(max(decision.look_on, now.date()), opens, zone))


def at_wall_clock(day: date, at: time, zone: ZoneInfo) -> datetime:
    """That time on the wall of that zone; in the hour that a clock change skips, the hour after."""
    return datetime.combine(day, at, zone).astimezone(UTC)
