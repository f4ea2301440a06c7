"""What stands in a file: its orders, appointments, contracts, customers and vehicles, each read when its turn comes, so that nobody
holds them all."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol
from zoneinfo import ZoneInfo

from common.errors import DomainError
from ingest.domain import csvfile, jsonl, workbook
from ingest.domain.mapping import ONE_OF, BadRow, FileMapping
from ingest.domain.rows import thing_of
from ingest.domain.snapshots import Thing, TooLarge

MOST_ROWS = 1_000_000  # of one file
_SHORTEN = "Bring it in parts: the others can be told no more of one."


@dataclass(frozen=True)
class Place:
    """Where a file is read: how numbers are dialled and what the clock on the wall says."""

    country: str
    zone: ZoneInfo


@dataclass(frozen=True)
class Spot:
    """A row as it stands in a file."""

    line: int
    raw: str


@dataclass(frozen=True)
class Bad:
    """A row that could not be used: where it stands, why, in which column, and what to do."""

    spot: Spot
    problem: str
    column: str | None = None
    todo: str = "Correct the row and bring it again."


@dataclass(frozen=True)
class Entry:
    """One thing as it last stands in a file, with its rows; or none. `name` finds again what is kept of it; `rows` are all that it
    stands in."""

    thing: Thing | None
    spots: tuple[Spot, ...] = ()
    bad: tuple[Bad, ...] = ()
    name: str | None = None

    @property
    def rows(self) -> int:
        return len(self.spots) + len(self.bad)

    def spoilt(self, problem: str) -> "Entry":
        """The same, when it turned out that it cannot be told."""
        return Entry(None, bad=(*self.bad, *(Bad(spot, problem) for spot in self.spots)), name=self.name)


def kept_name(kind: str, number: str) -> str | None:
    """The name under which bad rows of a thing are kept: a file may number orders and appointments alike."""
    return (number if kind == "order" else f"{kind}-{number}") if number else None


class Pile(Protocol):
    """A file whose entries can be read."""

    @property
    def header(self) -> str | None: ...

    @property
    def rows(self) -> int: ...

    def __len__(self) -> int: ...

    def entries(self) -> Iterator[Entry]: ...

    def numbers(self, kind: str) -> set[str] | None:
        """The numbers of all contracts (or what else) that stand in it, usable or not; None where some row tells none."""


class JsonLines:
    """JSON lines; of what stands in several, the last that can be used counts. Raises DomainError."""

    header = None

    def __init__(self, raw: bytes, place: Place) -> None:
        if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
            raise DomainError("The file is UTF-16; JSON lines are UTF-8.", code="bad_encoding")
        self._lines, self._place = raw.removeprefix(b"\xef\xbb\xbf").split(b"\n"), place
        _must_not_exceed(len(self._lines))
        self._where: dict[tuple[str, str], list[int]] = {}
        for line, told in enumerate(self._lines, 1):
            if told.strip():
                self._where.setdefault(jsonl.name_of(told) or ("", str(line)), []).append(line)
        self.rows = sum(map(len, self._where.values()))

    def __len__(self) -> int:
        return len(self._where)

    def entries(self) -> Iterator[Entry]:
        for (kind, number), lines in self._where.items():
            yield self._entry(lines, kept_name(kind, number) if kind else None)

    def numbers(self, kind: str) -> set[str] | None:
        if any(not known for known, _ in self._where):
            return None
        return {number for known, number in self._where if known == kind}

    def _entry(self, lines: Sequence[int], name: str | None) -> Entry:
        thing: Thing | None = None
        spots: tuple[Spot, ...] = ()
        bad = []
        for line in lines:
            spot = Spot(line, self._lines[line - 1].decode("utf-8", "replace"))
            try:
                thing = jsonl.thing_of(self._lines[line - 1], self._place.country, self._place.zone)
                spots = (*spots, spot)
            except (BadRow, TooLarge) as error:
                bad.append(_bad(spot, str(error), error, None))
        return Entry(thing, spots, tuple(bad), name)


class Table:
    """A CSV or a workbook: rows with the same number are one thing, wherever they stand; one bad row of an order makes the order
    bad. Raises DomainError."""

    def __init__(self, raw: bytes, mapping: FileMapping, place: Place) -> None:
        self._sheet = csvfile.Sheet(_lines(raw, mapping), mapping)
        self._mapping, self._place, self.header = mapping, place, self._sheet.header
        self._kind, self.rows = ONE_OF[mapping.kind], 0
        self._where: dict[str, list[int]] = {}
        for row in self._sheet.rows():
            self.rows += 1
            _must_not_exceed(self.rows)
            self._where.setdefault(row.name, []).append(row.line)

    def __len__(self) -> int:
        return len(self._where) + max(len(self._where.get("", ())) - 1, 0)

    def entries(self) -> Iterator[Entry]:
        for number, lines in self._where.items():
            if number:
                yield self._entry(number, [self._sheet.row(line) for line in lines])
            else:  # rows of nothing have nothing in common
                yield from (self._entry(number, [self._sheet.row(line)]) for line in lines)

    def numbers(self, kind: str) -> set[str] | None:
        return set(self._where) if "" not in self._where and kind == self._kind else None

    def _entry(self, number: str, rows: Sequence[csvfile.Row]) -> Entry:
        spots, name = tuple(Spot(row.line, row.raw) for row in rows), kept_name(self._kind, number)
        said, error = "another row of it cannot be used", None
        if all(row.problem is None for row in rows):
            try:
                cells = [row.cells for row in rows]
                return Entry(thing_of(cells, self._mapping, self._place.country, self._place.zone), spots, name=name)
            except (BadRow, TooLarge) as found:
                said, error = str(found), found
        told = f"{self._kind} {number}: {said}"
        bad = [
            _bad(spot, row.problem or told, error if row.problem is None else None, self._mapping)
            for spot, row in zip(spots, rows, strict=True)
        ]
        return Entry(None, (), tuple(bad), name)


def _lines(raw: bytes, mapping: FileMapping) -> list[str]:
    if raw.startswith(workbook.OLD_MARK):
        raise DomainError(
            "The file is a workbook of an old kind, or one with a password. Save it as XLSX without one.", code="bad_workbook"
        )
    if raw.startswith(workbook.MARK):
        return workbook.lines(raw, mapping)
    return csvfile.lines(csvfile.decode(raw, mapping.encoding))


def _bad(spot: Spot, problem: str, error: Exception | None, mapping: FileMapping | None) -> Bad:
    if isinstance(error, TooLarge):
        return Bad(spot, problem, todo=_SHORTEN)
    if not isinstance(error, BadRow):
        return Bad(spot, problem)
    return Bad(spot, problem, mapping.column(error.field) if mapping else error.field, error.todo)


def _must_not_exceed(rows: int) -> None:
    if rows > MOST_ROWS:
        raise DomainError(
            f"The file has more than {MOST_ROWS:,} rows; bring it in parts, with the rows of one order in one.", code="too_large"
        )
