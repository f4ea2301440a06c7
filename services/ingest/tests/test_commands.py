"""`connect` and `import` as a user runs them, on a real database."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import typer
from sqlalchemy.ext.asyncio import AsyncSession
from typer.testing import CliRunner, Result

from common import db
from common.bus import log
from common.bus.consumer import Consumer
from common.bus.envelope import seal
from common.errors import DomainError, TransientError
from common.events.settings import TOPIC, DealerChanged
from common.events.work_orders import WorkOrderChanged
from common.ids import DealerId, dealer_named, derived_id
from common.service import opened
from common.testing.postgres import SECRET, Database
from ingest import commands
from ingest.domain import contracts
from ingest.domain.mapping import ContractLine
from ingest.main import service

DEALER = dealer_named("nordhavn")
LATEST = dealer_named("holm")  # of whom nothing was heard yet
MAPPING = {"columns": {"Ordre": "number", "Dato": "finished_on", "Reg": "plate", "Tekst": "text"}}
TOKENS = {"ECONOMIC_APP_SECRET": "demo", "ECONOMIC_GRANT": "demo"}
Run = Callable[..., Awaitable[Result]]


@pytest.fixture
async def run(office: Any, database: Database) -> Run:
    """Run a command of ingest, with a dealer that it knows."""
    await office.hear_of(DEALER)
    app = typer.Typer()
    assert service.commands is not None
    service.commands(app)
    settings = {"AUTOFLOWS_DATABASE_URL": database.url(), "AUTOFLOWS_DATABASE_SECRET": SECRET.get_secret_value()}

    async def invoke(*arguments: str, **given: str) -> Result:
        return await asyncio.to_thread(CliRunner().invoke, app, list(arguments), env={**settings, **TOKENS, **given})

    return invoke


async def test_a_connected_agreement_is_read_at_once(run: Run, office: Any) -> None:
    result = await run("connect", "economic", "--dealer", "nordhavn", "--url", office.url, "--open-orders", "--every", "15m")
    assert result.exit_code == 0, result.output
    assert "e-conomic is connected for nordhavn" in result.output
    wakes = await office.rt.wakes(DEALER)
    assert "poll" in wakes
    office.rt.at(wakes["poll"])
    assert len([one for one in await office.read(dealer=DEALER, hours=0) if isinstance(one, WorkOrderChanged)]) == 5
    told = (await run("connect", "list", "--dealer", "nordhavn")).output
    assert "e-conomic (economic): fine, last read" in told
    assert "gives orders, open_orders" in told


async def test_a_dealer_is_heard_of_while_another_process_hears_the_same(office: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    others = [DealerId(derived_id("another dealer", number)) for number in range(8)]
    await tell(office, added(LATEST), *(added(dealer) for dealer in others))
    handle, rival = Consumer._handle, office.rt.consumer
    told = await office.rt.reader.read(dict.fromkeys(await office.rt.reader.heads([TOPIC.name]), 0), 100)
    rival.stopped = {(one.topic, one.partition): "" for one in told if one.dealer == LATEST}  # it hears the others only
    overtaken = list[bool]()

    async def overtake(consumer: Consumer, batch: Any) -> None:
        if consumer is not rival and not overtaken:
            assert await rival.step()
            overtaken.append(not await office.rt.sql(LATEST, "select 1 from ingest.dealer where dealer_id = :one", one=LATEST))
        await handle(consumer, batch)

    monkeypatch.setattr(Consumer, "_handle", overtake)
    async with opened(service, office.rt.settings) as command:
        await commands._known(command, LATEST, "holm")
    assert overtaken == [True]
    assert await office.rt.sql(LATEST, "select 1 from ingest.dealer where dealer_id = :one", one=LATEST)


async def test_a_lock_that_another_process_holds_is_waited_for(run: Run, office: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    await tell(office, added(LATEST))
    step, refused = Consumer.step, list[str]()

    async def step_later(consumer: Consumer) -> int:
        if not refused:
            refused.append("once")
            raise TransientError("canceling statement due to lock timeout")
        return await step(consumer)

    monkeypatch.setattr(Consumer, "step", step_later)
    result = await run("connect", "list", "--dealer", "holm")
    assert refused
    assert result.exit_code == 0, result.exception


async def test_a_dealer_of_whom_nothing_was_told_is_refused(run: Run, office: Any) -> None:
    await tell(office, added(LATEST))
    result = await run("connect", "list", "--dealer", "vester")
    assert isinstance(result.exception, DomainError)
    assert "There is no dealer 'vester'" in str(result.exception)


def added(dealer: DealerId) -> DealerChanged:
    return DealerChanged(
        revision=1, dealer_id=dealer, slug=str(dealer), title="Holm Auto", country="DK", language="da", timezone="Europe/Copenhagen"
    )  # fmt: skip


async def tell(office: Any, *told: DealerChanged) -> None:
    """Append to api's log, as api does."""
    engine = db.engine(office.rt.settings, "api")
    async with AsyncSession(engine) as session, session.begin():
        await log.append(session, "api", [seal(event, event.dealer_id, office.rt.clock.now(), None) for event in told])
    await engine.dispose()


