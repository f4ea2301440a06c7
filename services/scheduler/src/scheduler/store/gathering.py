"""Everything that is known about some vehicles, gathered in a few statements and sorted out per vehicle."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from common.bus import parking
from common.calendar import Calendar, calendar
from common.clock import local_day
from common.events import State
from common.events.answers import (
    CampaignAnswered,
    ContactSuppressed,
    CustomerAnswered,
    CustomerExcluded,
    FollowUpRecorded,
    InvitationHeld,
    InvitationRequested,
    InvitationRestored,
    LeadAnswered,
    OwnerReleased,
)
from common.events.appointments import AppointmentChanged
from common.events.customers import CustomerChanged, SourceChanged, VehicleChanged
from common.events.registry import VehicleRegistryChanged
from common.events.settings import DealerChanged, WorkshopChanged
from common.events.visits import AppointmentClassified, OpenOrderClassified, VisitClassified
from common.events.words import InspectionKind, InspectionResult, VisitTag
from common.events.work_orders import WorkOrderChanged
from common.ids import derived_id
from common.placeholders import Channel, placeholders
from common.policy import WHEELS, Policy
from scheduler.domain import campaigns as seasons
from scheduler.domain import facts as f
from scheduler.domain.campaigns import Campaign
from scheduler.store.facts import customer_merges, policy_of, vehicle_merges
from scheduler.tables import SCHEMA, CampaignRow, ContactRow, CycleRow, FactRow, PlaceRow, RolloutRow

_fact, _cycle, _contact = FactRow.__table__, CycleRow.__table__, ContactRow.__table__  # type: ignore[attr-defined]  # sqlmodel
_campaign, _place, _rollout = CampaignRow.__table__, PlaceRow.__table__, RolloutRow.__table__  # type: ignore[attr-defined]  # sqlmodel
TRAILERS = ("trailer", "campingvogn", "påhæng", "anhænger")
S = TypeVar("S", bound=State)
BY_HAND = "by hand"


async def vehicle_facts(session: AsyncSession, dealer: UUID, wanted: Collection[UUID], *, now: datetime) -> list[f.VehicleFacts]:
    """The facts of these vehicles; merged ones are gathered under the one they became. Empty before the dealer was told."""
    home = await house(session, dealer, now)
    if home is None:
        return []
    merged = await vehicle_merges(session, dealer)
    survivors = {merged.get(vehicle, vehicle) for vehicle in wanted}
    belongs = {vehicle: survivor for vehicle, survivor in merged.items() if survivor in survivors} | {v: v for v in survivors}
    told: dict[UUID, list[Any]] = defaultdict(list)
    rows = await session.execute(select(_fact).where(_fact.c.dealer_id == dealer, _fact.c.vehicle_id.in_(list(belongs))))
    for row in rows:
        told[belongs[row.vehicle_id]].append(row)
    people = await _customers(
        session, home.dealer, {row.customer_id for rows in told.values() for row in rows if row.customer_id}
    )
    cycles = await _cycles(session, dealer, belongs, told)
    firsts = _FirstSteps(await _firsts_of_others(session, dealer, people, now), people)
    days = await _places(session, dealer, belongs)
    parked = {key for _, key in await parking.parked_keys(session, SCHEMA, SCHEMA, dealer)}
    is_parked = {belongs[key] for key in parked if key in belongs}
    return [
        _one(home, vehicle, told[vehicle], people, cycles[vehicle], firsts, parked | is_parked, days)
        for vehicle in sorted(survivors, key=lambda vehicle: vehicle.int)
    ]


class House:
    """What is the dealer's: settings, workshops, sources and wheel seasons."""

    def __init__(self, dealer: DealerChanged, policy: Policy, workshops: Mapping[UUID, WorkshopChanged]) -> None:
        self.dealer, self.policy, self.workshops = dealer, policy, workshops
        self.stale: f.Ignorance = f.Ignorance()
        self.bookings_reach_us = False
        self.campaigns: list[Campaign] = []
        self.asked: dict[UUID, int] = {}  # of each campaign, how many mails went to the dealer
        self.ticked_on: dict[UUID, date | None] = {}
        self.rollouts: dict[str, date] = {}

    def calendar(self, workshop_id: UUID | None = None) -> Calendar:
        """The sending days of a workshop, or the dealer's."""
        workshop = self.workshops.get(workshop_id) if workshop_id is not None else None
        return calendar(
            self.dealer.country,
            (workshop.subdivision if workshop else None) or self.dealer.subdivision,
            self.policy.sending,
            (*self.dealer.closed_days, *(workshop.closed_days if workshop else ())),
        )

    def zone(self, workshop_id: UUID | None = None) -> str:
        """The time zone of a workshop, or the dealer's."""
        workshop = self.workshops.get(workshop_id) if workshop_id is not None else None
        return (workshop.timezone if workshop else None) or self.dealer.timezone


