"""Invitations as last told, what was said to each, and what staff did to a customer or vehicle as a whole."""

from collections.abc import Collection
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Date, and_, case, func, or_, select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from api import tables as t
from api.store.lists import AHEAD
from common.events.invitations import InvitationChanged

_invitation, _answer, _act, _link = map(t.columns, (t.InvitationRow, t.AnswerRow, t.ActRow, t.LinkRow))


async def remember_invitation(session: AsyncSession, dealer: UUID, event: InvitationChanged, now: datetime) -> bool:
    """Keep the newest of an invitation, since when its day is near enough to be listed, and whose its code is; False when it
    was known."""
    near_until = now.date() + AHEAD
    values: dict[str, Any] = {
        "dealer_id": dealer, "body": event.model_dump(mode="json"), "dated_at": now,
        **{name: getattr(event, name) for name in (
            "invitation_id", "revision", "vehicle_id", "customer_id", "stage", "step", "send_on", "call_from_on", "closed_on",
            "outcome", "permanent",
        )},
    }  # fmt: skip
    write = insert(_invitation).values(values)
    was_listed = and_(_invitation.c.stage.in_(("planned", "pending")), _invitation.c.send_on <= near_until)
    since = case((was_listed, func.coalesce(_invitation.c.dated_at, now)), else_=now)
    newer = write.on_conflict_do_update(
        index_elements=["dealer_id", "invitation_id"],
        set_=values | {"dated_at": since},
        where=_invitation.c.revision < write.excluded.revision,
    )
    kept = await session.execute(newer.returning(_invitation.c.invitation_id))
    link_row = {"code": event.code, "dealer_id": dealer, "invitation_id": event.invitation_id}
    await session.execute(insert(_link).values(link_row).on_conflict_do_nothing())
    return kept.first() is not None


async def invitation(session: AsyncSession, dealer: UUID, invitation_id: UUID, *, lock: bool = False) -> InvitationChanged | None:
    query = select(_invitation.c.body).where(_invitation.c.dealer_id == dealer, _invitation.c.invitation_id == invitation_id)
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


async def invitations_of(
    session: AsyncSession, dealer: UUID, *, vehicles: Collection[UUID] = (), customers: Collection[UUID] = (), limit: int = 50
) -> list[InvitationChanged]:
    """The invitations of some vehicles or customers, the open ones first, then the latest closed."""
    row = _invitation.c
    of_them = or_(row.vehicle_id.in_(list(vehicles)), row.customer_id.in_(list(customers)))
    order = (row.closed_on.desc().nulls_first(), row.send_on, row.invitation_id)
    rows = await session.execute(select(row.body).where(row.dealer_id == dealer, of_them).order_by(*order).limit(limit))
    return [InvitationChanged.model_validate(found.body) for found in rows]


async def stages_of(session: AsyncSession, dealer: UUID, invitations: Collection[UUID]) -> dict[UUID, str]:
    """Where these invitations stand."""
    row = _invitation.c
    rows = await session.execute(
        select(row.invitation_id, row.stage).where(row.dealer_id == dealer, row.invitation_id.in_(list(invitations)))
    )
    return {found.invitation_id: found.stage for found in rows}


# --- customers and vehicles as a whole


async def add_act(session: AsyncSession, dealer: UUID, act_id: UUID, **values: Any) -> None:
    """Keep what staff did to a customer or vehicle."""
    await session.execute(insert(_act).values(dealer_id=dealer, act_id=act_id, **values))


async def acts_of(session: AsyncSession, dealer: UUID, subjects: Collection[UUID]) -> dict[UUID, list[Any]]:
    """What staff did to these customers and vehicles, oldest first."""
    rows = await session.execute(
        select(_act).where(_act.c.dealer_id == dealer, _act.c.subject_id.in_(list(subjects))).order_by(_act.c.at, _act.c.act_id)
    )
    found: dict[UUID, list[Any]] = {}
    for row in rows:
        found.setdefault(row.subject_id, []).append(row)
    return found


async def suppressed(session: AsyncSession, dealer: UUID, *, after: tuple[date, UUID] | None, limit: int) -> list[Any]:
    """The customers whom staff suppressed, the latest first."""
    key = tuple_(func.date(_act.c.at), _act.c.act_id)
    query = select(_act, func.date(_act.c.at, type_=Date).label("by_day")).where(
        _act.c.dealer_id == dealer, _act.c.kind == "suppressed"
    )
    if after is not None:
        query = query.where(key < tuple_(*after))
    rows = await session.execute(query.order_by(func.date(_act.c.at).desc(), _act.c.act_id.desc()).limit(limit))
    return list(rows)
