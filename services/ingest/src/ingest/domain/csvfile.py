"""A table as it comes: its encoding, its header, and rows that survive a broken one before them."""

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from common.errors import DomainError
from ingest.domain.mapping import ONE_OF, FileMapping

MAX_CELL = 10_000
_MARKS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
_MAX_LINES = 50  # of one row: a quote that is never closed does not swallow the file


@dataclass(frozen=True)
class Row:
    """A row by field, with its line; or a problem."""

    line: int
    raw: str
    cells: dict[str, str] = field(default_factory=dict)
    problem: str | None = None
    name: str = ""  # of what it tells; empty where nothing tells that apart


def lines(text: str) -> list[str]:
    """A text's lines with their ends, whatever ends them."""
    return _LINE.findall(text)


def decode(raw: bytes, encoding: str) -> str:
    """A file's text; its mark, where it has one, says more than the mapping. Raises DomainError for another encoding."""
    encoding = next((told for mark, told in _MARKS.items() if raw.startswith(mark)), encoding)
    if encoding == "auto":
        encoding = "utf-8" if _is_utf8(raw) else "cp1252"
    if encoding == "cp1252" and not raw.isascii() and _is_utf8(raw):
        raise DomainError("The file is UTF-8, and its mapping says cp1252: its letters would be garbled.", code="bad_encoding")
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise DomainError(
            f"The file is not {encoding}: line {line} does not fit. Say its encoding in the mapping.", code="bad_encoding"
        ) from error
    if "\x00" in text:
        raise DomainError("The file holds NUL characters, so it is not text of that encoding.", code="bad_encoding")
    return text


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True


class Sheet:
    """The lines of a CSV, whose rows can be read again by their line, so that nobody need keep them all. Raises DomainError where
    its header does not fit the mapping."""

    def __init__(self, lines: Sequence[str], mapping: FileMapping) -> None:
        self._mapping, self._lines = mapping, lines
        begins = next((place for place, line in enumerate(lines) if line.strip()), 0)
        header, self._first = self._record(begins) if self._lines else ([], 0)
        if not header or not any(header):
            raise DomainError("The file is empty, or its first line is no header.", code="empty_file")
        self.header = "".join(self._lines[begins : self._first])
        self._fields = _fields([name.strip() for name in header], mapping)

    def rows(self) -> Iterator[Row]:
        """Every row that is not blank."""
        at = self._first
        while at < len(self._lines):
            row, at = self._read(at)
            if row is not None:
                yield row

    def row(self, line: int) -> Row:
        """The row that begins at a line."""
        row, _ = self._read(line - 1)
        assert row is not None
        return row

    def _read(self, at: int) -> tuple[Row | None, int]:
        cells, after = self._record(at)
        if cells is None or (after - at > 1 and len(cells) != len(self._fields)):  # only this line is lost
            return Row(at + 1, self._lines[at], problem="it cannot be read as CSV; a quote is probably not closed"), at + 1
        if not any(cell.strip() for cell in cells):
            return None, after
        return _row(at + 1, "".join(self._lines[at:after]), cells, self._fields, self._mapping), after

    def _record(self, at: int) -> tuple[list[str] | None, int]:
        """The cells of the record that begins at a line, None where it is none; and where the next one begins."""
        reader = csv.reader(iter(self._lines[at : at + _MAX_LINES]), delimiter=self._mapping.delimiter, strict=True)
        try:
            return next(reader, []), at + reader.line_num
        except csv.Error:
            return None, at + 1


def _fields(header: Sequence[str], mapping: FileMapping) -> list[str | None]:
    missing = sorted(set(mapping.columns) - set(header))
    if missing:
        raise DomainError(
            f"The file has no column {', '.join(missing)}; it has {', '.join(header[:50])}.", code="missing_columns"
        )
    twice = sorted({name for name in mapping.columns if header.count(name) > 1})
    if twice:
        raise DomainError(f"Two columns of the file are named {', '.join(twice)}.", code="double_columns")
    return [mapping.columns.get(name) for name in header]


def _row(line: int, raw: str, cells: Sequence[str], fields: Sequence[str | None], mapping: FileMapping) -> Row:
    named = {name: _meant(name, cell.strip(), mapping) for name, cell in zip(fields, cells, strict=False) if name}
    found = {**mapping.defaults, **{name: cell for name, cell in named.items() if cell or name not in mapping.defaults}}
    problem, number = None, mapping.number_of(found)
    if len(cells) != len(fields):
        problem = f"it has {len(cells)} columns, the header {len(fields)}"
    elif any(len(cell) > MAX_CELL for cell in found.values()):
        problem = f"a cell has more than {MAX_CELL:,} characters"
    elif not number:
        problem = f"it has no {ONE_OF[mapping.kind]} number"
    return Row(line, raw, found, problem, number)


def _meant(field: str, cell: str, mapping: FileMapping) -> str:
    return mapping.words[field].get(cell, cell) if field in mapping.words else cell
