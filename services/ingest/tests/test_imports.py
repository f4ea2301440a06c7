"""Imports over HTTP: asked for, read in slices by the errand, reported by row, repaired, tried, and read again."""

import csv
import io
import json
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI

from common import failpoints, web
from common.clock import SystemClock
from common.events.customers import ContractChanged, SourceChanged
from common.ids import DealerId, UserId, new_id
from common.testing.runtime import DEALER, OTHER_DEALER
from ingest import commands, files, imports, store
from ingest.domain.mapping import read_mapping
from ingest.main import service

COLUMNS = {"Ordre": "number", "Dato": "finished_on", "Reg": "plate", "Tekst": "text"}
ORDERS = {"columns": COLUMNS}
CONTRACTS = {
    "kind": "contracts", "complete": True, "columns": {"Nr": "number", "Reg": "plate", "Slut": "ends_on"},
    "defaults": {"contract_kind": "lease"},
}  # fmt: skip
HEADER = "Ordre;Dato;Reg;Tekst"
MIXED = f"{HEADER}\n1;2025-03-01;AB12345;Service\n2;soon;CD23456;Bremser\n3;2025-03-02;EF34567;=Olie\n4;later;GH45678;=Filter\n"


class Died(BaseException):
    """What a process that is killed does to what it was at."""


class Counter:
    """Whoever asks ingest in a dealer's name, and the errand that reads."""

    def __init__(self, office: Any, http: httpx.AsyncClient) -> None:
        self.office, self.http = office, http

    async def source(self, *mappings: dict[str, Any], title: str = "dms", dealer: DealerId = DEALER, kind: str = "file") -> UUID:
        kept = {read_mapping(one).kind: read_mapping(one).model_dump(mode="json") for one in mappings}
        found = commands.source_id(dealer, title)
        async with self.office.rt.work(dealer) as work:
            config = {"gives": ["orders"], "mappings": kept}
            await store.save_source(work.session, dealer, found, title=title, kind=kind, config=config)
        return found

    async def ask(self, method: str, path: str, dealer: DealerId = DEALER, **given: Any) -> httpx.Response:
        secret = self.office.rt.settings.derived(web.INTERNAL)
        signed = web.sign(secret, dealer=dealer, user=UserId(new_id()), method=method, path=path, at=SystemClock().now())
        headers = {web.SIGNATURE: signed, **given.pop("headers", {})}
        return await self.http.request(method, path, headers=headers, **given)

    async def post(self, content: str | bytes, to: str = "/imports", key: str | None = None, **fields: Any) -> httpx.Response:
        told = {name: json.dumps(value) if isinstance(value, dict | bool) else value for name, value in fields.items()}
        file = {"file": ("orders.csv", content.encode() if isinstance(content, str) else content)}
        return await self.ask("POST", to, data=told, files=file, headers={"idempotency-key": key} if key else {})

    async def brought(self, content: str | bytes, to: str = "/imports", **fields: Any) -> dict[str, Any]:
        """What became of a file once it was read."""
        if to == "/imports":
            fields = {"source": "dms", **fields}
        answer = await self.post(content, to, **fields)
        assert answer.status_code == 202, answer.text
        assert answer.json()["state"] in ("waiting", "done")
        await self.read()
        found: dict[str, Any] = await self.shown(answer.headers["location"])
        return found

    async def read(self) -> None:
        await self.office.rt.run_errand(imports.IMPORT, DEALER)

    async def shown(self, path: str) -> Any:
        return (await self.ask("GET", path)).json()


@pytest.fixture
async def counter(office: Any) -> AsyncIterator[Counter]:
    await office.hear_of(DEALER)
    app = FastAPI()
    web.install(app)
    assert service.router is not None
    app.include_router(service.router(office.rt))
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://ingest") as http:
        found = Counter(office, http)
        await found.source(ORDERS, CONTRACTS)
        yield found


def rows_of(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text.removeprefix("\ufeff")), delimiter=";"))


async def test_a_file_is_asked_for_read_and_reported(counter: Counter) -> None:
    answer = await counter.post(MIXED, source="dms", kind="orders")
    waiting = answer.json()
    assert (answer.status_code, waiting["state"], waiting["rows_read"]) == (202, "waiting", 0)
    assert imports.IMPORT in await counter.office.rt.wakes(DEALER)
    assert await counter.office.orders() == {}, "nothing is read while one waits for the answer"
    await counter.read()
    done = await counter.shown(answer.headers["location"])
    assert (done["state"], done["rows"], done["rows_read"], done["rows_taken"], done["rows_bad"]) == ("done", 4, 4, 2, 2)
    assert (done["percent_read"], done["percent_taken"], done["percent_bad"]) == (100.0, 50.0, 50.0)
    assert (done["new"], done["changed"], done["unchanged"], done["left_to_repair"]) == (2, 0, 0, 2)
    assert set(await counter.office.orders()) == {"1", "3"}
    first = await counter.shown(f"{answer.headers['location']}/report?limit=1")
    [bad] = first["items"]
    assert (bad["line"], bad["column"], bad["row"]) == (3, "Dato", "2;soon;CD23456;Bremser\n")
    assert "is no date" in bad["problem"]
    assert "2026-12-31" in bad["todo"]
    second = await counter.shown(f"{answer.headers['location']}/report?limit=1&cursor={first['next_cursor']}")
    assert ([one["line"] for one in second["items"]], second["next_cursor"]) == ([5], None)
    listed = await counter.shown("/imports")
    assert [one["import_id"] for one in listed["items"]] == [waiting["import_id"]]


