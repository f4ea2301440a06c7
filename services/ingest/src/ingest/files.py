"""Bringing a file: in slices, with its progress as a row; bad rows are kept for repair by line, the rest goes in."""

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from common.errors import DomainError, NotFound
from common.ids import DealerId, new_id
from common.service import Runtime
from ingest import store
from ingest.domain import csvfile, jsonl
from ingest.domain.csvfile import Row
from ingest.domain.mapping import BadRow, FileMapping, appointment_of, order_of
from ingest.domain.snapshots import AppointmentSnapshot, OrderSnapshot, TooLarge
from ingest.recording import Recorder

Thing = OrderSnapshot | AppointmentSnapshot
MAX_BYTES = 50 * 1024 * 1024
SLICE = 200


@dataclass(frozen=True)
class Bad:
    """A row that could not be used."""

    line: int
    raw: str
    problem: str
    number: str | None = None  # of its order, where that can be read


@dataclass
class Report:
    """What came of a file."""

    kinds: str = "orders"
    recorded: int = 0
    unchanged: int = 0
    bad: list[Bad] = field(default_factory=list)


@dataclass
class Found:
    """The orders and appointments of a file, each as it last stands in it, and the rows that cannot be used."""

    things: list[Thing]
    bad: list[Bad]
    header: str | None = None

    def kinds(self) -> str:
        """What it holds, as a word."""
        appointments = sum(isinstance(thing, AppointmentSnapshot) for thing in self.things)
        if not appointments:
            return "orders"
        return "appointments" if appointments == len(self.things) else "orders and appointments"


@dataclass(frozen=True)
class Place:
    """Where a file is read: how numbers are dialled and what the clock on the wall says."""

    country: str
    zone: ZoneInfo


def read(path: Path, mapping: FileMapping | None, place: Place) -> Found:
    """Read a file. Raises DomainError for one that cannot be read at all."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise DomainError(f"{path} has more than {MAX_BYTES:,} bytes; bring it in parts.", code="too_large")
        raw = path.read_bytes()
    except OSError as error:
        raise DomainError(f"{path} cannot be read: {error.strerror}.", code="no_file") from None
    return _json_lines(raw, place) if mapping is None else _csv(raw, mapping, place)


def _json_lines(raw: bytes, place: Place) -> Found:
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise DomainError("The file is UTF-16; JSON lines are UTF-8.", code="bad_encoding")
    things: dict[tuple[type, str], Thing] = {}
    bad = []
    for line, told in enumerate(raw.removeprefix(b"\xef\xbb\xbf").split(b"\n"), 1):
        if told.strip():
            try:
                thing = jsonl.thing_of(told, place.country, place.zone)
                things[type(thing), thing.number] = thing
            except (BadRow, TooLarge) as error:
                bad.append(Bad(line, told.decode("utf-8", "replace"), str(error)))
    return Found(list(things.values()), bad)


def _csv(raw: bytes, mapping: FileMapping, place: Place) -> Found:
    """Rows with the same number are one order, wherever they stand; one bad row makes its order bad."""
    text = csvfile.decode(raw, mapping.encoding)
    rows: dict[str, list[Row]] = {}
    things: list[Thing] = []
    bad = []
    for row in csvfile.rows(text, mapping):
        if row.problem is not None:
            bad.append(Bad(row.line, row.raw, row.problem, row.cells.get("number") or None))
        rows.setdefault(row.cells.get("number", ""), []).append(row)
    rows.pop("", None)
    spoilt = {row.line for row in bad}
    for number, own in rows.items():
        try:
            if any(row.line in spoilt for row in own):
                raise BadRow("another row of it cannot be used")
            things.append(_thing([row.cells for row in own], mapping, place))
        except (BadRow, TooLarge) as error:
            kind = "appointment" if mapping.has_appointments() else "order"
            bad += [Bad(row.line, row.raw, f"{kind} {number}: {error}", number) for row in own if row.line not in spoilt]
    return Found(things, sorted(bad, key=lambda row: row.line), csvfile.header(text, mapping))


def _thing(rows: Sequence[Mapping[str, str]], mapping: FileMapping, place: Place) -> Thing:
    if mapping.has_appointments():
        return appointment_of(rows[-1], mapping, place.country, place.zone)
    return order_of(rows, mapping, place.country)


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
    found = read(path, mapping, Place(house.country, ZoneInfo(house.timezone)) if house else Place("DK", ZoneInfo("UTC")))
    report, import_id = Report(found.kinds(), bad=found.bad), new_id()
    if not dry_run:
        async with runtime.work(dealer) as work:
            await store.begin_import(work.session, dealer, import_id, source_id, file=path.name, header=found.header, at=work.now)
            kept = [store.Kept(source_id, import_id, row.line, row.raw, row.problem, row.number) for row in found.bad]
            await store.keep(work.session, dealer, work.now, *kept)
            await store.count_imported(work.session, dealer, import_id, recorded=0, unchanged=0, bad=len(found.bad))
    for start in range(0, len(found.things), SLICE):
        await _record(runtime, dealer, source, import_id, found.things[start : start + SLICE], report, dry_run)
        progress(start, len(found.things))
    if not dry_run:
        async with runtime.work(dealer) as work:
            await store.count_imported(work.session, dealer, import_id, recorded=0, unchanged=0, bad=0, ended_at=work.now)
            await store.change_source(work.session, dealer, source_id, state="fine", fresh_at=work.now)
            await Recorder.of(work, source).source(title=source.title, kind=source.kind, fresh_at=work.now, polled=False)
    return report


class _TriedOnly(Exception):
    """Ends a transaction that was only tried."""


async def _record(
    runtime: Runtime,
    dealer: DealerId,
    source: Any,
    import_id: UUID,
    things: Sequence[Thing],
    report: Report,
    dry_run: bool,
) -> None:
    recorded = 0
    with contextlib.suppress(_TriedOnly):
        async with runtime.work(dealer) as work:
            recorder = Recorder.of(work, source)
            for thing in things:
                told = recorder.order(thing) if isinstance(thing, OrderSnapshot) else recorder.appointment(thing)
                recorded += await told
            if dry_run:
                raise _TriedOnly
            unchanged = len(things) - recorded
            await store.count_imported(work.session, dealer, import_id, recorded=recorded, unchanged=unchanged, bad=0)
            await store.mended(work.session, dealer, source.source_id, [thing.number for thing in things])
    report.recorded += recorded
    report.unchanged += len(things) - recorded
