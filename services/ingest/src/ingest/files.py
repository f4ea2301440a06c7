"""Bringing a file: in slices, with its progress as a row; bad rows are kept for repair by line, the rest goes in."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from common.errors import DomainError, NotFound
from common.ids import DealerId, new_id
from common.service import Runtime
from common.work import Work
from ingest import store
from ingest.domain.entries import MOST_ROWS, Entry, JsonLines, Pile, Place, Table
from ingest.domain.mapping import FileMapping
from ingest.domain.snapshots import AppointmentSnapshot, OrderSnapshot
from ingest.recording import Recorder

MAX_BYTES = 50 * 1024 * 1024
MAY_HAVE = f"at most {MAX_BYTES // 1024**2} MB and {MOST_ROWS:,} rows"
SLICE = 200


class BadLine(NamedTuple):
    """A row that could not be used."""

    line: int
    problem: str


@dataclass
class Report:
    """What came of a file."""

    recorded: int = 0
    unchanged: int = 0
    appointments: int = 0  # of those
    bad: list[BadLine] = field(default_factory=list)

    @property
    def kinds(self) -> str:
        """What it held, as a word."""
        if not self.appointments:
            return "orders"
        return "appointments" if self.appointments == self.recorded + self.unchanged else "orders and appointments"


def read(path: Path, mapping: FileMapping | None, place: Place) -> Pile:
    """Read a file. Raises DomainError for one that cannot be read at all."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise DomainError(
                f"{path} is too large: a file has {MAY_HAVE}. Bring it in parts, with the rows of one order in one.",
                code="too_large",
            )
        raw = path.read_bytes()
    except OSError as error:
        raise DomainError(f"{path} cannot be read: {error.strerror}.", code="no_file") from None
    return JsonLines(raw, place) if mapping is None else Table(raw, mapping, place)


async def bring(
    runtime: Runtime,
    dealer: DealerId,
    source_id: UUID,
    path: Path,
    *,
    mapping: FileMapping | None,
    dry_run: bool,
    progress: Callable[[int, int], None] = lambda *_: None,
) -> Report:
    """Record a file's orders and appointments. With `dry_run` everything is tried and nothing kept."""
    async with runtime.work(dealer) as work:
        house, source = await store.dealer(work.session, dealer), await store.source(work.session, dealer, source_id)
    if source is None:
        raise NotFound("This dealer has no such source. Make it first: autoflows connect file …")
    pile = read(path, mapping, Place(house.country, ZoneInfo(house.timezone)) if house else Place("DK", ZoneInfo("UTC")))
    bringing = Bringing(runtime, dealer, source, dry_run=dry_run)
    await bringing.begin(path.name, pile.header)
    done = 0
    for slice_ in _slices(pile.entries()):
        await bringing.record(slice_)
        progress(done := done + len(slice_), len(pile))
    return await bringing.end()


class Bringing:
    """One file on its way into one source."""

    def __init__(self, runtime: Runtime, dealer: DealerId, source: Any, *, dry_run: bool) -> None:
        self._runtime, self._dealer, self._source, self._dry_run = runtime, dealer, source, dry_run
        self._import_id, self._report = new_id(), Report()

    async def begin(self, file: str, header: str | None) -> None:
        if not self._dry_run:
            async with self._runtime.work(self._dealer) as work:
                await store.begin_import(
                    work.session, self._dealer, self._import_id, self._source.source_id, file=file, header=header, at=work.now
                )

    async def record(self, entries: Sequence[Entry]) -> None:
        """Record a slice in one transaction; where one of it cannot be told, each in its own, and that one is bad."""
        try:
            self._count(entries, await self._in_one(entries))
        except (ValueError, ArithmeticError) as error:
            for entry in _apart(entries, error):
                await self.record([entry])

    async def end(self) -> Report:
        source = self._source
        if not self._dry_run:
            async with self._runtime.work(self._dealer) as work:
                await store.count_imported(
                    work.session, self._dealer, self._import_id, recorded=0, unchanged=0, bad=0, ended_at=work.now
                )
                await store.change_source(work.session, self._dealer, source.source_id, state="fine", fresh_at=work.now)
                await Recorder.of(work, source).source(title=source.title, kind=source.kind, fresh_at=work.now, polled=False)
        self._report.bad.sort()
        return self._report

    async def _in_one(self, entries: Sequence[Entry]) -> int:
        recorded = 0
        with contextlib.suppress(_TriedOnly):
            async with self._runtime.work(self._dealer) as work:
                recorder = Recorder.of(work, self._source)
                for entry in entries:
                    recorded += await _told(recorder, entry)
                if self._dry_run:
                    raise _TriedOnly
                await self._keep(work, entries, recorded)
        return recorded

    async def _keep(self, work: Work, entries: Sequence[Entry], recorded: int) -> None:
        """What was recorded is mended, unless a later row of it is bad; what is bad is kept."""
        source = self._source.source_id
        names = [entry.name for entry in entries if entry.thing is not None and entry.name is not None]
        await store.mended(work.session, work.dealer, source, names)
        kept = [
            store.Kept(self._import_id, bad.spot.line, bad.spot.raw, bad.problem, entry.name)
            for entry in entries
            for bad in entry.bad
        ]
        await store.keep(work.session, work.dealer, source, work.now, *kept)
        unchanged = sum(entry.thing is not None for entry in entries) - recorded
        await store.count_imported(
            work.session, work.dealer, self._import_id, recorded=recorded, unchanged=unchanged, bad=len(kept)
        )

    def _count(self, entries: Sequence[Entry], recorded: int) -> None:
        report, things = self._report, [entry.thing for entry in entries if entry.thing is not None]
        report.recorded += recorded
        report.unchanged += len(things) - recorded
        report.appointments += sum(isinstance(thing, AppointmentSnapshot) for thing in things)
        report.bad += [BadLine(bad.spot.line, bad.problem) for entry in entries for bad in entry.bad]


class _TriedOnly(Exception):
    """Ends a transaction that was only tried."""


def _apart(entries: Sequence[Entry], error: Exception) -> Sequence[Entry]:
    """Each by itself; one that was by itself already is bad. Raises the error again where that was known before."""
    if len(entries) > 1:
        return entries
    if entries[0].thing is None:
        raise error
    return [entries[0].spoilt(f"it cannot be told: {error}")]


async def _told(recorder: Recorder, entry: Entry) -> bool:
    if entry.thing is None:
        return False
    if isinstance(entry.thing, OrderSnapshot):
        return await recorder.order(entry.thing)
    return await recorder.appointment(entry.thing)


def _slices(entries: Iterator[Entry]) -> Iterator[list[Entry]]:
    while slice_ := list(islice(entries, SLICE)):
        yield slice_