async def test_tokens_are_kept_sealed_and_shown_nowhere(run: Run, office: Any) -> None:
    secrets = {"ECONOMIC_APP_SECRET": "a-very-secret-token", "ECONOMIC_GRANT": "another-secret-token"}
    said = (await run("connect", "economic", "--dealer", "nordhavn", "--url", office.url, **secrets)).output
    said += (await run("connect", "list", "--dealer", "nordhavn")).output
    rows = await office.rt.sql(DEALER, "select s::text as shown from ingest.source s")
    said += "".join(row.shown for row in rows) + "".join(map(repr, await office.rt.published()))
    assert "secret-token" not in said
    assert b"secret-token".hex() not in said


async def test_what_an_agreement_refuses_is_listed(run: Run, office: Any) -> None:
    await run("connect", "economic", "--dealer", "nordhavn", "--url", office.url, ECONOMIC_GRANT="wrong")
    office.rt.at((await office.rt.wakes(DEALER))["poll"])
    await office.read(dealer=DEALER, hours=0)
    told = (await run("connect", "list", "--dealer", "nordhavn")).output
    assert "fails, not read yet" in told
    assert "Check the app secret" in told


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--url", "http://elsewhere.example"), "https"),
        (("--url", "ftp://elsewhere.example"), "https"),
        (("--every", "1m"), "no interval"),
        (("--every", "often"), "no interval"),
        (("--sells", "SA36"), "SA36=service_contract:36"),
        (("--sells", "SA36=gym:36"), "service_contract"),
        (("--sells", "=service_contract:36"), "what is sold"),
        (("--sells", "SA36=service_contract:0"), "what is sold"),
    ],
)
async def test_what_cannot_be_connected_is_said(run: Run, arguments: tuple[str, str], said: str) -> None:
    result = await run("connect", "economic", "--dealer", "nordhavn", *arguments)
    assert isinstance(result.exception, DomainError)
    assert said in str(result.exception)


async def test_products_that_sell_contracts_are_told_with_the_source(run: Run, office: Any) -> None:
    sold = ("--sells", "SA36=service_contract:36", "--sells", "A=B=warranty:24")
    result = await run("connect", "economic", "--dealer", "nordhavn", "--url", office.url, *sold)
    assert result.exit_code == 0, result.output
    ((config,),) = await office.rt.sql(DEALER, "select config from ingest.source")
    assert contracts.lines_of(config) == {
        "SA36": ContractLine(kind="service_contract", months=36), "A=B": ContractLine(kind="warranty", months=24)
    }  # fmt: skip
    assert "gives orders, contracts" in (await run("connect", "list", "--dealer", "nordhavn")).output


async def test_a_dealer_nobody_added_is_said(run: Run) -> None:
    result = await run("connect", "economic", "--dealer", "nobody")
    assert isinstance(result.exception, DomainError)
    assert "dealers add --slug nobody" in str(result.exception)


async def test_a_file_is_brought_with_its_sources_mapping(run: Run, office: Any, tmp_path: Path) -> None:
    (tmp_path / "mapping.json").write_text(json.dumps(MAPPING))
    file = tmp_path / "orders.csv"
    file.write_text("Ordre;Dato;Reg;Tekst\n1;2025-03-01;AB12345;Service\n2;soon;CD23456;Service\n")
    made = await run("connect", "file", "--dealer", "nordhavn", "--name", "Planner", "--mapping", str(tmp_path / "mapping.json"))
    assert made.exit_code == 0, made.output
    bring = ("import", str(file), "--dealer", "nordhavn", "--source", "planner")
    tried = await run(*bring, "--dry-run")
    assert "1 orders would be recorded (1 new, 0 changed), 0 unchanged, 1 bad rows" in tried.output
    assert "new order 1: " in tried.output
    assert "finished_on 2025-03-01" in tried.output
    first, second = await run(*bring), await run(*bring)
    assert (first.exit_code, second.exit_code) == (1, 1)
    assert "1 orders recorded (1 new, 0 changed), 0 unchanged, 1 bad rows" in first.output
    assert "line 3, Dato: order 2: finished_on: 'soon' is no date. Write the day as 2026-12-31" in first.output
    assert "0 orders recorded (0 new, 0 changed), 1 unchanged" in second.output
    assert set(await office.orders(DEALER)) == {"1"}
    assert "cannot be used" in (await run("connect", "list", "--dealer", "nordhavn")).output


