"""All SQL of ingest: entities under their aliases, sources, imports, and what is kept for repair."""

import hashlib
from collections import Counter
from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from sqlalchemy import Text, bindparam, case, cast, delete, func, select, text, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from common.events import State
from common.events.appointments import AppointmentChanged
from common.events.customers import ContractChanged, CustomerChanged, VehicleChanged
from common.events.settings import DealerChanged
from common.events.work_orders import WorkOrderChanged
from ingest.domain import crediting, owning
from ingest.tables import AliasRow, BookingRow, DealerRow, EntityRow, FindingRow, ImportRow, KeptRow, SourceRow, UploadRow

S = TypeVar("S", bound=State)
ACTIVE = "active"
_HELD = "dealers held"
_UNTOLD: dict[str, Any] = {"as_of": "", **dict.fromkeys(("given", "credits", "owner_id", "owner_since"))}


class Alias(NamedTuple):
    """A name by which an entity is known again: the source's own in its scope, a VIN or a plate."""

    kind: str
    scope: str
    name: str


_dealer, _source, _entity = DealerRow.__table__, SourceRow.__table__, EntityRow.__table__  # type: ignore[attr-defined]  # sqlmodel
_booking, _upload, _finding = BookingRow.__table__, UploadRow.__table__, FindingRow.__table__  # type: ignore[attr-defined]  # as below
_alias, _import, _kept = AliasRow.__table__, ImportRow.__table__, KeptRow.__table__  # type: ignore[attr-defined]  # as above


async def lock_dealer(session: AsyncSession, dealer: UUID) -> None:
    """One at a time mints and merges for a dealer, until this transaction ends: so long nobody else changes what it has told, and
    each entity is read once."""
    if (transaction := session.sync_session.get_transaction()) is not session.info.get(_HELD, (None,))[0]:
        session.info[_HELD] = (transaction, {})
    read: dict[UUID, dict[Any, Any]] = session.info[_HELD][1]
    if dealer in read:
        return
    read[dealer] = {}
    await session.execute(text("select pg_advisory_xact_lock(hashtextextended(:what, 0))"), {"what": f"mint {dealer}"})


def _read_here(session: AsyncSession, dealer: UUID) -> dict[Any, Any] | None:
    """The entities that this transaction read or wrote while it holds the dealer's lock; None where it does not."""
    held = session.info.get(_HELD)
    return held[1].get(dealer) if held is not None and held[0] is session.sync_session.get_transaction() else None


async def _row(session: AsyncSession, dealer: UUID, kind: str, entity: UUID) -> Mapping[str, Any] | None:
    """An entity's row."""
    here = _read_here(session, dealer)
    if here is not None and (kind, entity) in here:
        known: Mapping[str, Any] | None = here[kind, entity]
        return known
    found = (await session.execute(select(_entity).where(_where(dealer, kind, entity)))).mappings().first()
    row = dict(found) if found is not None else None
    if here is not None:
        here[kind, entity] = row
    return row


async def remember_dealer(session: AsyncSession, event: DealerChanged) -> None:
    """Keep the newest of a dealer."""
    values = {
        "dealer_id": event.dealer_id, "revision": event.revision, "country": event.country, "timezone": event.timezone,
    }  # fmt: skip
    write = insert(_dealer).values(values)
    await session.execute(
        write.on_conflict_do_update(index_elements=["dealer_id"], set_=values, where=_dealer.c.revision < write.excluded.revision)
    )


async def dealer(session: AsyncSession, dealer_id: UUID) -> Any | None:
    """A dealer's country and timezone; None before he was told."""
    return (await session.execute(select(_dealer).where(_dealer.c.dealer_id == dealer_id))).first()


async def aliased(session: AsyncSession, dealer_id: UUID, kind: str, names: Mapping[str, str]) -> dict[str, UUID]:
    """The entity of each (scope, name) that is known."""
    if not names:
        return {}
    rows = await session.execute(
        select(_alias.c.scope, _alias.c.entity_id).where(
            _alias.c.dealer_id == dealer_id,
            _alias.c.kind == kind,
            tuple_(_alias.c.scope, _alias.c.name).in_(list(names.items())),
        )
    )
    return {row.scope: row.entity_id for row in rows}


