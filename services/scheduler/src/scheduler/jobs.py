"""Door 3: the tick of a dealer's local day. It alone says that a message is due."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from common.events.due import DueContact, MessageDue
from common.ids import CustomerId, InvitationId, MessageId, VehicleId, WorkshopId, derived_id
from common.jobs import Jobs
from common.work import Work
from scheduler import store
from scheduler.domain.facts import Leaving, Standing, VehicleFacts
from scheduler.seasons import deal_days, next_question_on
from scheduler.settling import TICK, at_wall_clock, decided, wake_for

jobs = Jobs()

Departure = tuple[VehicleFacts, Standing, Leaving]


@jobs.named(TICK, caught_up=True)
async def tick(work: Work) -> datetime | None:
    """Deal the days of wheel seasons, decide what is to be looked at today, hand over what leaves, and say when the next tick
    is wanted."""
    began_at = work.now
    await store.decide_alone(work.session, work.dealer)
    house = await store.house(work.session, work.dealer, work.now)
    if house is None:
        return None
    today = work.today(house.zone())
    dealt = await deal_days(house, work)
    departures: list[Departure] = []
    for facts, _, decision in await decided({*await store.to_look_at(work.session, work.dealer, today), *dealt}, work):
        if decision.leaving is not None and is_open(facts, work.now):
            departures.append((facts, decision.standings[-1], decision.leaving))
        else:
            wake_for(facts, decision, work)
    await depart(departures, work, decided_at=began_at)
    await decided({facts.vehicle.vehicle_id for facts, _, _ in departures}, work)
    looks = [await store.next_look_on(work.session, work.dealer), next_question_on(house, today)]
    look_on = min((day for day in looks if day is not None), default=None)
    if look_on is None:
        return None
    return at_wall_clock(max(look_on, today + timedelta(days=1)), house.policy.sending.from_, ZoneInfo(house.zone()))


def is_open(facts: VehicleFacts, now: datetime) -> bool:
    """Whether the sending window of this vehicle's workshop is open at that instant."""
    local = now.astimezone(ZoneInfo(facts.timezone))
    return facts.policy.sending.from_ <= local.time() < facts.policy.sending.to


def due_first(departures: Sequence[Departure]) -> list[Departure]:
    """Of several first steps to one customer or address those that were due first; the later-due keep their distance from
    them, also where all are late (`rules.md` 5)."""
    going: list[Departure] = []
    first_due: dict[object, date] = {}
    for departure in sorted(departures, key=_due_on):
        facts, standing, leaving = departure
        customer = facts.customers.get(standing.customer_id) if standing.customer_id else None
        names = [name for name in (standing.customer_id, customer and customer.email, customer and customer.mobile) if name]
        if leaving.step == 1 and any(first_due.get(name, _due_on(departure)) != _due_on(departure) for name in names):
            continue
        if leaving.step == 1:
            first_due |= dict.fromkeys(names, _due_on(departure))
        going.append(departure)
    return going


def _due_on(departure: Departure) -> date:
    facts, standing, _ = departure
    return facts.calendar.moved(standing.invite_on) if standing.invite_on else date.min


async def depart(departures: Sequence[Departure], work: Work, *, decided_at: datetime) -> None:
    """One message for all that go to the same address by the same channel, each with a contact of its own."""
    together: dict[tuple[str, str, int], list[Departure]] = defaultdict(list)
    for departure in due_first(departures):
        facts, standing, leaving = departure
        together[address_of(facts, standing, leaving), leaving.channel, leaving.step].append(departure)
    for (_, channel, step), parts in sorted(together.items()):
        today = work.today(parts[0][0].timezone)
        message = message_id(parts, work)
        taken = await store.hand_over(
            work.session, work.dealer, [(f, s, step) for f, s, _ in parts], message=message, channel=channel, today=today
        )
        going = [part for part in parts if part[1].cycle.invitation_id in taken]
        if going:
            work.publish(message_due(going, message, today, decided_at))


def address_of(facts: VehicleFacts, standing: Standing, leaving: Leaving) -> str:
    """The address that a step goes to."""
    customer = facts.customers[standing.customer_id] if standing.customer_id else None
    return ((customer.email if leaving.channel == "email" else customer.mobile) if customer else None) or ""


def message_id(parts: Sequence[Departure], work: Work) -> UUID:
    """The same contacts at the same try give the same message, so that a repeated tick finds the first one's."""
    names = sorted(str(standing.cycle.invitation_id) for _, standing, _ in parts)
    tries = max(len(c.refused) if (c := standing.cycle.contacts.get(leaving.step)) else 0 for _, standing, leaving in parts)
    return derived_id("message", work.dealer, parts[0][2].step, tries, work.now.date(), *names)


def message_due(parts: Sequence[Departure], message: UUID, today: date, decided_at: datetime) -> MessageDue:
    """What the notifier is told."""
    facts, standing, leaving = parts[0]
    sending, workshop = facts.policy.sending, facts.workshop_id(standing.cycle.type)
    return MessageDue(
        message_id=MessageId(message),
        customer_id=CustomerId(standing.customer_id or UUID(int=0)),
        workshop_id=WorkshopId(workshop) if workshop else None,
        channel=leaving.channel,
        contacts=tuple(_contact(*part) for part in parts),
        timezone=facts.timezone,
        send_on=today,
        send_from=sending.from_,
        send_to=sending.to,
        not_after=min(part[2].until for part in parts),
        decided_at=decided_at,
    )


def _contact(facts: VehicleFacts, standing: Standing, leaving: Leaving) -> DueContact:
    assert standing.cycle.invitation_id is not None
    return DueContact(
        invitation_id=InvitationId(standing.cycle.invitation_id),
        vehicle_id=VehicleId(facts.vehicle.vehicle_id),
        customer_id=CustomerId(standing.customer_id) if standing.customer_id else None,
        type=standing.cycle.type,
        step=leaving.step,
        due_on=standing.due_on,
        code=standing.cycle.code,
    )
