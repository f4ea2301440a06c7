"""Bringing a file: in slices, with its progress as a row; bad rows are kept for repair by line, the rest goes in."""

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from common.errors import DomainError, NotFound
from common.ids import DealerId, new_id
from common.service import Runtime
from ingest import store
from ingest.domain import csvfile, jsonl
from ingest.domain.csvfile import Row
from ingest.domain.mapping import BadRow, FileMapping, order_of
from ingest.domain.snapshots import OrderSnapshot
from ingest.recording import Recorder

MAX_BYTES = 50 * 1024 * 1024
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


@dataclass
class Found:
    """The orders of a file, each as it last stands in it, and the rows that cannot be used."""

    orders: list[OrderSnapshot]
    bad: list[Bad]


def read(path: Path, mapping: FileMapping | None, country: str) -> Found:
    """Read a file. Raises DomainError for one that cannot be read at all."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise DomainError(f"{path} has more than {MAX_BYTES:,} bytes; bring it in parts.", code="too_large")
        raw = path.read_bytes()
    except OSError as error:
        raise DomainError(f"{path} cannot be read: {error.strerror}.", code="no_file") from None
    return _json_lines(raw, country) if mapping is None else _csv(raw, mapping, country)


def _json_lines(raw: bytes, country: str) -> Found:
    orders: dict[str, OrderSnapshot] = {}
    bad = []
    for line, told in enumerate(raw.removeprefix(b"\xef\xbb\xbf").split(b"\n"), 1):
        if told.strip():
            try:
                order = jsonl.order_of(told, country)
                orders[order.number] = order
            except BadRow as error:
                bad.append(Bad(line, told.decode("utf-8", "replace"), str(error)))
    return Found(list(orders.values()), bad)


def _csv(raw: bytes, mapping: FileMapping, country: str) -> Found:
    """Rows with the same number are one order, wherever they stand; one bad row makes its order bad."""
    rows: dict[str, list[Row]] = {}
    orders, bad = [], []
    for row in csvfile.rows(csvfile.decode(raw, mapping.encoding), mapping):
        if row.problem is not None:
            bad.append(Bad(row.line, row.raw, row.problem))
        rows.setdefault(row.cells.get("number", ""), []).append(row)
    rows.pop("", None)
    spoilt = {row.line for row in bad}
    for number, own in rows.items():
        try:
            if any(row.line in spoilt for row in own):
                raise BadRow("another row of it cannot be used")
            orders.append(order_of([row.cells for row in own], mapping, country))
        except BadRow as error:
            bad += [Bad(row.line, row.raw, f"order {number}: {error}") for row in own if row.line not in spoilt]
    return Found(orders, sorted(bad, key=lambda row: row.line))


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
    """Record a file's orders. With `dry_run` everything is tried and nothing kept."""
    async with runtime.work(dealer) as work:
        house, source = await store.dealer(work.session, dealer), await store.source(work.session, dealer, source_id)
    if source is None:
        raise NotFound("This dealer has no such source. Make it first: autoflows connect file …")
    found = read(path, mapping, house.country if house else "DK")
    report, import_id = Report(bad=found.bad), new_id()
    if not dry_run:
        async with runtime.work(dealer) as work:
            await store.begin_import(work.session, dealer, import_id, source_id, path.name, work.now)
            for row in found.bad:
                await store.keep(work.session, dealer, import_id, row.line, row.raw, row.problem, work.now)
            await store.count_imported(work.session, dealer, import_id, recorded=0, unchanged=0, bad=len(found.bad))
    for start in range(0, len(found.orders), SLICE):
        await _record(runtime, dealer, source, import_id, found.orders[start : start + SLICE], report, dry_run)
        progress(start, len(found.orders))
    if not dry_run:
        async with runtime.work(dealer) as work:
            await store.count_imported(work.session, dealer, import_id, recorded=0, unchanged=0, bad=0, ended_at=work.now)
            recorder = Recorder(work, source_id, tuple(source.config["gives"]))
            await recorder.source(title=source.title, kind=source.kind, fresh_at=work.now, polled=False)
    return report


class _TriedOnly(Exception):
    """Ends a transaction that was only tried."""


async def _record(
    runtime: Runtime,
    dealer: DealerId,
    source: Any,
    import_id: UUID,
    orders: Sequence[OrderSnapshot],
    report: Report,
    dry_run: bool,
) -> None:
    recorded = 0
    with contextlib.suppress(_TriedOnly):
        async with runtime.work(dealer) as work:
            recorder = Recorder(work, source.source_id, tuple(source.config["gives"]))
            for order in orders:
                recorded += await recorder.order(order)
            if dry_run:
                raise _TriedOnly
            unchanged = len(orders) - recorded
            await store.count_imported(work.session, dealer, import_id, recorded=recorded, unchanged=unchanged, bad=0)
    report.recorded += recorded
    report.unchanged += len(orders) - recorded