async def named(session: AsyncSession, dealer_id: UUID, kind: str, name: str) -> dict[str, UUID]:
    """Whom a name means in each scope that has it."""
    same = (_alias.c.dealer_id == dealer_id) & (_alias.c.kind == kind) & (_alias.c.name == name)
    return {row.scope: row.entity_id for row in await session.execute(select(_alias.c.scope, _alias.c.entity_id).where(same))}


async def add_alias(session: AsyncSession, dealer_id: UUID, alias: Alias, entity: UUID, since: datetime) -> bool:
    """That name meant this entity at that moment: it does now, unless it was told to mean another one later."""
    values = {
        "dealer_id": dealer_id, "kind": alias.kind, "scope": alias.scope, "name": alias.name, "entity_id": entity, "since": since,
    }  # fmt: skip
    write = insert(_alias).values(values)
    upsert = write.on_conflict_do_update(
        index_elements=["dealer_id", "kind", "scope", "name"],
        set_={"entity_id": write.excluded.entity_id, "since": write.excluded.since},
        where=_alias.c.since < write.excluded.since,
    )
    return (await session.execute(upsert.returning(_alias.c.entity_id))).first() is not None


async def newest_alias(session: AsyncSession, dealer_id: UUID, kind: str, scope: str, entity: UUID) -> str | None:
    """The name in that scope by which an entity was known last."""
    same = (_alias.c.dealer_id == dealer_id) & (_alias.c.kind == kind) & (_alias.c.scope == scope)
    found: str | None = await session.scalar(
        select(_alias.c.name).where(same, _alias.c.entity_id == entity).order_by(_alias.c.since.desc(), _alias.c.name).limit(1)
    )
    return found


async def move_aliases(session: AsyncSession, dealer_id: UUID, kind: str, entity: UUID, into: UUID) -> None:
    """Everything that named one entity names another."""
    same = (_alias.c.dealer_id == dealer_id) & (_alias.c.kind == kind) & (_alias.c.entity_id == entity)
    await session.execute(update(_alias).where(same).values(entity_id=into))


async def told(session: AsyncSession, dealer_id: UUID, kind: type[S], entity: UUID) -> S | None:
    """An entity as last told."""
    row = await _row(session, dealer_id, kind.name, entity)
    return kind.model_validate(row["told"]) if row is not None else None


async def as_of(session: AsyncSession, dealer_id: UUID, kind: type[State], entity: UUID) -> str:
    """Of when the newest snapshot of an entity was; before everything where there is none."""
    row = await _row(session, dealer_id, kind.name, entity)
    return row["as_of"] if row is not None else ""


async def registered(session: AsyncSession, dealer_id: UUID, vehicle: UUID) -> owning.Registered | None:
    """Whose a list of vehicles says that this one is."""
    row = await _row(session, dealer_id, VehicleChanged.name, vehicle)
    return owning.Registered(row["owner_id"], row["owner_since"]) if row is not None and row["owner_id"] is not None else None


async def seen_with(session: AsyncSession, dealer_id: UUID, vehicle: UUID) -> owning.Seen | None:
    """The customer of a vehicle's latest finished order, else of its latest open one, else of its latest appointment."""
    told, stands = _entity.c.told, _entity.c.status.in_(("finished", "open", "booked", "moved"))
    day = func.coalesce(*(told[name].astext for name in ("finished_on", "changed_on", "starts_at")))
    number = told["number"].astext
    rank = case((_entity.c.status == "finished", 0), (_entity.c.status == "open", 1), else_=2)
    mine = (_entity.c.dealer_id == dealer_id) & _entity.c.kind.in_((WorkOrderChanged.name, AppointmentChanged.name))
    latest = (rank, day.desc().nulls_last(), func.length(number).desc(), number.desc())
    rows = (
        select(_entity.c.customer_id, _entity.c.kind, day.label("day"))
        .where(mine, _entity.c.vehicle_id == vehicle, _entity.c.customer_id.is_not(None), stands)
        .order_by(*latest)
        .limit(1)
    )
    found = (await session.execute(rows)).first()
    if found is None:
        return None
    on = date.fromisoformat(found.day[:10]) if found.day else None
    return owning.Seen(found.customer_id, on, found.kind == WorkOrderChanged.name)


async def move_owner(session: AsyncSession, dealer_id: UUID, customer: UUID, into: UUID) -> None:
    """Vehicles that a list says are one customer's are another's."""
    same = (_entity.c.dealer_id == dealer_id) & (_entity.c.owner_id == customer)
    await session.execute(update(_entity).where(same).values(owner_id=into))
    if (here := _read_here(session, dealer_id)) is not None:
        here.clear()


