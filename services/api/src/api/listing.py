"""Rows of the lists as dealers read them: the invitation, whose it is, what was said, and why in a sentence."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import BaseModel, Field

from api import cursors, store
from api.store.lists import AHEAD, LISTS, VIEWS, Here, Wanted
from api.wording import type_title
from common.events.customers import CustomerChanged, VehicleChanged
from common.events.invitations import InvitationChanged
from common.events.settings import DealerChanged, WorkshopChanged
from common.events.work_orders import WorkOrderChanged
from common.reasons import sentence
from common.work import Work

__all__ = ["LISTS", "VIEWS", "InvitationView", "ListView", "SourceView", "Wanted", "list_of", "source_views", "views"]
NEW = timedelta(days=1)
ORDERS = 5  # of each kind in a row
TELLABLE = ("orders", "open_orders", "appointments", "next_service_date")


class OrderView(BaseModel):
    """An order of the customer or of the vehicle, open or finished."""

    number: str
    status: str
    on: date | None
    text: str
    vehicle_id: UUID | None
    plate: str | None = None


class AnswerView(BaseModel):
    """What the customer said, or staff did: `said` is an answer, held, restored, excluded, owner_released or follow_up."""

    said: str
    reason: str | None
    by: str
    at: datetime


class InvitationView(BaseModel):
    """A row of any list. `why` are sentences in the reader's language, `reasons` their codes, in the same order."""

    invitation_id: UUID
    type: str
    type_title: str
    stage: str
    step: int
    vehicle_id: UUID
    customer_id: UUID | None
    workshop_id: UUID | None
    workshop: str | None
    plate: str | None
    vehicle: str | None
    customer: str | None
    customer_number: str | None
    email: str | None
    mobile: str | None
    send_on: date | None
    due_on: date | None
    contacted_on: date | None
    call_from_on: date | None
    closes_on: date | None
    closed_on: date | None
    outcome: str | None
    blocked: str | None = Field(description="The code of what holds the next step now.")
    blocked_why: str | None = Field(description="The same as a sentence.")
    permanent: bool = Field(description="Whether that does not pass by itself.")
    held: bool
    excluded: bool
    owner_released: bool
    new: bool = Field(description="Whether it came onto *pending* within the last 24 hours.")
    unconfirmed: bool = Field(description="Whether the customer went to the booking page and no booking is known.")
    doubtful: bool = Field(description="Whether a booking's kind of work could not be read.")
    why: list[str]
    reasons: list[str]
    answers: list[AnswerView]
    orders: list[OrderView]


class SourceView(BaseModel):
    """A source of facts: what it gives at all, and how fresh it is."""

    title: str
    kind: str
    gives: list[str]
    cannot_tell: list[str]
    fresh_at: datetime | None


class ListView(BaseModel):
    """A page of a list."""

    items: list[InvitationView]
    next_cursor: str | None = Field(description="Give it as `cursor` for the next page; null on the last one.")
    total: int | None = Field(description="Rows of the whole list with these filters; null where they are more than 10,000.")
    today: date = Field(description="The dealer's day that the list was made for.")


async def here(work: Work) -> tuple[Here, DealerChanged | None]:
    """Whose lists, on which day."""
    dealer = await store.told(work.session, work.dealer, DealerChanged, work.dealer)
    zone = dealer.timezone if dealer else "UTC"
    return Here(work.dealer, work.today(zone), zone), dealer


async def list_of(
    work: Work,
    name: str,
    wanted: Wanted = Wanted(),
    *,
    cursor: str | None = None,
    limit: int = 50,
    language: str | None = None,
    counted: bool = True,
) -> ListView:
    """A page of one list. Raises DomainError for a cursor that is none of ours."""
    place, dealer = await here(work)
    of = cursors.digest(name, _sorted(wanted))
    after = cursors.read(cursor, of)
    found = await store.lists.page(work.session, place, name, wanted, after=after, limit=limit, counted=counted)
    rows = found.rows[:limit]
    entered: dict[UUID, datetime | None] = {
        invitation.invitation_id: _entered(invitation, dated_at, place.zone) for invitation, _, dated_at in rows
    }
    items = await views(
        work, [invitation for invitation, _, _ in rows], language or (dealer.language if dealer else "en"), entered
    )
    more = cursors.write(of, (rows[-1][1], rows[-1][0].invitation_id)) if len(found.rows) > limit else None
    return ListView(items=items, next_cursor=more, total=found.total, today=place.today)


def _sorted(wanted: Wanted) -> dict[str, Any]:
    facts = dict(vars(wanted))
    return {name: sorted(map(str, value)) if isinstance(value, frozenset) else value for name, value in facts.items()}


def _entered(invitation: InvitationChanged, dated_at: datetime | None, zone: str) -> datetime | None:
    """When it came onto *pending*: when its day came near, or when it got that day if it was near already."""
    if invitation.step or invitation.send_on is None or invitation.stage not in ("planned", "pending"):
        return None
    near = datetime.combine(invitation.send_on - AHEAD, time(), ZoneInfo(zone))
    return max(near, dated_at) if dated_at is not None else near


