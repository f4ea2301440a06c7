"""The whole product under kill -9: whoever dies, nobody is contacted twice for one step, and nobody is forgotten."""

import asyncio
import json
import os
import random
import re
import signal
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from common.testing.product import Product, until

pytestmark = [pytest.mark.timeout(600), pytest.mark.xdist_group("product")]
SERVICES = ("ingest", "classifier", "scheduler", "leads", "notifier", "api")
DAYS = 9  # so that reminders leave, too
FEWEST = 5  # customers contacted, for a run to tell anything
ROUNDS = 2  # every service dies so often: the supervisor gives up on none of them


@pytest.fixture
async def product(tmp_path: Path) -> AsyncIterator[Product]:
    made = Product(tmp_path)
    yield made
    await made.end()


async def test_killing_services_at_random_contacts_nobody_twice_and_forgets_nobody(product: Product) -> None:
    await product.start("--demo", "--apart", within=180)
    await read_invoices(product)
    killing = asyncio.create_task(kill_in_turn(product, random.Random(4)))
    await move(product, "+1d", DAYS)
    await killing
    await move(product, "+1h", 1)
    await nobody_is_contacted_twice_or_forgotten(product)
    assert await product.stop() == 0


AROUND_A_BATCH = [f"{name}.{point}" for name in SERVICES for point in ("in_batch", "after_batch")]
AROUND_A_CALL = [f"notifier.{point}" for point in ("after_claim", "after_look", "after_call", "after_record")]


@pytest.mark.parametrize(
    "points",
    [[*AROUND_A_BATCH, "ingest.after_slice", "scheduler.in_job", "classifier.in_job"], AROUND_A_CALL],
    ids=["batches", "calls"],
)
async def test_dying_once_at_each_named_point_changes_nothing(product: Product, points: list[str], tmp_path: Path) -> None:
    died_at = tmp_path / "died"
    died_at.mkdir()
    product.environment |= {"AUTOFLOWS_FAILPOINT": f"{','.join(points)}@{died_at}", "AUTOFLOWS_LEASE_SECONDS": "5"}
    await product.start("--demo", "--apart", within=180)
    await read_invoices(product)
    await publish_a_word(product, tmp_path)
    for _ in range(DAYS):
        await move(product, "+1d", 1)
        reached = {path.name for path in died_at.iterdir()}
        if reached == set(points) and len({m["to"] for m in await caught_mail(product)}) >= FEWEST:
            break
    assert reached == set(points)
    await nobody_is_contacted_twice_or_forgotten(product)
    await every_text_is_read_again(product)
    assert await product.stop() == 0


async def publish_a_word(product: Product, folder: Path) -> None:
    """Have every text of the dealer read again, in the background."""
    file = folder / "own.json"
    file.write_text(json.dumps({"words": [{"words": "stort forårstjek", "tag": "service"}]}), encoding="utf-8")
    code, said = await product.run("lexicon", "publish", "--dealer", "holm-auto", "--file", str(file))
    assert code == 0, said


async def every_text_is_read_again(product: Product) -> None:
    async def read() -> bool:
        code, said = await product.run("lexicon", "show", "--dealer", "holm-auto")
        told = re.search(r"(\d+) of (\d+) texts are read with what is in force", said)
        return code == 0 and told is not None and told[1] == told[2] != "0"

    await until(read, within=120)


async def read_invoices(product: Product) -> None:
    async def read() -> bool:
        code, said = await product.run("connect", "list", "--dealer", "holm-auto")
        return code == 0 and ": fine" in said

    await until(read, within=120)


async def kill_in_turn(product: Product, chance: random.Random) -> None:
    """Kill one service after the other, for real, while the clock moves; each at a random moment once all run again."""
    services = [name for name, told in product.told()["processes"].items() if told["services"]]
    for name in (name for _ in range(ROUNDS) for name in chance.sample(services, k=len(services))):
        await until(lambda: all_run(product), within=120)
        await asyncio.sleep(chance.uniform(0.1, 3))  # the fault's own moment, not a wait for anything
        os.kill(product.told()["processes"][name]["pid"], signal.SIGKILL)
        await until(lambda: seen_dead(product), within=30)


async def all_run(product: Product) -> bool:
    return all(told["pid"] for told in product.told()["processes"].values())


async def seen_dead(product: Product) -> bool:
    return not await all_run(product)


async def move(product: Product, step: str, times: int) -> None:
    """Move the clock; where a process is just dead, wait until it runs again and repeat, as the command says."""
    moved = 0
    async with asyncio.timeout(400):
        while moved < times:
            code, said = await product.run("clock", step)
            moved += code == 0
            assert code == 0 or "does not answer" in said or "does not become quiet" in said, said + product.logs()


async def caught_mail(product: Product) -> list[dict[str, str]]:
    """What went to customers."""
    return [m for m in await product.mail() if not m["to"].startswith("owner@")]


async def nobody_is_contacted_twice_or_forgotten(product: Product) -> None:
    caught = await caught_mail(product)
    steps = Counter((m["to"], m["kind"], re.sub(r"https?://\S+", "", m["text"])) for m in caught)  # a step's own words
    assert {step: count for step, count in steps.items() if count > 1} == {}
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
    assert len(contacted) >= FEWEST
    assert contacted - reached - unsure == set(), "whoever counts as contacted was, or nobody can say"
