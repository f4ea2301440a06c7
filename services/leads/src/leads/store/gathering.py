"""Everything that is known about some vehicles, gathered in a few statements and sorted out per vehicle."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from common.bus import parking
from common.calendar import calendar
from common.clock import local_day
from common.events import State
from common.events.answers import (
    CustomerAnswered,
    CustomerExcluded,
    InvitationRestored,
    LeadAnswered,
    LeadFollowUpRecorded,
    OwnerReleased,
)
from common.events.appointments import AppointmentChanged
from common.events.customers import ContractChanged, CustomerMerged, SourceChanged, VehicleChanged, VehicleMerged
from common.events.registry import VehicleRegistryChanged
from common.events.settings import DealerChanged, WorkshopChanged
from common.events.words import OrderStatus
from common.events.work_orders import WorkOrderChanged
from common.policy import Policy
from leads.domain import facts as f
from leads.domain.chances import TELL_LEASES
from leads.domain.dates import FIRST_YEAR, LAST_YEAR, plausible
from leads.store.facts import merges, policy_of
from leads.store.people import people, standing_exclusion
from leads.tables import SCHEMA, FactRow, LeadRow, MailRow

_fact, _lead, _mail = FactRow.__table__, LeadRow.__table__, MailRow.__table__  # type: ignore[attr-defined]  # sqlmodel
S = TypeVar("S", bound=State)
RESTS_ON = frozenset({"orders", "appointments", "contracts"})  # a source of these that went silent is ignorance


async def vehicle_facts(session: AsyncSession, dealer: UUID, wanted: Collection[UUID], *, now: datetime) -> list[f.VehicleFacts]:
    """The facts of these vehicles; merged ones are gathered under the one they became. Empty before the dealer was told."""
    house = await _house(session, dealer, now)
    if house is None:
        return []
    merged = await merges(session, dealer, VehicleMerged.name)
    survivors = {merged.get(vehicle, vehicle) for vehicle in wanted}
    belongs = {vehicle: survivor for vehicle, survivor in merged.items() if survivor in survivors} | {v: v for v in survivors}
    told: dict[UUID, list[Any]] = defaultdict(list)
    rows = await session.execute(select(_fact).where(_fact.c.dealer_id == dealer, _fact.c.vehicle_id.in_(list(belongs))))
    for row in rows:
        told[belongs[row.vehicle_id]].append(row)
    leads, written_to = await _leads(session, dealer, belongs, ZoneInfo(house.dealer.timezone))
    around = {row.customer_id for rows in told.values() for row in rows if row.customer_id}
    persons = await people(session, house.dealer, around | written_to)
    same = await merges(session, dealer, CustomerMerged.name)
    parked = {key for _, key in await parking.parked_keys(session, SCHEMA, SCHEMA, dealer)}
    return [
        _one(house, vehicle, told[vehicle], persons, same, leads[vehicle], _is_parked(parked, vehicle, told[vehicle], belongs))
        for vehicle in sorted(survivors, key=lambda vehicle: vehicle.int)
    ]


@dataclass(frozen=True)
class _House:
    """What is the dealer's: settings, workshops, and what its sources tell."""

    dealer: DealerChanged
    policy: Policy
    workshops: Mapping[UUID, WorkshopChanged]
    contracts_known: bool
    stale_source: str | None = None
    stale_since: date | None = None


async def _house(session: AsyncSession, dealer: UUID, now: datetime) -> _House | None:
    names = (DealerChanged.name, WorkshopChanged.name, SourceChanged.name)
    rows = list(await session.execute(select(_fact).where(_fact.c.dealer_id == dealer, _fact.c.name.in_(names))))
    told = next((DealerChanged.model_validate(row.body) for row in rows if row.name == DealerChanged.name), None)
    if told is None:
        return None
    any_contract = select(_fact.c.entity).where(_fact.c.dealer_id == dealer, _fact.c.name == ContractChanged.name).limit(1)
    sources = [SourceChanged.model_validate(row.body) for row in rows if row.name == SourceChanged.name]
    active = [source for source in sources if source.active]
    policy = policy_of(told)
    silent = [
        (source.fresh_at, source.title)
        for source in active
        if source.polled and source.fresh_at is not None and RESTS_ON & set(source.gives)
        and now - source.fresh_at > timedelta(days=policy.source_stale_days)
    ]  # fmt: skip
    since, title = min(silent, default=(None, None))
    return _House(
        told,
        policy,
        {row.entity: WorkshopChanged.model_validate(row.body) for row in rows if row.name == WorkshopChanged.name},
        contracts_known=any("contracts" in source.gives for source in active)
        or (await session.execute(any_contract)).first() is not None,
        stale_source=title,
        stale_since=local_day(since, ZoneInfo(told.timezone)) if since is not None else None,
    )


