"""All SQL of dmr-sync: dealers' vehicles, the registry's own copy, and the files that were read."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, delete, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from common.events.customers import VehicleChanged
from common.events.registry import VehicleRegistryChanged
from common.events.settings import DealerChanged
from dmr_sync.domain.records import Record
from dmr_sync.domain.telling import Found, Wanted
from dmr_sync.tables import ConnectedRow, DealerRow, FileRow, RecordRow, StagedRow, VehicleRow

_dealer, _vehicle, _connected = DealerRow.__table__, VehicleRow.__table__, ConnectedRow.__table__  # type: ignore[attr-defined]  # sqlmodel
_record, _file, _staged = RecordRow.__table__, FileRow.__table__, StagedRow.__table__  # type: ignore[attr-defined]  # as above
NOBODY = UUID(int=0)  # whose an errand is that is no dealer's
READING, TELLING, DONE, FAILED = "reading", "telling", "done", "failed"
_WAKE = """
insert into dmr_sync.wakeup (name, dealer_id, at) values (:name, :whose, :at)
on conflict (name, dealer_id) do update set at = least(coalesce(wakeup.at, 'infinity'), excluded.at)
"""


async def wake(session: AsyncSession, name: str, whose: UUID, at: datetime) -> None:
    """Have an errand that is no dealer's run at that time, or before."""
    await session.execute(text(_WAKE), {"name": name, "whose": whose, "at": at})


async def remember_dealer(session: AsyncSession, event: DealerChanged) -> bool:
    """Keep the newest of a dealer; True when his country is new."""
    before = await country(session, event.dealer_id)
    write = insert(_dealer).values(dealer_id=event.dealer_id, revision=event.revision, country=event.country)
    newer = write.on_conflict_do_update(
        index_elements=["dealer_id"],
        set_={"revision": write.excluded.revision, "country": write.excluded.country},
        where=_dealer.c.revision < write.excluded.revision,
    )
    written = (await session.execute(newer.returning(_dealer.c.dealer_id))).first() is not None
    return written and before != event.country


async def country(session: AsyncSession, dealer: UUID) -> str | None:
    """A dealer's country; None before he was told."""
    found: str | None = await session.scalar(select(_dealer.c.country).where(_dealer.c.dealer_id == dealer))
    return found


async def dealers(session: AsyncSession) -> list[UUID]:
    """Every dealer that was told."""
    return list(await session.scalars(select(_dealer.c.dealer_id).order_by(_dealer.c.dealer_id)))


async def remember_vehicle(session: AsyncSession, dealer: UUID, event: VehicleChanged) -> bool:
    """Keep the newest of a vehicle; one with another VIN or plate was not looked for yet. False when this is old."""
    write = insert(_vehicle).values(
        dealer_id=dealer, vehicle_id=event.vehicle_id, revision=event.revision, vin=event.vin, plate=event.plate,
        country=event.country, told_revision=0,
    )  # fmt: skip
    new = write.excluded
    same = _vehicle.c.vin.is_not_distinct_from(new.vin) & _vehicle.c.plate.is_not_distinct_from(new.plate)
    newer = write.on_conflict_do_update(
        index_elements=["dealer_id", "vehicle_id"],
        set_={
            "revision": new.revision, "vin": new.vin, "plate": new.plate, "country": new.country,
            "file_id": case((same, _vehicle.c.file_id), else_=None), "looked_on": case((same, _vehicle.c.looked_on), else_=None),
        },
        where=_vehicle.c.revision < new.revision,
    )  # fmt: skip
    return (await session.execute(newer.returning(_vehicle.c.vehicle_id))).first() is not None


async def merge_vehicle(session: AsyncSession, dealer: UUID, vehicle: UUID, into: UUID) -> None:
    """A vehicle turned out to be another one; it is told no more."""
    write = insert(_vehicle).values(dealer_id=dealer, vehicle_id=vehicle, revision=0, into_id=into, told_revision=0)
    await session.execute(write.on_conflict_do_update(index_elements=["dealer_id", "vehicle_id"], set_={"into_id": into}))


