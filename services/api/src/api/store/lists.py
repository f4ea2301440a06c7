"""The lists: date filters on invitations, joined with api's own facts. Never a second rule engine."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import Date, Select, and_, case, func, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from api import tables as t
from common.events.customers import CustomerChanged, VehicleChanged
from common.events.invitations import InvitationChanged

_invitation, _answer, _told = map(t.columns, (t.InvitationRow, t.AnswerRow, t.ToldRow))
_row = _invitation.c
Cursor = tuple[date, UUID]
AHEAD = timedelta(days=7)  # how far pending looks (`rules.md` 8)
STILL_CHECKED = timedelta(days=60)  # how long an invitation that closed as `owner_changed` stays on the list to check
COUNTED = 10_000  # rows; more are not counted
_FAR = date(9999, 12, 31)


@dataclass(frozen=True)
class Here:
    """Whose lists, and the day on that dealer's wall."""

    dealer: UUID
    today: date
    zone: str


@dataclass(frozen=True)
class Wanted:
    """What of a list is asked for. `allowed` are the workshops that the reader may see; None is all."""

    types: frozenset[str] = frozenset()
    workshops: frozenset[UUID] = frozenset()
    reasons: frozenset[str] = frozenset()
    search: str | None = None
    from_on: date | None = None
    to_on: date | None = None
    allowed: frozenset[UUID] | None = None


@dataclass(frozen=True)
class Listing:
    """The rows of a list and the day they are sorted by."""

    where: Any
    by: Any
    newest_first: bool = False


@dataclass(frozen=True)
class Page:
    """A page of a list: each row with its day and since when it is near; `total` is None when they are too many to count."""

    rows: list[tuple[InvitationChanged, date, Any]] = field(default_factory=list)
    total: int | None = None


def _said(*kinds: str) -> Any:
    return select(_answer.c.invitation_id).where(
        _answer.c.dealer_id == _row.dealer_id, _answer.c.invitation_id == _row.invitation_id, _answer.c.kind.in_(kinds)
    )


def _ever_said(here: Here, *kinds: str) -> Any:
    """The invitations to which it was said at all: what a list starts from, so that it does not look through the others."""
    return select(_answer.c.invitation_id).where(_answer.c.dealer_id == here.dealer, _answer.c.kind.in_(kinds))


SETTLES = ("call_me", "no", "booked", "unsubscribe", "follow_up")


def _last(what: Any, *kinds: str) -> Any:
    return (
        select(what)
        .where(_answer.c.dealer_id == _row.dealer_id, _answer.c.invitation_id == _row.invitation_id, _answer.c.kind.in_(kinds))
        .order_by(_answer.c.at.desc(), _answer.c.answer_id.desc())
        .limit(1)
        .scalar_subquery()
    )


def _last_said() -> Any:
    """The last thing said to an invitation that settles who acts next; for a follow-up, how it ended."""
    outcome = func.split_part(_answer.c.reason, ":", 1)
    return _last(case((_answer.c.kind == "follow_up", outcome), else_=_answer.c.kind), *SETTLES)


def _day_said(here: Here, *kinds: str) -> Any:
    """The local day of the last of these answers."""
    return _last(func.date(func.timezone(here.zone, _answer.c.at), type_=Date), *kinds)


def pending(here: Here) -> Listing:
    """Step 1 not sent, its day within a week; blocked for good only until the day before its day."""
    near = and_(_row.stage.in_(("planned", "pending")), _row.step == 0, _row.send_on <= here.today + AHEAD)
    return Listing(and_(near, or_(~_row.permanent, _row.send_on > here.today)), _row.send_on)


def follow_up(here: Here, *, view: str) -> Listing:
    """Contacted, and no answer yet: to be called now, awaiting their reminder, or all."""
    contacted = and_(_row.stage.in_(("sent", "reminded")), _last_said().is_(None))
    fell_through = and_(_row.outcome == "booked", _row.call_from_on <= here.today, ~_said("follow_up").exists())
    if view == "call_now":
        return Listing(or_(and_(contacted, _row.call_from_on <= here.today), fell_through), _row.call_from_on)
    if view == "awaiting":
        return Listing(and_(contacted, _row.send_on.is_not(None), _row.call_from_on.is_(None)), _row.send_on)
    return Listing(or_(contacted, fell_through), func.coalesce(_row.call_from_on, _row.send_on, here.today))


def calls(here: Here) -> Listing:
    """Asked to be called, and nobody said yet how that went. Who waits longest stands first."""
    asked = and_(_row.invitation_id.in_(_ever_said(here, "call_me", "follow_up")), _last_said() == "call_me")
    return Listing(asked, _day_said(here, "call_me", "follow_up"))


