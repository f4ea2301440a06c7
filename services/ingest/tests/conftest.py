"""Ingest driven by hand, reading an e-conomic agreement with a few invented customers over HTTP."""

import contextlib
import dataclasses
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

import httpx
import pytest

from autoflows.demo.economic import Economic
from common.clock import FixedClock
from common.errands import Errand
from common.events import Event
from common.events.settings import DealerChanged
from common.events.work_orders import WorkOrderChanged
from common.ids import DealerId
from common.service import Runtime
from common.testing.postgres import Database
from common.testing.runtime import DEALER, Running, running
from ingest import commands, store
from ingest.clients.sealing import Sealer
from ingest.domain.snapshots import OrderSnapshot
from ingest.errands import Poll
from ingest.imports import Imports
from ingest.main import service
from ingest.recording import POLL, Recorder

NAME = "e-conomic"
NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
Body = dict[str, Any]
Line = tuple[str, float]
E = TypeVar("E", bound=Event)


class Books(Economic):
    """The agreement, written by the test."""

    def customer(self, number: int, name: str, **more: Any) -> None:
        changed_at = more.pop("changed_at", "2026-01-01T08:00:00Z")
        told = {
            "customerNumber": number,
            "name": name,
            "lastUpdated": changed_at,
            "customerGroup": {"customerGroupNumber": 1},
            **more,
        }
        self.customers = [*(one for one in self.customers if one["customerNumber"] != number), told]

    def invoice(self, number: int, on: str, customer: int, heading: str, *lines: Line, **more: Any) -> Body:
        told = {"bookedInvoiceNumber": number, **document(on, customer, heading, lines), **more}
        self.invoices = [*self.invoices, told]
        return told

    def order(self, number: int, on: str, customer: int, heading: str, *lines: Line) -> None:
        self.drafts = [*self.drafts, {"orderNumber": number, **document(on, customer, heading, lines)}]


def document(on: str, customer: int, heading: str, lines: Sequence[Line]) -> Body:
    net = sum(amount for _, amount in lines)
    return {
        "date": on,
        "currency": "DKK",
        "netAmount": net,
        "grossAmount": net * 1.25,
        "vatAmount": net * 0.25,
        "customer": {"customerNumber": customer},
        "recipient": {"name": "As the invoice writes it"},
        "notes": {"heading": heading},
        "lines": [
            {"lineNumber": place, "description": text, "quantity": 1.0, "unitNetPrice": amount, "totalNetAmount": amount}
            for place, (text, amount) in enumerate(lines, 1)
        ],
    }


class Office:
    """A dealer's ingest with its clock, and the accounting system that it reads."""

    def __init__(self, rt: Running, books: Books, url: str) -> None:
        self.rt, self.books, self.url = rt, books, url

    async def hear_of(self, dealer: DealerId) -> None:
        """Hear of a dealer in Denmark."""
        await self.rt.deliver(dealer, nordhavn(dealer))

    async def connect(self, *, dealer: DealerId = DEALER, grant: str = "demo", **config: Any) -> None:
        """Connect the agreement for a dealer."""
        await self.hear_of(dealer)
        async with self.rt.work(dealer) as work:
            await store.save_source(
                work.session, dealer, commands.source_id(dealer, NAME), title=NAME, kind="economic",
                config={"url": self.url, "every_seconds": 3600, "gives": ["orders", "open_orders"], **config},
                secrets=Sealer(self.rt.settings).seal({"app_secret": "demo", "grant": grant}),
            )  # fmt: skip

    async def read(self, *, dealer: DealerId = DEALER, hours: float = 1) -> list[Event]:
        """Let time pass, read, and give what was told."""
        self.rt.later(hours=hours)
        await self.rt.run_errand(POLL, dealer)
        return await self.rt.published(dealer)

    async def record(self, *orders: OrderSnapshot, source: str = "files", numbers_of: str | None = None) -> list[Event]:
        """Record orders of another source, each in a transaction, and give what was told."""
        theirs = commands.source_id(DEALER, numbers_of) if numbers_of else None
        for order in orders:
            async with self.rt.work(DEALER) as work:
                await Recorder(work, commands.source_id(DEALER, source), ("orders",), theirs).order(order)
        return await self.rt.published(DEALER)

    async def source(self, dealer: DealerId = DEALER) -> Any:
        async with self.rt.work(dealer) as work:
            return await store.source(work.session, dealer, commands.source_id(dealer, NAME))

    async def told(self, kind: type[E], dealer: DealerId = DEALER) -> list[E]:
        """Every entity of that kind as it was last told."""
        rows = await self.rt.sql(dealer, "select told from ingest.entity where kind = :kind order by entity_id", kind=kind.name)
        return [kind.model_validate(row.told) for row in rows]

    async def orders(self, dealer: DealerId = DEALER) -> dict[str, WorkOrderChanged]:
        return {order.number: order for order in await self.told(WorkOrderChanged, dealer)}


def nordhavn(dealer: DealerId = DEALER) -> DealerChanged:
    return DealerChanged(
        revision=1, dealer_id=dealer, slug="nordhavn", title="Nordhavn Auto", country="DK", language="da", timezone="Europe/Copenhagen"
    )  # fmt: skip


@pytest.fixture
def books() -> Books:
    """Three customers, four invoices, and an order under way."""
    found = Books([], [])
    found.customer(1, "Anne Holm", email="anne@example.com", mobilePhone="20123456")
    found.customer(2, "Bo Ravn", email="bo@example.com; bo@work.example")
    found.customer(3, "Toft VVS ApS", corporateIdentificationNumber="00000000")
    octavia = "Skoda Octavia, reg.nr. AB 12 345\nKm-stand: 61.120"
    found.invoice(101, "2025-03-01", 1, octavia, ("Serviceeftersyn 60.000 km", 1495.0))
    found.invoice(102, "2025-06-01", 2, "CD23456", ("Bremser", 900.0))
    found.invoice(103, "2025-09-01", 3, "EF34567", ("Olieskift", 400.0))
    found.invoice(104, "2026-01-10", 1, "AB12345, km: 72.500", ("Hjulskifte", 399.0))
    found.order(7001, "2026-02-27", 2, "CD23456", ("Serviceeftersyn", 1200.0))
    return found


@pytest.fixture
async def office(database: Database, books: Books) -> AsyncIterator[Office]:
    """Everything set up, nothing connected. The client waits for nobody, and gives up after half a second."""

    async def no_pause(_: float) -> None:
        return None

    def errands(runtime: Runtime) -> list[Errand]:
        http = httpx.AsyncClient(timeout=0.5, trust_env=False)
        return [Poll(runtime, http, Sealer(runtime.settings), no_pause), Imports(runtime)]

    async with contextlib.AsyncExitStack() as stack:
        url = await stack.enter_async_context(books.serving())
        ours = dataclasses.replace(service, errands=errands)
        yield Office(await stack.enter_async_context(running(ours, database, clock=FixedClock(NOW))), books, url)
