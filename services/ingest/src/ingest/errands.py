"""Door 4: reading sources at their interval. What a slice told, the cursor and the events are one transaction."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

import httpx

from common.errors import DomainError, TransientError
from common.ids import DealerId
from common.service import Runtime
from common.work import Work
from ingest import store
from ingest.clients.economic import CALLS_A_DAY, Busy, Economic, Gone, Pause, Refused
from ingest.clients.sealing import Sealer
from ingest.domain import economic
from ingest.recording import POLL, Recorder

SLICE = 50  # invoices recorded in one transaction
TOLD_EVERY = timedelta(hours=6)
AFTER_TROUBLE = timedelta(minutes=10)
_NUMBERS = ("bookedInvoiceNumber", "orderNumber", "customerNumber")
T = TypeVar("T")
OVERLAP = timedelta(hours=1)  # customers changed while we read


class Poll:
    """Reads every connection of a dealer that is due."""

    name = POLL

    def __init__(self, runtime: Runtime, http: httpx.AsyncClient, sealer: Sealer, pause: Pause = asyncio.sleep) -> None:
        self._runtime, self._http, self._sealer, self._pause = runtime, http, sealer, pause

    async def close(self) -> None:
        await self._http.aclose()

    async def run(self, dealer: DealerId) -> datetime | None:
        async with self._runtime.work(dealer) as work:
            sources = [source for source in await store.sources(work.session, dealer) if source.kind == "economic"]
        wanted = [await self._poll(dealer, source) for source in sources]
        return min(wanted, default=None)

    async def _poll(self, dealer: DealerId, source: Any) -> datetime:
        """Read one connection if it is due; when it is wanted next."""
        now = self._runtime.clock.now()
        every = timedelta(seconds=source.config.get("every_seconds", 3600))
        due_at = datetime.fromisoformat(source.cursor["next_at"]) if "next_at" in source.cursor else now
        if due_at > now:
            return due_at
        try:
            reading = Reading(self._runtime, dealer, source, self._client(dealer, source))
            await reading.read()
        except (TransientError, DomainError, Gone) as error:
            state = "waits" if isinstance(error, TransientError) else "fails"
            wanted = timedelta(seconds=error.seconds) if isinstance(error, Busy) else timedelta()
            again_at = now + max(min(every, AFTER_TROUBLE), wanted)
            return await self._note(dealer, source, again_at, state=state, problem=str(error))
        return await self._note(dealer, source, now + every, state="fine", problem=None, fresh_at=now)

    def _client(self, dealer: DealerId, source: Any) -> Economic:
        secrets = self._sealer.open(source.secrets)
        budget = int(source.config.get("calls_a_day", CALLS_A_DAY))

        async def spend() -> None:
            day = self._runtime.clock.now().date().isoformat()
            async with self._runtime.work(dealer) as work:
                calls = await store.count_call(work.session, dealer, source.source_id, day)
            if calls > budget:
                raise Refused(f"{source.title}: the {budget:,} calls of {day} are used up; it goes on tomorrow.", code="budget")

        return Economic(
            self._http, source.config["url"], app_secret=secrets["app_secret"], grant=secrets["grant"], spend=spend,
            pause=self._pause,
        )  # fmt: skip

    async def _note(self, dealer: DealerId, source: Any, next_at: datetime, **values: Any) -> datetime:
        """Note how it went, and tell how fresh the source is: at most every six hours, or when it changed."""
        async with self._runtime.work(dealer) as work:
            row = await store.source(work.session, dealer, source.source_id)
            assert row is not None
            cursor = row.cursor | {"next_at": next_at.isoformat()}
            fresh_at = values.get("fresh_at")
            told_at = datetime.fromisoformat(cursor["told_at"]) if "told_at" in cursor else None
            if fresh_at is not None and (told_at is None or fresh_at - told_at >= TOLD_EVERY):
                cursor["told_at"] = fresh_at.isoformat()
                recorder = Recorder(work, source.source_id, tuple(source.config["gives"]))
                await recorder.source(title=source.title, kind=source.kind, fresh_at=fresh_at, polled=True)
            await store.change_source(work.session, dealer, source.source_id, cursor=cursor, **values)
        return next_at


class Reading:
    """One reading of one e-conomic agreement: customers, then booked invoices, then open orders."""

    def __init__(self, runtime: Runtime, dealer: DealerId, source: Any, client: Economic) -> None:
        self._runtime, self._dealer, self._source, self._client = runtime, dealer, source, client
        self._gives = tuple(source.config["gives"])
        self._country = "DK"

    async def read(self) -> None:
        async with self._runtime.work(self._dealer) as work:
            dealer = await store.dealer(work.session, self._dealer)
            self._country = dealer.country if dealer is not None else "DK"
        await self._customers()
        await self._invoices()
        if "open_orders" in self._gives:
            await self._orders()

    async def _customers(self) -> None:
        began_at = self._runtime.clock.now()
        since = self._source.cursor.get("customers_since")
        async for slice_ in _slices(self._client.customers_changed(since)):
            async with self._runtime.work(self._dealer) as work:
                await store.lock_dealer(work.session, self._dealer)
                recorder = Recorder(work, self._source.source_id, self._gives)
                for body in slice_:
                    if (
                        customer := await self._read(work, body, lambda body: economic.customer(body, self._country))
                    ) is not None:
                        await recorder.customer(customer)
        await self._move("customers_since", (began_at - OVERLAP).isoformat(timespec="seconds").replace("+00:00", "Z"))

    async def _invoices(self) -> None:
        after = int(self._source.cursor.get("invoices_after", 0))
        async for slice_ in _slices(self._client.booked_invoices(after)):
            numbers = sorted(int(head["bookedInvoiceNumber"]) for head in slice_)
            bodies, trouble = await self._bodies(numbers)
            async with self._runtime.work(self._dealer) as work:
                recorder = Recorder(work, self._source.source_id, self._gives)
                for number, body in zip(numbers, bodies, strict=False):  # fewer bodies where one was not to be had
                    if (invoice := await self._read(work, body, economic.invoice)) is not None:
                        await recorder.order(invoice)
                    after = max(after, number)
                await self._save_cursor(work, "invoices_after", after)
            if trouble is not None:
                raise trouble

    async def _bodies(self, numbers: list[int]) -> tuple[list[dict[str, Any]], Exception | None]:
        """These invoices in their order, up to the first that is not to be had now: what was paid for is not read twice."""
        bodies: list[dict[str, Any]] = []
        for number in numbers:
            try:
                bodies.append(await self._invoice(number))
            except (TransientError, DomainError) as error:
                return bodies, error
        return bodies, None

    async def _invoice(self, number: int) -> dict[str, Any]:
        try:
            return await self._client.booked_invoice(number)
        except Gone:  # listed, but not to be had: kept for repair with its number
            return {"bookedInvoiceNumber": number}

    async def _orders(self) -> None:
        """Open orders as they stand; one that is gone was invoiced or deleted, and is open no more."""
        bodies = {}  # an order that moves from drafts to sent while we read counts as it was seen last
        for state in ("drafts", "sent"):
            async for number, body in self._client.orders(state):
                bodies[number] = body
        for numbers in _parts(sorted(bodies)):
            async with self._runtime.work(self._dealer) as work:
                recorder = Recorder(work, self._source.source_id, self._gives)
                for number in numbers:
                    if (snapshot := await self._read(work, bodies[number], economic.order)) is not None:
                        await recorder.order(snapshot)
        async with self._runtime.work(self._dealer) as work:  # what cannot be read stands all the same
            recorder = Recorder(work, self._source.source_id, self._gives)
            await recorder.end_open_orders_but({economic.open_number(number) for number in bodies})

    async def _read(self, work: Work, body: dict[str, Any], parse: Callable[[dict[str, Any]], T]) -> T | None:
        """A body as a snapshot; one that is not as documented is kept for repair, and the rest goes in."""
        try:
            return parse(body)
        except (ValueError, TypeError, AttributeError, KeyError, ArithmeticError) as error:  # whatever shape it has
            number = next((body[name] for name in _NUMBERS if isinstance(body.get(name), int)), 0)
            raw = json.dumps(body, ensure_ascii=True)
            await store.keep(
                work.session, work.dealer, self._source.source_id, number, raw, f"{type(error).__name__}: {error}", work.now
            )
            return None

    async def _move(self, name: str, value: object) -> None:
        async with self._runtime.work(self._dealer) as work:
            await self._save_cursor(work, name, value)

    async def _save_cursor(self, work: Work, name: str, value: object) -> None:
        row = await store.source(work.session, self._dealer, self._source.source_id)
        assert row is not None
        await store.change_source(work.session, self._dealer, self._source.source_id, cursor=row.cursor | {name: value})


def _parts(found: Sequence[T]) -> Iterator[Sequence[T]]:
    return (found[start : start + SLICE] for start in range(0, len(found), SLICE))


async def _slices(found: AsyncIterator[dict[str, Any]]) -> AsyncIterator[list[dict[str, Any]]]:
    slice_: list[dict[str, Any]] = []
    async for body in found:
        slice_.append(body)
        if len(slice_) == SLICE:
            yield slice_
            slice_ = []
    if slice_:
        yield slice_