def booked(here: Here) -> Listing:
    """Booked, or started to book and not confirmed yet, the latest first."""
    started = and_(_row.stage != "closed", _row.invitation_id.in_(_ever_said(here, "booking_started")))
    by = func.coalesce(_row.closed_on, _day_said(here, "booking_started"), here.today)
    return Listing(or_(_row.outcome == "booked", started), by, newest_first=True)


def refused(here: Here) -> Listing:
    """Said no, in a click or to staff, with the reason; the latest first."""
    said_no = and_(_row.invitation_id.in_(_ever_said(here, "no", "follow_up")), _last_said().in_(("no", "answered_no")))
    return Listing(said_no, _day_said(here, "no", "follow_up"), newest_first=True)


def owner_changed(here: Here) -> Listing:
    """The owner has probably changed: to be checked, and released where he has not."""
    blocked = and_(_row.stage != "closed", _row.blocked == "owner_changed")
    gone = and_(_row.outcome == "owner_changed", _row.closed_on >= here.today - STILL_CHECKED)
    return Listing(or_(blocked, gone), func.coalesce(_row.send_on, _row.closed_on, _FAR))


VIEWS = ("call_now", "awaiting", "all")
LISTS: Mapping[str, Callable[[Here], Listing]] = {
    "pending": pending,
    "calls": calls,
    "booked": booked,
    "no": refused,
    "owner-changed": owner_changed,
    **{f"follow-up:{view}": partial(follow_up, view=view) for view in VIEWS},
}


def _of(here: Here, name: str, what: Any) -> Any:
    return select(_told.c.entity).where(_told.c.dealer_id == here.dealer, _told.c.name == name, what)


def _found(here: Here, search: str) -> Any:
    """Whose name or number, or whose plate, has these letters in it."""
    letters = "".join(search.split()).replace("-", "")
    full_name, number = _told.c.body["full_name"].astext, _told.c.body["number"].astext
    person = or_(full_name.icontains(search, autoescape=True), number == search)
    plate = func.replace(_told.c.body["plate"].astext, " ", "").icontains(letters, autoescape=True)
    return or_(
        _row.customer_id.in_(_of(here, CustomerChanged.name, person)),
        _row.vehicle_id.in_(_of(here, VehicleChanged.name, plate)),
    )


def _filters(here: Here, listing: Listing, wanted: Wanted) -> list[Any]:
    found = [_row.dealer_id == here.dealer, listing.where]
    if wanted.types:
        found.append(_row.type.in_(sorted(wanted.types)))
    if wanted.workshops:
        found.append(_row.workshop_id.in_(sorted(wanted.workshops)))
    if wanted.allowed is not None:
        found.append(may_see(wanted.allowed))
    if wanted.reasons:
        reasons = sorted(wanted.reasons)
        refused_so = _ever_said(here, "no").where(_answer.c.reason.in_(reasons))
        found.append(or_(_row.blocked.in_(reasons), _row.invitation_id.in_(refused_so)))
    if wanted.from_on:
        found.append(listing.by >= wanted.from_on)
    if wanted.to_on:
        found.append(listing.by <= wanted.to_on)
    if wanted.search:
        found.append(_found(here, wanted.search))
    return found


def may_see(workshops: frozenset[UUID]) -> Any:
    """Invitations of these workshops, and those of none."""
    return or_(_row.workshop_id.in_(sorted(workshops)), _row.workshop_id.is_(None))


async def page(
    session: AsyncSession, here: Here, name: str, wanted: Wanted, *, after: Cursor | None, limit: int, counted: bool = True
) -> Page:
    """A page of a list, one row more than `limit` where there are more."""
    listing = LISTS[name](here)
    filters = _filters(here, listing, wanted)
    key = tuple_(listing.by, _row.invitation_id)
    place = [(key < tuple_(*after)) if listing.newest_first else (key > tuple_(*after))] if after is not None else []
    order = [listing.by.desc(), _row.invitation_id.desc()] if listing.newest_first else [listing.by, _row.invitation_id]
    query: Select[Any] = select(_row.body, listing.by.label("by_day"), _row.dated_at).where(*filters, *place)
    rows = await session.execute(query.order_by(*order).limit(limit + 1))
    found = [(InvitationChanged.model_validate(row.body), row.by_day, row.dated_at) for row in rows]
    if not counted:
        return Page(found)
    some = select(_row.invitation_id).where(*filters).limit(COUNTED + 1).subquery()
    total = (await session.execute(select(func.count()).select_from(some))).scalar_one()
    return Page(found, total if total <= COUNTED else None)
