"""From e-conomic's invoices to mails, answers, reminders and lists: the whole product, on each bus and on databases apart."""

import base64
import hashlib
import hmac
import json
import re
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from common.testing.kafka import Broker
from common.testing.product import Product, until

pytestmark = [pytest.mark.timeout(600), pytest.mark.xdist_group("kafka")]  # the broker's worker
SERVICES = ("ingest", "classifier", "scheduler", "leads", "notifier", "api")


@pytest.fixture
async def product(tmp_path: Path) -> AsyncIterator[Product]:
    made = Product(tmp_path)
    yield made
    await made.end()


async def test_the_journey_on_one_machine(product: Product) -> None:
    await the_journey(product)


async def test_the_journey_through_kafka(product: Product, kafka: Broker) -> None:
    product.environment |= {
        "AUTOFLOWS_BUS": "kafka",
        "AUTOFLOWS_KAFKA_BOOTSTRAP": kafka.bootstrap,
        "AUTOFLOWS_KAFKA_PREFIX": f"j{uuid4().hex[:8]}.",
    }
    await the_journey(product)


async def test_the_journey_with_every_service_on_a_database_of_its_own(product: Product) -> None:
    where = {name: f"postgresql://127.0.0.1:{product.database_port}/{name}_alone" for name in SERVICES}
    product.environment |= {"AUTOFLOWS_DATABASE_URLS": json.dumps(where)}
    await the_journey(product, "--apart")


async def the_journey(product: Product, *more: str) -> None:
    """One customer asks to be called, one is silent, one books."""
    await product.start("--demo", *more, within=180)
    await invoices_are_read(product)
    await product.does("clock", "+3d")  # past any weekend
    invitations = [mail for mail in await product.mail(kind="mail") if "service" in mail["subject"].lower()]
    assert len({mail["to"] for mail in invitations}) == len(invitations) >= 6, "one mail each, and no two to anybody"
    dealer = await product.dealer()
    rows = {row["email"]: row for row in await listed(dealer, "/follow-up?view=all") if row["mobile"]}
    stays_away = {email for email, row in rows.items() if int(row["customer_number"]) % 11 != 5}  # the others come by themselves
    calls, silent, books = [mail for mail in invitations if mail["to"] in stays_away][:3]

    await ask_to_be_called(product, dealer, calls)
    await book(product, rows[books["to"]], code_in(await follow(books, "Book tid")))
    await product.does("clock", "+7d")
    texted = {sms["to"] for sms in await product.mail(kind="sms")}
    assert rows[silent["to"]]["mobile"] in texted, "the silent one is reminded by SMS after seven days"
    assert rows[calls["to"]]["mobile"] not in texted
    assert rows[books["to"]]["mobile"] not in texted

    await product.does("clock", "+4d")
    to_call = {row["email"] for row in await listed(dealer, "/follow-up?view=call_now")}
    assert silent["to"] in to_call
    assert not {calls["to"], books["to"]} & to_call
    assert books["to"] in {row["email"] for row in await listed(dealer, "/booked")}
    await nobody_was_contacted_thrice(product)
    await dealer.aclose()
    assert await product.stop() == 0


async def invoices_are_read(product: Product) -> None:
    async def read() -> bool:
        return ": fine" in await product.does("connect", "list", "--dealer", "holm-auto")

    await until(read, within=90)


async def ask_to_be_called(product: Product, dealer: httpx.AsyncClient, mail: dict[str, Any]) -> None:
    """The customer follows the link, reads the page, and presses the button; staff is told, and the list shows it."""
    async with httpx.AsyncClient(trust_env=False, follow_redirects=True) as customer:
        page = await customer.get(link(mail, "Ring til mig"), headers={"user-agent": "a person's browser"})
        assert page.status_code == 200
        assert "Ring til mig" in page.text
        assert mail["to"] not in {row["email"] for row in await listed(dealer, "/calls")}, "reading changes nothing"
        answered = await customer.post(str(page.url).split("?")[0], data={"svar": "ring"})
        assert "vi ringer" in answered.text

    async def listed_and_told() -> bool:
        marked = mail["to"] in {row["email"] for row in await listed(dealer, "/calls")}
        return marked and bool([told for told in await product.mail(kind="mail") if told["to"] == "owner@holm-auto.example"])

    await until(listed_and_told, within=30)


async def book(product: Product, row: dict[str, Any], code: str) -> None:
    """The booking system tells of a booking that carries our reference, twice."""
    said = await product.does("webhooks", "add", "--dealer", "holm-auto")
    address, secret = re.search(r"Address: (\S+)", said), re.search(r"(whsec_\S+)", said)
    assert address is not None
    assert secret is not None
    starts_at = "2027-03-01T09:00:00"
    body = json.dumps({"booking_id": "b1", "status": "booked", "starts_at": starts_at, "plate": row["plate"], "invitation": code})
    webhook_id, stamp = f"msg_{uuid4().hex}", str(int(time.time()))
    key = base64.b64decode(secret[1].removeprefix("whsec_"))
    mac = hmac.new(key, f"{webhook_id}.{stamp}.{body}".encode(), hashlib.sha256).digest()
    headers = {
        "webhook-id": webhook_id, "webhook-timestamp": stamp, "webhook-signature": f"v1,{base64.b64encode(mac).decode()}",
        "content-type": "application/json",
    }  # fmt: skip
    async with httpx.AsyncClient(trust_env=False) as booking_system:
        for _ in range(2):
            assert (await booking_system.post(address[1], content=body, headers=headers)).status_code == 204
        forged = await booking_system.post(address[1], content=body.replace("b1", "b2"), headers=headers)
        assert forged.status_code == 401


async def follow(mail: dict[str, Any], button: str) -> str:
    """Where a button of a mail leads."""
    async with httpx.AsyncClient(trust_env=False) as customer:
        answer = await customer.get(link(mail, button), headers={"user-agent": "a person's browser"})
    return answer.headers["location"]


def link(mail: dict[str, Any], button: str) -> str:
    found = re.search(rf"{button}: (\S+)", mail["text"])
    assert found is not None, mail["text"]
    return found[1]


def code_in(address: str) -> str:
    found = re.search(r"/a/([a-z0-9]+)", address)
    assert found is not None, address
    return found[1]


async def listed(dealer: httpx.AsyncClient, path: str) -> list[dict[str, Any]]:
    answer = await dealer.get(f"/api/v1{path}", params={"limit": 200} if "?" not in path else None)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


async def nobody_was_contacted_thrice(product: Product) -> None:
    """Two contacts of one invitation at most, by whatever channels, each step once; and no two messages are the same."""
    steps: Counter[tuple[str, str, int]] = Counter()
    async with aclosing(await product.dealer()) as dealer:
        cursor: str | None = ""
        while cursor is not None:
            page = await dealer.get("/api/v1/messages", params={"limit": 200, **({"cursor": cursor} if cursor else {})})
            sent = [message for message in page.json()["items"] if message["sent_at"]]
            steps.update((part["purpose"], part["reference"], part["step"]) for message in sent for part in message["contacts"])
            cursor = page.json()["next_cursor"]
    assert max(steps.values()) == 1
    assert max(Counter(reference for purpose, reference, _ in steps if purpose == "invitation").values()) == 2
    caught = Counter((message["to"], message["text"]) for message in await product.mail())
    assert max(caught.values()) == 1