async def house(session: AsyncSession, dealer: UUID, now: datetime) -> House | None:
    """What is known of the dealer itself; None before it was told."""
    names = (DealerChanged.name, WorkshopChanged.name, SourceChanged.name, CampaignAnswered.name)
    rows = list(await session.execute(select(_fact).where(_fact.c.dealer_id == dealer, _fact.c.name.in_(names))))
    told = next((DealerChanged.model_validate(row.body) for row in rows if row.name == DealerChanged.name), None)
    if told is None:
        return None
    policy = policy_of(told)
    workshops = {row.entity: WorkshopChanged.model_validate(row.body) for row in rows if row.name == WorkshopChanged.name}
    found = House(told, policy, workshops)
    sources = [SourceChanged.model_validate(row.body) for row in rows if row.name == SourceChanged.name]
    found.bookings_reach_us = any("appointments" in source.gives for source in sources if source.active)
    for source in sources:
        silent_since = source.fresh_at if source.active and source.polled and "orders" in source.gives else None
        if silent_since is not None and now - silent_since > timedelta(days=policy.source_stale_days):
            found.stale = f.Ignorance(stale_source=source.title, stale_since=local_day(silent_since, ZoneInfo(told.timezone)))
    dealt = list(await session.execute(select(_campaign).where(_campaign.c.dealer_id == dealer)))
    answers = [CampaignAnswered.model_validate(row.body) for row in rows if row.name == CampaignAnswered.name]
    found.campaigns = seasons.of_dealer(
        dealer, policy, {workshop: one.title for workshop, one in workshops.items()}, answers,
        {row.campaign_id: row.dealt_at for row in dealt}, local_day(now, ZoneInfo(told.timezone)),
    )  # fmt: skip
    found.asked = {row.campaign_id: row.asked for row in dealt}
    found.ticked_on = {row.campaign_id: row.ticked_on for row in dealt}
    rollouts = await session.execute(select(_rollout).where(_rollout.c.dealer_id == dealer))
    found.rollouts = {row.type: row.changed_on for row in rollouts}
    return found


async def _places(session: AsyncSession, dealer: UUID, belongs: Mapping[UUID, UUID]) -> dict[UUID, dict[UUID, date | None]]:
    """The days that these vehicles' customers were dealt, by vehicle and campaign."""
    rows = await session.execute(select(_place).where(_place.c.dealer_id == dealer, _place.c.vehicle_id.in_(list(belongs))))
    found: dict[UUID, dict[UUID, date | None]] = defaultdict(dict)
    for row in rows:
        found[belongs[row.vehicle_id]][row.campaign_id] = row.day
    return found


async def _customers(session: AsyncSession, told_of: DealerChanged, wanted: Collection[UUID]) -> dict[UUID, f.Customer]:
    """These customers, and under the id of each merged one the customer it became."""
    dealer = told_of.dealer_id
    merged = await customer_merges(session, dealer)
    survivors = {merged.get(customer, customer) for customer in wanted}
    belongs = {c: survivor for c, survivor in merged.items() if survivor in survivors} | {c: c for c in survivors}
    names = (CustomerChanged.name, ContactSuppressed.name, CustomerExcluded.name, InvitationRestored.name)
    rows = await session.execute(
        select(_fact).where(_fact.c.dealer_id == dealer, _fact.c.name.in_(names), _fact.c.customer_id.in_(list(belongs)))
    )
    told: dict[UUID, list[Any]] = defaultdict(list)
    for row in rows:
        told[belongs[row.customer_id]].append(row)
    theirs = _addresses(row for rows in told.values() for row in rows if row.name == CustomerChanged.name)
    lost = await _unsubscribed(session, dealer, merged) | await placeholders(session, SCHEMA, dealer, theirs, merged)
    found = {
        customer: person for customer in survivors if (person := _customer(customer, told[customer], lost, told_of)) is not None
    }
    return {customer: found[survivor] for customer, survivor in belongs.items() if survivor in found}