async def test_the_report_is_a_csv_that_no_spreadsheet_takes_for_formulas(counter: Counter) -> None:
    found = await counter.brought(f"{HEADER}\n=1;soon;AB12345;Service\n", kind="orders")
    answer = await counter.ask("GET", f"/imports/{found['import_id']}/report.csv")
    head, row = rows_of(answer.text)
    assert (head[0], row[0], row[1], row[4]) == ("line", "2", "Dato", "'=1;soon;AB12345;Service")
    assert answer.headers["content-disposition"].startswith("attachment")


async def test_bad_rows_are_corrected_and_only_those_brought_again(counter: Counter) -> None:
    found = await counter.brought(MIXED, kind="orders")
    bad = await counter.ask("GET", f"/imports/{found['import_id']}/bad-rows")
    assert rows_of(bad.text) == [list(COLUMNS), ["2", "soon", "CD23456", "Bremser"], ["4", "later", "GH45678", "=Filter"]]
    mended = bad.content.decode("utf-8-sig").replace("soon", "2025-04-01").replace("Bremser", "Bremsevæske").encode("cp1252")
    again = await counter.brought(mended, f"/imports/{found['import_id']}/repair")
    assert (again["repairs"], again["kind"], again["rows"], again["new"], again["rows_bad"]) == (
        found["import_id"],
        "orders",
        2,
        1,
        1,
    )
    orders = await counter.office.orders()
    assert (set(orders), orders["2"].lines[0].text) == ({"1", "2", "3"}, "Bremsevæske")
    assert (await counter.shown(f"/imports/{found['import_id']}"))["rows_bad"] == 2, "what was reported stays"
    assert (await counter.shown(f"/imports/{again['import_id']}"))["left_to_repair"] == 1
    assert (await counter.shown("/connections"))[0]["left_to_repair"] == 1


async def test_a_corrected_mapping_reads_the_stored_file_again_and_nothing_twice(counter: Counter) -> None:
    file = f"{HEADER}\n1;2025-03-01;AB12345;Service\n2;03/31/2025;CD23456;Bremser\n"
    found = await counter.brought(file, kind="orders")
    assert (found["new"], found["rows_bad"]) == (1, 1)
    await counter.office.rt.published(DEALER)
    mapping = {**ORDERS, "dates": ["%Y-%m-%d", "%m/%d/%Y"]}
    answer = await counter.ask("POST", f"/imports/{found['import_id']}/again", json={"mapping": mapping})
    await counter.read()
    again = await counter.shown(answer.headers["location"])
    assert (again["new"], again["changed"], again["unchanged"], again["rows_bad"]) == (1, 0, 1, 0)
    assert (await counter.shown(f"/imports/{found['import_id']}"))["left_to_repair"] == 0
    assert set(await counter.office.orders()) == {"1", "2"}


async def test_a_dry_run_says_what_would_happen_changes_nothing_and_can_be_done_for_good(counter: Counter) -> None:
    await counter.brought(f"{HEADER}\n1;2025-03-01;AB12345;Service\n3;2025-03-02;EF34567;=Olie\n", kind="orders")
    before = [await counter.office.orders(), await counter.office.rt.sql(DEALER, "select count(*) from ingest.kept")]
    await counter.office.rt.published(DEALER)
    tried = await counter.brought(MIXED.replace("AB12345;Service", "AB12345;Stort service"), kind="orders", dry_run=True)
    assert (tried["dry_run"], tried["new"], tried["changed"], tried["unchanged"], tried["rows_bad"]) == (True, 0, 1, 1, 2)
    [example] = tried["examples"]
    assert (example["came"], example["what"], example["said"]) == ("changed", "order 1", "lines Service → Stort service")
    assert await counter.office.rt.published(DEALER) == []
    assert [await counter.office.orders(), await counter.office.rt.sql(DEALER, "select count(*) from ingest.kept")] == before
    answer = await counter.ask("POST", f"/imports/{tried['import_id']}/again", json={"dry_run": False})
    await counter.read()
    done = await counter.shown(answer.headers["location"])
    assert (done["dry_run"], done["changed"], done["unchanged"], done["rows_bad"]) == (False, 1, 1, 2)


