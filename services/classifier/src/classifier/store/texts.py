"""Texts as heard, what was last told of each, and which dealer writes which language."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from classifier.domain.telling import Told
from classifier.tables import AppointmentRow, DealerRow, WorkOrderRow
from common.events.appointments import AppointmentChanged
from common.events.work_orders import WorkOrderChanged
from common.ids import DealerId

Kind = type[WorkOrderRow] | type[AppointmentRow]


@dataclass(frozen=True)
class Text:
    """A text as it was last heard, the lexicon it was read with (None: not yet), and what was told of it."""

    id: UUID
    body: bytes
    heard_on: date
    lexicon: str | None
    told: Told

    @property
    def work_order(self) -> WorkOrderChanged:
        return WorkOrderChanged.model_validate_json(self.body)

    @property
    def appointment(self) -> AppointmentChanged:
        return AppointmentChanged.model_validate_json(self.body)


_SAVE_ORDERS = text("""
update classifier.work_order o set lexicon = :lexicon, told = v.told, unclear_on = v.unclear_on
from unnest(cast(:ids as uuid[]), cast(:told as bytea[]), cast(:unclear as date[])) as v (id, told, unclear_on)
where o.dealer_id = :dealer and o.order_id = v.id
""")
_SAVE_APPOINTMENTS = text("""
update classifier.appointment a set lexicon = :lexicon, told = v.told
from unnest(cast(:ids as uuid[]), cast(:told as bytea[])) as v (id, told)
where a.dealer_id = :dealer and a.appointment_id = v.id
""")


async def remember_order(session: AsyncSession, dealer: DealerId, order: WorkOrderChanged, heard_on: date) -> None:
    """Keep an order's text; an older revision changes nothing."""
    await _remember(session, WorkOrderRow, dealer, {"order_id": order.order_id}, order, heard_on)


async def remember_appointment(session: AsyncSession, dealer: DealerId, appointment: AppointmentChanged, heard_on: date) -> None:
    """Keep an appointment's text; an older revision changes nothing."""
    await _remember(session, AppointmentRow, dealer, {"appointment_id": appointment.appointment_id}, appointment, heard_on)


async def _remember(
    session: AsyncSession, kind: Kind, dealer: DealerId, key: dict[str, UUID],
    event: WorkOrderChanged | AppointmentChanged, heard_on: date,
) -> None:  # fmt: skip
    body = event.model_dump_json().encode()
    values = {"dealer_id": dealer, **key, "revision": event.revision, "body": body, "heard_on": heard_on, "told": b"{}"}
    fresh = insert(kind).values(values)
    await session.execute(
        fresh.on_conflict_do_update(
            index_elements=["dealer_id", *key],
            set_={"revision": fresh.excluded.revision, "body": fresh.excluded.body, "lexicon": None},
            where=_column(kind, "revision") < fresh.excluded.revision,
        )
    )


async def orders(session: AsyncSession, dealer: DealerId, ids: Iterable[UUID], *, lock: bool = True) -> list[Text]:
    """These orders, locked until the transaction ends."""
    return await _texts(session, WorkOrderRow, "order_id", dealer, ids, lock=lock)


async def orders_after(session: AsyncSession, dealer: DealerId, after: UUID | None, limit: int) -> list[Text]:
    """Some orders, by id."""
    id_column = _column(WorkOrderRow, "order_id")
    ids = select(id_column).where(_column(WorkOrderRow, "dealer_id") == dealer).order_by(id_column).limit(limit)
    found = await session.scalars(ids if after is None else ids.where(id_column > after))
    return await _texts(session, WorkOrderRow, "order_id", dealer, found.all(), lock=False)


async def appointments(session: AsyncSession, dealer: DealerId, ids: Iterable[UUID]) -> list[Text]:
    """These appointments, locked until the transaction ends."""
    return await _texts(session, AppointmentRow, "appointment_id", dealer, ids)


