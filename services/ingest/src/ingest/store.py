"""All SQL of ingest: entities under their aliases, sources, imports, and what is kept for repair."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import case, select, text, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from common.events import State
from common.events.settings import DealerChanged
from ingest.tables import AliasRow, DealerRow, EntityRow, ImportRow, KeptRow, SourceRow

S = TypeVar("S", bound=State)

_dealer, _source, _entity = DealerRow.__table__, SourceRow.__table__, EntityRow.__table__  # type: ignore[attr-defined]  # sqlmodel
_alias, _import, _kept = AliasRow.__table__, ImportRow.__table__, KeptRow.__table__  # type: ignore[attr-defined]  # as above


async def lock_dealer(session: AsyncSession, dealer: UUID) -> None:
    """One at a time mints and merges for a dealer, until this transaction ends."""
    await session.execute(text("select pg_advisory_xact_lock(hashtextextended(:what, 0))"), {"what": f"mint {dealer}"})


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


async def add_alias(
    session: AsyncSession, dealer_id: UUID, kind: str, scope: str, name: str, entity: UUID, since: datetime
) -> None:
    """From now on that name means this entity."""
    values = {"dealer_id": dealer_id, "kind": kind, "scope": scope, "name": name, "entity_id": entity, "since": since}
    write = insert(_alias).values(values)
    newer = {"entity_id": write.excluded.entity_id, "since": write.excluded.since}
    await session.execute(
        write.on_conflict_do_update(
            index_elements=["dealer_id", "kind", "scope", "name"],
            set_=newer,
            where=_alias.c.entity_id != write.excluded.entity_id,
        )
    )


async def move_aliases(session: AsyncSession, dealer_id: UUID, kind: str, entity: UUID, into: UUID) -> None:
    """Everything that named one entity names another."""
    same = (_alias.c.dealer_id == dealer_id) & (_alias.c.kind == kind) & (_alias.c.entity_id == entity)
    await session.execute(update(_alias).where(same).values(entity_id=into))


async def told(session: AsyncSession, dealer_id: UUID, kind: type[S], entity: UUID) -> S | None:
    """An entity as last told."""
    body = await session.scalar(select(_entity.c.told).where(_where(dealer_id, kind.name, entity)))
    return kind.model_validate(body) if body is not None else None


async def save(session: AsyncSession, dealer_id: UUID, event: S) -> S | None:
    """Keep an entity; what to tell of it with its next revision, or None when nothing changed."""
    name, entity = event.name, event.entity()
    before = (await session.execute(select(_entity).where(_where(dealer_id, name, entity)))).first()
    body = event.model_dump(mode="json")
    if before is not None and body | {"revision": before.revision} == before.told:
        return None
    event = event.model_copy(update={"revision": (before.revision if before is not None else 0) + 1})
    values: dict[str, Any] = {
        "dealer_id": dealer_id, "kind": name, "entity_id": entity, "revision": event.revision, "told": event.model_dump(mode="json"),
    }  # fmt: skip
    write = insert(_entity).values(values)
    await session.execute(write.on_conflict_do_update(index_elements=["dealer_id", "kind", "entity_id"], set_=values))
    return event


async def told_where(session: AsyncSession, dealer_id: UUID, kind: type[S], **fields: str) -> list[S]:
    """The entities whose told fields have these values."""
    same = [_entity.c.told[name].astext == value for name, value in fields.items()]
    rows = await session.execute(
        select(_entity.c.told).where(_entity.c.dealer_id == dealer_id, _entity.c.kind == kind.name, *same)
    )
    return [kind.model_validate(row.told) for row in rows]


def _where(dealer_id: UUID, kind: str, entity: UUID) -> Any:
    return (_entity.c.dealer_id == dealer_id) & (_entity.c.kind == kind) & (_entity.c.entity_id == entity)


async def save_source(session: AsyncSession, dealer_id: UUID, source: UUID, **values: Any) -> None:
    """Make a connection, or change one that is there."""
    given = {"dealer_id": dealer_id, "source_id": source, **values}
    new = {"cursor": {}, "state": "new", "calls": 0, "revision": 0} | given
    write = insert(_source).values(new)
    await session.execute(write.on_conflict_do_update(index_elements=["dealer_id", "source_id"], set_=given))


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


async def begin_import(session: AsyncSession, dealer_id: UUID, import_id: UUID, source_id: UUID, file: str, at: datetime) -> None:
    values = {
        "dealer_id": dealer_id, "import_id": import_id, "source_id": source_id, "file": file, "begun_at": at, "recorded": 0,
        "unchanged": 0, "bad": 0,
    }  # fmt: skip
    await session.execute(insert(_import).values(values))


async def count_imported(
    session: AsyncSession,
    dealer_id: UUID,
    import_id: UUID,
    *,
    recorded: int,
    unchanged: int,
    bad: int,
    ended_at: datetime | None = None,
) -> None:
    """Add to an import's counts, in the transaction of what they count."""
    where = (_import.c.dealer_id == dealer_id) & (_import.c.import_id == import_id)
    more = {
        "recorded": _import.c.recorded + recorded, "unchanged": _import.c.unchanged + unchanged, "bad": _import.c.bad + bad,
        "ended_at": ended_at,
    }  # fmt: skip
    await session.execute(update(_import).where(where).values(more))


async def keep(session: AsyncSession, dealer_id: UUID, origin: UUID, line: int, raw: str, problem: str, at: datetime) -> None:
    """Keep what could not be used, for repair."""
    values = {
        "dealer_id": dealer_id, "origin_id": origin, "line": line, "raw": raw[:100_000], "problem": problem, "kept_at": at,
    }  # fmt: skip
    await session.execute(insert(_kept).values(values).on_conflict_do_nothing())


async def kept(session: AsyncSession, dealer_id: UUID, origin: UUID) -> list[Any]:
    """What is kept of one import or webhook, by line."""
    where = (_kept.c.dealer_id == dealer_id) & (_kept.c.origin_id == origin)
    return list(await session.execute(select(_kept).where(where).order_by(_kept.c.line)))
