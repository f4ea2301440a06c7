"""`registry read` and `registry status` as a user runs them."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
import typer
from typer.testing import CliRunner, Result

from common.testing.postgres import SECRET, Database
from dmr_sync.main import service
from dmr_sync.sources import Broken

VIN = "TMBJJ7NE0K0000001"
Run = Callable[..., Awaitable[Result]]


@pytest.fixture
def run(office, database: Database) -> Run:
    app = typer.Typer()
    assert service.commands is not None
    service.commands(app)
    settings = {"AUTOFLOWS_DATABASE_URL": database.url(), "AUTOFLOWS_DATABASE_SECRET": SECRET.get_secret_value()}

    async def invoke(*arguments: str) -> Result:
        return await asyncio.to_thread(CliRunner().invoke, app, ["registry", *arguments], env=settings)

    return invoke


async def test_a_file_is_read_and_said_what_it_had(run: Run, office, row, document, write) -> None:
    await office.dealer()
    await office.vehicle(1, vin=VIN, plate="AB12345")
    await office.vehicle(2)  # by neither VIN nor plate: nothing can be looked for
    assert "No file of a registry was read yet" in (await run("status")).output
    assert "DK: 1 vehicles of 1 dealers were not looked for yet." in (await run("status")).output
    said = await run(
        "read", str(write(document(row(VIN), row("TMBJJ7NE0K0000002", None, ident=2), row(None, None, inside="<!-- -->"))))
    )
    assert said.exit_code == 0, said.output
    assert "as of 2026-11-22: 3 rows" in said.output
    assert "2 VINs and plates looked for, 1 vehicles found, 1 dealers told." in said.output
    assert "the slower way, because it has a comment" in said.output
    assert [event.known for event in await office.told()] == [True]
    status = (await run("status")).output
    assert "DK ESStatistikListeModtag-20261122-193000.zip, as of 2026-11-22: done (read to its end" in status
    assert "DK: 0 vehicles of 0 dealers" in status


async def test_a_broken_file_is_said_and_stays_shown(run: Run, office, row, document, write) -> None:
    await office.dealer()
    said = await run("read", str(write(document(row(VIN))[:-20], "dump.xml")), "--day", "2026-11-22")
    assert isinstance(said.exception, Broken)
    status = (await run("status")).output
    assert "dump.xml, as of 2026-11-22: failed (not read to its end)" in status
    assert "is cut or broken after row 1" in status


async def test_a_file_that_is_not_there_is_said(run: Run) -> None:
    said = await run("read", "nowhere.zip")
    assert isinstance(said.exception, Broken)
    assert "cannot be opened" in str(said.exception)
