"""Files: what goes in, what is told of bad rows by line, and that a file brought twice tells nothing."""

import json
import tracemalloc
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.errors import DomainError
from common.events.appointments import AppointmentChanged
from common.events.customers import CustomerChanged, SourceChanged, VehicleChanged
from common.testing.runtime import DEALER
from ingest import commands, files, store
from ingest.domain import csvfile
from ingest.domain.entries import Entry, Place, Spot
from ingest.domain.mapping import FIELDS, read_mapping
from ingest.domain.snapshots import AppointmentSnapshot, OrderSnapshot

COLUMNS = {
    "Ordre": "number", "Status": "status", "Dato": "finished_on", "Tekst": "text", "Antal": "quantity", "Beløb": "amount",
    "Km": "odometer_km", "Reg": "plate", "Stel": "vin", "Kunde": "customer_number", "Navn": "customer_name", "Mail": "email",
    "Mobil": "mobile", "Krediterer": "credits",
}  # fmt: skip
MAPPING = read_mapping({"columns": COLUMNS})
HEADER = ";".join(COLUMNS)
GOOD = "1;;01-03-2025;Service;1,5;1.495,50;61.120;AB 12 345;;7;Anne Holm;anne@example.com;20123456;"


def row(number: str = "1", **cells: str) -> str:
    told = {"Ordre": number, "Dato": "2025-03-01", "Tekst": "Service", "Kunde": "7", "Reg": "AB12345", **cells}
    return ";".join(told.get(column, "") for column in COLUMNS)


class Import:
    def __init__(self, office: Any, folder: Path) -> None:
        self.office, self.path = office, folder / "orders.csv"
        self.source = commands.source_id(DEALER, "Planner")

    async def __call__(self, *lines: str, mapping: Any = MAPPING, dry_run: bool = False, encoding: str = "utf-8") -> files.Report:
        self.path.write_bytes("\n".join(lines).encode(encoding))
        async with self.office.rt.work(DEALER) as work:
            await store.save_source(work.session, DEALER, self.source, title="Planner", kind="file", config={"gives": ["orders"]})
        return await files.bring(self.office.rt, DEALER, self.source, self.path, mapping=mapping, dry_run=dry_run)

    async def kept(self) -> list[Any]:
        return await self.office.rt.sql(DEALER, "select line, raw, problem from ingest.kept order by kept_at, line")


@pytest.fixture
def bring(office: Any, tmp_path: Path) -> Import:
    return Import(office, tmp_path)


async def test_rows_of_one_order_are_its_lines_wherever_they_stand(bring: Import) -> None:
    report = await bring(HEADER, GOOD, row("2"), GOOD.replace("Service", "Oliefilter"))
    assert (report.recorded, report.unchanged, report.bad) == (2, 0, [])
    first = (await bring.office.orders())["1"]
    assert [line.text for line in first.lines] == ["Service", "Oliefilter"]
    assert (first.lines[0].quantity, first.lines[0].amount, first.odometer_km, str(first.finished_on)) == (
        1.5,
        149_550,
        61_120,
        "2025-03-01",
    )
    [customer] = await bring.office.told(CustomerChanged)
    assert (customer.full_name, customer.email, customer.mobile) == ("Anne Holm", "anne@example.com", "+4520123456")
    assert [vehicle.plate for vehicle in await bring.office.told(VehicleChanged)] == ["AB12345"]


async def test_the_same_file_twice_tells_nothing_of_its_orders(bring: Import) -> None:
    lines = (HEADER, GOOD, row("2", Mail="new@example.com", Dato="2025-05-01"), row("3", Mail="old@example.com"))
    await bring(*lines)
    await bring.office.rt.published(DEALER)
    report = await bring(*lines)
    assert (report.recorded, report.unchanged) == (0, 3)
    assert {type(event) for event in await bring.office.rt.published(DEALER)} <= {SourceChanged}


async def test_a_dry_run_says_what_would_happen_and_keeps_nothing(bring: Import) -> None:
    report = await bring(HEADER, GOOD, row("2", Dato="soon"), dry_run=True)
    assert (report.recorded, len(report.bad)) == (1, 1)
    assert await bring.office.rt.published(DEALER) == []
    assert (
        await bring.office.rt.sql(
            DEALER, "select 1 from ingest.entity union all select 1 from ingest.import union all select 1 from ingest.kept"
        )
        == []
    )


