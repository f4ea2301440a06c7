"""The whole product under kill -9: whoever dies, nobody is contacted twice for one step, and nobody is forgotten."""

import asyncio
import os
import random
import signal
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from common.testing.product import Product, until

pytestmark = [pytest.mark.timeout(600), pytest.mark.xdist_group("product")]
KILL_EVERY_SECONDS = 3.5  # five services in turn: none dies so often that the supervisor gives up


@pytest.fixture
async def product(tmp_path: Path) -> AsyncIterator[Product]:
    made = Product(tmp_path)
    yield made
    await made.end()


async def test_killing_services_at_random_contacts_nobody_twice_and_forgets_nobody(product: Product) -> None:
    await product.start("--demo", "--apart", within=180)
    await read_invoices(product)
    killing = asyncio.create_task(kill_in_turn(product, random.Random(4)))
    await move_nine_days(product)
    killing.cancel()
    killed = await asyncio.gather(killing, return_exceptions=True)
    await product.does("clock", "+1h")
    await nobody_is_contacted_twice_or_forgotten(product)
    assert await product.stop() == 0, killed


@pytest.mark.parametrize("point", ["notifier.after_claim:4", "notifier.after_call:4"])
async def test_dying_around_a_call_sends_nothing_twice(product: Product, point: str) -> None:
    product.environment["AUTOFLOWS_FAILPOINT"] = point
    await product.start("--demo", within=180)
    await read_invoices(product)
    await move_nine_days(product, days=1)
    await nobody_is_contacted_twice_or_forgotten(product)
    assert "notifier ended" in product.said + product.logs() or await died(product)
    assert await product.stop() == 0


async def died(product: Product) -> bool:
    """Whether the supervisor told of the notifier's death."""
    await product.says("notifier ended", within=30)
    return True


async def read_invoices(product: Product) -> None:
    async def read() -> bool:
        return ": fine" in await product.does("connect", "list", "--dealer", "holm-auto")

    await until(read, within=120)


async def kill_in_turn(product: Product, chance: random.Random) -> None:
    """Kill one process after the other, for real, while the clock moves."""
    turn: list[str] = []
    while True:
        await asyncio.sleep(KILL_EVERY_SECONDS)  # the fault's own rhythm, not a wait for anything
        processes = product.told()["processes"]
        turn = turn or chance.sample(sorted(name for name in processes if name != "demo-world"), k=len(processes) - 1)
        name = turn.pop()
        if name in processes:
            os.kill(processes[name]["pid"], signal.SIGKILL)


async def move_nine_days(product: Product, days: int = 9) -> None:
    """Move the clock; where a process is just dead, wait until it runs again and repeat, as the command says."""
    moved = 0
    async with asyncio.timeout(400):
        while moved < days:
            code, said = await product.run("clock", "+1d")
            moved += code == 0
            assert code == 0 or "does not answer" in said or "does not become quiet" in said, said + product.logs()


async def nobody_is_contacted_twice_or_forgotten(product: Product) -> None:
    caught = [m for m in await product.mail() if not m["to"].startswith("owner@")]
    twice = {key: count for key, count in Counter((m["to"], m["kind"], m["subject"]) for m in caught).items() if count > 1}
    assert twice == {}
    dealer = await product.dealer()
    rows = []
    for view in ("follow-up?view=all", "calls", "booked", "no"):
        answer = await dealer.get(f"/api/v1/{view}{'&' if '?' in view else '?'}limit=200")
        rows += answer.raise_for_status().json()["items"]
    messages: list[dict[str, str]] = []
    cursor = ""
    while True:
        page = (await dealer.get(f"/api/v1/messages?limit=200{cursor}")).raise_for_status().json()
        messages += page["items"]
        if not page["next_cursor"]:
            break
        cursor = f"&cursor={page['next_cursor']}"
    await dealer.aclose()
    reached = {m["to"] for m in caught}
    unsure = {m["address"] for m in messages if m["state"] == "unknown"}
    contacted = {row["email"] or row["mobile"] for row in rows if row["step"] >= 1}
    assert len(contacted) >= 5
    assert contacted - reached - unsure == set(), "whoever counts as contacted was, or nobody can say"
