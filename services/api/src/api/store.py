"""All SQL of api: sessions and tries, dealers and users, answers, what was told, and the lists."""

from collections.abc import Collection, Mapping
from datetime import date, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Select, and_, case, delete, func, or_, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from api import tables as t
from common.events import State
from common.events.customers import CustomerChanged, SourceChanged, VehicleChanged
from common.events.invitations import InvitationChanged
from common.events.leads import LeadChanged
from common.events.work_orders import WorkOrderChanged

S = TypeVar("S", bound=State)


def _columns(row: Any) -> Any:
    return row.__table__  # sqlmodel does not type it


_login, _session, _attempt, _link = map(_columns, (t.LoginRow, t.SessionRow, t.AttemptRow, t.LinkRow))
_endpoint, _secret, _delivery, _user = map(_columns, (t.EndpointRow, t.SecretRow, t.DeliveryRow, t.UserRow))
_told, _invitation, _answer = map(_columns, (t.ToldRow, t.InvitationRow, t.AnswerRow))


# --- before the dealer is known


async def login(session: AsyncSession, email: str) -> Any | None:
    """Whose an e-mail address is."""
    return (await session.execute(select(_login).where(_login.c.email == email))).first()


async def begin_session(session: AsyncSession, token_hash: bytes, dealer: UUID, user: UUID, now: datetime) -> None:
    values = {"token_hash": token_hash, "dealer_id": dealer, "user_id": user, "begun_at": now, "seen_at": now}
    await session.execute(insert(_session).values(values))
    await session.execute(delete(_session).where(_session.c.seen_at < now - timedelta(days=2)))


async def session_of(session: AsyncSession, token_hash: bytes) -> Any | None:
    return (await session.execute(select(_session).where(_session.c.token_hash == token_hash))).first()


async def see_session(session: AsyncSession, token_hash: bytes, now: datetime) -> None:
    await session.execute(update(_session).where(_session.c.token_hash == token_hash).values(seen_at=now))


async def end_session(session: AsyncSession, token_hash: bytes) -> None:
    await session.execute(delete(_session).where(_session.c.token_hash == token_hash))


async def end_sessions(session: AsyncSession, user: UUID) -> None:
    await session.execute(delete(_session).where(_session.c.user_id == user))


async def tries(session: AsyncSession, what: bytes, now: datetime) -> Any:
    """The tries so far, locked: others who try the same wait. What nobody tried for a day is forgotten."""
    old = select(_attempt.c.what).where(_attempt.c.not_before < now - timedelta(days=1)).with_for_update(skip_locked=True)
    await session.execute(delete(_attempt).where(_attempt.c.what.in_(old)))
    await session.execute(insert(_attempt).values(what=what, failures=0, not_before=now).on_conflict_do_nothing())
    return (await session.execute(select(_attempt).where(_attempt.c.what == what).with_for_update())).one()


async def count_try(session: AsyncSession, what: bytes, failures: int, not_before: datetime) -> None:
    await session.execute(update(_attempt).where(_attempt.c.what == what).values(failures=failures, not_before=not_before))


async def forget_tries(session: AsyncSession, what: bytes) -> None:
    await session.execute(delete(_attempt).where(_attempt.c.what == what))


async def take_back_try(session: AsyncSession, what: bytes, now: datetime) -> None:
    """A try that was none: it was right."""
    one_less = {"failures": func.greatest(_attempt.c.failures - 1, 0), "not_before": now}
    await session.execute(update(_attempt).where(_attempt.c.what == what).values(one_less))


async def link(session: AsyncSession, code: str) -> Any | None:
    """Whose a code is."""
    return (await session.execute(select(_link).where(_link.c.code == code))).first()


async def endpoint(session: AsyncSession, name: str) -> Any | None:
    """Whose a webhook's address is."""
    return (await session.execute(select(_endpoint).where(_endpoint.c.endpoint == name))).first()


# --- dealers, users, endpoints