async def credit_of(session: AsyncSession, dealer_id: UUID, order: UUID) -> str | None:
    """The number of the order that this credit note was found to take back."""
    row = await _row(session, dealer_id, WorkOrderChanged.name, order)
    return row["credits"] if row is not None else None


async def save(session: AsyncSession, dealer_id: UUID, event: S, **beside: object) -> S | None:
    """Keep an entity, and beside it `as_of`, `credits`, `given` and whose a list says it is; what to tell of it with its next
    revision, None when nothing changed."""
    name, entity = event.name, event.entity()
    before = await _row(session, dealer_id, name, entity)
    revision = before["revision"] if before is not None else 0
    told = event.model_copy(update={"revision": revision}).model_dump(mode="json")
    changed = before is None or told != before["told"]
    if before is not None and not changed and all(before[key] == value for key, value in beside.items()):
        return None
    event = event.model_copy(update={"revision": revision + changed})
    found_by = {key: getattr(event, key, None) for key in ("vehicle_id", "customer_id", "status")}
    found_by["amount"] = crediting.total(event) if isinstance(event, WorkOrderChanged) else None
    if isinstance(event, CustomerChanged):
        found_by |= {"email": event.email.lower() if event.email else None, "mobile": event.mobile}
    if isinstance(event, ContractChanged):
        found_by["status"] = ACTIVE if event.active else "taken_back"
    values: dict[str, Any] = {
        "dealer_id": dealer_id, "kind": name, "entity_id": entity, "revision": event.revision, "told": event.model_dump(mode="json"),
        **found_by, **beside,
    }  # fmt: skip
    write = insert(_entity).values(values)
    await session.execute(write.on_conflict_do_update(index_elements=["dealer_id", "kind", "entity_id"], set_=values))
    if (here := _read_here(session, dealer_id)) is not None:
        here[name, entity] = {**(before or _UNTOLD), **values}
    return event if changed else None


async def orders_where(session: AsyncSession, dealer_id: UUID, source_id: UUID, **columns: Any) -> list[WorkOrderChanged]:
    """The orders of one source that are found by these."""
    orders = await told_where(session, dealer_id, WorkOrderChanged, **columns)
    return [order for order in orders if order.source_id == source_id]


async def told_where(session: AsyncSession, dealer_id: UUID, kind: type[S], **columns: Any) -> list[S]:
    """The entities that are found by these: vehicle_id, customer_id, status, amount, credits."""
    same = [_entity.c[name] == value for name, value in columns.items()]
    rows = await session.execute(
        select(_entity.c.told).where(_entity.c.dealer_id == dealer_id, _entity.c.kind == kind.name, *same)
    )
    return [kind.model_validate(row.told) for row in rows]


async def given(session: AsyncSession, dealer_id: UUID, kind: type[State], entity: UUID) -> dict[str, str]:
    """Which source gave what of an entity that a list may take back."""
    row = await _row(session, dealer_id, kind.name, entity)
    return (row["given"] if row is not None else None) or {}


async def standing(session: AsyncSession, dealer_id: UUID, kind: type[State], alias: str, scope: str) -> dict[str, UUID]:
    """The entities that stand as active under the names of one scope, by name."""
    named = (_alias.c.dealer_id == dealer_id) & (_alias.c.kind == alias) & (_alias.c.scope == scope)
    same = (_entity.c.dealer_id == dealer_id) & (_entity.c.kind == kind.name) & (_entity.c.entity_id == _alias.c.entity_id)
    rows = await session.execute(
        select(_alias.c.name, _alias.c.entity_id).join(_entity, same).where(named, _entity.c.status == ACTIVE)
    )
    return {row.name: row.entity_id for row in rows}


async def reached_by(session: AsyncSession, dealer_id: UUID, **address: str) -> list[UUID]:
    """The customers who have this e-mail address or number, merged ones aside."""
    same = [_entity.c[name] == (value.lower() if name == "email" else value) for name, value in address.items()]
    named = select(_alias.c.entity_id).where(_alias.c.dealer_id == dealer_id, _alias.c.entity_id == _entity.c.entity_id)
    mine = (_entity.c.dealer_id == dealer_id) & (_entity.c.kind == CustomerChanged.name)
    return list(await session.scalars(select(_entity.c.entity_id).where(mine, *same, named.exists()).limit(10)))


