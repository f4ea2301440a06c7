"""A service driven by hand: hand it events, run its jobs and errands, see what it published."""

import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from common.bus.envelope import Envelope, seal
from common.bus.log import Positions
from common.clock import Clock, FixedClock
from common.events import Event, topics
from common.ids import DealerId
from common.service import Runtime, Service
from common.settings import Settings
from common.testing.postgres import Database
from common.wakeups import Wakeups


class Running(Runtime):
    """A runtime without background work: nothing happens but what the test does."""

    def __init__(self, service: Service, settings: Settings, clock: Clock, system: Clock | None) -> None:
        super().__init__(service, settings, clock=clock, system=system, listen=False)
        self.pumped = True
        self.wakeups = Wakeups(self)
        self._read: Positions | None = None

    async def deliver(self, dealer: DealerId, *events: Event) -> list[Envelope]:
        """One batch of one dealer through handlers and settlers, in one transaction, as the consumer does it."""
        envelopes = [seal(event, dealer, self.clock.now(), None) for event in events]
        async with self.sessions() as session, session.begin():
            await self._apply(dealer, envelopes, session)
        return envelopes

    async def run_job(self, name: str, dealer: DealerId) -> datetime | None:
        """Run a job now, due or not; returns when it next wants to run."""
        async with self.work(dealer) as work:
            return await self.service.jobs.by_name[name].run(work)

    async def run_errand(self, name: str, dealer: DealerId) -> datetime | None:
        """Run an errand now, due or not; returns when it next wants to run."""
        return await next(errand for errand in self.errands if errand.name == name).run(dealer)

    async def published(self, dealer: DealerId | None = None) -> list[Event]:
        """What this service appended since the last call (of one dealer), in the order of the log's time."""
        names = [topic.name for topic in topics().values() if topic.writer == self.service.name]
        start: Positions = self._read if self._read is not None else dict.fromkeys(await self.reader.heads(names), 0)
        found: list[Envelope] = []
        while batch := await self.reader.read(start, 1000):
            found += batch
            start = start | {(e.topic, e.partition): e.offset + 1 for e in batch}
        self._read = start
        mine = [e for e in found if dealer is None or e.dealer == dealer]
        return [event for e in sorted(mine, key=lambda e: (e.occurred_at, e.id.int)) if (event := e.event()) is not None]

    async def sql(self, dealer: DealerId, /, statement: str, **parameters: Any) -> list[Any]:
        """Rows as the service's own role sees them for that dealer."""
        async with self.work(dealer) as work:
            result = await work.session.execute(text(statement), parameters)
            return list(result.all()) if getattr(result, "returns_rows", False) else []

    async def wakes(self, dealer: DealerId) -> dict[str, datetime]:
        """Which jobs and errands want to run for that dealer, and when."""
        rows = await self.sql(
            dealer,
            f"select name, at from {self.service.schema.name}.wakeup where dealer_id = :dealer and at is not null",
            dealer=dealer,
        )
        return {row.name: row.at for row in rows}

    def at(self, instant: datetime) -> None:
        """Move the business clock."""
        assert isinstance(self.clock, FixedClock)
        self.clock.move_to(instant)

    def later(self, **by: float) -> None:
        """Move the business clock on by that much (`days=7`)."""
        self.at(self.clock.now() + timedelta(**by))


@contextlib.asynccontextmanager
async def running(
    service: Service,
    database: Database | Settings,
    *,
    clock: Clock | None = None,
    system: Clock | None = None,
    **settings: Any,
) -> AsyncIterator[Running]:
    """A service on a database, driven by hand."""
    found = database if isinstance(database, Settings) else database.settings(service.settings, **settings)
    runtime = Running(service, found, clock or FixedClock(datetime(2026, 3, 2, 8, tzinfo=UTC)), system)
    try:
        yield runtime
    finally:
        await runtime.close()


DEALER = DealerId(UUID("0197a000-0000-7000-8000-00000000d001"))
OTHER_DEALER = DealerId(UUID("0197a000-0000-7000-8000-00000000d002"))
