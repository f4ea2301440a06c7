"""Bringing a file: in slices, with its progress as a row; bad rows are kept for repair by line, the rest goes in."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from uuid import UUID

from common.errors import DomainError, NotFound
from common.ids import DealerId, new_id
from common.service import Runtime
from ingest import store
from ingest.domain import jsonl
from ingest.domain.mapping import BadRow, FileMapping, csv_rows, decode, order_of
from ingest.domain.snapshots import OrderSnapshot
from ingest.recording import Recorder

MAX_BYTES = 200 * 1024 * 1024
SLICE = 200


@dataclass(frozen=True)
class Bad:
    """A row that could not be used."""

    line: int
    raw: str
    problem: str


@dataclass
class Report:
    """What came of a file."""

    recorded: int = 0
    unchanged: int = 0
    bad: list[Bad] = field(default_factory=list)


Row = tuple[int, OrderSnapshot | Bad]


def read(path: Path, mapping: FileMapping | None, country: str) -> Iterator[Row]:
    """The orders of a file, each with its line. Raises DomainError for a file that cannot be read at all."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise DomainError(f"{path} has more than {MAX_BYTES:,} bytes; bring it in parts.", code="too_large")
        raw = path.read_bytes()
    except OSError as error:
        raise DomainError(f"{path} cannot be read: {error.strerror}.", code="no_file") from None
    if mapping is None:
        yield from _json_lines(raw, country)
    else:
        yield from _csv(decode(raw, mapping.encoding), mapping, country)


def _json_lines(raw: bytes, country: str) -> Iterator[Row]:
    for line, told in enumerate(raw.removeprefix(b"\xef\xbb\xbf").split(b"\n"), 1):
        if told.strip():
            try:
                yield line, jsonl.order_of(told, country)
            except BadRow as error:
                yield line, Bad(line, told.decode("utf-8", "replace"), str(error))


def _csv(text: str, mapping: FileMapping, country: str) -> Iterator[Row]:
    for number, rows in groupby(csv_rows(text, mapping), key=lambda row: row[1].get("number", "")):
        lines = list(rows)
        try:
            yield lines[0][0], order_of([cells for _, cells in lines], mapping, country)
        except BadRow as error:
            yield lines[0][0], Bad(lines[0][0], "\n".join(str(cells) for _, cells in lines), f"order {number or '–'}: {error}")


async def bring(
    runtime: Runtime,
    dealer: DealerId,
    source_id: UUID,
    path: Path,
    *,
    mapping: FileMapping | None,
    dry_run: bool,
    progress: Callable[[int], None] = lambda _: None,
) -> Report:
    """Record a file's orders. With `dry_run` everything is tried and nothing kept."""
    async with runtime.work(dealer) as work:
        house, source = await store.dealer(work.session, dealer), await store.source(work.session, dealer, source_id)
    if source is None:
        raise NotFound("This dealer has no such source. Make it first: autoflows connect file …")
    report, import_id = Report(), new_id()
    rows = read(path, mapping, house.country if house else "DK")
    first = list(_take(rows, SLICE))  # a file that cannot be read at all leaves no trace
    if not dry_run:
        async with runtime.work(dealer) as work:
            await store.begin_import(work.session, dealer, import_id, source_id, path.name, work.now)
    slice_ = first
    while slice_:
        await _record(runtime, dealer, source, import_id, slice_, report, dry_run)
        progress(report.recorded + report.unchanged + len(report.bad))
        slice_ = list(_take(rows, SLICE))
    if not dry_run:
        async with runtime.work(dealer) as work:
            await store.count_imported(work.session, dealer, import_id, recorded=0, unchanged=0, bad=0, ended_at=work.now)
            recorder = Recorder(work, source_id, tuple(source.config["gives"]))
            await recorder.source(title=source.title, kind=source.kind, fresh_at=work.now, polled=False)
    return report


class _TriedOnly(Exception):
    """Ends a transaction that was only tried."""


async def _record(
    runtime: Runtime, dealer: DealerId, source: object, import_id: UUID, slice_: list[Row], report: Report, dry_run: bool
) -> None:
    recorded = unchanged = 0
    bad = [told for _, told in slice_ if isinstance(told, Bad)]
    try:
        async with runtime.work(dealer) as work:
            recorder = Recorder(work, source.source_id, tuple(source.config["gives"]))  # type: ignore[attr-defined]  # a row
            for _, told in slice_:
                if isinstance(told, OrderSnapshot):
                    if await recorder.order(told):
                        recorded += 1
                    else:
                        unchanged += 1
            if dry_run:
                raise _TriedOnly
            for row in bad:
                await store.keep(work.session, dealer, import_id, row.line, row.raw, row.problem, work.now)
            await store.count_imported(work.session, dealer, import_id, recorded=recorded, unchanged=unchanged, bad=len(bad))
    except _TriedOnly:
        pass
    report.recorded += recorded
    report.unchanged += unchanged
    report.bad += bad


def _take(rows: Iterator[Row], count: int) -> Iterator[Row]:
    for _, row in zip(range(count), rows, strict=False):
        yield row