def _where(dealer_id: UUID, kind: str, entity: UUID) -> Any:
    return (_entity.c.dealer_id == dealer_id) & (_entity.c.kind == kind) & (_entity.c.entity_id == entity)


async def save_source(session: AsyncSession, dealer_id: UUID, source: UUID, **values: Any) -> None:
    """Make a connection, or change one that is there: it is read on from where it was, and at once."""
    given = {"dealer_id": dealer_id, "source_id": source, "state": "new", "problem": None, **values}
    write = insert(_source).values({"cursor": {}, "calls": 0, "revision": 0} | given)
    at_once = given | {"cursor": _source.c.cursor.op("-")(cast("next_at", Text))}
    await session.execute(write.on_conflict_do_update(index_elements=["dealer_id", "source_id"], set_=at_once))


async def ensure_source(session: AsyncSession, dealer_id: UUID, source: UUID, *, title: str, kind: str, gives: list[str]) -> None:
    """Make a connection that nobody asked for: one that tells of itself."""
    values = {
        "dealer_id": dealer_id, "source_id": source, "title": title, "kind": kind, "config": {"gives": gives}, "cursor": {},
        "state": "fine", "calls": 0, "revision": 0,
    }  # fmt: skip
    await session.execute(insert(_source).values(values).on_conflict_do_nothing())


async def change_source(session: AsyncSession, dealer_id: UUID, source: UUID, **values: Any) -> None:
    """Note how a connection fares."""
    where = (_source.c.dealer_id == dealer_id) & (_source.c.source_id == source)
    await session.execute(update(_source).where(where).values(values))


async def sources(session: AsyncSession, dealer_id: UUID) -> list[Any]:
    """A dealer's connections, by title."""
    return list(await session.execute(select(_source).where(_source.c.dealer_id == dealer_id).order_by(_source.c.title)))


async def source(session: AsyncSession, dealer_id: UUID, source_id: UUID) -> Any | None:
    """One connection."""
    where = (_source.c.dealer_id == dealer_id) & (_source.c.source_id == source_id)
    return (await session.execute(select(_source).where(where))).first()


async def count_call(session: AsyncSession, dealer_id: UUID, source_id: UUID, day: str) -> int:
    """Count one call of that day; how many there were."""
    where = (_source.c.dealer_id == dealer_id) & (_source.c.source_id == source_id)
    calls = case((_source.c.calls_on == day, _source.c.calls + 1), else_=1)
    counting = update(_source).where(where).values(calls_on=day, calls=calls).returning(_source.c.calls)
    counted: int = (await session.execute(counting)).scalar_one()
    return counted


async def begin_import(
    session: AsyncSession, dealer_id: UUID, import_id: UUID, source_id: UUID, *, file: str, at: datetime, **asked: Any
) -> bool:
    """A file is being brought, or is to be; False where its key is known."""
    values = {
        "dealer_id": dealer_id, "import_id": import_id, "source_id": source_id, "file": file, "begun_at": at, "recorded": 0,
        "unchanged": 0, "bad": 0, **asked,
    }  # fmt: skip
    write = insert(_import).values(values).on_conflict_do_nothing().returning(_import.c.import_id)
    return (await session.execute(write)).first() is not None


async def change_import(session: AsyncSession, dealer_id: UUID, import_id: UUID, **values: Any) -> None:
    """Note how an import fares."""
    await session.execute(update(_import).where(_is_import(dealer_id, import_id)).values(values))


async def count_imported(session: AsyncSession, dealer_id: UUID, import_id: UUID, **more: int) -> None:
    """Add to an import's counts, in the transaction of what they count."""
    counted = {name: _import.c[name] + number for name, number in more.items()}
    await session.execute(update(_import).where(_is_import(dealer_id, import_id)).values(counted))


async def import_(session: AsyncSession, dealer_id: UUID, import_id: UUID) -> Any | None:
    """One import."""
    return (await session.execute(select(_import).where(_is_import(dealer_id, import_id)))).first()


async def import_with_key(session: AsyncSession, dealer_id: UUID, key: str) -> Any | None:
    """The import that was asked for under a key."""
    same = (_import.c.dealer_id == dealer_id) & (_import.c.key == key)
    return (await session.execute(select(_import).where(same))).first()


