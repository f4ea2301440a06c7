"""The wheel seasons in the tick: asking the dealer, dealing the days, and giving out what becomes free (`rules.md` 4)."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from common.events.due import CampaignQuestionDue
from common.events.words import Because, Stage
from common.ids import CampaignId, WorkshopId
from common.work import Work
from scheduler import store
from scheduler.domain import wheels
from scheduler.domain.campaigns import ASKED_DAYS_BEFORE, Campaign
from scheduler.domain.deciding import decide
from scheduler.domain.facts import Standing, VehicleFacts
from scheduler.domain.rollout import SENDING_DAYS
from scheduler.domain.wheels import Candidate

SLICE = 500


@dataclass(frozen=True)
class _Car:
    """A vehicle that waits for a day, with how its invitation stands."""

    facts: VehicleFacts
    standing: Standing

    @property
    def vehicle_id(self) -> UUID:
        return self.facts.vehicle.vehicle_id

    def candidate(self, kind: str) -> Candidate:
        """Its customer as the dealing sees him."""
        assert self.standing.customer_id is not None
        customer = self.facts.customers[self.standing.customer_id]
        last = wheels.last_day_of(kind, self.facts.history(customer))
        return Candidate(customer.customer_id, self.facts.vehicle.plate or "", last)


async def deal_days(house: store.House, work: Work) -> set[UUID]:
    """Ask, deal and fill whatever is due today; the vehicles that got a day, or lost one."""
    today, touched = work.today(house.zone()), set[UUID]()
    for campaign in house.campaigns:
        if house.policy.is_on(campaign.type):
            await _ask(campaign, house, today, work)
            if campaign.dealt_from <= today <= campaign.to_on and not campaign.stopped:
                touched |= await _deal(campaign, house, today, work)
    for kind, changed_on in house.rollouts.items():
        if today <= changed_on + timedelta(days=60):
            touched |= await _roll_out(kind, changed_on, house, today, work)
    return touched


def next_question_on(house: store.House, today: date) -> date | None:
    """The next day on which the dealer is asked about a season."""
    days = [
        day
        for campaign in house.campaigns
        if house.policy.is_on(campaign.type) and not campaign.stopped
        for day in campaign.asked_on(house.asked.get(campaign.campaign_id, 0))
        if day > today
    ]  # fmt: skip
    return min(days, default=None)


async def _ask(campaign: Campaign, house: store.House, today: date, work: Work) -> None:
    """Ask the dealer by mail, ahead and once more, then tell the defaults; of questions that were missed only the latest."""
    asked = house.asked.get(campaign.campaign_id, 0)
    due = [n for n, (days, _) in enumerate(ASKED_DAYS_BEFORE) if n >= asked and campaign.from_on - timedelta(days=days) <= today]
    if not due or campaign.answered or campaign.stopped or today >= campaign.from_on:
        return
    waiting = await store.waiting_vehicles(work.session, work.dealer, campaign, everyone=True)
    if not waiting:
        return
    work.publish(
        CampaignQuestionDue(
            campaign_id=CampaignId(campaign.campaign_id), type=campaign.type, question=ASKED_DAYS_BEFORE[due[-1]][1],
            workshop_id=WorkshopId(campaign.workshop_id) if campaign.workshop_id else None, from_on=campaign.from_on,
            to_on=campaign.to_on, audience=tuple(sorted(campaign.audience)), capacity_per_day=campaign.capacity_per_day,
            vehicles=len(waiting), timezone=house.zone(campaign.workshop_id), send_on=today,
        )
    )  # fmt: skip
    house.asked[campaign.campaign_id] = due[-1] + 1
    await store.keep_campaign(work.session, work.dealer, campaign, asked=due[-1] + 1)


async def _deal(campaign: Campaign, house: store.House, today: date, work: Work) -> set[UUID]:
    """Deal all days once, a week ahead; again where the dealer asks or a stop took days; else fill what is free."""
    session, dealer = work.session, work.dealer
    ticked_on = house.ticked_on.get(campaign.campaign_id)
    days = campaign.days_left(house.calendar(campaign.workshop_id), today)
    now, sending = work.now.astimezone(ZoneInfo(house.zone(campaign.workshop_id))).time(), house.policy.sending
    is_open = sending.from_ <= now < sending.to
    if now >= sending.to:
        days = [day for day in days if day > today]
    asked_again = (
        campaign.dealt_at is not None and campaign.deal_again_at is not None and campaign.deal_again_at > campaign.dealt_at
    )
    stopped = ticked_on is not None and await store.lost_days(session, dealer, campaign, ticked_on, today)
    if campaign.dealt_at is None or asked_again or stopped:
        touched = await _deal_all(campaign, days, work)
        yesterday = today - timedelta(days=1)
        await store.keep_campaign(session, dealer, campaign, dealt_at=work.now, ticked_on=today if is_open else yesterday)
        return touched
    await store.free_places(session, dealer, campaign, today)
    touched = await _fill(campaign, days, today, work)
    if is_open:
        await store.keep_campaign(session, dealer, campaign, ticked_on=today)
    return touched


async def _deal_all(campaign: Campaign, days: list[date], work: Work) -> set[UUID]:
    """Everyone who was not contacted gets a day; temporarily blocked ones too, done ones and those who booked not."""
    vehicles = await store.waiting_vehicles(work.session, work.dealer, campaign, everyone=True)
    cars = [car for car in await _cars(vehicles, campaign, work) if car.standing.blocked != Because.APPOINTMENT_AHEAD]
    candidates = wheels.together(car.candidate(campaign.type) for car in cars)
    await store.clear_places(work.session, work.dealer, campaign.campaign_id, vehicles)
    contacted = await store.places_taken(work.session, work.dealer, campaign.campaign_id, min(days, default=campaign.to_on))
    told = {day: len(customers) for day, customers in contacted.items()}
    dealt = wheels.deal(candidates, days, campaign.capacity_per_day, told)
    ranks = {one.customer_id: rank for rank, one in enumerate(wheels.in_order(candidates))}
    await _save(campaign.campaign_id, cars, dealt, ranks, work)
    return set(vehicles)


async def _fill(campaign: Campaign, days: list[date], today: date, work: Work) -> set[UUID]:
    """Whoever waits gets the next day with room: first those whom the dealing left without, in their order, then by plate."""
    vehicles = await store.waiting_vehicles(work.session, work.dealer, campaign, everyone=False)
    cars = [car for car in await _cars(vehicles, campaign, work) if car.standing.blocked is None]
    taken = await store.places_taken(work.session, work.dealer, campaign.campaign_id, today)
    with_a_day = {customer: day for day, customers in sorted(taken.items(), reverse=True) for customer in customers}
    ranks: dict[UUID, int] = {}
    for car in cars:
        rank = vehicles.get(car.vehicle_id)
        if rank is not None and car.standing.customer_id is not None:
            ranks[car.standing.customer_id] = min(rank, ranks.get(car.standing.customer_id, rank))
    order = sorted(
        wheels.together(car.candidate(campaign.type) for car in cars),
        key=lambda one: (one.customer_id not in ranks, ranks.get(one.customer_id, 0), one.plate),
    )
    waiting = [one.customer_id for one in order if one.customer_id not in with_a_day]
    room = {day: len(customers) for day, customers in taken.items()}
    found: dict[UUID, date | None] = {**with_a_day, **wheels.fill(waiting, days, room, campaign.capacity_per_day)}
    placed = [car for car in cars if found.get(car.standing.customer_id or UUID(int=0))]
    await _save(campaign.campaign_id, placed, found, ranks, work)
    return {car.vehicle_id for car in placed}


async def _roll_out(kind: str, changed_on: date, house: store.House, today: date, work: Work) -> set[UUID]:
    """What is overdue since a type was switched on is dealt over 20 sending days, the longest overdue first."""
    calendar, days = house.calendar(), list[date]()
    while len(days) < SENDING_DAYS:
        days.append(calendar.moved(days[-1] + timedelta(days=1) if days else max(today, changed_on + timedelta(days=1))))
    vehicles = await store.without_a_day(work.session, work.dealer, kind)
    cars = await _gathered(vehicles, kind, work)
    if not cars:
        return set()
    customers: dict[UUID, date] = {}
    for car in cars:
        assert car.standing.customer_id is not None
        due_on = car.standing.due_on or today
        customers[car.standing.customer_id] = min(due_on, customers.get(car.standing.customer_id, due_on))
    candidates = [Candidate(customer, "", (0, due_on.toordinal())) for customer, due_on in customers.items()]
    dealt = wheels.deal(candidates, days, None)
    await _save(store.rollout_id(work.dealer, kind, changed_on), cars, dealt, {}, work)
    return {car.vehicle_id for car in cars}


async def _cars(vehicles: Iterable[UUID], campaign: Campaign, work: Work) -> list[_Car]:
    """These vehicles as they stand in this season, without those that nothing will be sent for."""
    found = await _gathered(vehicles, campaign.type, work)
    return [car for car in found if any(season.campaign_id == campaign.campaign_id for season in car.facts.seasons)]


async def _gathered(vehicles: Iterable[UUID], kind: str, work: Work) -> list[_Car]:
    found, wanted = [], sorted(vehicles, key=lambda vehicle: vehicle.int)
    for start in range(0, len(wanted), SLICE):
        for facts in await store.vehicle_facts(work.session, work.dealer, wanted[start : start + SLICE], now=work.now):
            facts = facts.at_workshop(kind)
            decision = decide(facts, today=work.today(facts.timezone), kind=kind)
            if decision.standings and _awaits(decision.standings[-1]):
                found.append(_Car(facts, decision.standings[-1]))
    return found


def _awaits(standing: Standing) -> bool:
    return standing.stage in (Stage.PLANNED, Stage.PENDING) and not standing.permanent and standing.customer_id is not None


async def _save(
    campaign: UUID, cars: Collection[_Car], dealt: dict[UUID, date | None], ranks: dict[UUID, int], work: Work
) -> None:
    rows = [
        (car.vehicle_id, customer, dealt.get(customer), ranks.get(customer))
        for car in cars
        if (customer := car.standing.customer_id) is not None
    ]
    await store.save_places(work.session, work.dealer, campaign, rows)
