"""A world for one story: every service on a throw-away database, driven by hand on a clock that jumps."""

import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from common.bus.consumer import Disorder
from common.bus.envelope import Envelope
from common.bus.log import LogReader, Positions
from common.clock import FixedClock
from common.events import Event, State
from common.ids import DealerId, derived_id
from common.service import Runtime, Service
from common.settings import Settings
from common.wakeups import Wakeups

WATCHED = ("invitations", "leads", "messages")
_ROUNDS = 10_000  # of handling before a story is said to go in circles


class World:
    """Services that hear each other at once: nothing happens but what `tell` and the clock bring about."""

    def __init__(self, services: Sequence[Service], settings: dict[str, Any], start: datetime, disorder: Disorder | None) -> None:
        self.clock = FixedClock(start)
        self.dealer = DealerId(derived_id("scenario dealer"))
        self._reader = LogReader(Settings(**settings))
        self.runtimes = {
            service.name: _PumpedRuntime(
                service,
                service.settings(**settings),
                clock=self.clock,
                system=self.clock,
                listen=False,
                disorder=disorder,
                reader=self._reader,
            )
            for service in services
        }
        self._wakeups = {name: Wakeups(runtime) for name, runtime in self.runtimes.items()}
        self._revisions: dict[tuple[str, Any], int] = {}
        self._read: Positions | None = None
        self.seen: list[Envelope] = []  # invitations, leads and messages, in the order they were told

    async def start(self) -> None:
        for runtime in self.runtimes.values():
            await runtime.consumer.start()

    async def tell(self, *events: Event) -> None:
        """Have the services that write these topics tell these facts, each in a transaction of its own."""
        for event in events:
            runtime = self.runtimes[event.topic.writer]
            async with runtime.work(self.dealer) as work:
                work.publish(event)

    async def bring(self, key: str, fact: Mapping[str, Any]) -> None:
        """Bring a fact straight to the service that hears this key of a story."""
        runtime = next(each for each in self.runtimes.values() if key in each.service.facts)
        async with runtime.work(self.dealer) as work:
            await runtime.service.facts[key](work, fact)

    def revision(self, kind: type[State], entity: object) -> int:
        """The next revision of an entity."""
        key = (kind.name, entity)
        self._revisions[key] = self._revisions.get(key, 0) + 1
        return self._revisions[key]

    async def settle(self) -> None:
        """Let everybody hear everything and do what is due, until nothing more happens."""
        for _ in range(_ROUNDS):
            while await self._hear():
                pass
            if not await self._do_what_is_due():
                await self.watch()
                return
        raise RuntimeError("the story goes in circles: something is always due again")

    async def next_due(self) -> datetime | None:
        """When something next wants to run."""
        return min([at for name in self._wakeups if (at := await self._next_due(name)) is not None], default=None)

    async def _next_due(self, name: str) -> datetime | None:
        """When a service next wants to run; asked anew only after something happened in it, for that is asked most."""
        runtime = self.runtimes[name]
        if runtime.stirred_since_asked:
            runtime.stirred_since_asked = False
            runtime.next_due = await self._wakeups[name].next_due()
        return runtime.next_due

    async def why(self, vehicle: UUID, kind: str) -> list[str]:
        """The codes of what is decided about a vehicle, by the service that decides."""
        found: list[str] = []
        for runtime in self.runtimes.values():
            if runtime.service.why is not None:
                found += await runtime.service.why(runtime, self.dealer, vehicle, kind)
        return found

    async def close(self) -> None:
        for runtime in self.runtimes.values():
            await runtime.close()
        await self._reader.close()

    async def _hear(self) -> bool:
        """One round of batches, for services that hear a topic which was told on since."""
        told = {name for runtime in self.runtimes.values() for name in runtime.take_told()}
        heard = False
        for runtime in self.runtimes.values():
            if told.intersection(runtime.service.topics) or runtime.behind:
                runtime.behind = bool(await runtime.consumer.step())
                heard = True
        return heard

    async def _do_what_is_due(self) -> bool:
        due = False
        for name, wakeups in self._wakeups.items():
            at = await self._next_due(name)
            if at is not None and at <= self.clock.now():
                due |= await wakeups.step()
                self.runtimes[name].stirred_since_asked = True
                if self.runtimes[name].failed:
                    raise self.runtimes[name].failed[0]
        return due

    async def watch(self) -> None:
        """See what was told of invitations, leads and messages until now."""
        reader = self._reader
        if self._read is None:
            self._read = dict.fromkeys(await reader.heads(WATCHED), 0)
        while batch := await reader.read(self._read, 1000):
            self.seen += sorted(batch, key=lambda envelope: envelope.id.int)
            self._read |= {(e.topic, e.partition): e.offset + 1 for e in batch}


class _PumpedRuntime(Runtime):
    """A runtime that nobody runs in the background; it notes what was told, so that only who hears it looks."""

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self.pumped = True
        self.behind = False
        self.failed: list[Exception] = []
        self.next_due: datetime | None = None
        self.stirred_since_asked = True
        self._told = True

    def woke(self) -> None:
        self._told = self.stirred_since_asked = True

    def take_told(self) -> set[str]:
        """The topics on which this service may have told something since this was last asked."""
        told, self._told = self._told, False
        return {event.topic.name for event in self.service.publishes} if told else set()


@contextlib.asynccontextmanager
async def opened(
    services: Sequence[Service], settings: dict[str, Any], start: datetime, disorder: Disorder | None
) -> AsyncIterator[World]:
    """A started world."""
    world = World(services, settings, start, disorder)
    try:
        await world.start()
        yield world
    finally:
        await world.close()