async def give(session: AsyncSession, dealer: UUID, vehicle: UUID, key: str) -> None:
    """That record is this vehicle's, whatever VIN and plate say; the vehicle may not have been heard of yet."""
    write = insert(_vehicle).values(dealer_id=dealer, vehicle_id=vehicle, revision=0, given=key, told_revision=0)
    await session.execute(write.on_conflict_do_update(index_elements=["dealer_id", "vehicle_id"], set_={"given": key}))


def _here(dealer: UUID, here: str | None, wanted: str) -> ColumnElement[bool]:
    """A dealer's own vehicles, of that country: their own, else the dealer's."""
    mine = _vehicle.c.dealer_id == dealer
    return and_(mine, _vehicle.c.into_id.is_(None), func.coalesce(_vehicle.c.country, here) == wanted)


async def look_for(session: AsyncSession, dealer: UUID, wanted: str, file: UUID) -> list[Any]:
    """The VIN and plate of each of a dealer's vehicles of that country, noted as looked for in this file from now on."""
    mine = _here(dealer, await country(session, dealer), wanted) & or_(_vehicle.c.vin.is_not(None), _vehicle.c.plate.is_not(None))
    return list(
        await session.execute(update(_vehicle).where(mine).values(file_id=file).returning(_vehicle.c.vin, _vehicle.c.plate))
    )


async def looked_for(session: AsyncSession, dealer: UUID, file: UUID, read_on: date, vehicles: Collection[UUID]) -> None:
    """That file was read to its end: who was looked for in it is found, or is not there."""
    mine = (_vehicle.c.dealer_id == dealer) & _vehicle.c.vehicle_id.in_(vehicles) & (_vehicle.c.file_id == file)
    await session.execute(update(_vehicle).where(mine).values(looked_on=read_on))


async def unanswered(session: AsyncSession, dealer: UUID, wanted: str) -> int:
    """How many of a dealer's vehicles of that country were looked for in no file yet."""
    named = or_(_vehicle.c.vin.is_not(None), _vehicle.c.plate.is_not(None)) & _vehicle.c.looked_on.is_(None)
    mine = _here(dealer, await country(session, dealer), wanted) & named
    return await session.scalar(select(func.count()).select_from(_vehicle).where(mine)) or 0


async def vehicle_ids(session: AsyncSession, dealer: UUID, after: UUID, limit: int) -> list[UUID]:
    """A dealer's vehicles in the order of their ids, a slice at a time."""
    mine = (_vehicle.c.dealer_id == dealer) & (_vehicle.c.vehicle_id > after)
    return list(await session.scalars(select(_vehicle.c.vehicle_id).where(mine).order_by(_vehicle.c.vehicle_id).limit(limit)))


async def vehicles(session: AsyncSession, dealer: UUID, ids: Collection[UUID]) -> list[Any]:
    """These vehicles with what was told of them; those that became another one are left out."""
    mine = (_vehicle.c.dealer_id == dealer) & _vehicle.c.vehicle_id.in_(ids) & _vehicle.c.into_id.is_(None)
    return list(await session.execute(select(_vehicle).where(mine).order_by(_vehicle.c.vehicle_id).with_for_update()))


async def save_told(session: AsyncSession, dealer: UUID, told: VehicleRegistryChanged) -> None:
    """Keep what a vehicle was told to be."""
    mine = (_vehicle.c.dealer_id == dealer) & (_vehicle.c.vehicle_id == told.vehicle_id)
    await session.execute(
        update(_vehicle).where(mine).values(told_revision=told.revision, told=told.model_dump(mode="json", exclude={"revision"}))
    )


async def connect(session: AsyncSession, dealer: UUID, of: str, read_on: date) -> int:
    """That a registry was read for a dealer up to that day; the revision to tell it with."""
    write = insert(_connected).values(dealer_id=dealer, country=of, revision=1, read_on=read_on)
    upsert = write.on_conflict_do_update(
        index_elements=["dealer_id", "country"],
        set_={
            "revision": _connected.c.revision + 1,
            "read_on": func.greatest(_connected.c.read_on, write.excluded.read_on),
        },
    )
    return int((await session.execute(upsert.returning(_connected.c.revision))).scalar_one())


