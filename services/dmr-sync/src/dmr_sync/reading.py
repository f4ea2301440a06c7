"""Reads a file of the registry to its end, keeps what it has of dealers' vehicles, and tells each dealer what is new.

The file is searched in a process of its own (`scan.py`); what is found is set aside, and counts only once the file is known to be whole.
Then records and dealers are gone through in slices, so that nobody else waits. Reading the same file again changes nothing.
"""

import asyncio
import contextlib
import json
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import text

from common import failpoints
from common.errors import Conflict, DomainError
from common.ids import DealerId, derived_id
from common.parent import die_with_parent
from common.service import Runtime
from dmr_sync import store
from dmr_sync.domain import records
from dmr_sync.domain.records import Record
from dmr_sync.domain.schedule import ZONE
from dmr_sync.settling import VEHICLE, tell_read
from dmr_sync.sources import Broken, day_of

_log = structlog.get_logger(__name__)
SLICE = 200  # rows, records or vehicles in one transaction
PAUSE_SECONDS = 0.02  # between two of them
LEAST_SHARE = 0.5  # of the rows of the file before: a file with fewer is not believed
_LINE_BYTES = 1 << 22
_LOG_EVERY = timedelta(seconds=30)


@dataclass(frozen=True)
class Progress:
    """How far a file is read, in bytes of XML."""

    at: int
    of: int
    rows: int


@dataclass
class Summary:
    """What a file had."""

    name: str
    read_on: date
    wanted: int = 0  # VINs and plates looked for
    bytes: int = 0
    rows: int = 0
    vehicles: int = 0
    dealers: int = 0
    doubt: str | None = None  # why the slower way was needed
    whose: list[UUID] = field(default_factory=list, repr=False)


async def read(
    runtime: Runtime,
    path: Path,
    *,
    country: str = "DK",
    read_on: date | None = None,
    force: bool = False,
    progress: Callable[[Progress], None] = lambda _: None,
) -> Summary:
    """Read a file for every dealer. Raises Broken when it is not whole, Conflict while another is read, and DomainError for a file that
    is older or much smaller than the one before (`force`: then too)."""
    path = path.absolute()
    summary = Summary(path.name, read_on or day_of(path) or runtime.clock.now().astimezone(ZONE).date())
    file = derived_id("registry file", country, path.name)
    async with _alone(runtime):
        before = await _check_newer(runtime, country, summary, force=force)
        async with runtime.sessions() as session, session.begin():
            await store.begin_file(
                session, file, of=country, path=str(path), name=path.name, read_on=summary.read_on, at=runtime.clock.now()
            )
        try:
            await _search(runtime, path, file, country, summary, progress)
            if before is not None and summary.rows < before.rows * LEAST_SHARE and not force:
                raise DomainError(
                    f"{path.name} has {summary.rows:,} rows and {before.name} had {before.rows:,}: that is not believed. If it is right, "
                    "read it by: autoflows registry read --force",
                    code="few_rows",
                )
        except DomainError as error:
            await _fail(runtime, file, str(error))
            raise
        await _note(runtime, file, state=store.TELLING)
        failpoints.hit("dmr_sync.searched")
        await _keep_records(runtime, file, summary)
        await _tell_dealers(runtime, file, country, summary)
        had = {"bytes": summary.bytes, "rows": summary.rows, "vehicles": summary.vehicles}
        await _note(runtime, file, state=store.DONE, done_at=runtime.clock.now(), **had)
        async with runtime.sessions() as session, session.begin():
            await store.drop_staged(session, file)
    return summary


@contextlib.asynccontextmanager
async def _alone(runtime: Runtime) -> AsyncIterator[None]:
    """One reads at a time, in all processes; the lock goes with its connection."""
    async with runtime.engine.connect() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        lock = "pg_try_advisory_lock(hashtextextended('dmr-sync reads', 0))"
        if not (await connection.execute(text(f"select {lock}"))).scalar_one():
            raise Conflict("A file of the registry is being read already; see: autoflows registry status")
        try:
            yield
        finally:
            await connection.execute(text("select pg_advisory_unlock(hashtextextended('dmr-sync reads', 0))"))


async def _check_newer(runtime: Runtime, country: str, summary: Summary, *, force: bool) -> Any | None:
    async with runtime.sessions() as session, session.begin():
        before = await store.newest_file(session, country)
    if before is not None and summary.read_on < before.read_on and not force:
        raise DomainError(
            f"{summary.name} is of {summary.read_on}, and one of {before.read_on} was read already. To read it all the same: --force",
            code="old_file",
        )
    return before


