"""Imports at the front door, with the real ingest behind it: who may, what passes through, and what happens when it is away."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
from api_house import House, open_doors
from fastapi import FastAPI

from common import web
from common.ids import derived_id
from common.testing.postgres import Database
from common.testing.runtime import DEALER, OTHER_DEALER, Running, running
from ingest.main import service as ingest_service

MAPPING = {"columns": {"Ordre": "number", "Dato": "finished_on", "Reg": "plate"}}
FILE = "Ordre;Dato;Reg\n1;2025-03-01;AB12345\n2;soon;CD23456\n"


@pytest.fixture
async def ingest(database: Database) -> AsyncIterator[Running]:
    async with running(ingest_service, database) as rt:
        for dealer in (DEALER, OTHER_DEALER):
            config = {"gives": ["orders"], "mappings": {"orders": MAPPING}}
            await rt.sql(
                dealer,
                "insert into ingest.source (dealer_id, source_id, title, kind, config, cursor, state, calls, revision) "
                "values (:dealer, :source, 'dms', 'file', cast(:config as jsonb), '{}', 'new', 0, 0)",
                dealer=dealer, source=derived_id("source", dealer, "dms"), config=json.dumps(config),
            )  # fmt: skip
        yield rt


@pytest.fixture
async def desk(house: House, database: Database, ingest: Running) -> AsyncIterator[House]:
    """The house with ingest behind it."""
    app = FastAPI()
    web.install(app)
    assert ingest_service.router is not None
    app.include_router(ingest_service.router(ingest))
    from api.main import service

    async with running(service, database, service_urls={"ingest": "http://ingest"}) as asking:
        yield replace(house, app=open_doors(house.rt, asking, app))


async def bring(browser: httpx.AsyncClient, path: str = "/api/v1/imports", file: Any = FILE, **fields: str) -> httpx.Response:
    return await browser.post(path, data=fields, files={"file": ("orders.csv", file)})


async def test_a_file_goes_all_the_way_and_its_bad_row_comes_back_mended(desk: House, ingest: Running) -> None:
    async with desk.logged_in() as mine, desk.logged_in(OTHER_DEALER) as theirs:
        answer = await bring(mine, source="dms", dry_run="false")
        assert answer.status_code == 202, answer.text
        place = answer.headers["location"]
        assert place == f"/api/v1/imports/{answer.json()['import_id']}"
        await ingest.run_errand("import", DEALER)
        found = (await mine.get(place)).json()
        assert (found["state"], found["rows_taken"], found["rows_bad"]) == ("done", 1, 1)
        [bad] = (await mine.get(f"{place}/report", params={"limit": 10})).json()["items"]
        assert (bad["line"], bad["column"]) == (3, "Dato")
        assert "Dato" in (await mine.get(f"{place}/report.csv")).text
        rows = await mine.get(f"{place}/bad-rows")
        assert rows.headers["content-disposition"].startswith("attachment")
        again = await bring(mine, f"{place}/repair", rows.text.replace("soon", "2025-04-01"))
        await ingest.run_errand("import", DEALER)
        assert (await mine.get(again.headers["location"])).json()["new"] == 1
        tried = await mine.post(f"{place}/again", json={"dry_run": True}, headers={"idempotency-key": "k"})
        assert (tried.status_code, (await mine.post(f"{place}/again", json={})).status_code) == (202, 202)
        assert len((await mine.get("/api/v1/imports", params={"limit": 2})).json()["items"]) == 2
        assert [one["title"] for one in (await mine.get("/api/v1/connections")).json()] == ["dms"]
        for what in ("", "/report", "/report.csv", "/bad-rows"):
            assert (await theirs.get(place + what)).status_code == 404
        assert (await theirs.get("/api/v1/imports")).json()["items"] == []
        assert (await theirs.post(f"{place}/again", json={})).status_code == 404


async def test_refusals_come_through_as_they_are(desk: House) -> None:
    async with desk.logged_in() as mine:
        answer = await bring(mine, source="gone")
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
        assert answer.headers["content-type"] == "application/problem+json"
        for refused in (await bring(mine, file=b"", source="dms"), await mine.post("/api/v1/imports", json={})):
            assert 400 <= refused.status_code < 500
        large = await bring(mine, file=b"x" * (web.MAX_UPLOAD + 1), source="dms")
        assert (large.status_code, large.json()["code"]) == (413, "too_large")
        assert (await mine.get("/api/v1/imports/none")).status_code == 422


@pytest.mark.parametrize("role", ["read-only", "mechanic"])
async def test_who_may_only_look_sees_imports_and_asks_for_none(desk: House, role: str) -> None:
    async with desk.logged_in(role=role) as looking:
        assert (await looking.get("/api/v1/imports")).status_code == 200
        assert (await bring(looking, source="dms")).status_code == 403


async def test_while_ingest_is_away_one_is_asked_to_try_again(house: House) -> None:
    async with house.logged_in() as mine:
        answer = await mine.get("/api/v1/imports")
    assert (answer.status_code, answer.json()["code"]) == (503, "try_again")