def _addresses(customers: Iterable[Any]) -> set[tuple[Channel, str]]:
    """Where these customers can be reached now."""
    named: tuple[tuple[Channel, str], ...] = (("email", "email"), ("sms", "mobile"))
    return {(channel, address) for row in customers for channel, name in named if (address := row.body.get(name))}


async def _unsubscribed(session: AsyncSession, dealer: UUID, merged: Mapping[UUID, UUID]) -> set[tuple[Channel, str]]:
    """Addresses at which nobody is contacted, whoever has them: those of customers who said never again, known now or once."""
    suppressed = await session.execute(
        select(_fact.c.customer_id, _fact.c.body["channel"].astext.label("channel")).where(
            _fact.c.dealer_id == dealer, _fact.c.name == ContactSuppressed.name
        )
    )
    gone: dict[UUID, set[str | None]] = defaultdict(set)
    for row in suppressed:
        gone[merged.get(row.customer_id, row.customer_id)].add(row.channel)
    lost: set[tuple[Channel, str]] = set()
    for row in await _addresses_of(session, dealer, {*gone, *(one for one, into in merged.items() if into in gone)}):
        if {None, row.channel} & gone[merged.get(row.entity, row.entity)]:
            lost.add((row.channel, row.address))
    return lost


async def _addresses_of(session: AsyncSession, dealer: UUID, customers: Collection[UUID]) -> list[Any]:
    """Every address that these customers have or had, each with its channel."""
    rows = await session.execute(
        text(
            """select c.entity, a.channel, a.address from scheduler.fact c cross join lateral (
                values ('email', c.body ->> 'email'), ('sms', c.body ->> 'mobile')
                union all select case when former like '%@%' then 'email' else 'sms' end, former
                from jsonb_array_elements_text(coalesce(c.body -> 'former', '[]')) former
            ) a (channel, address)
            where c.dealer_id = :dealer and c.name = 'customer.changed.v1' and c.entity = any(:customers)
                and a.address is not null"""
        ),
        {"dealer": dealer, "customers": list(customers)},
    )
    return list(rows)


def _customer(customer_id: UUID, rows: Iterable[Any], lost: set[tuple[Channel, str]], dealer: DealerChanged) -> f.Customer | None:
    by_name = _by_name(rows)
    changed = [CustomerChanged.model_validate(row.body) for row in by_name[CustomerChanged.name]]
    if not changed:
        return None
    told = next((c for c in changed if c.customer_id == customer_id), changed[0])
    suppressed = {ContactSuppressed.model_validate(row.body).channel for row in by_name[ContactSuppressed.name]}
    email = None if {"email", None} & suppressed or ("email", told.email or "") in lost else told.email
    mobile = None if {"sms", None} & suppressed or ("sms", told.mobile or "") in lost else told.mobile
    excluded = [row for row in by_name[CustomerExcluded.name] if row.body.get("customer_id")]
    return f.Customer(
        customer_id, email, mobile, told.kind, frozenset(told.groups), told.consent.service,
        suppressed=None in suppressed, excluded=_standing_exclusion(excluded, by_name[InvitationRestored.name]),
        is_dealer=_is_dealer(told, dealer),
    )  # fmt: skip


def _is_dealer(customer: CustomerChanged, dealer: DealerChanged) -> bool:
    """Whether a customer is the dealer itself: by its legal name, or by an address that messages leave from."""
    sender = dealer.sender
    names = {name.casefold() for name in (sender.legal_name, dealer.title) if name}
    addresses = {address.casefold() for address in (sender.email, sender.reply_to) if address}
    return (customer.full_name or "").casefold() in names or (customer.email or "").casefold() in addresses


def _standing_exclusion(excluded: Iterable[Any], restored: Iterable[Any]) -> str | None:
    """Why somebody is excluded, unless it was undone since."""
    undone_at = max((row.at for row in restored if not row.body.get("invitation_id")), default=None)
    standing = [row for row in excluded if undone_at is None or row.at > undone_at]
    return (standing[-1].body.get("reason") or BY_HAND) if standing else None


