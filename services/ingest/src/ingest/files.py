"""Bringing a file: in slices, with its progress as a row; bad rows are kept for repair by line, the rest goes in."""

import contextlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, NewType
from uuid import UUID
from zoneinfo import ZoneInfo

from common.errors import DomainError, NotFound
from common.ids import DealerId, new_id
from common.service import Runtime
from common.work import Work
from ingest import store
from ingest.domain.entries import MOST_ROWS, Entry, JsonLines, Pile, Place, Table
from ingest.domain.examples import number_of, shown
from ingest.domain.mapping import KINDS, ONE_OF, ContractLine, FileMapping, Kind
from ingest.domain.snapshots import (
    AppointmentSnapshot,
    ContractSnapshot,
    CustomerSnapshot,
    OrderSnapshot,
    Thing,
    VehicleRecord,
)
from ingest.recording import Recorder
from ingest.telling import Came

MAX_BYTES = 50 * 1024 * 1024
MAY_HAVE = f"at most {MAX_BYTES // 1024**2} MB and {MOST_ROWS:,} rows"
SLICE = 50  # recorded in one transaction: whoever else tells of this dealer waits for no more
MOST_EXAMPLES = 10  # of a dry run
_KIND_OF: dict[type[Thing], Kind] = {
    OrderSnapshot: "orders", AppointmentSnapshot: "appointments", ContractSnapshot: "contracts", CustomerSnapshot: "customers",
    VehicleRecord: "vehicles",
}  # fmt: skip


ImportId = NewType("ImportId", UUID)


class BadLine(NamedTuple):
    """A row that could not be used."""

    line: int
    problem: str
    column: str | None = None
    todo: str = ""


class Example(NamedTuple):
    """One of the first that are new or changed, as a dry run shows them."""

    came: str  # new, changed
    what: str  # order 4711
    said: str  # what it tells, or what of it changes


@dataclass
class Report:
    """What came of a file, or would."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    things: Counter[str] = field(default_factory=Counter)  # what those are
    bad: list[BadLine] = field(default_factory=list)
    examples: list[Example] = field(default_factory=list)
    taken_back: int = 0  # contracts that a complete file has no more
    note: str | None = None  # what else is to be known

    @property
    def recorded(self) -> int:
        return self.new + self.changed

    @property
    def kinds(self) -> str:
        """What it held, as words."""
        return " and ".join(kind for kind in KINDS if self.things[kind]) or "rows"


class Plan(NamedTuple):
    """How a file is read: the mapping (None: JSON lines), whether it is only tried, and whether it has every contract."""

    mapping: FileMapping | None
    dry_run: bool = False
    complete: bool = False


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
    return parse(raw, mapping, place)


def parse(raw: bytes, mapping: FileMapping | None, place: Place) -> Pile:
    """A file's content, whatever it is written in. Raises DomainError for one that cannot be read at all."""
    return JsonLines(raw, place) if mapping is None else Table(raw, mapping, place)


async def place_of(work: Work) -> Place:
    """Where this dealer reads files."""
    house = await store.dealer(work.session, work.dealer)
    return Place(house.country, ZoneInfo(house.timezone)) if house else Place("DK", ZoneInfo("UTC"))


async def bring(
    runtime: Runtime,
    dealer: DealerId,
    source_id: UUID,
    path: Path,
    *,
    mapping: FileMapping | None,
    dry_run: bool,
    complete: bool = False,
    progress: Callable[[int, int], None] = lambda *_: None,
) -> Report:
    """Record what a file tells. With `dry_run` everything is tried and nothing kept."""
    async with runtime.work(dealer) as work:
        place, source = await place_of(work), await store.source(work.session, dealer, source_id)
    if source is None:
        raise NotFound("This dealer has no such source. Make it first: autoflows connect file …")
    pile = read(path, mapping, place)
    plan = Plan(mapping, dry_run, complete or (mapping is not None and mapping.complete))
    bringing = Bringing(runtime, dealer, source, plan, None if dry_run else ImportId(new_id()))
    await bringing.begin(path.name, pile)
    return await bringing.bring(pile, progress=progress)