async def imports(session: AsyncSession, dealer_id: UUID, *, before: UUID | None, limit: int) -> list[Any]:
    """A dealer's imports, the newest first; ids sort by the moment they were minted."""
    mine = _import.c.dealer_id == dealer_id
    older = [_import.c.import_id < before] if before is not None else []
    return list(await session.execute(select(_import).where(mine, *older).order_by(_import.c.import_id.desc()).limit(limit)))


async def next_import(session: AsyncSession, dealer_id: UUID) -> Any | None:
    """The import that was asked for first and is not over."""
    asked = (_import.c.dealer_id == dealer_id) & _import.c.state.in_(("waiting", "running")) & _import.c.upload_id.is_not(None)
    return (await session.execute(select(_import).where(asked).order_by(_import.c.import_id).limit(1))).first()


def _is_import(dealer_id: UUID, import_id: UUID) -> Any:
    return (_import.c.dealer_id == dealer_id) & (_import.c.import_id == import_id)


async def store_upload(session: AsyncSession, dealer_id: UUID, upload_id: UUID, content: bytes, at: datetime) -> None:
    """Keep a file."""
    values = {"dealer_id": dealer_id, "upload_id": upload_id, "content": content, "stored_at": at}
    await session.execute(insert(_upload).values(values))


async def upload(session: AsyncSession, dealer_id: UUID, upload_id: UUID | None) -> bytes | None:
    """A file that was kept."""
    found: bytes | None = await session.scalar(
        select(_upload.c.content).where(_upload.c.dealer_id == dealer_id, _upload.c.upload_id == upload_id)
    )
    return found


async def forget_uploads(session: AsyncSession, dealer_id: UUID, until: datetime) -> bool:
    """Forget files that were kept long enough, and the rows of their reports; True when some are left."""
    old = (_upload.c.dealer_id == dealer_id) & (_upload.c.stored_at <= until)
    gone = list(await session.scalars(delete(_upload).where(old).returning(_upload.c.upload_id)))
    if gone:
        of = select(_import.c.import_id).where(_import.c.dealer_id == dealer_id, _import.c.upload_id.in_(gone))
        await session.execute(delete(_finding).where(_finding.c.dealer_id == dealer_id, _finding.c.import_id.in_(of)))
    left = select(_upload.c.upload_id).where(_upload.c.dealer_id == dealer_id).limit(1)
    return (await session.execute(left)).first() is not None


class Finding(NamedTuple):
    """A row that could not be used, as a report has it."""

    line: int
    field: str | None
    problem: str
    todo: str
    raw: str


async def report(session: AsyncSession, dealer_id: UUID, import_id: UUID, found: Collection[Finding]) -> None:
    """Add to an import's report."""
    if found:
        rows = [
            {
                "dealer_id": dealer_id,
                "import_id": import_id,
                **one._asdict(),
                "raw": _storable(one.raw),
                "problem": _storable(one.problem),
            }
            for one in found
        ]
        await session.execute(insert(_finding).on_conflict_do_nothing(), rows)


async def findings(session: AsyncSession, dealer_id: UUID, import_id: UUID, *, after: int, limit: int) -> list[Any]:
    """An import's report, from a line on."""
    mine = (_finding.c.dealer_id == dealer_id) & (_finding.c.import_id == import_id) & (_finding.c.line > after)
    return list(await session.execute(select(_finding).where(mine).order_by(_finding.c.line).limit(limit)))


async def count_left(session: AsyncSession, dealer_id: UUID, imports: Collection[UUID]) -> dict[UUID, int]:
    """How many bad rows of these imports nothing has mended since."""
    mine = (_kept.c.dealer_id == dealer_id) & _kept.c.origin_id.in_(imports)
    rows = await session.execute(select(_kept.c.origin_id, func.count().label("left")).where(mine).group_by(_kept.c.origin_id))
    return {row.origin_id: row.left for row in rows}


class Kept(NamedTuple):
    """Something that could not be used: where it stood, and of which order it told where that is known."""

    origin: UUID
    line: int
    raw: str
    problem: str
    number: str | None = None
    same: str | None = None  # what it is known again by; without it by all it says