async def _leads(
    session: AsyncSession, dealer: UUID, belongs: Mapping[UUID, UUID], zone: ZoneInfo
) -> tuple[defaultdict[UUID, list[f.Lead]], set[UUID]]:
    """The leads of these vehicles, and the customers that their mails went to."""
    mine = (_lead.c.dealer_id == dealer) & _lead.c.vehicle_id.in_(list(belongs))
    rows = list(await session.execute(select(_lead).where(mine).order_by(_lead.c.anchor, _lead.c.lead_id)))
    ids = [row.lead_id for row in rows]
    mails = {
        row.lead_id: row
        for row in await session.execute(select(_mail).where(_mail.c.dealer_id == dealer, _mail.c.lead_id.in_(ids)))
    }
    same = await merges(session, dealer, CustomerMerged.name)
    found: defaultdict[UUID, list[f.Lead]] = defaultdict(list)
    for row in rows:
        reasons = tuple(f.Why(why["code"], why["params"]) for why in row.told["reasons"])
        mail = _mailed(mails[row.lead_id], same, zone) if row.lead_id in mails else None
        found[belongs[row.vehicle_id]].append(
            f.Lead(row.type, row.anchor, row.lead_id, row.code, mail, row.stage, row.outcome, row.closed_on, reasons)
        )
    return found, {row.customer_id for row in mails.values()}


def _mailed(row: Any, same: Mapping[UUID, UUID], zone: ZoneInfo) -> f.Mail:
    bounced_on = local_day(row.bounced_at, zone) if row.bounced_at is not None else None
    customer = same.get(row.customer_id, row.customer_id)
    return f.Mail(row.state, customer, row.handed_on, row.on_day, bounced_on, frozenset(row.refused))


def _is_parked(parked: set[UUID], vehicle: UUID, rows: Iterable[Any], belongs: Mapping[UUID, UUID]) -> bool:
    """Whether something about this vehicle, or a customer of it, was set aside here."""
    about = {one for one, survivor in belongs.items() if survivor == vehicle} | {row.customer_id for row in rows}
    return bool(parked & about)


def _one(
    house: _House,
    vehicle: UUID,
    rows: Iterable[Any],
    persons: Mapping[UUID, f.Customer],
    same: Mapping[UUID, UUID],
    leads: list[f.Lead],
    is_parked: bool,
) -> f.VehicleFacts:
    by_name: defaultdict[str, list[Any]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: (row.at, row.entity.int)):
        by_name[row.name].append(row)
    told = _newest(by_name[VehicleChanged.name], VehicleChanged)
    visits = tuple(_visits(by_name[WorkOrderChanged.name], same, house.dealer.timezone))
    latest = max(visits, key=lambda visit: visit.on, default=None)
    workshop = house.workshops.get(latest.workshop_id) if latest is not None and latest.workshop_id is not None else None
    timezone = (workshop.timezone if workshop else None) or house.dealer.timezone
    zone = ZoneInfo(timezone)
    known = {*(visit.customer_id for visit in visits), *(row.customer_id for row in by_name[ContractChanged.name])}
    known |= {row.customer_id for row in by_name[AppointmentChanged.name]} | {
        lead.mail.customer_id for lead in leads if lead.mail
    }
    known |= {told.customer_id} if told is not None else set()
    released = by_name[OwnerReleased.name]
    return f.VehicleFacts(
        vehicle=_vehicle(vehicle, told, same),
        policy=house.policy,
        calendar=calendar(
            house.dealer.country,
            (workshop.subdivision if workshop else None) or house.dealer.subdivision,
            house.policy.sending,
            (*house.dealer.closed_days, *(workshop.closed_days if workshop else ())),
        ),
        timezone=timezone,
        country=house.dealer.country,
        customers={one.customer_id: one for customer in known if customer is not None and (one := persons.get(customer))},
        contracts=tuple(_contracts(by_name[ContractChanged.name], same)),
        contracts_known=house.contracts_known,
        visits=visits,
        appointments=tuple(_appointments(by_name[AppointmentChanged.name], same, zone)),
        registry=_registry(_newest(by_name[VehicleRegistryChanged.name], VehicleRegistryChanged)),
        answers=tuple(_answers(by_name)),
        follow_ups=tuple(
            f.FollowUp(one.lead_id, one.outcome, one.at)
            for one in (LeadFollowUpRecorded.model_validate(row.body) for row in by_name[LeadFollowUpRecorded.name])
        ),
        leads=tuple(leads),
        excluded=standing_exclusion(
            [row for row in by_name[CustomerExcluded.name] if row.body.get("vehicle_id")], by_name[InvitationRestored.name]
        ),
        released_on=local_day(released[-1].at, zone) if released else None,
        ignorance=f.Ignorance(is_parked, house.stale_source, house.stale_since),
    )