async def test_a_repair_is_never_taken_for_a_complete_file(counter: Counter) -> None:
    file = "Nr;Reg;Slut\n1;AB12345;2027-01-01\n2;AB12345;2028-01-01\n3;AB12345;soon\n"
    found = await counter.brought(file, kind="contracts")
    assert (found["complete"], found["new"], found["rows_bad"]) == (True, 2, 1)
    again = await counter.brought("Nr;Reg;Slut\n3;AB12345;2029-01-01\n", f"/imports/{found['import_id']}/repair")
    assert (again["complete"], again["taken_back"], again["new"]) == (False, 0, 1)
    less = await counter.brought("Nr;Reg;Slut\n1;AB12345;2027-01-01\n3;AB12345;2029-01-01\n", kind="contracts")
    assert less["taken_back"] == 1
    assert sorted((str(one.ends_on), one.active) for one in await counter.office.told(ContractChanged)) == [
        ("2027-01-01", True), ("2028-01-01", False), ("2029-01-01", True),
    ]  # fmt: skip


async def test_a_process_that_dies_goes_on_where_it_was(counter: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "SLICE", 2)
    lines = [HEADER, *(f"{number};2025-03-01;AB{number}345;Service" for number in range(10, 20)), "x;soon;;"]
    answer = await counter.post("\n".join(lines), source="dms", kind="orders")

    def die() -> None:
        raise Died

    failpoints.arm("ingest.in_import:3", die)
    with pytest.raises(Died):
        await counter.read()
    halfway = await counter.shown(answer.headers["location"])
    assert (halfway["state"], halfway["rows_read"], halfway["new"]) == ("running", 6, 6)
    failpoints.arm(None)
    await counter.office.rt.published(DEALER)
    await counter.read()
    done = await counter.shown(answer.headers["location"])
    assert (done["state"], done["rows_read"], done["new"], done["unchanged"], done["rows_bad"]) == ("done", 11, 10, 0, 1)
    assert len(await counter.office.orders()) == 10
    assert len([event for event in await counter.office.rt.published(DEALER) if isinstance(event, SourceChanged)]) == 1


async def test_the_same_key_is_the_same_import_and_another_wish_under_it_is_refused(counter: Counter) -> None:
    first, second = [await counter.post(MIXED, source="dms", kind="orders", key="k1") for _ in range(2)]
    assert (first.status_code, second.status_code) == (202, 202)
    assert first.json()["import_id"] == second.json()["import_id"]
    other = await counter.post(MIXED + "5;2025-03-01;;\n", source="dms", kind="orders", key="k1")
    assert (other.status_code, other.json()["code"]) == (409, "key_used")
    path = f"/imports/{first.json()['import_id']}"
    await counter.read()
    for _ in range(2):
        again = await counter.ask("POST", f"{path}/again", json={}, headers={"idempotency-key": "k2"})
        repaired = await counter.post(MIXED, f"{path}/repair", key="k3")
        assert (again.status_code, repaired.status_code) == (202, 202), (again.text, repaired.text)
    assert len((await counter.shown("/imports"))["items"]) == 3


async def test_json_lines_are_read_by_what_they_say_and_repaired_as_lines(counter: Counter) -> None:
    found = await counter.brought('{"id":"1","date":"2025-03-01"}\n{"id":"2","date":"soon"}\n')
    assert (found["kind"], found["new"], found["rows_bad"]) == (None, 1, 1)
    bad = await counter.ask("GET", f"/imports/{found['import_id']}/bad-rows")
    assert bad.text == '{"id":"2","date":"soon"}\r\n'
    again = await counter.brought(bad.text.replace("soon", "2025-03-02"), f"/imports/{found['import_id']}/repair")
    assert (again["new"], set(await counter.office.orders())) == (1, {"1", "2"})


async def test_a_file_that_cannot_be_read_at_all_fails_with_what_is_wrong(counter: Counter) -> None:
    for content, said in (
        ("Ordre;Dato\n1;2", "has no column"),
        (b"\xff\xfe\x00", "not utf-16"),
        (b"PK\x03\x04nothing", "no XLSX"),
    ):
        found = await counter.brought(content, kind="orders")
        assert (found["state"], said in found["problem"]) == ("failed", True), found["problem"]
    assert (await counter.brought(MIXED, kind="orders"))["state"] == "done", "the next one is read all the same"