async def views(
    work: Work,
    invitations: Sequence[InvitationChanged],
    language: str,
    entered: Mapping[UUID, datetime | None] = {},
) -> list[InvitationView]:
    """Invitations with what is around them."""
    people, cars, orders = await store.around(work.session, work.dealer, invitations)
    said = await store.answers_of(work.session, work.dealer, [one.invitation_id for one in invitations])
    acts = await store.acts_of(work.session, work.dealer, _subjects(invitations))
    titles = await _workshops(work, invitations)
    plates = {vehicle: car.plate for vehicle, car in cars.items()}
    return [
        _view(
            one,
            language,
            person=people.get(one.customer_id) if one.customer_id else None,
            car=cars.get(one.vehicle_id),
            answers=said.get(one.invitation_id, []),
            acts=[*acts.get(one.vehicle_id, []), *(acts.get(one.customer_id, []) if one.customer_id else [])],
            orders=order_views([*orders.get(one.vehicle_id, []), *orders.get(one.customer_id or UUID(int=0), [])], plates),
            workshop=titles.get(one.workshop_id) if one.workshop_id else None,
            new=(since := entered.get(one.invitation_id)) is not None and work.now - since < NEW,
        )
        for one in invitations
    ]


def _view(
    one: InvitationChanged,
    language: str,
    *,
    person: CustomerChanged | None,
    car: VehicleChanged | None,
    answers: Sequence[Any],
    acts: Sequence[Any],
    orders: list[OrderView],
    workshop: str | None,
    new: bool,
) -> InvitationView:
    by_staff = [row.kind for row in answers if row.kind in ("held", "restored", "excluded")]
    started = any(row.kind == "booking_started" for row in answers)
    blocked = next((reason for reason in one.reasons if reason.code == one.blocked), None)
    shared = set(InvitationView.model_fields) & set(InvitationChanged.model_fields) - {"reasons"}
    return InvitationView(
        **one.model_dump(include=shared),
        type_title=type_title(one.type, language),
        workshop=workshop,
        plate=car.plate if car else None,
        vehicle=vehicle_name(car),
        customer=person.full_name if person else None,
        customer_number=person.number if person else None,
        email=person.email if person else None,
        mobile=person.mobile if person else None,
        blocked_why=sentence(one.blocked, blocked.params if blocked else {}, language) if one.blocked else None,
        held=by_staff[-1:] == ["held"],
        excluded=by_staff[-1:] == ["excluded"] or stands(acts, "excluded", "restored"),
        owner_released=stands(acts, "owner_released"),
        new=new,
        unconfirmed=started and one.stage != "closed",
        doubtful=any(reason.params.get("doubtful") for reason in one.reasons),
        why=[sentence(reason.code, reason.params, language) for reason in one.reasons],
        reasons=[reason.code for reason in one.reasons],
        answers=answer_views(answers),
        orders=orders,
    )


def _subjects(invitations: Iterable[InvitationChanged]) -> set[UUID]:
    vehicles = {one.vehicle_id for one in invitations}
    return {*vehicles, *(one.customer_id for one in invitations if one.customer_id is not None)}


async def _workshops(work: Work, invitations: Iterable[InvitationChanged]) -> dict[UUID, str]:
    wanted = {one.workshop_id for one in invitations if one.workshop_id is not None}
    found = await store.states.of(work.session, work.dealer, WorkshopChanged, wanted)
    return {workshop: told.title for workshop, told in found.items()}


def vehicle_name(car: VehicleChanged | None) -> str | None:
    return " ".join(filter(None, (car.make, car.model))) or None if car else None


def stands(acts: Iterable[Any], kind: str, *undone_by: str) -> bool:
    """Whether the last of these acts, each customer's and vehicle's for itself, is of that kind."""
    last = {row.subject_id: row.kind for row in acts if row.kind in (kind, *undone_by)}
    return kind in last.values()


def answer_views(answers: Iterable[Any]) -> list[AnswerView]:
    return [AnswerView(said=row.kind, reason=row.reason, by=row.by, at=row.at) for row in answers]


def order_views(orders: Iterable[WorkOrderChanged], plates: Mapping[UUID, str | None]) -> list[OrderView]:
    """The latest open and the latest other orders, newest first, each once."""
    once = {order.order_id: order for order in orders}
    newest = sorted(once.values(), key=lambda order: str(order.finished_on or order.changed_on or ""), reverse=True)
    open_ = [order for order in newest if order.status == "open"][:ORDERS]
    done = [order for order in newest if order.status != "open"][:ORDERS]
    return [
        OrderView(
            number=order.number, status=order.status, on=order.finished_on or order.changed_on, vehicle_id=order.vehicle_id,
            text=", ".join(line.text for line in order.lines[:3])[:500],
            plate=plates.get(order.vehicle_id) if order.vehicle_id else None,
        )
        for order in [*open_, *done]
    ]  # fmt: skip


async def source_views(work: Work) -> list[SourceView]:
    """The dealer's sources, with what each cannot tell at all."""
    return [
        SourceView(
            title=source.title, kind=source.kind, gives=list(source.gives), fresh_at=source.fresh_at,
            cannot_tell=[what for what in TELLABLE if what not in source.gives],
        )
        for source in await store.sources(work.session, work.dealer)
        if source.active
    ]  # fmt: skip