async def test_what_is_kept_is_shown_written_mended_and_forgotten(run: Run, office: Any, tmp_path: Path) -> None:
    (tmp_path / "mapping.json").write_text(json.dumps({**MAPPING, "encoding": "cp1252"}))
    file, mended = tmp_path / "orders.csv", tmp_path / "mended.csv"
    file.write_bytes("Ordre;Dato;Reg;Tekst\n1;soon;AB12345;Bremsevæske\n;2025-03-01;CD23456;Service\n".encode("cp1252"))
    here = ("--dealer", "nordhavn", "--source", "planner")
    await run("connect", "file", "--dealer", "nordhavn", "--name", "Planner", "--mapping", str(tmp_path / "mapping.json"))
    assert "Nothing of planner is kept" in (await run("connect", "kept", *here)).output
    await run("import", str(file), *here)
    shown = (await run("connect", "kept", *here, "--to", str(mended))).output
    assert "orders.csv, line 2: order 1: finished_on: 'soon' is no date" in shown
    assert "2 of 2 are written" in shown
    mended.write_text(mended.read_text(encoding="utf-8-sig").replace("soon", "2025-03-01"), encoding="utf-8-sig")
    await run("import", str(mended), *here)
    assert (await office.orders(DEALER))["1"].lines[0].text == "Bremsevæske"
    assert "mended.csv, line 3: it has no order number" in (await run("connect", "kept", *here, "--drop")).output
    assert "Nothing of planner is kept" in (await run("connect", "kept", *here)).output
    listed = (await run("connect", "list", "--dealer", "nordhavn")).output
    assert "Planner (file): fine, last read" in listed


async def test_numbers_can_only_be_those_of_a_source_that_is_there(run: Run) -> None:
    made = (
        "connect",
        "file",
        "--dealer",
        "nordhavn",
        "--name",
        "Planner",
        "--numbers-of",
        "e-conomic",
        "--gives",
        "appointments",
    )
    assert "no source of that name" in str((await run(*made)).exception)
    await run("connect", "economic", "--dealer", "nordhavn")
    assert (await run(*made)).exit_code == 0
    assert "gives appointments" in (await run("connect", "list", "--dealer", "nordhavn")).output


async def test_json_lines_need_no_mapping(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "orders.jsonl"
    file.write_text('{"id": "1", "date": "2025-03-01", "vehicle": {"plate": "AB12345"}, "lines": [{"text": "Service"}]}\n')
    await run("connect", "file", "--dealer", "nordhavn", "--name", "Archive")
    brought = await run("import", str(file), "--dealer", "nordhavn", "--source", "Archive")
    assert (brought.exit_code, "1 orders recorded" in brought.output) == (0, True)


async def test_a_source_nobody_made_or_a_file_that_is_not_there_is_said(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "orders.jsonl"
    missing = await run("import", str(file), "--dealer", "nordhavn", "--source", "Archive")
    assert "connect file" in str(missing.exception)
    await run("connect", "file", "--dealer", "nordhavn", "--name", "Archive")
    assert "cannot be read" in str((await run("import", str(file), "--dealer", "nordhavn", "--source", "Archive")).exception)


async def test_a_source_keeps_a_mapping_of_each_kind_of_file(run: Run, office: Any, tmp_path: Path) -> None:
    (tmp_path / "orders.json").write_text(json.dumps(MAPPING))
    contracts = {"columns": {"Nr": "number", "Reg": "plate", "Slut": "ends_on"}, "defaults": {"contract_kind": "lease"}}
    (tmp_path / "contracts.json").write_text(json.dumps(contracts))
    make = ("connect", "file", "--dealer", "nordhavn", "--name", "dms")
    await run(*make, "--mapping", str(tmp_path / "orders.json"))
    await run(*make, "--mapping", str(tmp_path / "contracts.json"), "--kind", "contracts")
    assert "gives orders, contracts" in (await run("connect", "list", "--dealer", "nordhavn")).output
    (tmp_path / "contracts.csv").write_text("Nr;Reg;Slut\nL1;AB12345;2027-03-01\n")
    (tmp_path / "orders.csv").write_text("Ordre;Dato;Reg;Tekst\n1;2025-03-01;AB12345;Service\n")
    here = ("--dealer", "nordhavn", "--source", "dms")
    brought = await run("import", str(tmp_path / "contracts.csv"), *here, "--kind", "contracts")
    assert "1 contracts recorded" in brought.output
    assert "1 orders recorded" in (await run("import", str(tmp_path / "orders.csv"), *here)).output
    wrong = await run("import", str(tmp_path / "orders.csv"), *here, "--kind", "customers")
    assert "it has mappings of contracts, orders" in str(wrong.exception)
    assert "no field" in str((await run(*make, "--mapping", str(tmp_path / "contracts.json"), "--kind", "orders")).exception)
    assert "needs a mapping" in str((await run(*make, "--kind", "orders")).exception)
