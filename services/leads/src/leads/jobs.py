"""Door 3: the tick of a dealer's local day. It alone says that the mail of a lead is due."""

from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from common.events.leads import LeadMessageDue
from common.ids import CustomerId, LeadId, MessageId, VehicleId, WorkshopId, derived_id
from common.jobs import Jobs
from common.work import Work
from leads import store
from leads.domain.facts import Customer, Leaving, Standing, VehicleFacts
from leads.settling import TICK, at_wall_clock, decided, wake_for

jobs = Jobs()


@jobs.named(TICK, caught_up=True)
async def tick(work: Work) -> datetime | None:
    """Decide what is to be looked at today, hand over what leaves, and say when the next tick is wanted."""
    dealer = await store.dealer(work.session, work.dealer)
    if dealer is None:
        return None
    began_at = work.now
    await store.decide_alone(work.session, work.dealer)
    today = work.today(dealer.timezone)
    handed: set[UUID] = set()
    for facts, decision in await decided(await store.to_look_at(work.session, work.dealer, today), work):
        if decision.leaving is not None and decision.current is not None and is_open(facts, work.now):
            if await depart(facts, decision.standings[decision.current], decision.leaving, work, decided_at=began_at):
                handed.add(facts.vehicle.vehicle_id)
        else:
            wake_for(facts, decision, work)
    await decided(handed, work)
    look_on = await store.next_look_on(work.session, work.dealer)
    if look_on is None:
        return None
    send_at = store.policy_of(dealer).leads.send_at
    return at_wall_clock(max(look_on, today + timedelta(days=1)), send_at, ZoneInfo(dealer.timezone))


def is_open(facts: VehicleFacts, now: datetime) -> bool:
    """Whether mails of leads may leave at that instant on the wall of this vehicle's workshop."""
    return facts.policy.leads.send_at <= now.astimezone(ZoneInfo(facts.timezone)).time() < closes_at(facts)


def closes_at(facts: VehicleFacts) -> time:
    """When the hours for mails of leads end: with the sending window, or the day where they begin after it."""
    sending, send_at = facts.policy.sending, facts.policy.leads.send_at
    return sending.to if send_at < sending.to else time.max


async def depart(facts: VehicleFacts, standing: Standing, leaving: Leaving, work: Work, *, decided_at: datetime) -> bool:
    """Hand over the mail of a lead, once; False when it was before."""
    customer = facts.customers[standing.customer_id] if standing.customer_id else None
    assert customer is not None, "a lead without a customer is blocked"
    today = work.today(facts.timezone)
    message = message_id(standing, work)
    if not await store.hand_over(work.session, work.dealer, standing.lead, customer, message=message, today=today):
        return False
    work.publish(message_due(facts, standing, leaving, customer, message, today, decided_at))
    return True


def message_id(standing: Standing, work: Work) -> UUID:
    """The same lead at the same try gives the same message, so that a repeated tick finds the first one's."""
    mail = standing.lead.mail
    return derived_id("lead message", work.dealer, standing.lead.lead_id, len(mail.refused) if mail else 0)


def message_due(
    facts: VehicleFacts,
    standing: Standing,
    leaving: Leaving,
    customer: Customer,
    message: UUID,
    today: date,
    decided_at: datetime,
) -> LeadMessageDue:
    """What the notifier is told."""
    lead = standing.lead
    assert lead.lead_id is not None
    return LeadMessageDue(
        message_id=MessageId(message),
        customer_id=CustomerId(customer.customer_id),
        vehicle_id=VehicleId(facts.vehicle.vehicle_id),
        workshop_id=WorkshopId(standing.workshop_id) if standing.workshop_id else None,
        lead_id=LeadId(lead.lead_id),
        type=lead.type,
        due_on=standing.due_on,
        code=lead.code,
        timezone=facts.timezone,
        send_on=today,
        send_at=facts.policy.leads.send_at,
        send_to=closes_at(facts),
        not_after=leaving.until,
        decided_at=decided_at,
    )