async def _texts(
    session: AsyncSession, kind: Kind, key: str, dealer: DealerId, ids: Iterable[UUID], *, lock: bool = True
) -> list[Text]:
    id_column = _column(kind, key)
    wanted = (
        select(id_column.label("id"), *(_column(kind, name) for name in ("body", "heard_on", "lexicon", "told")))
        .where(_column(kind, "dealer_id") == dealer, id_column.in_(list(ids)))
        .order_by(id_column)
    )
    rows = await session.execute(wanted.with_for_update() if lock else wanted)
    return [Text(row.id, row.body, row.heard_on, row.lexicon, json.loads(row.told)) for row in rows]


@dataclass(frozen=True)
class Noted:
    """What was told of a text, and whether somebody should look at that visit."""

    id: UUID
    told: Told
    unclear_on: date | None = None


async def save_orders(session: AsyncSession, dealer: DealerId, read: Sequence[Noted], *, lexicon: str) -> None:
    """Note with which lexicon these orders were read, and what was told of each."""
    await _save(session, _SAVE_ORDERS, dealer, read, lexicon, {"unclear": [one.unclear_on for one in read]})


async def save_appointments(session: AsyncSession, dealer: DealerId, read: Sequence[Noted], *, lexicon: str) -> None:
    """Note with which lexicon these appointments were read, and what was told of each."""
    await _save(session, _SAVE_APPOINTMENTS, dealer, read, lexicon, {})


async def _save(
    session: AsyncSession, statement: Any, dealer: DealerId, read: Sequence[Noted], lexicon: str, more: dict[str, Any]
) -> None:
    if read:
        told = [json.dumps(one.told, ensure_ascii=True).encode() for one in read]
        values = {"dealer": dealer, "lexicon": lexicon, "ids": [one.id for one in read], "told": told, **more}
        await session.execute(statement, values)


async def unread(session: AsyncSession, dealer: DealerId, lexicon: str, limit: int) -> tuple[Sequence[UUID], Sequence[UUID]]:
    """Orders and appointments that were read with another lexicon: at most `limit` of both together."""
    found = await _behind(session, WorkOrderRow, "order_id", dealer, lexicon, limit)
    rest = limit - len(found)
    more = await _behind(session, AppointmentRow, "appointment_id", dealer, lexicon, rest) if rest else []
    return found, more


async def _behind(session: AsyncSession, kind: Kind, key: str, dealer: DealerId, lexicon: str, limit: int) -> Sequence[UUID]:
    """Asked in three, so that each is answered from the index, whatever lies behind it."""
    read_with = _column(kind, "lexicon")
    found: list[UUID] = []
    for behind in (read_with.is_(None), read_with < lexicon, read_with > lexicon):
        if len(found) < limit:
            wanted = select(_column(kind, key)).where(_column(kind, "dealer_id") == dealer, behind).limit(limit - len(found))
            found += await session.scalars(wanted)
    return found


async def count_texts(session: AsyncSession, dealer: DealerId, lexicon: str) -> tuple[int, int]:
    """How many texts there are, and how many of them still wait to be read with this lexicon."""
    total = waiting = 0
    for kind in (WorkOrderRow, AppointmentRow):
        behind = func.count().filter(_column(kind, "lexicon").is_distinct_from(lexicon))
        counted = select(func.count(), behind).select_from(kind).where(_column(kind, "dealer_id") == dealer)
        all_, unread = (await session.execute(counted)).one()
        total, waiting = total + all_, waiting + unread
    return total, waiting


async def remember_dealer(session: AsyncSession, dealer: DealerId, *, revision: int, language: str) -> None:
    """Keep a dealer's language; the highest revision wins."""
    fresh = insert(DealerRow).values(dealer_id=dealer, revision=revision, language=language)
    await session.execute(
        fresh.on_conflict_do_update(
            index_elements=["dealer_id"],
            set_={"revision": fresh.excluded.revision, "language": fresh.excluded.language},
            where=_column(DealerRow, "revision") < fresh.excluded.revision,
        )
    )


async def language_of(session: AsyncSession, dealer: DealerId) -> str | None:
    """The dealer's language; None while nobody told it."""
    return await session.scalar(select(_column(DealerRow, "language")).where(_column(DealerRow, "dealer_id") == dealer))


def _column(kind: type[Any], name: str) -> Any:
    """A column of a table, typed as loosely as SQLModel declares it."""
    return kind.__table__.c[name]
