"""What every bus must do. The suite publishes, consumes, kills, restarts and asks for heads; it looks into no log table.

A bus under test subclasses `BusContract` and gives the fixture `bus`.
"""

import asyncio
import contextlib
import json
import os
import socket
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from common.bus.consumer import TooManyParked
from common.bus.envelope import MAX_BYTES, partition_of, seal
from common.bus.log import append
from common.errors import EventTooLarge
from common.ids import DealerId
from common.service import Runtime
from common.settings import Settings
from common.testing.probes import Faults, ProbeSeen, listener, prober
from common.testing.runtime import DEALER, OTHER_DEALER


class Bus:
    """A bus with one writer and any number of listeners, on a fresh database."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.writer = Runtime(prober(), settings)
        self._open: list[Runtime] = []
        self._reader: Runtime | None = None  # of its own, so that looking depends on no member
        self._tasks: list[asyncio.Task[None]] = []
        self._processes: list[subprocess.Popen[bytes]] = []

    async def publish(self, probes: Iterable[ProbeSeen], dealer: DealerId = DEALER, *, then_fail: bool = False) -> None:
        """Publish in one transaction; with `then_fail` it is rolled back."""
        with contextlib.suppress(_Rollback):
            async with self.writer.work(dealer) as work:
                work.publish(*probes)
                if then_fail:
                    raise _Rollback

    async def member(self, faults: Faults | None = None) -> "Member":
        """Start a listener in this process."""
        runtime = Runtime(listener(faults), self.settings)
        self._open.append(runtime)
        await runtime.consumer.start()
        stop = asyncio.Event()
        task = asyncio.create_task(runtime.consumer.run(stop))
        self._tasks.append(task)
        return Member(runtime, stop, task)

    def process(self, module: str = "common.testing.probe_member") -> "subprocess.Popen[bytes]":
        """Start a listener (or another part of the bus) in a process of its own."""
        given = self.settings.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
        env = {f"AUTOFLOWS_{name.upper()}": _env(value) for name, value in given.items()}
        env["AUTOFLOWS_DATABASE_SECRET"] = self.settings.database_secret.get_secret_value()
        if self.settings.kafka_password is not None:
            env["AUTOFLOWS_KAFKA_PASSWORD"] = self.settings.kafka_password.get_secret_value()
        env["AUTOFLOWS_PORT"] = str(_free_port())
        found = subprocess.Popen([sys.executable, "-m", module], env={**os.environ, **env})
        self._processes.append(found)
        return found

    async def heads(self) -> int:
        """How many events were ever published."""
        return sum((await self.writer.reader.heads(["probes"])).values())

    async def heard(self, dealer: DealerId = DEALER) -> list[tuple[UUID, int]]:
        """What listeners did for one dealer, in the order they did it."""
        reading = await self._reading()
        async with reading.work(dealer) as work:
            rows = await work.session.execute(text("select item, number from listener.effect order by nth"))
            return [(row.item, row.number) for row in rows]

    async def heard_count(self, dealer: DealerId = DEALER) -> int:
        """How many things listeners did for one dealer."""
        async with (await self._reading()).work(dealer) as work:
            return int(await work.session.scalar(text("select count(*) from listener.effect")))

    async def echoes(self) -> int:
        """How many events the listeners published."""
        return sum((await self.writer.reader.heads(["echoes"])).values())

    async def until(self, done: Callable[[], Awaitable[bool]], seconds: float = 60) -> None:
        """Wait for a condition; fails when it does not come true."""
        deadline = time.monotonic() + seconds
        while not await done():
            for task in self._tasks:
                if task.done() and not task.cancelled():
                    task.result()  # a member that failed says so at once
            assert time.monotonic() < deadline, "it did not come true in time"
            await asyncio.sleep(0.05)

    async def until_heard(self, count: int, dealer: DealerId = DEALER, seconds: float = 60) -> list[tuple[UUID, int]]:
        """Wait until that many probes were heard and everything published was passed; what was heard."""

        reading = await self._reading()

        async def enough_and_quiet() -> bool:
            behind = await reading.consumer.behind(await self.writer.reader.heads(["probes"]))
            return behind == 0 and len(await self.heard(dealer)) >= count

        await self.until(enough_and_quiet, seconds)
        return await self.heard(dealer)

    async def _reading(self) -> Runtime:
        if self._reader is None:
            self._reader = Runtime(listener(), self.settings.model_copy(update={"bus": "embedded"}), listen=False)
            self._open.append(self._reader)
        return self._reader

    async def close(self) -> None:
        for process in self._processes:
            process.kill()
            process.wait()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for runtime in [*self._open, self.writer]:
            await runtime.close()


class Member:
    """A listener in this process."""

    def __init__(self, runtime: Runtime, stop: asyncio.Event, task: "asyncio.Task[None]") -> None:
        self.runtime, self._stop, self.task = runtime, stop, task

    async def leave(self) -> None:
        """Leave as on SIGTERM."""
        self._stop.set()
        await self.task
        await self.runtime.consumer.close()


class BusContract:
    """The suite."""

    @pytest.fixture
    async def bus(self) -> AsyncIterator[Bus]:
        """A bus under test gives this."""
        raise NotImplementedError

    async def test_contract_everything_is_heard_once_and_in_the_order_of_its_key(self, bus: Bus) -> None:
        items = [uuid4() for _ in range(40)]
        await bus.member()
        for number in range(25):
            await bus.publish([ProbeSeen(item=item, number=number) for item in items])
        heard = await bus.until_heard(1000)
        assert len(heard) == 1000
        assert_in_order(heard, dict.fromkeys(items, 25))
        assert await bus.heads() == 1000
        assert await bus.echoes() == 1000

    async def test_contract_what_was_rolled_back_is_never_heard_and_leaves_no_gap(self, bus: Bus) -> None:
        item = uuid4()
        await bus.publish([ProbeSeen(item=item, number=0)])
        await bus.publish([ProbeSeen(item=item, number=99)], then_fail=True)
        await bus.publish([ProbeSeen(item=item, number=1)])
        await bus.member()
        assert await bus.until_heard(2) == [(item, 0), (item, 1)]
        assert await bus.heads() == 2

    async def test_contract_a_new_listener_starts_with_the_oldest_event(self, bus: Bus) -> None:
        item = uuid4()
        await bus.publish([ProbeSeen(item=item, number=n) for n in range(10)])
        await bus.member()
        assert await bus.until_heard(10) == [(item, n) for n in range(10)]

    async def test_contract_dealers_hear_only_their_own(self, bus: Bus) -> None:
        mine, theirs = uuid4(), uuid4()
        await bus.publish([ProbeSeen(item=mine, number=0)])
        await bus.publish([ProbeSeen(item=theirs, number=0)], OTHER_DEALER)
        await bus.member()
        assert await bus.until_heard(1) == [(mine, 0)]
        assert await bus.until_heard(1, OTHER_DEALER) == [(theirs, 0)]

    async def test_contract_several_listeners_at_once_do_each_thing_once(self, bus: Bus) -> None:
        items = [uuid4() for _ in range(60)]
        for _ in range(3):
            await bus.member()
        for number in range(20):
            await bus.publish([ProbeSeen(item=item, number=number) for item in items])
        heard = await bus.until_heard(1200)
        assert len(heard) == 1200
        assert_in_order(heard, dict.fromkeys(items, 20))

    async def test_contract_a_listener_that_left_goes_on_where_it_was(self, bus: Bus) -> None:
        item = uuid4()
        first = await bus.member()
        await bus.publish([ProbeSeen(item=item, number=n) for n in range(5)])
        await bus.until_heard(5)
        await first.leave()
        await bus.publish([ProbeSeen(item=item, number=n) for n in range(5, 10)])
        assert len(await bus.heard()) == 5
        await bus.member()
        assert await bus.until_heard(10) == [(item, n) for n in range(10)]

    async def test_contract_killed_listeners_lose_nothing_and_double_nothing(self, bus: Bus) -> None:
        items = [uuid4() for _ in range(50)]
        process = bus.process()
        for number in range(60):
            await bus.publish([ProbeSeen(item=item, number=number) for item in items])
            if number in (15, 30, 45):
                seen = len(await bus.heard())

                async def moved(seen: int = seen) -> bool:
                    return len(await bus.heard()) > seen

                await bus.until(moved)
                process.kill()
                process.wait()
                process = bus.process()
        heard = await bus.until_heard(3000, seconds=90)
        assert len(heard) == 3000
        assert_in_order(heard, dict.fromkeys(items, 60))
        assert await bus.echoes() == 3000

    async def test_contract_poison_is_parked_with_what_follows_it_and_others_flow(self, bus: Bus) -> None:
        bad, good = uuid4(), uuid4()
        faults = Faults(poison={3})
        member = await bus.member(faults)
        await bus.publish([ProbeSeen(item=bad, number=n) for n in range(3, 6)] + [ProbeSeen(item=good, number=0)])
        assert await bus.until_heard(1) == [(good, 0)]
        await bus.publish([ProbeSeen(item=bad, number=6), ProbeSeen(item=good, number=1)])
        assert await bus.until_heard(2) == [(good, 0), (good, 1)]

        assert await member.runtime.consumer.replay() == (0, 4)
        faults.poison.clear()
        assert await member.runtime.consumer.replay() == (4, 0)
        assert [number for item, number in await bus.heard() if item == bad] == [3, 4, 5, 6]
        assert await bus.echoes() == 6

    async def test_contract_what_is_only_away_is_waited_for_and_never_parked(self, bus: Bus) -> None:
        item, faults = uuid4(), Faults(away=4)
        member = await bus.member(faults)
        await bus.publish([ProbeSeen(item=item, number=n) for n in range(3)])
        assert await bus.until_heard(3) == [(item, 0), (item, 1), (item, 2)]
        assert faults.calls > 3
        assert await member.runtime.consumer.replay() == (0, 0)
        assert await bus.echoes() == 3

    async def test_contract_too_many_failures_in_a_row_stop_the_service(self, bus: Bus) -> None:
        member = await bus.member(Faults(poison=set(range(1000))))
        await bus.publish([ProbeSeen(item=uuid4(), number=n) for n in range(40)])
        with pytest.raises(TooManyParked, match="dead-letters"):
            await asyncio.wait_for(member.task, 60)

    async def test_contract_an_unknown_type_is_passed_over(self, bus: Bus) -> None:
        item = uuid4()
        await publish_named(bus, ProbeSeen(item=item, number=0), "novelty.seen.v1")
        await bus.publish([ProbeSeen(item=item, number=1)])
        await bus.member()
        assert await bus.until_heard(1) == [(item, 1)]

    async def test_contract_an_unknown_version_stops_its_partition_and_no_other(self, bus: Bus) -> None:
        held, free = items_of_different_partitions()
        await publish_named(bus, ProbeSeen(item=held, number=0), "probe.seen.v7")
        await bus.publish([ProbeSeen(item=held, number=1), ProbeSeen(item=free, number=0)])
        member = await bus.member()

        async def other_heard() -> bool:
            return await bus.heard() == [(free, 0)]

        await bus.until(other_heard)
        assert await member.runtime.consumer.behind(await bus.writer.reader.heads(["probes"])) == 2

    async def test_contract_an_event_too_large_for_the_bus_is_refused_when_published(self, bus: Bus) -> None:
        with pytest.raises(EventTooLarge):
            await bus.publish([ProbeSeen(item=uuid4(), number=0, padding="x" * MAX_BYTES)])
        await bus.publish([ProbeSeen(item=uuid4(), number=1, padding="x" * (MAX_BYTES - 500))])
        await bus.member()
        assert [number for _, number in await bus.until_heard(1)] == [1]

    async def test_contract_caught_up_means_that_all_said_before_was_heard(self, bus: Bus) -> None:
        member = await bus.member()
        item = uuid4()
        for number in range(20):
            await bus.publish([ProbeSeen(item=item, number=number)])
            assert await member.runtime.caught_up()
            assert len(await bus.heard()) == number + 1


def assert_in_order(heard: Iterable[tuple[UUID, int]], wanted: dict[UUID, int]) -> None:
    """Each item has every number once, in order."""
    numbers: dict[UUID, list[int]] = defaultdict(list)
    for item, number in heard:
        numbers[item].append(number)
    assert {item: found == list(range(wanted[item])) for item, found in numbers.items()} == dict.fromkeys(wanted, True)


async def publish_named(bus: Bus, probe: ProbeSeen, name: str) -> None:
    """Publish as a writer of another version would."""
    envelope = seal(probe, DEALER, bus.writer.clock.now(), None)
    async with bus.writer.sessions() as session, session.begin():
        await append(session, "prober", [type(envelope)(**{**vars(envelope), "type": name})])


def items_of_different_partitions() -> tuple[UUID, UUID]:
    """Two items whose events stand in different partitions."""
    first = second = uuid4()
    while partition_of(DEALER, first) == partition_of(DEALER, second):
        second = uuid4()
    return first, second


class _Rollback(Exception):
    """Ends a transaction of a test."""


def _env(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
