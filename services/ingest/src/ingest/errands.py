"""Door 4: reading sources at their interval. What a slice told, the cursor and the events are one transaction."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

import httpx

from common import failpoints
from common.errors import DomainError, TransientError
from common.ids import DealerId, derived_id
from common.service import Runtime
from common.work import Work
from ingest import store
from ingest.clients.economic import CALLS_A_DAY, Busy, Economic, Gone, Pause, Refused
from ingest.clients.sealing import Sealer
from ingest.domain import economic
from ingest.recording import POLL, Recorder, told_again

SLICE = 50  # invoices recorded in one transaction
MOST_KEPT = 1_000  # of one source, looked at again
AFTER_TROUBLE = timedelta(minutes=10)
AGAIN_AFTER = timedelta(days=1)
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
            if fresh_at is not None and told_again(cursor, fresh_at):
                cursor["told_at"] = fresh_at.isoformat()
                recorder = Recorder.of(work, source)
                await recorder.source(title=source.title, kind=source.kind, fresh_at=fresh_at, polled=True)
            await store.change_source(work.session, dealer, source.source_id, cursor=cursor, **values)
        return next_at


class Reading:
    """One reading of one e-conomic agreement: customers, then booked invoices, then open orders."""

    def __init__(self, runtime: Runtime, dealer: DealerId, source: Any, client: Economic) -> None:
        self._runtime, self._dealer, self._source, self._client = runtime, dealer, source, client
        self._gives = tuple(source.config["gives"])
        self._country = "DK"
        self._kept: dict[str, datetime] = {}

    async def read(self) -> None:
        async with self._runtime.work(self._dealer) as work:
            dealer = await store.dealer(work.session, self._dealer)
            self._country = dealer.country if dealer is not None else "DK"
            kept = await store.kept(work.session, self._dealer, self._source.source_id, MOST_KEPT)
            self._kept = {row.number: row.kept_at for row in kept if row.number is not None}
        await self._customers()
        await self._invoices_again()
        await self._invoices()
        if "open_orders" in self._gives:
            await self._orders()

    async def _customers(self) -> None:
        began_at = self._runtime.clock.now()
        since = self._source.cursor.get("customers_since")
        async for slice_ in _slices(self._client.customers_changed(since)):
            async with self._runtime.work(self._dealer) as work:
                await store.lock_dealer(work.session, self._dealer)
                recorder = Recorder.of(work, self._source)
                for body in slice_:
                    name = f"customer-{body.get('customerNumber')}"
                    found = await self._read(work, name, body, lambda body: economic.customer(body, self._country))
                    if found is not None:
                        await recorder.customer(found)
        await self._move("customers_since", (began_at - OVERLAP).isoformat(timespec="seconds").replace("+00:00", "Z"))

    async def _invoices(self) -> None:
        after = int(self._source.cursor.get("invoices_after", 0))
        async for slice_ in _slices(self._client.booked_invoices(after)):
            numbers = sorted(int(head["bookedInvoiceNumber"]) for head in slice_)
            bodies, trouble = await self._bodies(numbers)
            async with self._runtime.work(self._dealer) as work:
                await self._record(work, bodies)
                await self._save_cursor(work, "invoices_after", after := max([after, *bodies]))
            failpoints.hit("ingest.after_slice")
            if trouble is not None:
                raise trouble

    async def _invoices_again(self) -> None:
        """Invoices that could not be used are asked for a day later: the answer was a half one, or we read better since."""
        until = self._runtime.clock.now() - AGAIN_AFTER
        numbers = sorted(int(number) for number, kept_at in self._kept.items() if number.isdigit() and kept_at <= until)
        bodies, trouble = await self._bodies(numbers[:SLICE])
        async with self._runtime.work(self._dealer) as work:
            await self._record(work, bodies)
        if trouble is not None:
            raise trouble

    async def _record(self, work: Work, bodies: dict[int, dict[str, Any]]) -> None:
        recorder = Recorder.of(work, self._source)
        for number, body in bodies.items():
            if (invoice := await self._read(work, str(number), body, economic.invoice)) is not None:
                await recorder.order(invoice)

    async def _bodies(self, numbers: list[int]) -> tuple[dict[int, dict[str, Any]], Exception | None]:
        """These invoices in their order, up to the first that is not to be had now: what was paid for is not read twice."""
        bodies: dict[int, dict[str, Any]] = {}
        for number in numbers:
            try:
                bodies[number] = await self._invoice(number)
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
                recorder = Recorder.of(work, self._source)
                for number in numbers:
                    name = economic.open_number(number)
                    if (snapshot := await self._read(work, name, bodies[number], economic.order)) is not None:
                        await recorder.order(snapshot)
        async with self._runtime.work(self._dealer) as work:  # what cannot be read stands all the same
            recorder = Recorder.of(work, self._source)
            await recorder.end_open_orders_but({economic.open_number(number) for number in bodies})

    async def _read(self, work: Work, name: str, body: dict[str, Any], parse: Callable[[dict[str, Any]], T]) -> T | None:
        """A body as a snapshot; one that is not as documented is kept for repair, and the rest goes in."""
        source = self._source.source_id
        try:
            found = parse(body)
        except (ValueError, TypeError, AttributeError, KeyError, ArithmeticError) as error:  # whatever shape it has
            kind, _, number = name.rpartition("-")
            line = int(number[-9:]) if number.isdigit() else 0
            raw, problem = json.dumps(body, ensure_ascii=True), f"{type(error).__name__}: {error}"
            kept = store.Kept(derived_id("kept", source, kind), line, raw, problem, name, same=name)
            await store.keep(work.session, work.dealer, source, work.now, kept)
            return None
        if name in self._kept:
            await store.mended(work.session, work.dealer, source, [name])
        return found

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