@pytest.mark.parametrize(
    ("cells", "problem"),
    [
        ({"Dato": "32-01-2025"}, "is no date"),
        ({"Dato": ""}, "needs its date"),
        ({"Antal": "many"}, "is no number"),
        ({"Km": "6l120"}, "is no whole number"),
        ({"Status": "lost"}, "is unknown"),
        ({"Tekst": "x" * 10_001}, "10,000 characters"),
        ({"Tekst": '"never closed'}, "quote is probably not closed"),
        ({"Tekst": "one;column;more"}, "columns"),
        ({"Ordre": ""}, "no order number"),
    ],
)
async def test_a_bad_row_is_told_by_its_line_and_kept_and_the_rest_goes_in(
    bring: Import, cells: dict[str, str], problem: str
) -> None:
    report = await bring(HEADER, row("1"), row("2", **cells), row("3"))
    assert set(await bring.office.orders()) == {"1", "3"}
    [bad] = report.bad
    assert bad.line == 3
    assert problem in bad.problem
    assert [(kept.line, kept.problem) for kept in await bring.kept()] == [(3, bad.problem)]


async def test_an_address_that_is_none_is_left_out_and_the_order_counts(bring: Import) -> None:
    await bring(HEADER, row("1", Mail="ingen", Mobil="-", Stel="SHORT"))
    [customer] = await bring.office.told(CustomerChanged)
    assert (customer.email, customer.mobile) == (None, None)


async def test_a_text_over_several_lines_is_one_cell(bring: Import) -> None:
    report = await bring(HEADER, row("1", Tekst='"Service\nog ""olie"""'), row("2", Dato="soon"))
    assert (await bring.office.orders())["1"].lines[0].text == 'Service\nog "olie"'
    assert [bad.line for bad in report.bad] == [4]


async def test_a_credit_note_in_a_file_takes_its_order_back(bring: Import) -> None:
    await bring(HEADER, row("2", Krediterer="1", Status="krediteret"), row("1"))
    assert {order.status for order in (await bring.office.orders()).values()} == {"credited"}


APPOINTMENTS = read_mapping({
    "columns": {"Nr": "number", "Dag": "starts_at", "Kl": "starts_time", "Reg": "plate", "Hvad": "text", "Status": "status"}
})  # fmt: skip


async def test_a_file_of_appointments_tells_appointments_in_the_workshops_time(bring: Import) -> None:
    await bring.office.connect()
    lines = ("Nr;Dag;Kl;Reg;Hvad;Status", "1;10-07-2026;09:00;AB12345;Service;", "2;2026-12-10;9.30;CD23456;Hjulskift;aflyst")
    report = await bring(*lines, mapping=APPOINTMENTS)
    assert (report.kinds, report.recorded, report.bad) == ("appointments", 2, [])
    first, second = sorted(await bring.office.told(AppointmentChanged), key=lambda one: one.starts_at)
    assert (first.starts_at, first.text, first.status) == (datetime(2026, 7, 10, 7, tzinfo=UTC), "Service", "booked")
    assert (second.starts_at, second.status) == (datetime(2026, 12, 10, 8, 30, tzinfo=UTC), "cancelled")
    plates = {one.plate: one.vehicle_id for one in await bring.office.told(VehicleChanged)}
    assert (first.vehicle_id, second.vehicle_id) == (plates["AB12345"], plates["CD23456"])
    assert (await bring(*lines, mapping=APPOINTMENTS)).recorded == 0
    moved = await bring(lines[0], lines[1].replace("10-07", "11-07"), mapping=APPOINTMENTS)
    assert (moved.recorded, moved.unchanged) == (1, 0)
    assert len(await bring.office.told(AppointmentChanged)) == 2


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("1;10-07-2026;;AB12345;Service;", "no day with a time"),
        ("1;soon;09:00;AB12345;Service;", "no day with a time"),
        ("1;10-07-2026;25:00;AB12345;Service;", "no day with a time"),
        ("1;10-07-2026;09:00;AB12345;Service;lost", "is unknown"),
    ],
)
async def test_an_appointment_that_cannot_be_is_a_bad_row(bring: Import, row: str, problem: str) -> None:
    report = await bring("Nr;Dag;Kl;Reg;Hvad;Status", row, mapping=APPOINTMENTS)
    assert problem in report.bad[0].problem