async def told(session: AsyncSession, dealer: UUID, kind: type[S], entity: UUID) -> S | None:
    """A state as last told."""
    body = await session.scalar(select(_told.c.body).where(_is(dealer, kind.name, entity)))
    return kind.model_validate(body) if body is not None else None


async def all_told(session: AsyncSession, dealer: UUID, kind: type[S]) -> list[S]:
    """Every state of a kind."""
    rows = await session.execute(select(_told.c.body).where(_told.c.dealer_id == dealer, _told.c.name == kind.name))
    return [kind.model_validate(row.body) for row in rows]


async def remember(session: AsyncSession, dealer: UUID, event: State) -> bool:
    """Keep the newest of a state; False when it was known."""
    values: dict[str, Any] = {
        "dealer_id": dealer, "name": event.name, "entity": event.entity(), "revision": event.revision,
        "vehicle_id": getattr(event, "vehicle_id", None), "customer_id": getattr(event, "customer_id", None),
        "body": event.model_dump(mode="json"),
    }  # fmt: skip
    write = insert(_told).values(values)
    newer = write.on_conflict_do_update(
        index_elements=["dealer_id", "name", "entity"], set_=values, where=_told.c.revision < write.excluded.revision
    )
    return (await session.execute(newer.returning(_told.c.entity))).first() is not None


def _is(dealer: UUID, name: str, entity: UUID) -> Any:
    return and_(_told.c.dealer_id == dealer, _told.c.name == name, _told.c.entity == entity)


async def add_user(session: AsyncSession, dealer: UUID, user: UUID, **values: Any) -> None:
    """Add an employee and whose his address is. Raises IntegrityError when the address is somebody's already."""
    await session.execute(insert(_login).values(email=values["email"], dealer_id=dealer, user_id=user))
    await session.execute(insert(_user).values(dealer_id=dealer, user_id=user, active=True, revision=1, **values))


async def user(session: AsyncSession, dealer: UUID, user_id: UUID) -> Any | None:
    return (await session.execute(select(_user).where(_user.c.dealer_id == dealer, _user.c.user_id == user_id))).first()


async def change_user(session: AsyncSession, dealer: UUID, user_id: UUID, **values: Any) -> Any:
    """The employee as he is then."""
    mine = (_user.c.dealer_id == dealer) & (_user.c.user_id == user_id)
    values["revision"] = _user.c.revision + 1
    return (await session.execute(update(_user).where(mine).values(values).returning(_user))).one()


async def add_endpoint(session: AsyncSession, dealer: UUID, name: str, source: str, secret: str, now: datetime) -> None:
    """A webhook address of a dealer, or one more (sealed) secret for it; the two newest are kept."""
    await session.execute(insert(_endpoint).values(endpoint=name, dealer_id=dealer, source=source).on_conflict_do_nothing())
    await session.execute(
        insert(_secret).values(dealer_id=dealer, endpoint=name, secret=secret, added_at=now).on_conflict_do_nothing()
    )
    kept = select(_secret.c.secret).where(_secret.c.endpoint == name).order_by(_secret.c.added_at.desc()).limit(2)
    await session.execute(delete(_secret).where(_secret.c.endpoint == name, _secret.c.secret.not_in(kept)))


async def endpoint_secrets(session: AsyncSession, dealer: UUID, name: str) -> list[str]:
    """The sealed secrets of an address."""
    rows = await session.execute(select(_secret.c.secret).where(_secret.c.dealer_id == dealer, _secret.c.endpoint == name))
    return [row.secret for row in rows]


async def take_delivery(session: AsyncSession, dealer: UUID, source: str, delivery_id: str, now: datetime) -> bool:
    """Note a webhook; False when it was taken before. What is older than 30 days is forgotten."""
    await session.execute(delete(_delivery).where(_delivery.c.at < now - timedelta(days=30)))
    values = {"dealer_id": dealer, "source": source, "delivery_id": delivery_id, "at": now}
    taken = await session.execute(insert(_delivery).values(values).on_conflict_do_nothing().returning(_delivery.c.at))
    return taken.first() is not None


# --- invitations and answers


