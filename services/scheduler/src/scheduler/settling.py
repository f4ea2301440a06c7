"""What was touched is decided again: facts, decision, stored and told. Sending itself is the tick's."""

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from common.events.invitations import InvitationChanged, Reason
from common.events.words import InvitationType
from common.handling import Settlers
from common.ids import CustomerId, DealerId, InvitationId, VehicleId, WorkshopId, link_code, new_id
from common.work import Work
from scheduler import store
from scheduler.domain.deciding import decide_all
from scheduler.domain.facts import Decision, Standing, VehicleFacts, Why

SLICE = 500
TICK = "tick"

settlers = Settlers()


@settlers.of(DealerId)
async def decide_everything_again(_: frozenset[UUID], work: Work) -> None:
    """The dealer, a workshop or a source changed. The tick sees to wheel seasons and to what is dealt anew."""
    work.wake(TICK, work.now)
    work.touch(VehicleId, *await store.vehicles(work.session, work.dealer))


@settlers.of(CustomerId)
async def decide_a_customers_vehicles_again(customers: frozenset[UUID], work: Work) -> None:
    """What is known of a customer changed."""
    work.touch(VehicleId, *await store.vehicles_of_customers(work.session, work.dealer, customers))


@settlers.of(VehicleId)
async def decide_again(vehicles: frozenset[UUID], work: Work) -> None:
    """Decide each vehicle again and tell what changed; what may leave is left to the next tick."""
    await store.decide_alone(work.session, work.dealer)
    for facts, _, decision in await decided(vehicles, work):
        wake_for(facts, decision, work)


Decided = tuple[VehicleFacts, InvitationType, Decision]


async def decided(vehicles: Collection[UUID], work: Work) -> list[Decided]:
    """Decide every type for these vehicles on their workshops' day, store the decisions and tell what changed.

    Each with the facts by the clock of the workshop that invites to that type.
    """
    found: list[Decided] = []
    wanted = sorted(vehicles, key=lambda vehicle: vehicle.int)
    for start in range(0, len(wanted), SLICE):
        gathered = await store.vehicle_facts(work.session, work.dealer, wanted[start : start + SLICE], now=work.now)
        each = [
            (facts.at_workshop(kind), kind, decision)
            for facts in gathered
            for kind, decision in decide_all(facts, today=work.today).items()
        ]
        found += await tell(each, work)
    return found


async def tell(each: Iterable[Decided], work: Work) -> list[Decided]:
    """Store decisions, mint what is new, and tell each invitation that changed; the decisions with what was minted."""
    minted = [(facts, kind, _minted(decision)) for facts, kind, decision in each]
    stand = [(event_of(facts, standing), standing) for facts, _, decision in minted for standing in decision.standings]
    work.publish(*await store.save_cycles(work.session, work.dealer, stand))
    await store.save_decisions(
        work.session,
        work.dealer,
        [
            (facts.vehicle.vehicle_id, kind, decision, _current(decision), work.today(facts.timezone))
            for facts, kind, decision in minted
        ],
    )
    return minted


def _minted(decision: Decision) -> Decision:
    """The decision with an id and a code for each invitation that had none."""
    standings = [
        standing
        if standing.cycle.invitation_id
        else replace(standing, cycle=replace(standing.cycle, invitation_id=new_id(), code=link_code()))
        for standing in decision.standings
    ]
    return replace(decision, standings=tuple(standings))


def _current(decision: Decision) -> UUID | None:
    return decision.standings[-1].cycle.invitation_id if decision.standings else None


def event_of(facts: VehicleFacts, standing: Standing) -> InvitationChanged:
    """An invitation as the others hear of it; its revision is the store's to give."""
    cycle = standing.cycle
    assert cycle.invitation_id is not None
    last = cycle.second() or cycle.first()
    workshop = facts.workshop_id(cycle.type)
    return InvitationChanged(
        revision=0,
        invitation_id=InvitationId(cycle.invitation_id),
        vehicle_id=VehicleId(facts.vehicle.vehicle_id),
        customer_id=CustomerId(standing.customer_id) if standing.customer_id else None,
        workshop_id=WorkshopId(workshop) if workshop else None,
        type=cycle.type,
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
