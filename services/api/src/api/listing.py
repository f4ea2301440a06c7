"""Rows of the lists as dealers read them: the invitation, whose it is, what was said, and why in a sentence."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from datetime import date, datetime
from functools import partial
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from api import store
from common.errors import DomainError
from common.events.invitations import InvitationChanged
from common.events.settings import DealerChanged
from common.reasons import sentence
from common.work import Work

LISTS: dict[str, Callable[[UUID, date], tuple[Any, Any]]] = {
    "pending": store.pending,
    "calls": store.calls,
    "booked": store.booked,
    "no": store.refused,
    **{f"follow-up:{view}": partial(store.follow_up, view=view) for view in ("call_now", "awaiting", "all")},
}


class OrderView(BaseModel):
    number: str
    status: str
    on: date | None
    text: str


class AnswerView(BaseModel):
    said: str
    reason: str | None
    by: str
    at: datetime


class InvitationView(BaseModel):
    """A row of any list. `why` are sentences in the reader's language, `reasons` their codes."""

    invitation_id: UUID
    type: str
    stage: str
    step: int
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
    blocked: str | None
    held: bool
    excluded: bool
    doubtful: bool
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
    items: list[InvitationView]
    next_cursor: str | None
    today: date


TELLABLE = ("orders", "open_orders", "appointments", "next_service_date")


async def list_of(work: Work, name: str, *, cursor: str | None, limit: int, language: str | None = None) -> ListView:
    """A page of one list. Raises DomainError for a cursor that is none of ours."""
    dealer = await store.told(work.session, work.dealer, DealerChanged, work.dealer)
    today = work.today(dealer.timezone if dealer else "UTC")
    query, by = LISTS[name](work.dealer, today)
    found = await store.listed(work.session, query, by, after=read_cursor(cursor), limit=limit + 1)
    page = found[:limit]
    items = await views(work, [invitation for invitation, _ in page], language or (dealer.language if dealer else "en"))
    more = write_cursor(page[-1][1], page[-1][0].invitation_id) if len(found) > limit else None
    return ListView(items=items, next_cursor=more, today=today)


async def views(work: Work, invitations: list[InvitationChanged], language: str) -> list[InvitationView]:
    """Invitations with what is around them."""
    people, cars, orders = await store.around(work.session, work.dealer, invitations)
    said = await store.answers_of(work.session, work.dealer, [one.invitation_id for one in invitations])
    found = []
    for one in invitations:
        person, car = people.get(one.customer_id) if one.customer_id else None, cars.get(one.vehicle_id)
        answers = said.get(one.invitation_id, [])
        by_staff = [row.kind for row in answers if row.kind in ("held", "restored", "excluded")]
        found.append(
            InvitationView(
                **one.model_dump(include=set(InvitationView.model_fields) & set(InvitationChanged.model_fields) - {"reasons"}),
                plate=car.plate if car else None,
                vehicle=" ".join(filter(None, (car.make, car.model))) or None if car else None,
                customer=person.full_name if person else None,
                customer_number=person.number if person else None,
                email=person.email if person else None,
                mobile=person.mobile if person else None,
                held=by_staff[-1:] == ["held"],
                excluded=by_staff[-1:] == ["excluded"],
                doubtful=any(reason.params.get("doubtful") for reason in one.reasons),
                why=[sentence(reason.code, reason.params, language) for reason in one.reasons],
                reasons=[reason.code for reason in one.reasons],
                answers=[AnswerView(said=row.kind, reason=row.reason, by=row.by, at=row.at) for row in answers],
                orders=[
                    OrderView(
                        number=order.number, status=order.status, on=order.finished_on or order.changed_on,
                        text=", ".join(line.text for line in order.lines[:3]),
                    )
                    for order in orders.get(one.vehicle_id, [])[:5]
                ],
            )
        )  # fmt: skip
    return found


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


def write_cursor(day: date, invitation: UUID) -> str:
    return urlsafe_b64encode(f"{day.isoformat()} {invitation}".encode()).decode().rstrip("=")


def read_cursor(given: str | None) -> store.Cursor | None:
    if not given:
        return None
    try:
        day, invitation = urlsafe_b64decode(given[:200] + "=" * (-len(given) % 4)).decode().split(" ")
        return date.fromisoformat(day), UUID(invitation)
    except ValueError:
        raise DomainError("This cursor is none of ours; begin again without one.", code="bad_cursor", status=400) from None