class Bringing:
    """One file on its way into one source. Without an import's id nothing is noted of it."""

    def __init__(self, runtime: Runtime, dealer: DealerId, source: Any, plan: Plan, import_id: ImportId | None) -> None:
        self._runtime, self._dealer, self._source, self._plan = runtime, dealer, source, plan
        self._import_id, self.report = import_id, Report()

    async def begin(self, file: str, pile: Pile) -> None:
        """Note that a file is being brought."""
        if self._import_id is not None:
            async with self._runtime.work(self._dealer) as work:
                kind = self._plan.mapping.kind if self._plan.mapping is not None else None
                await store.begin_import(
                    work.session, self._dealer, self._import_id, self._source.source_id, file=file, header=pile.header, at=work.now,
                    state="running", kind=kind, rows=pile.rows, things=len(pile), complete=self._plan.complete,
                )  # fmt: skip

    async def bring(self, pile: Pile, *, done: int = 0, progress: Callable[[int, int], None] = lambda *_: None) -> Report:
        """Record what it tells, from where that was interrupted."""
        for slice_ in slices(islice(pile.entries(), done, None)):
            await self.record(slice_)
            progress(done := done + len(slice_), len(pile))
        await self.take_back(pile)
        return await self.end()

    async def record(self, entries: Sequence[Entry]) -> None:
        """Record a slice in one transaction; where one of it cannot be told, each in its own, and that one is bad."""
        try:
            self._count(entries, await self._in_one(entries))
        except (ValueError, ArithmeticError) as error:
            for entry in _apart(entries, error):
                await self.record([entry])

    async def take_back(self, pile: Pile) -> None:
        """A contract that a complete file has no more is no more: but not where a row hides which contract it tells of."""
        if not self._plan.complete:
            return
        there = pile.numbers("contract")
        if there is None:
            self.report.note = "A row tells of no contract that can be known again, so no contract was taken back."
            return
        try:
            async with self._runtime.work(self._dealer) as work:
                gone = await self._recorder(work).contracts_but(there)
        except DomainError as error:
            self.report.note = str(error)
            return
        self.report.taken_back = len(gone)
        for start in range(0, 0 if self._plan.dry_run else len(gone), SLICE):
            async with self._runtime.work(self._dealer) as work:
                await self._recorder(work).take_back(gone[start : start + SLICE])

    async def end(self) -> Report:
        """Note that it is over, and how fresh the source is by it."""
        source, report = self._source, self.report
        async with self._runtime.work(self._dealer) as work:
            if self._import_id is not None:
                over = {"taken_back": report.taken_back, "note": report.note, "ended_at": work.now, "state": "done"}
                await store.change_import(work.session, self._dealer, self._import_id, **over)
            if not self._plan.dry_run:
                await store.change_source(work.session, self._dealer, source.source_id, state="fine", fresh_at=work.now)
                await self._recorder(work).source(title=source.title, kind=source.kind, fresh_at=work.now, polled=False)
        report.bad.sort(key=lambda bad: bad.line)
        return report

    def _recorder(self, work: Work) -> Recorder:
        lines: dict[str, ContractLine] = self._plan.mapping.contract_lines if self._plan.mapping is not None else {}
        return Recorder.of(work, self._source, lines)

    async def _in_one(self, entries: Sequence[Entry]) -> list[Came]:
        """What each that can be used changed."""
        came = []
        with contextlib.suppress(_TriedOnly):
            async with self._runtime.work(self._dealer) as work:
                recorder = self._recorder(work)
                for entry in entries:
                    if entry.thing is not None:
                        came.append(await self._one(recorder, entry))
                if self._plan.dry_run:
                    raise _TriedOnly
                await self._keep(work, entries)
                await self._note(work, entries, came)
        if self._plan.dry_run and self._import_id is not None:
            async with self._runtime.work(self._dealer) as work:
                await self._note(work, entries, came)
        return came

    async def _one(self, recorder: Recorder, entry: Entry) -> Came:
        """Record one; of the first few that a dry run would change, show what."""
        assert entry.thing is not None
        if not self._plan.dry_run or len(self.report.examples) >= MOST_EXAMPLES:
            return await recorder.record(entry.thing)
        before = await recorder.as_told(entry.thing)
        came = await recorder.record(entry.thing)
        if came:
            what = f"{ONE_OF[_KIND_OF[type(entry.thing)]]} {number_of(entry.thing)}"
            said = shown(before, await recorder.as_told(entry.thing))
            self.report.examples.append(Example(came.name.lower(), what, said))
        return came

    async def _keep(self, work: Work, entries: Sequence[Entry]) -> None:
        """What was recorded is mended; what is bad is kept, in the place of what was bad of it before."""
        source = self._source.source_id
        names = [entry.name for entry in entries if entry.name is not None]
        await store.mended(work.session, work.dealer, source, names)
        origin = self._import_id or new_id()
        kept = [
            store.Kept(origin, bad.spot.line, bad.spot.raw, bad.problem, entry.name) for entry in entries for bad in entry.bad
        ]
        await store.keep(work.session, work.dealer, source, work.now, *kept)

    async def _note(self, work: Work, entries: Sequence[Entry], came: Sequence[Came]) -> None:
        """How far it is, and what was bad: with what was recorded, so that after a crash it goes on behind it."""
        if self._import_id is None:
            return
        bad = [
            store.Finding(one.spot.line, one.column, one.problem, one.todo, one.spot.raw)
            for entry in entries
            for one in entry.bad
        ]
        await store.report(work.session, work.dealer, self._import_id, bad)
        counted = Counter(came)
        await store.count_imported(
            work.session, work.dealer, self._import_id, done=len(entries), rows_read=sum(entry.rows for entry in entries),
            new=counted[Came.NEW], changed=counted[Came.CHANGED], unchanged=counted[Came.UNCHANGED], bad=len(bad),
            recorded=counted[Came.NEW] + counted[Came.CHANGED],
        )  # fmt: skip
        if self.report.examples:
            examples = [example._asdict() for example in self.report.examples]
            await store.change_import(work.session, work.dealer, self._import_id, examples=examples)

    def _count(self, entries: Sequence[Entry], came: Sequence[Came]) -> None:
        report, counted = self.report, Counter(came)
        report.new += counted[Came.NEW]
        report.changed += counted[Came.CHANGED]
        report.unchanged += counted[Came.UNCHANGED]
        report.things.update(_KIND_OF[type(entry.thing)] for entry in entries if entry.thing is not None)
        report.bad += [BadLine(bad.spot.line, bad.problem, bad.column, bad.todo) for entry in entries for bad in entry.bad]


class _TriedOnly(Exception):
    """Ends a transaction that was only tried."""


def _apart(entries: Sequence[Entry], error: Exception) -> Sequence[Entry]:
    """Each by itself; one that was by itself already is bad. Raises the error again where that was known before."""
    if len(entries) > 1:
        return entries
    if entries[0].thing is None:
        raise error
    return [entries[0].spoilt(f"it cannot be told: {error}")]


def slices(entries: Iterator[Entry]) -> Iterator[list[Entry]]:
    """So many at a time as are recorded in one transaction."""
    while slice_ := list(islice(entries, SLICE)):
        yield slice_