async def _cycles(
    session: AsyncSession, dealer: UUID, belongs: Mapping[UUID, UUID], told: Mapping[UUID, list[Any]]
) -> dict[UUID, tuple[f.Cycle, ...]]:
    mine = (_cycle.c.dealer_id == dealer) & _cycle.c.vehicle_id.in_(list(belongs))
    rows = list(await session.execute(select(_cycle).where(mine).order_by(_cycle.c.anchor, _cycle.c.invitation_id)))
    ids = [row.invitation_id for row in rows]
    contacts: dict[UUID, dict[int, f.Contact]] = defaultdict(dict)
    merged = await customer_merges(session, dealer)
    for row in await session.execute(select(_contact).where(_contact.c.dealer_id == dealer, _contact.c.invitation_id.in_(ids))):
        contacts[row.invitation_id][row.step] = f.Contact(
            row.step, row.state, row.channel, merged.get(row.customer_id, row.customer_id), row.handed_on, row.on_day, row.at,
            row.single_channel, frozenset(row.refused),
        )  # fmt: skip
    found: dict[UUID, list[f.Cycle]] = defaultdict(list)
    for row in rows:
        vehicle = belongs[row.vehicle_id]
        found[vehicle].append(
            f.Cycle(
                row.anchor, row.invitation_id, row.code, contacts[row.invitation_id], row.stage, row.outcome, row.closed_on, row.stood_on,
                held=_held(row.invitation_id, told[vehicle]), type=row.type, invite_on=_day(row.told.get("invite_on")),
            )
        )  # fmt: skip
    return defaultdict(tuple, {vehicle: tuple(cycles) for vehicle, cycles in found.items()})


def _day(told: str | None) -> date | None:
    return date.fromisoformat(told) if told else None


def _held(invitation: UUID, rows: Iterable[Any]) -> str | None:
    """Why staff holds an invitation, unless the hold was undone since."""
    by_name = _by_name(rows)
    holds = [row for row in by_name[InvitationHeld.name] if row.body["invitation_id"] == str(invitation)]
    undone = [row.at for row in by_name[InvitationRestored.name] if row.body.get("invitation_id") in (None, str(invitation))]
    standing = [row for row in holds if not undone or row.at > max(undone)]
    return (standing[-1].body.get("reason") or BY_HAND) if standing else None


async def _firsts_of_others(session: AsyncSession, dealer: UUID, people: Mapping[UUID, f.Customer], now: datetime) -> list[Any]:
    """The step 1s of the last days to these customers, or to any address of theirs."""
    emails = [person.email for person in people.values() if person.email]
    mobiles = [person.mobile for person in people.values() if person.mobile]
    rows = await session.execute(
        select(_contact, _cycle.c.told["invite_on"].astext.label("invite_on"))
        .join(_cycle, (_cycle.c.dealer_id == _contact.c.dealer_id) & (_cycle.c.invitation_id == _contact.c.invitation_id))
        .where(
            _contact.c.dealer_id == dealer,
            _contact.c.step == 1,
            _contact.c.state.in_(("due", "accepted", "unknown")),
            _contact.c.handed_on > (now - timedelta(days=30)).date(),
            _contact.c.customer_id.in_(list(people)) | _contact.c.email.in_(emails) | _contact.c.mobile.in_(mobiles),
        )
    )
    return list(rows)


def _one(
    house: House,
    vehicle: UUID,
    rows: list[Any],
    people: Mapping[UUID, f.Customer],
    cycles: tuple[f.Cycle, ...],
    firsts: "_FirstSteps",
    parked: set[UUID],
    days: Mapping[UUID, Mapping[UUID, date | None]],
) -> f.VehicleFacts:
    by_name = _by_name(rows)
    mine = {row.customer_id for row in rows if row.customer_id}
    orders = _orders(by_name, people, house.dealer.timezone)
    known = {customer: people[customer] for customer in mine if customer in people}
    known |= {person.customer_id: person for person in known.values()}
    finished_on = {order.order_id: order.finished_on for order in orders if order.status == "finished"}
    released = [datetime.fromisoformat(row.body["at"]) for row in by_name[OwnerReleased.name]]
    stale, is_parked = house.stale, not parked.isdisjoint({vehicle, *mine})
    facts = f.VehicleFacts(
        vehicle=_vehicle(vehicle, _newest(by_name[VehicleChanged.name], VehicleChanged)),
        policy=house.policy,
        calendar=house.calendar(),
        timezone=house.zone(),
        workshops={workshop: (house.calendar(workshop), house.zone(workshop)) for workshop in house.workshops},
        customers=known,
        orders=tuple(orders),
        visits=tuple(_visits(by_name, finished_on)),
        appointments=tuple(_appointments(by_name, ZoneInfo(house.dealer.timezone))),
        answers=tuple(_answers(by_name)),
        follow_ups=tuple(
            f.FollowUp(told.invitation_id, told.outcome, told.at)
            for told in (FollowUpRecorded.model_validate(row.body) for row in by_name[FollowUpRecorded.name])
        ),
        cycles=cycles,
        registry=_registry(by_name[VehicleRegistryChanged.name]),
        released_at=max(released, default=None),
        requests=tuple(
            f.Request(row.body["type"], datetime.fromisoformat(row.body["at"])) for row in by_name[InvitationRequested.name]
        ),
        odometer=tuple(_readings(by_name)),
        excluded=_standing_exclusion(
            [r for r in by_name[CustomerExcluded.name] if r.body.get("vehicle_id")], by_name[InvitationRestored.name]
        ),
        bookings_reach_us=house.bookings_reach_us,
        ignorance=f.Ignorance(is_parked, stale.stale_source, stale.stale_since),
    )
    invited, dealt = facts.invited(), days.get(vehicle, {})
    return replace(
        facts,
        firsts=firsts.to(invited, facts.calendar),
        held_out=_held_out(house, invited),
        seasons=tuple(
            campaign.season(dealt.get(campaign.campaign_id))
            for kind in sorted(WHEELS)
            for campaign in seasons.of_workshop(house.campaigns, kind, facts.workshop_id(kind))
        ),
        rollouts={
            kind: f.Rollout(changed_on, dealt.get(rollout_id(house.dealer.dealer_id, kind, changed_on)))
            for kind, changed_on in house.rollouts.items()
        },
    )