def _vehicle(vehicle: UUID, told: VehicleChanged | None, same: Mapping[UUID, UUID]) -> f.Vehicle:
    if told is None:
        return f.Vehicle(vehicle)
    customer = same.get(told.customer_id, told.customer_id) if told.customer_id else None
    model_year = told.model_year if told.model_year and FIRST_YEAR <= told.model_year <= LAST_YEAR else None
    first, owned = plausible(told.first_registered_on), plausible(told.owned_since)
    return f.Vehicle(vehicle, told.plate, customer, model_year, first, owned)


def _visits(rows: Iterable[Any], same: Mapping[UUID, UUID], timezone: str) -> Iterable[f.Visit]:
    """Finished orders under the customer that theirs became; none is dated after it came."""
    for row in rows:
        body = row.body
        finished_on = plausible(date.fromisoformat(body["finished_on"])) if body["finished_on"] else None
        if body["status"] != OrderStatus.FINISHED or finished_on is None:
            continue
        came_on = local_day(datetime.fromisoformat(body["came_at"]), ZoneInfo(timezone))
        customer = UUID(body["customer_id"]) if body["customer_id"] else None
        workshop = UUID(body["workshop_id"]) if body["workshop_id"] else None
        yield f.Visit(min(finished_on, came_on), same.get(customer, customer) if customer else None, workshop)


def _contracts(rows: Iterable[Any], same: Mapping[UUID, UUID]) -> Iterable[f.Contract]:
    for row in rows:
        told = ContractChanged.model_validate(row.body)
        if told.active:
            customer = same.get(told.customer_id, told.customer_id) if told.customer_id else None
            yield f.Contract(told.kind, plausible(told.starts_on), plausible(told.ends_on), customer)


def _appointments(rows: Iterable[Any], same: Mapping[UUID, UUID], zone: ZoneInfo) -> Iterable[f.Appointment]:
    for row in rows:
        told = AppointmentChanged.model_validate(row.body)
        if plausible(told.starts_at) is None:
            continue
        customer = same.get(told.customer_id, told.customer_id) if told.customer_id else None
        yield f.Appointment(local_day(told.starts_at, zone), told.status, customer, told.workshop_id)


def _registry(told: VehicleRegistryChanged | None) -> f.Registry:
    if told is None or not told.known:
        return f.Registry()
    return f.Registry(
        known=True, tells_leases=told.country in TELL_LEASES, status=told.status, first_registered_on=plausible(told.first_registered_on),
        owner_since=plausible(told.owner_since),
        leases=tuple((plausible(lease.from_on), plausible(lease.to_on)) for lease in told.leasing),
        signs=tuple(f.Sign(sign.on, sign.confidence) for sign in told.signs), read_on=told.read_on,
    )  # fmt: skip


def _answers(by_name: Mapping[str, list[Any]]) -> Iterable[f.Answer]:
    for row in by_name[LeadAnswered.name]:
        lead = LeadAnswered.model_validate(row.body)
        yield f.Answer(lead.lead_id, lead.answer, lead.reason, lead.at)
    for row in by_name[CustomerAnswered.name]:
        told = CustomerAnswered.model_validate(row.body)
        yield f.Answer(told.invitation_id, told.answer, told.reason, told.at)


def _newest(rows: Iterable[Any], kind: type[S]) -> S | None:
    told = [kind.model_validate(row.body) for row in rows]
    return max(told, key=lambda state: state.revision, default=None)