async def _search(
    runtime: Runtime, path: Path, file: UUID, country: str, summary: Summary, progress: Callable[[Progress], None]
) -> None:
    """Search the file for every dealer's vehicles and set aside what is found."""
    with tempfile.TemporaryDirectory(prefix="autoflows-registry-") as folder:
        wanted = Path(folder) / "wanted"
        await _write_wanted(runtime, wanted, file, country, summary)
        ended = False
        batch: list[tuple[str, dict[str, Any]]] = []
        count = 0
        logged_at = runtime.system.now()
        async for line in _lines(path, wanted):
            if "row" in line:
                record = Record.model_validate(line["row"])
                batch.append((record.key(), line["row"]))
                if len(batch) >= SLICE:
                    await _stage(runtime, file, count, batch)
                    count, batch = count + len(batch), []
            elif "at" in line:
                progress(found := Progress(line["at"], line["of"], line["rows"]))
                if runtime.system.now() - logged_at > _LOG_EVERY:
                    logged_at = runtime.system.now()
                    _log.info("registry.reads", file=path.name, percent=round(100 * found.at / max(found.of, 1)), rows=found.rows)
            elif "error" in line:
                raise Broken(line["error"])
            else:
                ended, summary.bytes, summary.rows, summary.doubt = True, line["bytes"], line["rows"], line["doubt"]
        await _stage(runtime, file, count, batch)
        if not ended:
            raise Broken(f"{path.name} was not read to its end: the process that searched it died.")


async def _write_wanted(runtime: Runtime, to: Path, file: UUID, country: str, summary: Summary) -> None:
    """What is looked for, one VIN (`V…`) or plate (`P…`) a line."""
    async with runtime.sessions() as session, session.begin():
        everybody = await store.dealers(session)
    with to.open("w", encoding="utf-8") as out:
        for dealer in everybody:
            async with runtime.work(DealerId(dealer)) as work:
                rows = await store.look_for(work.session, dealer, country, file)
                if rows or await store.country(work.session, dealer) == country:
                    summary.whose.append(dealer)
            for row in rows:
                out.write("".join(f"{mark}{name}\n" for mark, name in (("V", row.vin), ("P", row.plate)) if name))
                summary.wanted += (row.vin is not None) + (row.plate is not None)


async def _lines(path: Path, wanted: Path) -> AsyncIterator[dict[str, Any]]:
    """What the searching process says; it ends with us."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "dmr_sync.scan", str(path), str(wanted), stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
        limit=_LINE_BYTES, preexec_fn=die_with_parent(signal.SIGTERM),
    )  # fmt: skip
    assert process.stdout is not None
    try:
        while line := await process.stdout.readline():
            yield json.loads(line)
        await process.wait()
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()


async def _stage(runtime: Runtime, file: UUID, first: int, batch: list[tuple[str, dict[str, Any]]]) -> None:
    if batch:
        async with runtime.sessions() as session, session.begin():
            await store.stage(session, file, first, batch)


async def _keep_records(runtime: Runtime, file: UUID, summary: Summary) -> None:
    """Fold the rows of each vehicle into its record, after what earlier files had of it."""
    after = ""
    while True:
        async with runtime.sessions() as session, session.begin():
            keys = await store.staged_keys(session, file, after, SLICE)
            rows = await store.staged(session, file, keys)
            earlier = await store.records(session, keys)
            fresh = {key: records.follow(earlier.get(key), records.fold(found), summary.read_on) for key, found in rows.items()}
            await store.save_records(session, fresh, summary.read_on)
        if not keys:
            return
        summary.vehicles += len(keys)
        after = keys[-1]
        await asyncio.sleep(PAUSE_SECONDS)


async def _tell_dealers(runtime: Runtime, file: UUID, country: str, summary: Summary) -> None:
    """Each dealer in turn: first all of his vehicles, a slice at a time, then that the registry was read."""
    for dealer in map(DealerId, summary.whose):
        after, more = UUID(int=0), True
        while more:
            async with runtime.work(dealer) as work:
                ids = await store.vehicle_ids(work.session, dealer, after, SLICE)
                await store.looked_for(work.session, dealer, file, summary.read_on, ids)
                work.touch(VEHICLE, *ids)
                if more := len(ids) == SLICE:
                    after = ids[-1]
            failpoints.hit("dmr_sync.told_slice")
            await asyncio.sleep(PAUSE_SECONDS)
        async with runtime.work(dealer) as work:
            await tell_read(work, country, summary.read_on)
        summary.dealers += 1


async def _fail(runtime: Runtime, file: UUID, problem: str) -> None:
    await _note(runtime, file, state=store.FAILED, problem=problem)
    async with runtime.sessions() as session, session.begin():
        await store.drop_staged(session, file)


async def _note(runtime: Runtime, file: UUID, **values: Any) -> None:
    async with runtime.sessions() as session, session.begin():
        await store.change_file(session, file, **values)
