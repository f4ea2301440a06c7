"""From a lease that ends to the salesman's call: every service on one database, a mail server, and the customer's browser."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from autoflows import installed
from autoflows.scenarios import world as worlds
from common import web
from common.events.customers import ContractChanged, CustomerChanged, VehicleChanged
from common.events.leads import LeadChanged
from common.events.settings import UserAlertsChanged
from common.ids import ContractId, CustomerId, UserId, VehicleId, derived_id
from common.testing.mail import MailServer
from common.testing.nordhavn import dealer
from common.testing.postgres import SECRET, Database

TEN = datetime(2026, 3, 10, 9, tzinfo=UTC)  # in Copenhagen
CUSTOMER, CAR = CustomerId(derived_id("customer")), VehicleId(derived_id("vehicle"))
FACTS: dict[str, Any] = {"full_name": "Anne Holm", "email": "anne@example.com", "mobile": "+4520123456", "kind": "private"}


@pytest.fixture
async def mail() -> AsyncIterator[tuple[MailServer, int]]:
    server = MailServer()
    async with server.serving() as port:
        yield server, port


async def test_from_a_lease_that_ends_to_a_call(database: Database, mail: tuple[MailServer, int]) -> None:
    server, port = mail
    settings = {
        "database_url": database.url(), "database_secret": SECRET, "smtp_host": "127.0.0.1", "smtp_port": port, "smtp_tls": "none",
        "public_url": "https://svar.example", "notifier_url": "https://klik.example", "send_per_second": 0,
    }  # fmt: skip
    start = datetime(2026, 3, 2, 8, tzinfo=UTC)
    async with worlds.opened(installed.load(), settings, start, None) as world:
        declared = dealer(settings={"leads": {"basis": "existing_customer"}}).model_copy(update={"dealer_id": world.dealer})
        await world.tell(
            declared,
            UserAlertsChanged(user_id=UserId(derived_id("sales")), revision=1, email="salg@nordhavn.example", alerts=("call_me",)),
            CustomerChanged(customer_id=CUSTOMER, revision=1, **FACTS),
            VehicleChanged(vehicle_id=CAR, revision=1, customer_id=CUSTOMER, plate="AB12345", make="Skoda", model="Octavia"),
            ContractChanged(
                contract_id=ContractId(derived_id("lease")), revision=1, vehicle_id=CAR, kind="lease",
                starts_on=date(2023, 9, 11), ends_on=date(2026, 9, 10),
            ),
        )  # fmt: skip
        await world.settle()
        assert server.received == []
        world.clock.move_to(TEN)
        await world.settle()
        (letter,) = server.to("anne@example.com")
        assert letter.message["Subject"] == "Leasingaftalen på din Skoda Octavia udløber den 10. september 2026"

        async with browser(world) as customer:
            page = await follow(customer, letter.part("plain"), "Ring til mig")
            assert "Leasingaftalen på Skoda Octavia (AB12345) udløber snart" in page.text
            assert (await customer.post(page.url.path, data={"svar": "ring"})).status_code == 200
        await world.settle()
        (told,) = server.to("salg@nordhavn.example")
        assert told.message["Subject"] == "Ring til Anne Holm om ny bil efter leasingaftalen"
        lead = [event for envelope in world.seen if isinstance(event := envelope.event(), LeadChanged)][-1]
        assert (lead.stage, lead.outcome, lead.call_from_on) == ("sent", "call_me", date(2026, 3, 10))
        assert len(server.received) == 2


def browser(world: worlds.World) -> httpx.AsyncClient:
    """A customer's browser, with api and notifier behind one address."""
    app = FastAPI()
    web.install(app)
    for name in ("api", "notifier"):
        runtime = world.runtimes[name]
        assert runtime.service.router is not None
        app.include_router(runtime.service.router(runtime))
    transport = httpx.ASGITransport(app=app)
    return httpx.AsyncClient(transport=transport, base_url="https://klik.example", headers={"user-agent": "a person's browser"})


async def follow(customer: httpx.AsyncClient, text: str, button: str) -> httpx.Response:
    found = re.search(rf"{button}: (\S+)", text)
    assert found is not None, text
    led = await customer.get(found[1])
    assert led.headers["location"].startswith("https://svar.example/a/")
    page = await customer.get(led.headers["location"])
    assert page.status_code == 200
    return page