async def test_json_lines_may_hold_appointments_too(bring: Import) -> None:
    lines = (
        '{"id":"1","starts_at":"2026-07-10T09:00","text":"Service","vehicle":{"plate":"AB12345"}}',
        '{"id":"1","date":"2025-07-10","lines":["Service, reg. AB 12 345"],"mechanics":["7"],"hours":1.5,"currency":"DKK"}',
        '{"id":"2","starts_at":"2026-07-10T09:00","date":"2026-01-01"}',
    )
    report = await bring(*lines, mapping=None)
    assert (report.kinds, report.recorded, [bad.line for bad in report.bad]) == ("orders and appointments", 2, [3])
    [appointment], order = await bring.office.told(AppointmentChanged), (await bring.office.orders())["1"]
    assert appointment.vehicle_id == order.vehicle_id is not None
    assert (order.lines[0].text, order.mechanics, order.hours, order.currency) == ("Service, reg. AB 12 345", ("7",), 1.5, "DKK")


async def test_what_a_file_says_of_consent_and_language_is_told(bring: Import) -> None:
    customer = '{"number":"7","name":"Anne Holm","language":"da","consent":{"service":false}}'
    await bring(f'{{"id":"1","date":"2025-03-01","customer":{customer},"vehicle":{{"id":"v7"}}}}', mapping=None)
    [told] = await bring.office.told(CustomerChanged)
    assert (told.consent.service, told.consent.leads, told.language) == (False, None, "da")
    assert (await bring.office.orders())["1"].vehicle_id is not None


async def test_a_mapping_says_how_dates_are_written(bring: Import) -> None:
    american = MAPPING.model_copy(update={"dates": ("%m/%d/%Y",)})
    report = await bring(HEADER, row("1", Dato="03/01/2025"), row("2", Dato="2025-03-01"), mapping=american)
    assert str((await bring.office.orders())["1"].finished_on) == "2025-03-01"
    assert [bad.line for bad in report.bad] == [3]


async def test_what_is_kept_is_kept_once_and_no_more_when_it_is_mended(bring: Import) -> None:
    lines = (HEADER, row("1"), row("2", Dato="soon"), row("", Dato="soon"))
    await bring(*lines)
    await bring(*lines)
    assert [(kept.line, kept.problem) for kept in await bring.kept()] == [
        (3, "order 2: finished_on: 'soon' is no date"),
        (4, "it has no order number"),
    ]
    await bring(HEADER, row("2"))
    assert [kept.line for kept in await bring.kept()] == [4]


async def test_an_order_larger_than_can_be_told_is_a_bad_row(bring: Import) -> None:
    report = await bring(HEADER, *[row("1", Tekst="x" * 9_000)] * 12, row("2"))
    assert set(await bring.office.orders()) == {"2"}
    assert len(report.bad) == 12
    amount = '{"id":"1","date":"2025-03-01","lines":[{"text":"a","amount":1e308}]}'
    assert len((await bring(amount, '{"id":"2","date":"2025-03-01","remarks":"' + "x" * 100_001 + '"}', mapping=None)).bad) == 2


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
async def test_the_files_encoding_is_the_mappings(bring: Import, encoding: str) -> None:
    mapping = MAPPING.model_copy(update={"encoding": encoding.removesuffix("-sig")})
    await bring(
        HEADER,
        row("1", Tekst="Bremsevæske på Škoda" if encoding != "cp1252" else "Bremsevæske"),
        mapping=mapping,
        encoding=encoding,
    )
    assert "Bremsevæske" in (await bring.office.orders())["1"].lines[0].text


@pytest.mark.parametrize(
    ("lines", "encoding", "code"),
    [
        ([HEADER, row("1", Tekst="Bremsevæske")], "cp1252", "bad_encoding"),
        ([HEADER, row("1", Tekst="a\x00b")], "utf-8", "bad_encoding"),
        ([HEADER, row("1")], "utf-16-le", "bad_encoding"),  # without a mark
        ([""], "utf-8", "empty_file"),
        (["Ordre;Dato"], "utf-8", "missing_columns"),
        ([f"{HEADER};Ordre", f"{row('1')};2"], "utf-8", "double_columns"),
    ],
)
async def test_a_file_that_does_not_fit_is_refused_whole_and_leaves_no_trace(
    bring: Import, lines: list[str], encoding: str, code: str
) -> None:
    with pytest.raises(DomainError) as refused:
        await bring(*lines, encoding=encoding)
    assert refused.value.code == code
    assert await bring.office.rt.sql(DEALER, "select 1 from ingest.import") == []