async def keep(session: AsyncSession, dealer_id: UUID, source_id: UUID, at: datetime, *found: Kept) -> None:
    """Keep what could not be used, for repair; what the source told the same before is kept once."""
    seen: Counter[str] = Counter()
    rows = []
    for one in found:
        same, raw = one.same or _storable(one.raw), _storable(one.raw)
        twin = b"\0" * seen[same]  # an order may have rows that are alike
        seen[same] += 1
        rows.append({
            "dealer_id": dealer_id, "source_id": source_id, "fingerprint": hashlib.sha256(same.encode() + twin).digest(),
            "origin_id": one.origin, "line": one.line, "raw": raw, "problem": one.problem, "kept_at": at, "number": one.number,
        })  # fmt: skip
    if rows:
        write = insert(_kept)
        newer = {name: write.excluded[name] for name in ("origin_id", "line", "raw", "problem", "kept_at", "number")}
        key = ["dealer_id", "source_id", "fingerprint"]  # no plan to go wrong while a large import is not in the statistics yet
        await session.execute(write.on_conflict_do_update(index_elements=key, set_=newer), rows)


def _storable(raw: str) -> str:
    return raw[:100_000].replace("\x00", "").encode("utf-8", "replace").decode()


async def kept(session: AsyncSession, dealer_id: UUID, source_id: UUID, limit: int) -> list[Any]:
    """What is kept of a source with the file it stood in, the newest first."""
    rows = select(_kept, _import.c.file, _import.c.header).outerjoin(
        _import, (_import.c.dealer_id == _kept.c.dealer_id) & (_import.c.import_id == _kept.c.origin_id)
    )
    mine = (_kept.c.dealer_id == dealer_id) & (_kept.c.source_id == source_id)
    return list(await session.execute(rows.where(mine).order_by(_kept.c.kept_at.desc(), _kept.c.line).limit(limit)))


async def count_kept(session: AsyncSession, dealer_id: UUID, source_id: UUID) -> int:
    """How much is kept of a source."""
    mine = (_kept.c.dealer_id == dealer_id) & (_kept.c.source_id == source_id)
    return int(await session.scalar(select(func.count()).select_from(_kept).where(mine)) or 0)


async def mended(session: AsyncSession, dealer_id: UUID, source_id: UUID, numbers: Collection[str]) -> None:
    """These were recorded, so nothing of them is left to repair."""
    mine = (_kept.c.dealer_id == dealer_id) & (_kept.c.source_id == source_id)
    if numbers:
        one = delete(_kept).where(mine, _kept.c.number == bindparam("told"))
        await session.execute(one, [{"told": number} for number in numbers])


async def drop_kept(session: AsyncSession, dealer_id: UUID, source_id: UUID) -> None:
    """Forget what is kept of a source."""
    await session.execute(delete(_kept).where(_kept.c.dealer_id == dealer_id, _kept.c.source_id == source_id))


async def bookings_named(session: AsyncSession, dealer_id: UUID, source_id: UUID, names: Collection[str]) -> dict[str, Any]:
    """The bookings of a system that are known, by name."""
    mine = (_booking.c.dealer_id == dealer_id) & (_booking.c.source_id == source_id)
    return {row.name: row for row in await session.execute(select(_booking).where(mine, _booking.c.name.in_(names)))}


async def bookings_of(session: AsyncSession, dealer_id: UUID, source_id: UUID, chain: UUID) -> list[Any]:
    """The bookings that were moved into each other."""
    mine = (_booking.c.dealer_id == dealer_id) & (_booking.c.source_id == source_id) & (_booking.c.chain_id == chain)
    return list(await session.execute(select(_booking).where(mine).order_by(_booking.c.name)))


async def move_bookings(session: AsyncSession, dealer_id: UUID, source_id: UUID, chain: UUID, into: UUID) -> None:
    """Two chains turn out to be one."""
    mine = (_booking.c.dealer_id == dealer_id) & (_booking.c.source_id == source_id) & (_booking.c.chain_id == chain)
    await session.execute(update(_booking).where(mine).values(chain_id=into))


async def save_booking(
    session: AsyncSession,
    dealer_id: UUID,
    source_id: UUID,
    name: str,
    chain: UUID,
    facts: dict[str, Any],
    invitation: UUID | None,
) -> None:
    """Keep what is known of a booking."""
    key = {"dealer_id": dealer_id, "source_id": source_id, "name": name}
    values = {"chain_id": chain, "facts": facts, "invitation_id": invitation}
    write = insert(_booking).values(key | values)
    await session.execute(write.on_conflict_do_update(index_elements=list(key), set_=values))