async def remember_invitation(session: AsyncSession, dealer: UUID, event: InvitationChanged) -> None:
    """Keep the newest of an invitation, and whose its code is."""
    values: dict[str, Any] = {
        "dealer_id": dealer, "body": event.model_dump(mode="json"),
        **{name: getattr(event, name) for name in (
            "invitation_id", "revision", "vehicle_id", "customer_id", "stage", "step", "send_on", "call_from_on", "closed_on",
            "outcome", "permanent",
        )},
    }  # fmt: skip
    write = insert(_invitation).values(values)
    await session.execute(
        write.on_conflict_do_update(
            index_elements=["dealer_id", "invitation_id"], set_=values, where=_invitation.c.revision < write.excluded.revision
        )
    )
    link_row = {"code": event.code, "dealer_id": dealer, "invitation_id": event.invitation_id}
    await session.execute(insert(_link).values(link_row).on_conflict_do_nothing())


async def invitation(session: AsyncSession, dealer: UUID, invitation_id: UUID, *, lock: bool = False) -> InvitationChanged | None:
    where = (_invitation.c.dealer_id == dealer) & (_invitation.c.invitation_id == invitation_id)
    query = select(_invitation.c.body).where(where)
    body = await session.scalar(query.with_for_update() if lock else query)
    return InvitationChanged.model_validate(body) if body is not None else None


async def add_answer(session: AsyncSession, dealer: UUID, answer_id: UUID, **values: Any) -> bool:
    """Keep what was said; False when the same was said before."""
    write = insert(_answer).values(dealer_id=dealer, answer_id=answer_id, **values).on_conflict_do_nothing()
    return (await session.execute(write.returning(_answer.c.answer_id))).first() is not None


async def answers_of(session: AsyncSession, dealer: UUID, invitations: Collection[UUID]) -> dict[UUID, list[Any]]:
    """What was said to these invitations, oldest first."""
    rows = await session.execute(
        select(_answer)
        .where(_answer.c.dealer_id == dealer, _answer.c.invitation_id.in_(list(invitations)))
        .order_by(_answer.c.at, _answer.c.answer_id)
    )
    found: dict[UUID, list[Any]] = {}
    for row in rows:
        found.setdefault(row.invitation_id, []).append(row)
    return found


# --- lists: date filters on invitations, joined with api's own facts

Cursor = tuple[date, UUID]


def _page(query: Select[Any], by: Any, after: Cursor | None, limit: int) -> Select[Any]:
    if after is not None:
        query = query.where(tuple_(by, _invitation.c.invitation_id) > tuple_(*after))
    return query.add_columns(by.label("by_day")).order_by(by, _invitation.c.invitation_id).limit(limit)


def _said(*kinds: str) -> Any:
    return select(_answer.c.invitation_id).where(
        _answer.c.dealer_id == _invitation.c.dealer_id,
        _answer.c.invitation_id == _invitation.c.invitation_id,
        _answer.c.kind.in_(kinds),
    )


def _last_said() -> Any:
    """The last thing said to an invitation that settles who acts next; for a follow-up, how it ended."""
    settles = ("call_me", "no", "booked", "unsubscribe", "follow_up")
    outcome = func.split_part(_answer.c.reason, ":", 1)
    return (
        select(case((_answer.c.kind == "follow_up", outcome), else_=_answer.c.kind))
        .where(
            _answer.c.dealer_id == _invitation.c.dealer_id,
            _answer.c.invitation_id == _invitation.c.invitation_id,
            _answer.c.kind.in_(settles),
        )
        .order_by(_answer.c.at.desc(), _answer.c.answer_id.desc())
        .limit(1)
        .scalar_subquery()
    )


def pending(dealer: UUID, today: date) -> tuple[Select[Any], Any]:
    """Step 1 not sent, its day within a week; blocked for good only until the day before its day."""
    row = _invitation.c
    open_ = and_(row.stage.in_(("planned", "pending")), row.step == 0, row.send_on <= today + timedelta(days=7))
    return select(_invitation).where(row.dealer_id == dealer, open_, or_(~row.permanent, row.send_on > today)), row.send_on