async def test_utf8_read_as_cp1252_would_be_garbled_and_is_refused_but_a_mark_says_what_it_is(bring: Import) -> None:
    mapping = MAPPING.model_copy(update={"encoding": "cp1252"})
    with pytest.raises(DomainError, match="UTF-8"):
        await bring(HEADER, row("1", Tekst="Bremsevæske"), mapping=mapping)
    await bring(HEADER, row("1", Tekst="Bremsevæske"), mapping=mapping, encoding="utf-8-sig")
    assert (await bring.office.orders())["1"].lines[0].text == "Bremsevæske"


async def test_json_lines_in_utf16_are_refused(bring: Import) -> None:
    with pytest.raises(DomainError, match="UTF-16"):
        await bring('{"id":"1","date":"2025-03-01"}', mapping=None, encoding="utf-16")


async def test_json_lines_need_no_mapping(bring: Import) -> None:
    lines = (
        '{"id":"1","date":"2025-03-01","status":"open","vehicle":{"plate":"ab 12 345"},"lines":[{"text":"Service"}]}',
        "",
        '{"id":"2","date":"2025-03-01","lines":[],"typo":1}',
        '{"id":"3","date":"2025-03-01","lines":[],"lines":[]}',
        "not json",
        '{"id":"1","date":"2025-03-02","vehicle":{"plate":"AB12345"},"lines":[{"text":"Service","amount":10.5}]}',
    )
    report = await bring(*lines, mapping=None)
    assert [bad.line for bad in report.bad] == [3, 4, 5]
    first = (await bring.office.orders())["1"]
    assert (first.status, first.lines[0].amount) == ("finished", 1050)
    await bring.office.rt.published(DEALER)
    assert (await bring(*lines, mapping=None)).recorded == 0


UNTELLABLE = [
    {"starts_at": "0001-01-01T00:00:00"},
    {"starts_at": "0001-01-01T00:00:00+02:00"},
    {"starts_at": "9999-12-31T23:59:00-05:00"},
    {"date": "0001-01-01"},
    {"date": "2025-01-01", "lines": [{"code": "C" * 1_200_000, "text": "Service"}]},
    {"date": "2025-01-01", "customer": {"number": "9", "name": "N" * 1_200_000}},
]


@pytest.mark.parametrize("told", UNTELLABLE, ids=range(len(UNTELLABLE)))
async def test_a_line_that_nobody_could_be_told_costs_itself_only(bring: Import, told: dict[str, Any]) -> None:
    good = [json.dumps({"id": str(number), "date": "2025-01-01", "lines": ["Service"]}) for number in range(3)]
    report = await bring(*good[:2], json.dumps({"id": "bad", **told}), good[2], mapping=None)
    assert (report.recorded, [bad.line for bad in report.bad]) == (3, [3])
    assert [row.line for row in await bring.kept()] == [3]
    await bring(json.dumps({"id": "bad", "date": "2025-01-01", "lines": ["Service"]}), mapping=None)
    assert [row.line for row in await bring.kept()] == ([3] if "starts_at" in told else []), "mended: nothing left to repair"


async def test_what_cannot_be_told_only_when_it_is_recorded_is_a_bad_row_and_the_rest_of_its_slice_goes_in(bring: Import) -> None:
    await bring(mapping=None)
    async with bring.office.rt.work(DEALER) as work:
        source = await store.source(work.session, DEALER, bring.source)
    long_ago = datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=2)))  # no reader lets it pass: it overflows in UTC
    good = [Entry(OrderSnapshot(number, "open"), (Spot(line, number),), name=number) for line, number in ((1, "1"), (3, "3"))]
    bad = Entry(AppointmentSnapshot("2", long_ago), (Spot(2, "two"),), name="appointment-2")
    bringing = files.Bringing(bring.office.rt, DEALER, source, files.Plan(None), None)
    await bringing.record([good[0], bad, good[1]])
    report = await bringing.end()
    assert (set(await bring.office.orders()), report.recorded, [row.line for row in report.bad]) == ({"1", "3"}, 2, [2])
    [kept] = await bring.kept()
    assert (kept.line, kept.raw, kept.problem) == (2, "two", report.bad[0].problem)


async def test_rows_of_one_bad_order_that_are_alike_are_all_kept(bring: Import) -> None:
    for _ in range(2):
        await bring(HEADER, row("1", Dato="soon"), row("1", Dato="soon"))
        assert [kept.line for kept in await bring.kept()] == [2, 3]


