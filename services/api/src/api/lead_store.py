"""SQL of leads in api: as last told, whose their codes are, and the lists. What was said stands with the answers."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, func, or_, select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from api import tables as t
from api.cursors import Place
from common.events.leads import LeadChanged

_lead: Any = t.LeadRow.__table__  # type: ignore[attr-defined]  # sqlmodel does not type it
_lead_link: Any = t.LeadLinkRow.__table__  # type: ignore[attr-defined]
_answer: Any = t.AnswerRow.__table__  # type: ignore[attr-defined]

COMING_WITHIN = timedelta(days=60)
SETTLES = ("call_me", "no", "unsubscribe", "follow_up")
_FACTS = (
    "lead_id", "revision", "vehicle_id", "customer_id", "type", "stage", "send_on", "contacted_on", "call_from_on", "outcome",
    "permanent",
)  # fmt: skip


async def remember_lead(session: AsyncSession, dealer: UUID, event: LeadChanged) -> None:
    """Keep the newest of a lead, and whose its code is."""
    values: dict[str, Any] = {name: getattr(event, name) for name in _FACTS}
    values |= {"dealer_id": dealer, "body": event.model_dump(mode="json")}
    write = insert(_lead).values(values)
    await session.execute(
        write.on_conflict_do_update(
            index_elements=["dealer_id", "lead_id"], set_=values, where=_lead.c.revision < write.excluded.revision
        )
    )
    link_row = {"code": event.code, "dealer_id": dealer, "lead_id": event.lead_id}
    await session.execute(insert(_lead_link).values(link_row).on_conflict_do_nothing())


async def link(session: AsyncSession, code: str) -> Any | None:
    """Whose the code of a lead is."""
    return (await session.execute(select(_lead_link).where(_lead_link.c.code == code))).first()


async def lead(session: AsyncSession, dealer: UUID, lead_id: UUID, *, lock: bool = False) -> LeadChanged | None:
    query = select(_lead.c.body).where(_lead.c.dealer_id == dealer, _lead.c.lead_id == lead_id)
    body = await session.scalar(query.with_for_update() if lock else query)
    return LeadChanged.model_validate(body) if body is not None else None


def _last_said() -> Any:
    """The last thing said to a lead that settles who acts next."""
    return (
        select(_answer.c.kind)
        .where(
            _answer.c.dealer_id == _lead.c.dealer_id,
            _answer.c.invitation_id == _lead.c.lead_id,
            _answer.c.kind.in_(SETTLES),
        )
        .order_by(_answer.c.at.desc(), _answer.c.answer_id.desc())
        .limit(1)
        .scalar_subquery()
    )


def coming(today: date) -> tuple[Any, Any]:
    """Not written about yet, and to be within 60 days; blocked for good only until the day before its day."""
    row = _lead.c
    open_ = and_(row.stage.in_(("planned", "pending")), row.send_on <= today + COMING_WITHIN)
    return and_(open_, or_(~row.permanent, row.send_on > today)), row.send_on


def sent(_: date) -> tuple[Any, Any]:
    """Every lead whose mail left."""
    return _lead.c.contacted_on.is_not(None), _lead.c.contacted_on


def answered(_: date) -> tuple[Any, Any]:
    """What the customer answered, or staff said how it ended."""
    return and_(_lead.c.contacted_on.is_not(None), _last_said().is_not(None)), _lead.c.contacted_on


def follow_up(today: date) -> tuple[Any, Any]:
    """Written about a week ago or more (or the mail came back), and no reaction."""
    row = _lead.c
    silent = and_(row.stage == "sent", row.outcome.is_(None), _last_said().is_(None))
    return and_(silent, row.call_from_on <= today), row.call_from_on


def call(_: date) -> tuple[Any, Any]:
    """Asked to be called, and nobody said yet how that went."""
    return _last_said() == "call_me", func.coalesce(_lead.c.call_from_on, _lead.c.contacted_on, date(1970, 1, 1))


VIEWS: dict[str, Callable[[date], tuple[Any, Any]]] = {
    "coming": coming, "sent": sent, "answered": answered, "follow-up": follow_up, "call": call,
}  # fmt: skip
NEWEST_FIRST = frozenset({"sent", "answered"})


async def listed(
    session: AsyncSession, dealer: UUID, view: str, today: date, *, kind: str | None, after: Place | None, limit: int
) -> list[tuple[LeadChanged, date]]:
    """A page of a view, each with the day it is sorted by."""
    where, by = VIEWS[view](today)
    newest_first = view in NEWEST_FIRST
    query: Select[Any] = select(_lead.c.body, by.label("by_day")).where(_lead.c.dealer_id == dealer, where)
    if kind is not None:
        query = query.where(_lead.c.type == kind)
    if after is not None:
        place = tuple_(by, _lead.c.lead_id)
        query = query.where(place < tuple_(*after) if newest_first else place > tuple_(*after))
    order = (by.desc(), _lead.c.lead_id.desc()) if newest_first else (by, _lead.c.lead_id)
    rows = await session.execute(query.order_by(*order).limit(limit))
    return [(LeadChanged.model_validate(row.body), row.by_day) for row in rows]