def rollout_id(dealer: UUID, kind: str, changed_on: date) -> UUID:
    """What the days are kept under that were dealt when a type was switched on."""
    return derived_id("rollout", dealer, kind, changed_on)


def _held_out(house: House, invited: f.Customer | None) -> frozenset[str]:
    """The types for which this customer is not invited, to see what invitations bring: the same ones as long as he is known."""
    if invited is None:
        return frozenset()
    dealer = house.dealer.dealer_id
    return frozenset(
        kind
        for kind, percent in house.policy.held_out_percent.items()
        if derived_id("held out", dealer, invited.customer_id, kind).int % 100 < percent
    )


class _FirstSteps:
    """The step 1s to some people, found by customer and by address."""

    def __init__(self, rows: Iterable[Any], people: Mapping[UUID, f.Customer]) -> None:
        self._by: dict[object, list[Any]] = defaultdict(list)
        for row in rows:
            person = people.get(row.customer_id)
            for key in (person.customer_id if person else row.customer_id, row.email, row.mobile):
                if key is not None:
                    self._by[key].append(row)

    def to(self, invited: f.Customer | None, calendar: Calendar) -> tuple[tuple[UUID, date, date | None], ...]:
        """Those to the customer who is invited, or to an address of his: invitation, day, and when it was due."""
        if invited is None:
            return ()
        keys = (invited.customer_id, invited.email, invited.mobile)
        found = {row.invitation_id: row for key in keys for row in self._by.get(key, ())}
        return tuple(
            (row.invitation_id, row.on_day or row.handed_on, calendar.moved(due_on) if (due_on := _day(row.invite_on)) else None)
            for row in found.values()
        )


def _registry(rows: Iterable[Any]) -> f.Registry | None:
    """What the registry said last; of merged vehicles what was read last."""
    told = [VehicleRegistryChanged.model_validate(row.body) for row in rows]
    newest = max(told, key=lambda one: (one.known, one.read_on, one.revision), default=None)
    if newest is None:
        return None
    return f.Registry(
        newest.known, newest.status, newest.first_registered_on,
        tuple(f.Inspection(one.on, one.result) for one in newest.inspections if one.kind == InspectionKind.PERIODIC),
        newest.inspection_expires_on or newest.next_inspection_on, newest.inspection_expires_on is not None,
        newest.next_inspection_because, newest.next_inspection_params, newest.inspection_rule, newest.inspection_every_months,
        tuple(f.Sign(sign.on, sign.sign, sign.confidence == "certain") for sign in newest.signs), tuple(_registry_readings(newest)),
    )  # fmt: skip


def _registry_readings(told: VehicleRegistryChanged) -> Iterable[tuple[date, int]]:
    if told.odometer_km and told.odometer_on:
        yield told.odometer_on, told.odometer_km
    for inspection in told.inspections:
        if inspection.odometer_km:
            yield inspection.on, inspection.odometer_km


def _readings(by_name: Mapping[str, list[Any]]) -> Iterable[tuple[date, int]]:
    for row in by_name[WorkOrderChanged.name]:
        on, km = row.body.get("finished_on"), row.body.get("odometer_km")
        if row.body.get("status") == "finished" and on and km:
            yield date.fromisoformat(on), km


