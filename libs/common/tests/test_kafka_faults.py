"""What Kafka, relays and members may do to us, on a real broker: nothing is lost, nothing is doubled, order is kept."""

import asyncio
import contextlib
import random
import signal
from collections.abc import AsyncIterator, Iterator
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from common.bus import late
from common.bus.checkpoint import Mark
from common.bus.connection import admin, topic_name
from common.bus.relay import Copier, Relay, Wiped, end
from common.events import PARTITIONS
from common.settings import READER, Settings
from common.testing.bus_contract import Bus, assert_in_order
from common.testing.kafka import Broker
from common.testing.postgres import Database
from common.testing.probes import ProbeSeen

pytestmark = pytest.mark.xdist_group("kafka_faults")  # one broker, one worker

RELAY = "common.testing.probe_relay"
ITEMS = [uuid4() for _ in range(24)]
GIVEN = [([7, 8], False), ([9, 12], False), ([6, 7], True), ([7, 7], True), ([8, 7], True)]


@pytest.fixture(scope="module")
def broker(kafka_here: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """A broker of these tests alone: they kill and wipe it."""
    found = Broker(tmp_path_factory.mktemp("crashing"), secure=False).start()
    yield found
    found.kill()


@pytest.fixture
async def bus(probe_database: Database, broker: Broker) -> AsyncIterator[Bus]:
    """Without a relay. Nothing is read from the log behind Kafka's back, but for gaps."""
    found = Bus(settings_for(probe_database, broker))
    yield found
    await found.close()


def settings_for(database: Database, broker: Broker, **more: Any) -> Settings:
    found: Settings = database.settings(**{
        "bus": "kafka", "kafka_bootstrap": broker.bootstrap, "kafka_prefix": f"t{uuid4().hex[:8]}.",
        "kafka_session_seconds": 3, "kafka_patience_seconds": 600, **more,
    })  # fmt: skip
    return found


@contextlib.asynccontextmanager
async def relaying(settings: Settings, count: int = 1) -> AsyncIterator[list[Relay]]:
    stop = asyncio.Event()
    relays = [Relay(settings, ["prober", "listener"]) for _ in range(count)]
    tasks = [asyncio.create_task(relay.run(stop)) for relay in relays]
    yield relays
    stop.set()
    await asyncio.gather(*tasks)


class Traffic:
    """Publishes all the time, in the background; `check` waits until all of it was heard and looks at every number."""

    def __init__(self, bus: Bus) -> None:
        self._bus, self._rounds = bus, 0
        self._stop = asyncio.Event()
        self._task = asyncio.create_task(self._publish())
        bus._tasks.append(self._task)

    async def _publish(self) -> None:
        while not self._stop.is_set():
            await self._bus.publish([ProbeSeen(item=item, number=self._rounds) for item in ITEMS])
            self._rounds += 1
            await asyncio.sleep(0.1)

    async def heard_more(self, seconds: float = 60) -> None:
        """Wait until something published from now on was heard."""
        wanted = (self._rounds + 1) * len(ITEMS)

        async def more() -> bool:
            return await self._bus.heard_count() >= wanted

        await self._bus.until(more, seconds)

    async def check(self, seconds: float = 60) -> None:
        self._stop.set()
        await self._task
        count = self._rounds * len(ITEMS)
        heard = await self._bus.until_heard(count, seconds=seconds)
        assert len(heard) == count
        assert_in_order(heard, dict.fromkeys(ITEMS, self._rounds))
        assert await self._bus.echoes() == count


async def kafka_ends(settings: Settings) -> dict[int, int]:
    """Where the partitions of the probes end in Kafka."""
    found = AIOKafkaConsumer(bootstrap_servers=settings.kafka_bootstrap)
    parts = [TopicPartition(topic_name(settings, "probes"), part) for part in range(PARTITIONS)]
    try:
        await found.start()
        ends = await asyncio.wait_for(found.end_offsets(parts), 10)
    finally:
        await found.stop()
    return {tp.partition: offset for tp, offset in ends.items()}


async def test_kafka_killed_and_started_again_with_its_data(bus: Bus, broker: Broker) -> None:
    async with relaying(bus.settings):
        await bus.member()
        traffic = Traffic(bus)
        await traffic.heard_more()
        for _ in range(2):
            await asyncio.to_thread(broker.restart)
            await traffic.heard_more()
        await asyncio.to_thread(broker.stop)
        await asyncio.to_thread(broker.start)
        await traffic.heard_more()
        await traffic.check()


async def test_kafka_that_lost_its_data_is_filled_again_from_the_log(bus: Bus, broker: Broker) -> None:
    async with relaying(bus.settings):
        await bus.member()
        traffic = Traffic(bus)
        for _ in range(2):
            await traffic.heard_more()
            await asyncio.to_thread(broker.wipe)
            await traffic.heard_more()
        await traffic.check()
        heads = await bus.writer.reader.heads(["probes"])

        async def all_there() -> bool:
            ends = await kafka_ends(bus.settings)
            return all(ends[part] >= head for (_, part), head in heads.items())

        await bus.until(all_there)


async def test_kafka_away_is_bridged_by_the_log_and_nothing_is_done_twice_when_it_returns(
    probe_database: Database, broker: Broker
) -> None:
    bus = Bus(settings_for(probe_database, broker, kafka_patience_seconds=0.5))
    async with relaying(bus.settings):
        await bus.member()
        traffic = Traffic(bus)
        await traffic.heard_more()
        await asyncio.to_thread(broker.kill)
        await traffic.heard_more()
        await bus.member()  # one that starts while Kafka is away
        await traffic.heard_more()
        await asyncio.to_thread(broker.start)
        await traffic.heard_more()
        await traffic.check()
    await bus.close()


async def test_kafka_with_two_relays_at_once(bus: Bus) -> None:
    async with relaying(bus.settings, count=2) as relays:
        await bus.member()
        traffic = Traffic(bus)
        await traffic.heard_more()
        await bus.until(lambda: _is(all(sum(copier.copied for copier in relay.copiers) for relay in relays)))
        await traffic.heard_more()
        await traffic.check()


async def test_kafka_with_relays_killed_at_random(bus: Bus) -> None:
    await bus.member()
    traffic = Traffic(bus)
    for _ in range(4):
        process = bus.process(RELAY)
        await traffic.heard_more()
        await asyncio.sleep(random.random())  # at no particular moment
        process.kill()
        process.wait()
    async with relaying(bus.settings):
        await traffic.check()


async def test_kafka_relay_ends_on_sigterm_and_loses_nothing(bus: Bus) -> None:
    await bus.member()
    traffic = Traffic(bus)
    process = bus.process(RELAY)
    await traffic.heard_more()
    process.terminate()
    assert await asyncio.to_thread(process.wait, 15) == 0
    async with relaying(bus.settings):
        await traffic.check()


async def test_kafka_members_join_leave_are_killed_and_freeze(bus: Bus) -> None:
    async with relaying(bus.settings):
        traffic = Traffic(bus)
        first = await bus.member()
        await traffic.heard_more()
        killed, frozen, asked = bus.process(), bus.process(), bus.process()
        second = await bus.member()
        await bus.until(lambda: members_are(bus.settings, 5))
        await traffic.heard_more()
        frozen.send_signal(signal.SIGSTOP)
        await first.leave()
        await traffic.heard_more()
        killed.kill()
        asked.terminate()
        await traffic.heard_more()
        frozen.send_signal(signal.SIGCONT)
        assert await asyncio.to_thread(asked.wait, 20) == 0
        await traffic.heard_more()
        await second.leave()
        await traffic.heard_more()
        assert frozen.poll() is None  # it found its way back
        await traffic.check()


async def test_kafka_gap_is_pulled_from_the_log(bus: Bus) -> None:
    numbers = 30
    for number in range(numbers):
        await bus.publish([ProbeSeen(item=item, number=number) for item in ITEMS])
    async with relaying(bus.settings):
        await bus.until(lambda: all_copied(bus))
        async with admin(bus.settings) as client:
            await delete_first(client, topic_name(bus.settings, "probes"), await kafka_ends(bus.settings))
        await bus.member()
        heard = await bus.until_heard(numbers * len(ITEMS))
    assert_in_order(heard, dict.fromkeys(ITEMS, numbers))


async def test_kafka_records_that_are_not_ours_or_of_another_life_are_passed_over(bus: Bus) -> None:
    item = uuid4()
    name = topic_name(bus.settings, "probes")
    async with relaying(bus.settings):
        await bus.publish([ProbeSeen(item=item, number=0)])
        await bus.until(lambda: all_copied(bus))
        (part,) = [part for part, offset in (await kafka_ends(bus.settings)).items() if offset]
        headers = await headers_of_first(bus.settings, part)
        other_life = [(key, b"another life" if key == "autoflows_epoch" else value) for key, value in headers]
        other_life = [(key, b"1" if key == "autoflows_offset" else value) for key, value in other_life]
        producer = AIOKafkaProducer(bootstrap_servers=bus.settings.kafka_bootstrap)
        await producer.start()
        await producer.send_and_wait(name, b"no event at all", partition=part)
        await producer.send_and_wait(
            name, ProbeSeen(item=item, number=666).model_dump_json().encode(), partition=part, headers=other_life
        )
        await producer.stop()
        await bus.publish([ProbeSeen(item=item, number=1)])
        await bus.member()
        assert await bus.until_heard(2) == [(item, 0), (item, 1)]


async def test_kafka_is_told_what_was_handled(bus: Bus) -> None:
    async with relaying(bus.settings):
        await bus.member()
        await bus.publish([ProbeSeen(item=item, number=0) for item in ITEMS])
        await bus.until_heard(len(ITEMS))

        async def no_lag() -> bool:
            async with admin(bus.settings) as client:
                told = await client.list_consumer_group_offsets(f"{bus.settings.kafka_prefix}listener")
            ends = await kafka_ends(bus.settings)
            return {tp.partition: at.offset for tp, at in told.items()} == {part: at for part, at in ends.items() if at}

        await bus.until(no_lag, 10)


async def test_kafka_producer_is_ended_for_good_by_any_refusal_and_nothing_is_lost(bus: Bus) -> None:
    async with relaying(bus.settings) as (relay,):
        await bus.member()
        traffic = Traffic(bus)
        await traffic.heard_more()
        copier = next(copier for copier in relay.copiers if copier.writer == "prober")
        await limit_size(bus.settings, 100)
        await bus.until(lambda: _is(copier.producers > 1))
        await limit_size(bus.settings, 2_097_152)
        await traffic.heard_more()
        await traffic.check()


async def test_kafka_producer_that_was_ended_delivers_nothing_later(bus: Bus, broker: Broker) -> None:
    async with relaying(bus.settings):
        await bus.publish([ProbeSeen(item=ITEMS[0], number=0)])
        await bus.until(lambda: all_copied(bus))
    before = await kafka_ends(bus.settings)
    producer = AIOKafkaProducer(
        bootstrap_servers=bus.settings.kafka_bootstrap, enable_idempotence=True, request_timeout_ms=10_000
    )
    await producer.start()
    await producer.partitions_for(topic_name(bus.settings, "probes"))
    await asyncio.to_thread(broker.kill)
    futures = [await producer.send(topic_name(bus.settings, "probes"), b"late", partition=0) for _ in range(10)]
    await asyncio.wait_for(end(producer), 4)
    await asyncio.to_thread(broker.start)
    await asyncio.sleep(1)  # what was not ended would have delivered by now
    assert await kafka_ends(bus.settings) == before
    for future in futures:
        future.cancel()


@pytest.mark.parametrize(("offsets", "caught"), GIVEN)
async def test_kafka_offset_that_was_given_before_means_that_nothing_was_written(
    bus: Bus, offsets: list[int], caught: bool
) -> None:
    copier = Copier(bus.settings, bus.writer.reader, "prober")
    copier.marks = {("probes", 0): Mark(0, 7)}
    expected = pytest.raises(Wiped) if caught else contextlib.nullcontext()
    with expected:
        copier._check_offsets(("probes", 0), offsets)


async def test_kafka_client_that_gives_nothing_ends_the_listener(
    probe_database: Database, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(late, "_STUCK_SECONDS", 4.0)
    bus = Bus(settings_for(probe_database, broker, kafka_patience_seconds=0.5))
    member = await bus.member()
    async with relaying(bus.settings):
        await bus.publish([ProbeSeen(item=ITEMS[0], number=0)])
        await bus.until_heard(1)
        feed: Any = member.runtime.consumer._feed
        feed._client.pause(*feed._client.assignment())  # as a client that is stuck
        await bus.publish([ProbeSeen(item=ITEMS[0], number=n) for n in range(1, 4)])
        with pytest.raises(late.NothingGiven):
            await asyncio.wait_for(member.task, 20)
    assert len(await bus.heard()) == 4  # meanwhile the log gave it
    await bus.close()


async def _is(value: bool) -> bool:
    return value


async def all_copied(bus: Bus) -> bool:
    """Whether the relay says that Kafka has everything."""
    connection = await asyncpg.connect(bus.settings.dsn("prober", READER))
    copied = await connection.fetchval("select coalesce(sum(log_next), -1) from prober.relay_checkpoint where topic = 'probes'")
    await connection.close()
    return bool(copied == await bus.heads())


async def members_are(settings: Settings, count: int) -> bool:
    """Whether the listeners' group has so many members."""
    async with admin(settings) as client:
        (found,) = await client.describe_consumer_groups([f"{settings.kafka_prefix}listener"])
    return len(found.groups[0][5]) == count


async def delete_first(client: AIOKafkaAdminClient, name: str, ends: dict[int, int]) -> None:
    """Have Kafka forget the first half of every partition."""
    halves = {TopicPartition(name, part): RecordsToDelete(before_offset=at // 2) for part, at in ends.items() if at}
    await client.delete_records(halves)


async def headers_of_first(settings: Settings, part: int) -> list[tuple[str, bytes]]:
    reader = AIOKafkaConsumer(bootstrap_servers=settings.kafka_bootstrap, auto_offset_reset="earliest")
    await reader.start()
    reader.assign([TopicPartition(topic_name(settings, "probes"), part)])
    record = await asyncio.wait_for(reader.getone(), 10)
    await reader.stop()
    return list(record.headers)


async def limit_size(settings: Settings, size: int) -> None:
    resource = ConfigResource(
        ConfigResourceType.TOPIC, topic_name(settings, "probes"), {"max.message.bytes": str(size), "min.insync.replicas": "1"}
    )
    async with admin(settings) as client:
        await client.alter_configs([resource])
