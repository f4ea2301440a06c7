"""What stands in a file: its orders and appointments, each read when its turn comes, so that nobody holds them all."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol
from zoneinfo import ZoneInfo

from common.errors import DomainError
from ingest.domain import csvfile, jsonl
from ingest.domain.mapping import BadRow, FileMapping, appointment_of, order_of
from ingest.domain.snapshots import AppointmentSnapshot, OrderSnapshot, TooLarge

Thing = OrderSnapshot | AppointmentSnapshot
MOST_ROWS = 500_000  # of one file


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
    """A row that could not be used."""

    spot: Spot
    problem: str


@dataclass(frozen=True)
class Entry:
    """An order or appointment as it last stands in a file, with its rows; or none. `name` finds again what is kept of it."""

    thing: Thing | None
    spots: tuple[Spot, ...] = ()
    bad: tuple[Bad, ...] = ()
    name: str | None = None

    def spoilt(self, problem: str) -> "Entry":
        """The same, when it turned out that it cannot be told."""
        return Entry(None, bad=(*self.bad, *(Bad(spot, problem) for spot in self.spots)), name=self.name)


def kept_name(kind: str, number: str) -> str | None:
    """The name under which bad rows of an order or appointment are kept: a file may number both alike."""
    return (f"appointment-{number}" if kind == "appointment" else number) or None


class Pile(Protocol):
    """A file whose entries can be read."""

    @property
    def header(self) -> str | None: ...

    def __len__(self) -> int: ...

    def entries(self) -> Iterator[Entry]: ...


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

    def __len__(self) -> int:
        return len(self._where)

    def entries(self) -> Iterator[Entry]:
        for (kind, number), lines in self._where.items():
            yield self._entry(lines, kept_name(kind, number) if kind else None)

    def _entry(self, lines: Sequence[int], name: str | None) -> Entry:
        thing: Thing | None = None
        spots: tuple[Spot, ...] = ()
        bad = []
        for line in lines:
            spot = Spot(line, self._lines[line - 1].decode("utf-8", "replace"))
            try:
                thing = jsonl.thing_of(self._lines[line - 1], self._place.country, self._place.zone)
                spots = (spot,)
            except (BadRow, TooLarge) as error:
                bad.append(Bad(spot, str(error)))
        return Entry(thing, spots, tuple(bad), name)


class Table:
    """A CSV: rows with the same number are one order, wherever they stand; one bad row makes its order bad. Raises DomainError."""

    def __init__(self, raw: bytes, mapping: FileMapping, place: Place) -> None:
        self._sheet = csvfile.Sheet(csvfile.decode(raw, mapping.encoding), mapping)
        self._mapping, self._place, self.header = mapping, place, self._sheet.header
        self._kind = "appointment" if mapping.has_appointments() else "order"
        self._where: dict[str, list[int]] = {}
        for count, row in enumerate(self._sheet.rows(), 1):
            _must_not_exceed(count)
            self._where.setdefault(row.cells.get("number", ""), []).append(row.line)

    def __len__(self) -> int:
        return len(self._where)

    def entries(self) -> Iterator[Entry]:
        for number, lines in self._where.items():
            if number:
                yield self._entry(number, [self._sheet.row(line) for line in lines])
            else:  # rows of no order have nothing in common
                yield from (self._entry(number, [self._sheet.row(line)]) for line in lines)

    def _entry(self, number: str, rows: Sequence[csvfile.Row]) -> Entry:
        spots = tuple(Spot(row.line, row.raw) for row in rows)
        problem = "another row of it cannot be used"
        if all(row.problem is None for row in rows):
            try:
                return Entry(self._thing(rows), spots, name=kept_name(self._kind, number))
            except (BadRow, TooLarge) as error:
                problem = str(error)
        told = [row.problem or f"{self._kind} {number}: {problem}" for row in rows]
        return Entry(None, (), tuple(map(Bad, spots, told)), kept_name(self._kind, number) if number else None)

    def _thing(self, rows: Sequence[csvfile.Row]) -> Thing:
        cells = [row.cells for row in rows]
        if self._mapping.has_appointments():
            return appointment_of(cells[-1], self._mapping, self._place.country, self._place.zone)
        return order_of(cells, self._mapping, self._place.country)


def _must_not_exceed(rows: int) -> None:
    if rows > MOST_ROWS:
        raise DomainError(
            f"The file has more than {MOST_ROWS:,} rows; bring it in parts, with the rows of one order in one.", code="too_large"
        )