def _vehicle(vehicle: UUID, told: VehicleChanged | None) -> f.Vehicle:
    if told is None:
        return f.Vehicle(vehicle)
    return f.Vehicle(
        vehicle, told.plate, told.make, told.model, told.model_year, told.fuel, told.variant, told.first_registered_on
    )


def _orders(by_name: Mapping[str, list[Any]], people: Mapping[UUID, f.Customer], timezone: str) -> list[f.Order]:
    """Orders under the customer that theirs became; none is dated after it came."""
    open_, visits = {}, {}
    for row in by_name[OpenOrderClassified.name]:
        open_[row.entity] = OpenOrderClassified.model_validate(row.body)
    for row in by_name[VisitClassified.name]:
        visits[row.entity] = VisitClassified.model_validate(row.body)
    found = []
    for row in by_name[WorkOrderChanged.name]:
        told = WorkOrderChanged.model_validate(row.body)
        reading = open_.get(row.entity) if told.status == "open" else visits.get(row.entity)
        is_read = reading is not None and reading.text_revision >= told.revision
        zone = ZoneInfo(timezone)
        came_on, changed_on = (
            local_day(datetime.fromisoformat(row.body["came_at"]), zone),
            told.changed_on or local_day(row.at, zone),
        )
        person = people.get(told.customer_id) if told.customer_id else None
        customer_id = person.customer_id if person else told.customer_id
        finished_on = min(told.finished_on, came_on) if told.finished_on else None
        found.append(
            f.Order(
                told.order_id, told.number, told.status, customer_id, told.workshop_id, finished_on, changed_on,
                told.next_service_on, frozenset(tag.tag for tag in reading.tags) if reading is not None and is_read else None,
            )
        )  # fmt: skip
    return found


def _visits(by_name: Mapping[str, list[Any]], finished: Mapping[UUID, date | None]) -> Iterable[f.Visit]:
    for row in by_name[VisitClassified.name]:
        told = VisitClassified.model_validate(row.body)
        if told.counts and told.order_id in finished:
            yield f.Visit(
                told.order_id, min(told.visited_on, finished[told.order_id] or told.visited_on), frozenset(tag.tag for tag in told.tags),
                {tag.tag: tuple(evidence.words for evidence in tag.evidence) for tag in told.tags},
                told.odometer_km, told.next_service_on, *_inspected(told),
            )  # fmt: skip


def _inspected(told: VisitClassified) -> tuple[str | None, bool]:
    """The result of an official inspection, and whether it was a trailer's."""
    for tag in told.tags:
        if tag.tag == VisitTag.OFFICIAL_INSPECTION:
            words = " ".join(evidence.words for evidence in tag.evidence).casefold()
            return told.inspection_result or InspectionResult.NOT_TOLD, any(name in words for name in TRAILERS)
    return None, False


def _appointments(by_name: Mapping[str, list[Any]], zone: ZoneInfo) -> Iterable[f.Appointment]:
    readings = {row.entity: AppointmentClassified.model_validate(row.body) for row in by_name[AppointmentClassified.name]}
    for row in by_name[AppointmentChanged.name]:
        told = AppointmentChanged.model_validate(row.body)
        reading = readings.get(row.entity)
        is_read = reading is not None and reading.text_revision >= told.revision
        yield f.Appointment(
            told.appointment_id, local_day(told.starts_at, zone), told.made_at, told.status, local_day(row.at, zone),
            frozenset(tag.tag for tag in reading.tags) if reading is not None and is_read else None, told.invitation_id,
        )  # fmt: skip


def _answers(by_name: Mapping[str, list[Any]]) -> Iterable[f.Answer]:
    for row in by_name[CustomerAnswered.name]:
        told = CustomerAnswered.model_validate(row.body)
        yield f.Answer(told.invitation_id, told.answer, told.reason, told.at)
    for row in by_name[LeadAnswered.name]:  # "sold", said to a lead, holds for invitations too
        lead = LeadAnswered.model_validate(row.body)
        yield f.Answer(lead.lead_id, lead.answer, lead.reason, lead.at)


def _newest(rows: Iterable[Any], kind: type[S]) -> S | None:
    told = [kind.model_validate(row.body) for row in rows]
    return max(told, key=lambda state: state.revision, default=None)


def _by_name(rows: Iterable[Any]) -> defaultdict[str, list[Any]]:
    found: defaultdict[str, list[Any]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: (row.at, row.entity.int)):
        found[row.name].append(row)
    return found
