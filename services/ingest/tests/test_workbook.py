"""Workbooks: cells as the same mapping has them in a CSV, the line of each row, and what would fill the memory refused."""

import contextlib
import io
import struct
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common.errors import DomainError
from ingest.domain import workbook
from ingest.domain.entries import Place, Table
from ingest.domain.mapping import FileMapping, read_mapping
from ingest.domain.snapshots import AppointmentSnapshot, OrderSnapshot

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
KINDS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
DAY, INSTANT, TIME = 1, 2, 3  # styles
PLACE = Place("DK", ZoneInfo("Europe/Copenhagen"))
ORDERS = read_mapping({
    "columns": {"Ordre": "number", "Dato": "finished_on", "Tekst": "text", "Beløb": "amount", "Kunde": "customer_number",
                "Mobil": "mobile", "Reg": "plate"},
})  # fmt: skip
Cell = str | int | float | bool | None | tuple[float, int] | bytes


def cell(at: str, value: Cell) -> str:
    """A cell; a number with a style is a tuple, bytes are XML as it stands."""
    match value:
        case None:
            return ""
        case bytes():
            return value.decode()
        case bool():
            return f'<c r="{at}" t="b"><v>{int(value)}</v></c>'
        case str():
            return f'<c r="{at}" t="inlineStr"><is><t xml:space="preserve">{escape(value)}</t></is></c>'
        case (number, style):
            return f'<c r="{at}" s="{style}"><v>{number}</v></c>'
        case _:
            return f'<c r="{at}"><v>{value}</v></c>'


def rows(*told: tuple[Cell, ...], first: int = 1) -> str:
    return "".join(
        f'<row r="{line}">{"".join(cell(f"{chr(64 + place)}{line}", value) for place, value in enumerate(row, 1))}</row>'
        for line, row in enumerate(told, first)
    )


def book(**sheets: str) -> bytes:
    """A workbook of sheets by name, each the XML of its rows, as XLSX is specified (ECMA-376)."""
    names = list(sheets)
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types"><Default Extension="xml" ContentType="application/xml"/></Types>',
        "_rels/.rels": _relations(("officeDocument", "xl/workbook.xml")),
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{KINDS}"><sheets>'
        + "".join(f'<sheet name="{name}" sheetId="{n}" r:id="r{n}"/>' for n, name in enumerate(names, 1))
        + "</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": _relations(
            *(("worksheet", f"worksheets/sheet{n}.xml") for n in range(1, len(names) + 1)), ("styles", "styles.xml")
        ),
        "xl/styles.xml": f'<styleSheet xmlns="{MAIN}"><cellXfs count="4"><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="22"/>'
        '<xf numFmtId="20"/></cellXfs></styleSheet>',
        **{
            f"xl/worksheets/sheet{n}.xml": f'<worksheet xmlns="{MAIN}"><sheetData>{sheets[name]}</sheetData></worksheet>'
            for n, name in enumerate(names, 1)
        },
    }
    return packed({name: b'<?xml version="1.0" encoding="UTF-8"?>' + text.encode() for name, text in parts.items()})


def _relations(*told: tuple[str, str]) -> str:
    each = "".join(f'<Relationship Id="r{n}" Type="{KINDS}/{kind}" Target="{to}"/>' for n, (kind, to) in enumerate(told, 1))
    return f'<Relationships xmlns="{PACKAGE}/relationships">{each}</Relationships>'