Wrong = Callable[[Counter], Any]
REFUSED: list[tuple[Wrong, int, str]] = [
    (lambda c: c.post("", source="dms"), 422, "empty_file"),
    (lambda c: c.post(MIXED), 422, "no_source"),
    (lambda c: c.post(MIXED, source="gone"), 404, "not_found"),
    (lambda c: c.post(MIXED, source="e-conomic"), 422, "other_kind"),
    (lambda c: c.post(MIXED, source="dms", kind="songs"), 422, "no_mapping"),
    (lambda c: c.post(MIXED, source="dms", kind="orders", mapping="{"), 422, "bad_mapping"),
    (lambda c: c.post(MIXED, source="dms", mapping={"columns": {}}), 422, "bad_mapping"),
    (lambda c: c.post(MIXED, source="dms", kind="orders", complete=True), 422, "bad_mapping"),
    (lambda c: c.post(MIXED, source="dms", dry_run="perhaps"), 422, "bad_form"),
    (lambda c: c.post(MIXED, source="dms", colour="red"), 422, "bad_form"),
    (lambda c: c.post(MIXED, source="dms", key="k" * 201), 422, "invalid"),
    (lambda c: c.post(MIXED, source="dms", mapping="x" * 300_000), 400, "refused"),
    (lambda c: c.ask("POST", "/imports", json={}), 415, "no_form"),
    (lambda c: c.ask("POST", "/imports", content=b"--x", headers={"content-type": "multipart/form-data"}), 400, "refused"),
    (lambda c: c.ask("POST", "/imports", data={"source": "dms"}, files={"mapping": ("m", b"x")}), 422, "no_file"),
    (lambda c: c.post(MIXED, f"/imports/{new_id()}/repair"), 404, "not_found"),
    (lambda c: c.ask("POST", f"/imports/{new_id()}/again", json={}), 404, "not_found"),
    (lambda c: c.ask("POST", f"/imports/{new_id()}/again", json={"typo": 1}), 422, "invalid"),
    (lambda c: c.ask("GET", "/imports?cursor=x"), 422, "invalid"),
    (lambda c: c.ask("GET", f"/imports/{new_id()}/report.csv"), 404, "not_found"),
    (lambda c: c.post(b"x" * (web.MAX_UPLOAD + 1), source="dms"), 413, "too_large"),
    (lambda c: c.post(b"x" * (files.MAX_BYTES + 1), source="dms"), 413, "too_large"),
]


@pytest.mark.parametrize(("wrong", "status", "code"), REFUSED, ids=range(len(REFUSED)))
async def test_what_cannot_be_asked_is_refused_and_leaves_no_trace(
    counter: Counter, wrong: Wrong, status: int, code: str
) -> None:
    await counter.source(title="e-conomic", kind="economic")
    answer = await wrong(counter)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    for table in ("import", "upload", "finding"):
        assert await counter.office.rt.sql(DEALER, f"select 1 from ingest.{table}") == []


async def test_another_dealer_sees_nothing_of_it_and_nobody_asks_unsigned(counter: Counter) -> None:
    found = await counter.brought(MIXED, kind="orders")
    path = f"/imports/{found['import_id']}"
    for what in ("", "/report", "/report.csv", "/bad-rows"):
        assert (await counter.ask("GET", path + what, OTHER_DEALER)).status_code == 404
        assert (await counter.http.get(path + what)).status_code == 401
    assert (await counter.ask("POST", f"{path}/again", OTHER_DEALER, json={})).status_code == 404
    assert (await counter.ask("GET", "/imports", OTHER_DEALER)).json()["items"] == []
    assert (await counter.ask("GET", "/connections", OTHER_DEALER)).json() == []


async def test_a_file_is_forgotten_after_thirty_days_and_its_counts_stay(counter: Counter) -> None:
    found = await counter.brought(MIXED, kind="orders")
    counter.office.rt.later(days=29)
    await counter.read()
    assert len((await counter.shown(f"/imports/{found['import_id']}/report"))["items"]) == 2
    counter.office.rt.later(days=1)
    assert await counter.office.rt.run_errand(imports.IMPORT, DEALER) is None
    assert (await counter.shown(f"/imports/{found['import_id']}/report"))["items"] == []
    assert (await counter.shown(f"/imports/{found['import_id']}"))["rows_bad"] == 2
    gone = await counter.ask("POST", f"/imports/{found['import_id']}/again", json={})
    assert (gone.status_code, gone.json()["code"]) == (410, "file_gone")


async def test_a_source_that_should_have_answered_and_did_not_is_silent(counter: Counter) -> None:
    await counter.office.connect()
    await counter.office.read()
    for hours, silent in ((0, False), (2.9, False), (0.2, True)):
        counter.office.rt.later(hours=hours)
        shown = {one["title"]: one["silent"] for one in await counter.shown("/connections")}
        assert shown == {"dms": False, "e-conomic": silent}
    assert counter.office.rt.clock.now() - timedelta(hours=4) < SystemClock().now()