async def found(session: AsyncSession, wanted: Sequence[Wanted]) -> list[Found]:
    """Every record that may be one of these vehicles."""
    vins, plates = {w.vin for w in wanted if w.vin}, {w.plate for w in wanted if w.plate}
    given = {w.given for w in wanted if w.given}
    any_of = or_(_record.c.vin.in_(vins), _record.c.plate.in_(plates), _record.c.key.in_(given))
    rows = await session.execute(select(_record.c.key, _record.c.body, _record.c.read_on).where(any_of))
    return [Found(row.key, Record.model_validate(row.body), row.read_on) for row in rows]


async def records(session: AsyncSession, keys: Collection[str]) -> dict[str, Record]:
    """The records of these keys."""
    rows = await session.execute(select(_record.c.key, _record.c.body).where(_record.c.key.in_(keys)))
    return {row.key: Record.model_validate(row.body) for row in rows}


async def save_records(session: AsyncSession, fresh: Mapping[str, Record], read_on: date) -> None:
    """Keep the registry's records as of that day."""
    if not fresh:
        return
    rows = [
        {"key": key, "vin": one.vin, "plate": one.plate, "read_on": read_on, "body": one.model_dump(mode="json", exclude_defaults=True)}
        for key, one in sorted(fresh.items())
    ]  # fmt: skip
    write = insert(_record).values(rows)
    new = write.excluded
    await session.execute(
        write.on_conflict_do_update(
            index_elements=["key"], set_={"vin": new.vin, "plate": new.plate, "read_on": new.read_on, "body": new.body}
        )
    )


async def begin_file(session: AsyncSession, file: UUID, *, of: str, path: str, name: str, read_on: date, at: datetime) -> None:
    """A file begins to be read; what an earlier, broken try had found of it is forgotten."""
    values = {
        "country": of, "path": path, "name": name, "read_on": read_on, "state": READING, "began_at": at, "problem": None,
    }  # fmt: skip
    write = insert(_file).values(file_id=file, bytes=0, rows=0, vehicles=0, **values)
    await session.execute(write.on_conflict_do_update(index_elements=["file_id"], set_=values))
    await session.execute(delete(_staged).where(_staged.c.file_id == file))


async def change_file(session: AsyncSession, file: UUID, **values: Any) -> None:
    """Note how a file fares."""
    await session.execute(update(_file).where(_file.c.file_id == file).values(**values))


async def newest_file(session: AsyncSession, of: str) -> Any | None:
    """The newest file that was ever read to its end."""
    done = select(_file).where(_file.c.country == of, _file.c.done_at.is_not(None))
    return (await session.execute(done.order_by(_file.c.read_on.desc(), _file.c.done_at.desc()).limit(1))).first()


async def files(session: AsyncSession, limit: int) -> list[Any]:
    """The files begun last, newest first."""
    return list(await session.execute(select(_file).order_by(_file.c.began_at.desc()).limit(limit)))


async def stage(session: AsyncSession, file: UUID, first: int, rows: Iterable[tuple[str, dict[str, Any]]]) -> None:
    """Set rows aside until their file is known to be whole."""
    await session.execute(
        insert(_staged),
        [{"file_id": file, "key": key, "place": place, "body": body} for place, (key, body) in enumerate(rows, first)],
    )


async def staged_keys(session: AsyncSession, file: UUID, after: str, limit: int) -> list[str]:
    """The vehicles that were set aside, a slice at a time."""
    mine = (_staged.c.file_id == file) & (_staged.c.key > after)
    return list(await session.scalars(select(_staged.c.key).where(mine).distinct().order_by(_staged.c.key).limit(limit)))


async def staged(session: AsyncSession, file: UUID, keys: Collection[str]) -> dict[str, list[Record]]:
    """The rows of these vehicles in the order of the file."""
    mine = (_staged.c.file_id == file) & _staged.c.key.in_(keys)
    rows: dict[str, list[Record]] = {}
    for row in await session.execute(select(_staged.c.key, _staged.c.body).where(mine).order_by(_staged.c.key, _staged.c.place)):
        rows.setdefault(row.key, []).append(Record.model_validate(row.body))
    return rows


async def drop_staged(session: AsyncSession, file: UUID) -> None:
    """Forget what was set aside."""
    await session.execute(delete(_staged).where(_staged.c.file_id == file))
