"""A workbook (XLSX) as lines of a CSV: one line a row of one sheet, with the values of its formulas. What would fill the memory is
refused before it is unpacked."""

import csv
import io
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from itertools import zip_longest
from typing import Any

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, load_workbook

from common.errors import DomainError
from ingest.domain.csvfile import MAX_CELL
from ingest.domain.mapping import DATES, FileMapping
from ingest.domain.snapshots import EARLIEST, LATEST

MARK = b"PK\x03\x04"
OLD_MARK = b"\xd0\xcf\x11\xe0"  # a workbook before 2007, and one with a password
MOST_BYTES = 400 * 1024 * 1024  # of all that is packed in it
MOST_CELLS = 10_000_000  # of the rectangle that its cells span: all of it is laid out when it is read
MOST_PARTS = 5_000
_CHUNK = 1024 * 1024
_ROW = re.compile(rb"""\sr\s*=\s*["']\s*\$?[A-Za-z]{0,9}\$?(\d{1,12})""")
_COLUMN = re.compile(rb"""\sr\s*=\s*["']\s*\$?([A-Za-z]{1,9})\$?\d""")
_SERIAL_DAY_0 = date(1899, 12, 30)


def lines(raw: bytes, mapping: FileMapping) -> list[str]:
    """The rows of the mapping's sheet, each as a line of a CSV as the mapping has it. Raises DomainError."""
    _must_be_small(raw)
    return list(_written(_sheet(raw, mapping).iter_rows(), mapping))


def _written(rows: Iterable[list[Any]], mapping: FileMapping) -> Iterator[str]:
    """The header, which is the first row with anything in it, then every row; what stands beyond the header belongs to none."""
    header: list[str] = []
    fields: list[str | None] = []
    for row in rows:
        cells = [_text(cell, field, mapping) for cell, field in zip_longest(row[: len(header) or None], fields)]
        if not header and any(cells):
            header = cells = [cell.strip() for cell in cells[: max(place for place, cell in enumerate(cells, 1) if cell)]]
            fields = [mapping.columns.get(name) for name in header]
        yield _line(cells, mapping) if any(cells) else "\n"


def _must_be_small(raw: bytes) -> None:
    """Raises DomainError for what is no workbook, or would unpack to more than a file may have. What it says of itself counts
    for nothing: every part is unpacked, and thrown away."""
    left = MOST_BYTES
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as packed:
            parts = packed.infolist()
            if "xl/workbook.xml" not in packed.namelist() or len(parts) > MOST_PARTS:
                raise DomainError("The file is no XLSX workbook.", code="bad_workbook")
            for part in parts:
                part.file_size = left + 2 * _CHUNK  # as long as it is, not as long as it says
                rows, columns = 1, 1
                for chunk in _unpacked(packed, part):
                    left -= len(chunk)
                    if left < 0:
                        raise DomainError(f"The workbook unpacks to more than {MOST_BYTES // 1024**2} MB.", code="too_large")
                    if "/worksheets/" in part.filename:
                        rows = max(rows, *map(int, set(_ROW.findall(chunk))), 1)
                        columns = max(columns, *map(_place, set(_COLUMN.findall(chunk))), 1)
                if rows * columns > MOST_CELLS:
                    raise DomainError(
                        f"A sheet spans {rows:,} rows and {columns:,} columns; at most {MOST_CELLS:,} cells.", code="too_large"
                    )
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError, ValueError) as error:
        raise DomainError(f"The file is no XLSX workbook that can be read: {error}.", code="bad_workbook") from None


def _unpacked(packed: zipfile.ZipFile, part: zipfile.ZipInfo) -> Iterator[bytes]:
    """A part in chunks; each begins a little before the last one ended, so that nothing is cut in two."""
    before = b""
    with packed.open(part) as opened:
        while chunk := opened.read(_CHUNK):
            yield before + chunk
            before = chunk[-64:]


def _place(letters: bytes) -> int:
    """Which column its letters name: A is 1."""
    place = 0
    for letter in letters.upper():
        place = place * 26 + letter - 64
    return place


def _sheet(raw: bytes, mapping: FileMapping) -> CalamineSheet:
    try:
        workbook: CalamineWorkbook = load_workbook(io.BytesIO(raw))
        names = workbook.sheet_names
        if mapping.sheet is not None and mapping.sheet not in names:
            raise DomainError(f"The workbook has no sheet {mapping.sheet!r}; it has {', '.join(names[:20])}.", code="no_sheet")
        if not names:
            raise DomainError("The workbook has no sheet.", code="no_sheet")
        return workbook.get_sheet_by_name(mapping.sheet or names[0])
    except (CalamineError, OSError, ValueError) as error:
        raise DomainError(f"The workbook cannot be read: {error}.", code="bad_workbook") from None
    except BaseException as error:  # what the reader's own language calls a panic is no Exception here
        if type(error).__name__ != "PanicException":
            raise
        raise DomainError("The workbook cannot be read: it is damaged.", code="bad_workbook") from None


def _line(cells: Sequence[str], mapping: FileMapping) -> str:
    written = io.StringIO()
    csv.writer(written, delimiter=mapping.delimiter, lineterminator="\n").writerow(cells)
    return written.getvalue()


def _text(value: Any, field: str | None, mapping: FileMapping) -> str:
    """A cell as the same mapping would have it in a CSV."""
    match value:
        case bool():
            return "true" if value else "false"
        case float() if field in DATES and value.is_integer() and _is_serial(int(value)):
            return _day(_SERIAL_DAY_0 + timedelta(days=int(value)), mapping)
        case float() if value.is_integer():
            return str(int(value))
        case float():
            return f"{value:.6f}".rstrip("0").replace(".", mapping.decimal)
        case datetime() if field == "starts_at" and value.time() != time():
            return value.isoformat(sep=" ", timespec="seconds")
        case date():  # an instant is one, too
            return _day(value, mapping)
        case time():
            return value.strftime("%H:%M:%S")
        case timedelta():  # a time of day that the sheet shows as a duration
            return str(value).rjust(8, "0")
        case _:
            return str(value).replace("\x00", "")[: MAX_CELL + 1]


def _is_serial(number: int) -> bool:
    """Whether a bare number may be a day as workbooks count them."""
    return (EARLIEST - _SERIAL_DAY_0).days <= number <= (LATEST - _SERIAL_DAY_0).days


def _day(value: date, mapping: FileMapping) -> str:
    return value.strftime(mapping.dates[0])