def test_a_large_file_is_read_without_holding_what_it_tells(tmp_path: Path) -> None:
    (path := tmp_path / "large.csv").write_text("\n".join([HEADER, *(row(str(number)) for number in range(10_000))]))
    tracemalloc.start()
    pile = files.read(path, MAPPING, Place("DK", ZoneInfo("UTC")))
    told = sum(entry.thing is not None for entry in pile.entries())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert told == len(pile) == 10_000
    assert peak < 15 * path.stat().st_size


def test_a_file_that_is_too_large_is_refused_with_what_one_may_have(tmp_path: Path) -> None:
    with (tmp_path / "large.csv").open("wb") as file:
        file.truncate(files.MAX_BYTES + 1)
    with pytest.raises(DomainError, match="at most 50 MB and 1,000,000 rows"):
        files.read(tmp_path / "large.csv", MAPPING, Place("DK", ZoneInfo("UTC")))
    (tmp_path / "long.jsonl").write_bytes(b"\n" * 1_000_001)
    with pytest.raises(DomainError, match="more than 1,000,000 rows"):
        files.read(tmp_path / "long.jsonl", None, Place("DK", ZoneInfo("UTC")))


async def test_on_a_line_that_was_charged_for_only_what_is_called_a_plate_is_one(bring: Import) -> None:
    lines = (
        [{"text": "Kabinefilter CU 25001", "amount": 300}],
        [{"text": "Service, reg.nr. AB 12 345", "amount": 900}],
        ["CD23456"],
    )
    await bring(*(json.dumps({"id": str(n), "date": "2025-03-01", "lines": told}) for n, told in enumerate(lines)), mapping=None)
    assert {vehicle.plate for vehicle in await bring.office.told(VehicleChanged)} == {"AB12345", "CD23456"}


async def test_a_next_service_that_is_not_after_its_order_is_not_told(bring: Import) -> None:
    orders = [
        json.dumps({"id": day, "date": "2025-03-01", "next_service_on": day})
        for day in ("0001-01-01", "2025-03-01", "2026-03-01")
    ]
    await bring(*orders, mapping=None)
    told = {number: order.next_service_on for number, order in (await bring.office.orders()).items()}
    assert told == {"0001-01-01": None, "2025-03-01": None, "2026-03-01": date(2026, 3, 1)}


async def test_an_import_counts_what_it_did_and_says_how_fresh_the_source_is(bring: Import) -> None:
    await bring(HEADER, row("1"), row("2", Dato="soon"))
    [counted] = await bring.office.rt.sql(DEALER, "select file, recorded, unchanged, bad, ended_at from ingest.import")
    assert (counted.file, counted.recorded, counted.unchanged, counted.bad) == ("orders.csv", 1, 0, 1)
    assert counted.ended_at is not None
    [source] = await bring.office.told(SourceChanged)
    assert (source.polled, source.fresh_at) == (False, bring.office.rt.clock.now())


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"columns": {"a": "number", "b": "colour"}}, "no field colour"),
        ({"columns": {"a": "text"}}, "order's number"),
        ({"columns": {"a": "number"}, "delimiter": "#"}, "delimiter"),
        ({"columns": {"a": "number"}, "typo": 1}, "typo"),
        ({"columns": {"a": "number"}, "dates": ["%d-%m"]}, "tell a day"),
        ({"columns": {"a": "number"}, "dates": ["%Q"]}, "tell a day"),
        ({"columns": {"a": "number"}, "gives": ["wishes"]}, "gives"),
        ([], "mapping"),
    ],
)
def test_a_mapping_that_cannot_be_is_refused_with_what_is_wrong(given: Any, said: str) -> None:
    with pytest.raises(DomainError, match=said):
        read_mapping(given)


@given(st.text(alphabet='ab;"\n\r 1', max_size=80))
def test_no_text_breaks_the_reader_and_every_row_has_its_line(text: str) -> None:
    mapping = read_mapping({"columns": {"n": "number", "t": "text"}})
    sheet = csvfile.Sheet(csvfile.lines(f"n;t\n{text}"), mapping)
    rows = list(sheet.rows())
    assert [sheet.row(found.line) for found in rows] == rows
    assert [found.line for found in rows] == sorted({found.line for found in rows})
    assert all(found.problem or set(found.cells) <= FIELDS for found in rows)