def follow_up(dealer: UUID, today: date, view: str) -> tuple[Select[Any], Any]:
    """Contacted, and no answer yet: to be called now, awaiting their reminder, or all."""
    row = _invitation.c
    contacted = and_(row.dealer_id == dealer, row.stage.in_(("sent", "reminded")), _last_said().is_(None))
    fell_through = and_(row.dealer_id == dealer, row.outcome == "booked", row.call_from_on <= today, ~_said("follow_up").exists())
    if view == "call_now":
        return select(_invitation).where(or_(and_(contacted, row.call_from_on <= today), fell_through)), row.call_from_on
    if view == "awaiting":
        return select(_invitation).where(contacted, row.send_on.is_not(None), row.call_from_on.is_(None)), row.send_on
    by = func.coalesce(row.call_from_on, row.send_on, today)
    return select(_invitation).where(or_(contacted, fell_through)), by


def calls(dealer: UUID, _: date) -> tuple[Select[Any], Any]:
    """Asked to be called, and nobody said yet how that went."""
    row = _invitation.c
    asked = and_(row.dealer_id == dealer, _last_said() == "call_me")
    return select(_invitation).where(asked), func.coalesce(row.closed_on, date(1970, 1, 1))


def booked(dealer: UUID, _: date) -> tuple[Select[Any], Any]:
    """Booked, or started to book and not confirmed yet."""
    row = _invitation.c
    started = and_(row.stage != "closed", _said("booking_started").exists())
    found = and_(row.dealer_id == dealer, or_(row.outcome == "booked", started))
    return select(_invitation).where(found), func.coalesce(row.closed_on, date(1970, 1, 1))


def refused(dealer: UUID, _: date) -> tuple[Select[Any], Any]:
    """Said no, in a click or to staff, with the reason."""
    row = _invitation.c
    said_no = and_(row.dealer_id == dealer, _last_said().in_(("no", "answered_no")))
    return select(_invitation).where(said_no), func.coalesce(row.closed_on, date(1970, 1, 1))


async def listed(
    session: AsyncSession, query: Select[Any], by: Any, *, after: Cursor | None, limit: int
) -> list[tuple[InvitationChanged, date]]:
    """A page of a list, each with the day it is sorted by."""
    rows = await session.execute(_page(query, by, after, limit))
    return [(InvitationChanged.model_validate(row.body), row.by_day) for row in rows]


async def around(
    session: AsyncSession, dealer: UUID, invitations: Collection[InvitationChanged | LeadChanged]
) -> tuple[Mapping[UUID, CustomerChanged], Mapping[UUID, VehicleChanged], Mapping[UUID, list[WorkOrderChanged]]]:
    """The customers, the vehicles and their orders (newest first) of some invitations or leads."""
    customers = {found.customer_id for found in invitations if found.customer_id}
    vehicles = {found.vehicle_id for found in invitations}
    people = await _of(session, dealer, CustomerChanged, _told.c.entity.in_(list(customers)))
    cars = await _of(session, dealer, VehicleChanged, _told.c.entity.in_(list(vehicles)))
    orders: dict[UUID, list[WorkOrderChanged]] = {}
    for order in await _of(session, dealer, WorkOrderChanged, _told.c.vehicle_id.in_(list(vehicles))):
        if order.vehicle_id is not None:
            orders.setdefault(order.vehicle_id, []).append(order)
    for found in orders.values():
        found.sort(key=lambda order: str(order.finished_on or order.changed_on or ""), reverse=True)
    return {p.customer_id: p for p in people}, {c.vehicle_id: c for c in cars}, orders


async def sources(session: AsyncSession, dealer: UUID) -> list[SourceChanged]:
    """The dealer's sources of facts."""
    return sorted(await all_told(session, dealer, SourceChanged), key=lambda source: source.title)


async def _of(session: AsyncSession, dealer: UUID, kind: type[S], where: Any) -> list[S]:
    rows = await session.execute(select(_told.c.body).where(_told.c.dealer_id == dealer, _told.c.name == kind.name, where))
    return [kind.model_validate(row.body) for row in rows]