def packed(parts: dict[str, bytes]) -> bytes:
    found = io.BytesIO()
    with zipfile.ZipFile(found, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return found.getvalue()


HEADER = ("Ordre", "Dato", "Tekst", "Beløb", "Kunde", "Mobil", "Reg")
GOOD: tuple[Cell, ...] = (4711.0, (45717, DAY), "Service", 1495.5, 7.0, 20123456, "AB 12 345")


def orders(raw: bytes, mapping: FileMapping = ORDERS) -> list[OrderSnapshot]:
    things = [entry.thing for entry in Table(raw, mapping, PLACE).entries()]
    assert all(isinstance(thing, OrderSnapshot) for thing in things), things
    return things  # type: ignore[return-value]


@pytest.mark.parametrize("decimal", [",", "."])
def test_dates_and_numbers_are_what_they_are_whatever_the_mapping_says_of_texts(decimal: str) -> None:
    mapping = ORDERS.model_copy(update={"decimal": decimal, "dates": ("%m/%d/%Y",)})
    [order] = orders(book(A=rows(HEADER, GOOD)), mapping)
    assert (order.number, str(order.finished_on), order.lines[0].amount) == ("4711", "2025-03-01", 149_550)
    assert order.customer is not None
    assert (order.customer.number, order.customer.mobile, order.vehicle.plate) == ("7", "+4520123456", "AB12345")


@pytest.mark.parametrize(
    ("told", "day"),
    [
        ((45717, DAY), "2025-03-01"),
        ((45717.6, INSTANT), "2025-03-01"),
        (45717, "2025-03-01"),  # a day whose cell has no format
        ("01-03-2025", "2025-03-01"),  # a text
        (20250301, "2025-03-01"),
        (b'<c r="B2" s="1"><f>TODAY()</f><v>45717</v></c>', "2025-03-01"),
    ],
)
def test_a_day_is_found_however_its_cell_has_it(told: Cell, day: str) -> None:
    [order] = orders(book(A=rows(HEADER, (GOOD[0], told, *GOOD[2:]))))
    assert str(order.finished_on) == day


def test_numbers_as_text_and_values_of_formulas_count() -> None:
    texts = ("0042", "2025-03-01", "Service", "1.495,50", " 7 ", "20 12 34 56", "AB12345")
    formula = b'<c r="C3" t="str"><f>A1&amp;B1</f><v>Olie og filter</v></c>'
    first, second = orders(book(A=rows(HEADER, texts, (GOOD[0], GOOD[1], formula, *GOOD[3:]))))
    assert (first.number, first.lines[0].amount, second.lines[0].text) == ("0042", 149_550, "Olie og filter")


def test_empty_rows_are_passed_over_and_each_row_keeps_its_number() -> None:
    sheet = rows(HEADER, first=3) + rows(GOOD, first=5) + rows((4712.0, "soon", "Olie"), first=9)
    good, bad = Table(book(A=sheet), ORDERS, PLACE).entries()
    assert (good.spots[0].line, bad.bad[0].spot.line, bad.bad[0].column) == (5, 9, "Dato")
    assert bad.bad[0].spot.raw == "4712;soon;Olie;;;;\n"


def test_the_first_sheet_is_read_or_the_one_that_the_mapping_names() -> None:
    raw = book(Forside=rows(("Om filen",)), Ordrer=rows(HEADER, GOOD))
    [order] = orders(raw, ORDERS.model_copy(update={"sheet": "Ordrer"}))
    assert order.number == "4711"
    with pytest.raises(DomainError, match="no column"):
        Table(raw, ORDERS, PLACE)
    with pytest.raises(DomainError, match="it has Forside, Ordrer"):
        Table(raw, ORDERS.model_copy(update={"sheet": "Gone"}), PLACE)


def test_an_appointments_day_and_time_are_read_from_one_cell_or_two() -> None:
    mapping = read_mapping({"columns": {"Nr": "number", "Dag": "starts_at", "Kl": "starts_time"}})
    raw = book(
        A=rows(
            ("Nr", "Dag", "Kl"),
            (1.0, (46213.375, INSTANT), None),
            (2.0, (46213, DAY), (0.375, TIME)),
            (3.0, "2026-07-10", "9.00"),
        )
    )
    told = [entry.thing for entry in Table(raw, mapping, PLACE).entries()]
    assert all(isinstance(one, AppointmentSnapshot) for one in told), told
    assert {one.starts_at.astimezone(UTC) for one in told if isinstance(one, AppointmentSnapshot)} == {
        datetime(2026, 7, 10, 7, tzinfo=UTC)
    }


# --- what is refused


def lying(raw: bytes) -> bytes:
    """The same archive, whose parts say that they are short."""
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        real = max(part.file_size for part in archive.infolist())
    return raw.replace(struct.pack("<L", real), struct.pack("<L", 10))


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"PK\x03\x04", "no XLSX"),
        (packed({"a.txt": b"hello"}), "no XLSX"),
        (book(A=rows(HEADER, GOOD))[:-200], "no XLSX"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "old kind"),
        (packed({"xl/workbook.xml": b"<"}), "cannot be read"),
        (packed({"xl/workbook.xml": b"", **{f"x{n}": b"" for n in range(5_001)}}), "no XLSX"),
        (book(), "no sheet"),
        (book(A=""), "empty"),
        (book(A=rows(HEADER, first=2) + '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'), "at most 10,000,000 cells"),
        (book(A='<row r="1"><c r="A1"><v>1</v></c><c r=\'$XFD$1000000\'><v>1</v></c></row>'), "at most 10,000,000 cells"),
    ],
    ids=range(10),
)
def test_what_is_no_workbook_or_too_large_is_refused(raw: bytes, said: str) -> None:
    with pytest.raises(DomainError, match=said):
        Table(raw, ORDERS, PLACE)


@pytest.mark.parametrize("honest", [True, False])
def test_what_unpacks_to_too_much_is_refused_whatever_it_says_of_itself(honest: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook, "MOST_BYTES", 5 * 1024 * 1024)
    bomb = packed({"xl/workbook.xml": b"<w/>", "xl/worksheets/sheet1.xml": b" " * 6 * 1024 * 1024})
    assert len(bomb) < 10_000
    with pytest.raises(DomainError, match="unpacks to more than 5 MB"):
        Table(bomb if honest else lying(bomb), ORDERS, PLACE)


@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_a_damaged_workbook_is_refused_or_read_and_nothing_else(data: Any) -> None:
    raw = bytearray(book(A=rows(HEADER, GOOD)))
    for _ in range(data.draw(st.integers(1, 8))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(DomainError):  # anything else fails
        assert all(entry.thing or entry.bad for entry in Table(bytes(raw), ORDERS, PLACE).entries())


@given(st.lists(st.lists(st.text(alphabet='a;"\n\r,x1 ', max_size=5), min_size=7, max_size=7), max_size=6))
@settings(deadline=None)
def test_texts_come_through_as_they_stand(cells: list[list[str]]) -> None:
    lines = workbook.lines(book(A=rows(HEADER, *map(tuple, cells))), ORDERS)
    table = Table(book(A=rows(HEADER, *map(tuple, cells))), ORDERS, PLACE)
    assert len(lines) <= len(cells) + 1
    assert table.rows == sum(any(cell.strip() for cell in row) for row in cells)


def test_a_file_that_exists_on_disk_is_sniffed_by_what_it_holds(tmp_path: Path) -> None:
    from ingest import files

    (path := tmp_path / "orders.csv").write_bytes(book(A=rows(HEADER, GOOD)))  # named otherwise than it is
    assert len(files.read(path, ORDERS, PLACE)) == 1
