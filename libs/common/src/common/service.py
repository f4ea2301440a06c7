"""A service and how a process runs one: doors wired to a database, a log and a clock."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog
import typer
from fastapi import APIRouter
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from common import db
from common.benches import Measured
from common.bus.bell import Bell, Ear
from common.bus.consumer import Consumer, Disorder, Feed
from common.bus.embedded import EmbeddedFeed
from common.bus.envelope import Envelope
from common.bus.log import LogReader, Positions, writer_of
from common.clock import Clock, MovedClock, SystemClock
from common.errands import Errand
from common.events import Event
from common.handling import Handlers, Settlers
from common.ids import DealerId
from common.jobs import Jobs
from common.migrate import Schema
from common.settings import Settings, schema_name
from common.work import Work

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Service:
    """What a service's `main.py` says of it: its doors, what it publishes and how its clients are built."""

    name: str
    migrations: str
    handlers: Handlers = field(default_factory=Handlers)
    settlers: Settlers = field(default_factory=Settlers)
    jobs: Jobs = field(default_factory=Jobs)
    publishes: tuple[type[Event], ...] = ()
    errands: Callable[["Runtime"], Sequence[Errand]] | None = None
    router: Callable[["Runtime"], APIRouter] | None = None
    commands: Callable[[typer.Typer], None] | None = None
    why: Callable[["Runtime", DealerId, UUID, str], Awaitable[list[str]]] | None = None  # codes of the stored decision
    facts: Mapping[str, Callable[[Work, Mapping[str, Any]], Awaitable[None]]] = field(default_factory=dict)  # a story's, by key
    benches: Mapping[str, Callable[[], Measured]] = field(default_factory=dict)  # what `autoflows bench` measures, by name
    settings: type[Settings] = Settings

    @property
    def schema(self) -> Schema:
        return Schema(schema_name(self.name), self.migrations)

    @property
    def topics(self) -> tuple[str, ...]:
        """What it hears."""
        return tuple(topic.name for topic in self.handlers.topics)


class Runtime:
    """One service at work in this process. Start it with `opened`, or by `common.process`."""

    def __init__(
        self,
        service: Service,
        settings: Settings,
        *,
        clock: Clock | None = None,
        system: Clock | None = None,
        listen: bool = True,
        disorder: Disorder | None = None,
        reader: LogReader | None = None,
    ) -> None:
        """`reader`: one that several services in one database share; who made it closes it."""
        self.service, self.settings = service, settings
        self.system: Clock = system or SystemClock()
        self.clock: Clock = clock or (MovedClock(settings.clock_file) if settings.clock_file else self.system)
        self.engine = db.engine(settings, service.name)
        self.sessions: async_sessionmaker[AsyncSession] = async_sessionmaker(self.engine, expire_on_commit=False)
        self.reader = reader or LogReader(settings)
        self._owns_reader = reader is None
        self.stopping = asyncio.Event()  # set when the process is told to stop: answers that last end
        self.stirred = asyncio.Event()  # something was committed here: jobs and errands look again
        self._bell = Bell(settings, service.name) if listen else None
        self.consumer = Consumer(
            service.name,
            service.topics,
            schema=service.schema.name,
            sessions=self.sessions,
            reader=self.reader,
            feed=self._feed(listen),
            apply=self._apply,
            woke=self.woke,
            disorder=disorder,
        )
        self.pumped = False  # True: nobody runs the consumer in the background, so waiting means stepping it
        self.errands: tuple[Errand, ...] = tuple(service.errands(self)) if service.errands else ()

    def _feed(self, listen: bool) -> Feed:
        ear = Ear(self.settings, map(writer_of, self.service.topics)) if listen else None
        if self.settings.bus == "kafka" and listen:
            from common.bus.kafka import KafkaFeed  # aiokafka is loaded only where it is used

            return KafkaFeed(self.settings, self.service.name, self.service.topics, self.reader)
        return EmbeddedFeed(self.reader, ear)

    @contextlib.asynccontextmanager
    async def work(self, dealer: DealerId) -> AsyncIterator[Work]:
        """One transaction of one dealer; what was touched is settled and what was published is appended as it commits."""
        async with self.sessions() as session, session.begin():
            work = Work(session, self.service.schema.name, dealer, self.clock)
            await work.begin()
            yield work
            stirred = await self.settle(work)
        if stirred:
            self.woke()

    async def settle(self, work: Work) -> bool:
        """Settle what was touched and write what was published; True when others should look."""
        await self.service.settlers.settle(work)
        return await work.finish()

    async def _apply(self, dealer: DealerId, envelopes: Sequence[Envelope], session: AsyncSession) -> bool:
        """What the consumer does with one dealer's part of a batch: remember each, settle once."""
        work = Work(session, self.service.schema.name, dealer, self.clock)
        await work.begin()
        for envelope in envelopes:
            if (event := envelope.event()) is not None:
                work.cause = envelope
                await self.service.handlers.handle(event, work)
        return await self.settle(work)

    async def caught_up(self, topics: Iterable[str] | None = None, *, within: timedelta = timedelta(seconds=5)) -> bool:
        """Read the heads of these topics (default: all that are heard), then wait until our positions have passed them."""
        heads = await self.reader.heads(self.service.topics if topics is None else topics)
        return await self.passed(heads, within=within)

    async def passed(self, heads: Positions, *, within: timedelta) -> bool:
        """Wait until our positions have passed these heads; False when time is up."""
        deadline = asyncio.get_running_loop().time() + within.total_seconds()
        while await self.consumer.behind(heads):
            if self.pumped:
                await self.consumer.step()
            elif asyncio.get_running_loop().time() > deadline:
                return False
            else:
                await asyncio.sleep(0.02)  # positions move in another task, or in another process
        return True

    def woke(self) -> None:
        """Something was committed: readers of our log and our own jobs and errands look again."""
        self.stirred.set()
        if self._bell is not None:
            self._bell.ring()

    async def close(self) -> None:
        for errand in self.errands:
            closing: Any = getattr(errand, "close", None)
            if closing is not None:
                await closing()
        await self.consumer.close()
        if self._bell is not None:
            await self._bell.close()
        if self._owns_reader:
            await self.reader.close()
        await self.engine.dispose()


@contextlib.asynccontextmanager
async def opened(service: Service, settings: Settings | None = None, *, clock: Clock | None = None) -> AsyncIterator[Runtime]:
    """A service's runtime for a command: it works and publishes, while another process consumes."""
    runtime = Runtime(service, settings or service.settings(), clock=clock, listen=False)
    runtime._bell = Bell(runtime.settings, service.name)
    try:
        yield runtime
    finally:
        await asyncio.sleep(0)  # let a bell that was just rung reach the others
        await runtime.close()
