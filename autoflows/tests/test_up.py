"""`autoflows up` for real, as a user starts it: ready, refused twice, killed parts come back, and a clean stop."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from common.testing.product import Product, until

pytestmark = [pytest.mark.timeout(240), pytest.mark.xdist_group("up")]


@pytest.fixture
async def product(tmp_path: Path) -> AsyncIterator[Product]:
    made = Product(tmp_path)
    yield made
    await made.end()


async def autoflows(*arguments: str) -> Process:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("AUTOFLOWS_")} | {"COLUMNS": "400"}
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "autoflows", *arguments, stdout=PIPE, stderr=STDOUT, env=clean
    )


async def gone(*pids: int) -> bool:
    return not any(lives(pid) for pid in pids)


async def test_it_starts_refuses_a_second_start_restarts_what_dies_and_stops_cleanly(product: Product) -> None:
    await product.start()
    second = await autoflows("up", "--data", str(product.data), "--port", "9", "--database-port", "9")
    said, _ = await second.communicate()
    assert second.returncode == 1
    assert f"process {product.told()['pid']}" in said.decode()
    assert "Traceback" not in said.decode()

    before = product.told()["processes"]["notifier"]["pid"]
    os.kill(before, signal.SIGKILL)

    async def back() -> bool:
        return product.told()["processes"]["notifier"]["pid"] not in {None, before}

    await until(back)
    await product.says("notifier ended (killed by SIGKILL)")

    pids = [each["pid"] for each in product.told()["processes"].values()]
    assert await product.stop() == 0
    assert product.said.endswith("Stopped.\n")
    assert await gone(*pids)
    assert not (product.data / "run.json").exists()


async def test_a_killed_postgresql_is_started_again(product: Product) -> None:
    await product.start()
    postmaster = next(product.data.resolve().glob("postgres/pgdata/postmaster.pid"))
    os.kill(int(postmaster.read_text().split()[0]), signal.SIGKILL)
    await product.says("PostgreSQL ended; it is started again")
    code, said = 1, ""
    async with asyncio.timeout(60):
        while code:
            code, said = await product.run("doctor")
    assert "BAD" not in said
    assert await product.stop(signal.SIGTERM) == 0


async def test_nothing_outlives_a_supervisor_that_is_killed_and_the_data_is_there_again(product: Product) -> None:
    await product.start()
    assert product.process is not None
    pids = [each["pid"] for each in product.told()["processes"].values()]
    product.process.kill()
    await product.process.wait()
    await until(lambda: gone(*pids))
    product.said = ""
    await product.start()
    assert await product.stop() == 0


async def test_the_demo_reads_invoices_invites_by_itself_and_goes_on_where_it_was(product: Product) -> None:
    await product.start("--demo")
    assert (await product.run("clock", "+6d"))[0] == 0
    caught = await product.mail()
    assert any("service" in message["subject"] for message in caught if message["kind"] == "mail")
    assert any(message["kind"] == "sms" for message in caught)  # of those who have no e-mail address
    said = [(message["to"], message["subject"]) for message in caught]
    assert len(set(said)) == len(said)  # nobody is told the same twice
    assert await product.stop() == 0

    product.said = ""
    began_at = asyncio.get_running_loop().time()
    await product.start("--demo")
    assert asyncio.get_running_loop().time() - began_at < 30  # 5 s on an idle machine; tests share theirs
    assert await product.mail() == caught
    assert "6 days and 0 hours ahead" in (await product.run("clock"))[1]
    assert await product.stop() == 0


async def test_the_demo_and_a_real_installation_never_share_a_folder(product: Product) -> None:
    await product.start()
    assert await product.stop() == 0
    demo = await autoflows("up", "--demo", "--data", str(product.data))
    said, _ = await demo.communicate()
    assert demo.returncode == 1
    assert "holds a real installation" in said.decode()


async def test_commands_without_anything_running_say_what_to_do(product: Product) -> None:
    for command, sentence in {
        ("clock", "+7d"): "Nothing runs on",
        ("dead-letters", "list"): "Start it with: autoflows up",
        ("run", "no-such"): "There is no service 'no-such'. There are: ",
    }.items():
        code, said = await product.run(*command)
        assert (code, "Traceback" in said) == (1, False), said
        assert sentence in said


def lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except FileNotFoundError:
        return False
