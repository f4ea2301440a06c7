"""The relay: a process of its own that copies every writer's log to Kafka, in order, and notices a Kafka that lost it."""

import asyncio
import contextlib
import os
import random
import signal
from collections.abc import Iterable, Sequence
from typing import Any

import asyncpg
import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError

from common.bus.bell import Ear
from common.bus.checkpoint import Checkpoint, Mark, Overtaken
from common.bus.connection import find_trouble, options, topic_name, within
from common.bus.envelope import Envelope
from common.bus.log import LogReader, Place, Positions
from common.bus.records import headers
from common.bus.topics import ensure
from common.errors import KafkaRefused
from common.events import topics
from common.settings import Settings

_log = structlog.get_logger(__name__)
NAME = "relay"  # as a reader of logs: retention waits for it
BATCH = 1000
ACK_SECONDS, PROBE_SECONDS, PROBE_EVERY, END_SECONDS, REPORT_EVERY = 15.0, 3.0, 2.0, 3.0, 60.0


class Wiped(Exception):
    """Kafka ends before what it acknowledged: it lost data, so everything the log still holds is copied again."""


class CannotEnd(Exception):
    """A producer would not end and could deliver later, out of order: only the end of the process is sure."""


class Copier:
    """Copies one writer's log with one producer at a time; a producer that failed once is never used again."""

    def __init__(self, settings: Settings, reader: LogReader, writer: str) -> None:
        self._settings, self._reader, self.writer = settings, reader, writer
        self._names = sorted(topic.name for topic in topics().values() if topic.writer == writer)
        self._checkpoint = Checkpoint(reader, writer, self._names)
        self._ear = Ear(settings, [writer])
        self.marks: dict[Place, Mark] = {}
        self.copied = self.producers = 0  # since the start

    async def run(self, stop: asyncio.Event) -> None:
        """Copy until told to stop; after any trouble begin again, with a growing pause."""
        self._ear.start()
        pause = 0.1
        try:
            while not stop.is_set():
                copied = self.copied
                try:
                    await self._copy(stop)
                except Overtaken:
                    _log.info("relay.overtaken", writer=self.writer)
                except Wiped as wiped:
                    _log.error("relay.kafka_lost_data", writer=self.writer, what=str(wiped))
                except (KafkaError, TimeoutError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                    await self._explain(error)
                    pause = 0.1 if self.copied > copied else min(pause * 2, 5)
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(stop.wait(), pause * random.uniform(0.8, 1.2))  # noqa: S311 - only spreads
        finally:
            await self._ear.close()

    async def _explain(self, error: BaseException) -> None:
        """Say why, once an attempt; raises KafkaRefused when waiting will not help."""
        trouble = await find_trouble(self._settings) if isinstance(error, KafkaError | TimeoutError | OSError) else None
        if trouble is not None and trouble.lasting:
            raise KafkaRefused(str(trouble)) from error
        _log.warning("relay.begins_again", writer=self.writer, error=f"{type(error).__name__}: {error}"[:300], cause=str(trouble))

    async def _copy(self, stop: asyncio.Event) -> None:
        """The life of one producer."""
        await ensure(self._settings, self._names)
        probe = AIOKafkaConsumer(**options(self._settings), enable_auto_commit=False)
        producer: AIOKafkaProducer | None = None
        try:
            await asyncio.wait_for(probe.start(), ACK_SECONDS)
            self.marks = await self._checkpoint.read()
            await self._check_ends(probe, self.marks)  # before a producer lives
            self.producers += 1
            producer = AIOKafkaProducer(
                **options(self._settings), enable_idempotence=True, acks="all", compression_type="zstd", linger_ms=5,
                max_batch_size=262_144, max_request_size=4_194_304,
            )  # fmt: skip
            await asyncio.wait_for(producer.start(), ACK_SECONDS)
            await self._carry(producer, probe, stop)
        finally:
            if producer is not None:
                await end(producer)
            await within(END_SECONDS, probe.stop())

    async def _carry(self, producer: AIOKafkaProducer, probe: AIOKafkaConsumer, stop: asyncio.Event) -> None:
        """Copy and, beside it, look whether Kafka still has what it acknowledged; the first trouble ends both."""
        tasks = [asyncio.create_task(self._copy_on(producer, stop)), asyncio.create_task(self._probe_on(probe))]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _copy_on(self, producer: AIOKafkaProducer, stop: asyncio.Event) -> None:
        loop = asyncio.get_running_loop()
        reported_at = loop.time() - REPORT_EVERY
        while not stop.is_set():
            batch = await self._reader.read({place: mark.log_next for place, mark in self.marks.items()}, BATCH)
            try:
                if batch:
                    await self._deliver(producer, batch)
            except Overtaken:
                self.marks = await self._checkpoint.read()
            if loop.time() - reported_at >= REPORT_EVERY:
                await self._reader.report(NAME, {place: mark.log_next for place, mark in self.marks.items()})
                reported_at = loop.time()
            if not batch:
                await self._ear.wait(1.0)

    async def _probe_on(self, probe: AIOKafkaConsumer) -> None:
        while True:
            await asyncio.sleep(PROBE_EVERY)
            await self._check_ends(probe, await self._checkpoint.read())  # our marks first, then Kafka's ends

    async def _deliver(self, producer: AIOKafkaProducer, batch: Sequence[Envelope]) -> None:
        """Send in order, see every acknowledgement, move the checkpoint."""
        epochs = await self._reader.epochs(self._names)
        sent: dict[Place, list[asyncio.Future[Any]]] = {}
        async with asyncio.timeout(ACK_SECONDS):
            for envelope in batch:
                future = await producer.send(
                    topic_name(self._settings, envelope.topic), envelope.body, key=str(envelope.key).encode(),
                    partition=envelope.partition, headers=headers(envelope, self.writer, epochs[envelope.topic]),
                )  # fmt: skip
                sent.setdefault((envelope.topic, envelope.partition), []).append(future)
            await asyncio.gather(*(future for futures in sent.values() for future in futures))
        last = {(envelope.topic, envelope.partition): envelope.offset for envelope in batch}
        after: dict[Place, Mark] = {}
        for place, futures in sent.items():
            offsets = [future.result().offset for future in futures]
            self._check_offsets(place, offsets)
            after[place] = Mark(last[place] + 1, offsets[-1] + 1)
        await self._checkpoint.move(self.marks, after)
        self.marks |= after
        self.copied += len(batch)

    def _check_offsets(self, place: Place, offsets: Sequence[int]) -> None:
        """An offset that was given before means that nothing was written: Kafka took our record for an old one."""
        floor = self.marks[place].kafka_next - 1
        for offset in offsets:
            if offset <= floor:
                raise Wiped(f"{place[0]}/{place[1]} acknowledged {offset} after {floor}")
            floor = offset

    async def _check_ends(self, probe: AIOKafkaConsumer, marks: dict[Place, Mark]) -> None:
        """Compare marks, read before, with Kafka's ends; where Kafka ends earlier, all is copied again. Raises Wiped."""
        places = {TopicPartition(topic_name(self._settings, topic), part): (topic, part) for topic, part in marks}
        ends = await asyncio.wait_for(probe.end_offsets(list(places)), PROBE_SECONDS)
        lost = [place for tp, place in places.items() if ends[tp] < marks[place].kafka_next]
        if not lost:
            return
        oldest: Positions = await self._reader.oldest(lost)
        first = lost[0]
        what = f"{len(lost)} partitions, {first[0]}/{first[1]} had {marks[first].kafka_next} records"
        await self._checkpoint.move(marks, {place: Mark(oldest[place], 0) for place in lost})
        raise Wiped(what)


class Relay:
    """Every writer's copier in one process."""

    def __init__(self, settings: Settings, writers: Iterable[str] | None = None) -> None:
        """`writers`: default all that publish anything."""
        self._reader = LogReader(settings)
        found = sorted({topic.writer for topic in topics().values()} if writers is None else set(writers))
        self.copiers = [Copier(settings, self._reader, writer) for writer in found]

    async def run(self, stop: asyncio.Event) -> None:
        """Until told to stop. Raises KafkaRefused, or CannotEnd: then the process must end."""
        try:
            async with asyncio.TaskGroup() as group:
                for copier in self.copiers:
                    group.create_task(copier.run(stop), name=f"relay {copier.writer}")
        finally:
            await self._reader.close()


async def end(producer: AIOKafkaProducer) -> None:
    """End a producer for good, with what it still holds: its own `stop` waits for that, or leaves it alive. Raises CannotEnd."""
    sender = producer._sender.sender_task
    producer._closed = True  # it will not be stopped in its own way
    if sender is not None:
        sender.cancel()
    closed = await within(END_SECONDS / 2, producer.client.close())
    if sender is None:
        return
    if not sender.done():
        sender.cancel()  # it was waiting for what was under way
    done, _ = await asyncio.wait({sender}, timeout=END_SECONDS / 2)
    if not done or not closed:
        raise CannotEnd("a producer does not end")


async def run(settings: Settings, writers: Iterable[str] | None = None) -> None:
    """What `autoflows relay` does: copy until SIGTERM or Ctrl-C; leaves the process at once when a producer will not end."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    relaying = asyncio.create_task(Relay(settings, writers).run(stop))
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({relaying, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    await asyncio.wait({relaying}, timeout=END_SECONDS)
    relaying.cancel()  # what is not acknowledged by now is copied by the next relay
    await asyncio.wait({relaying}, timeout=2 * END_SECONDS)
    if not relaying.done():
        os._exit(1)
    if relaying.cancelled() or (error := relaying.exception()) is None:
        return
    causes: Sequence[BaseException] = error.exceptions if isinstance(error, BaseExceptionGroup) else [error]
    _log.error("relay.ended", why=[str(cause) for cause in causes])
    if any(isinstance(cause, CannotEnd) for cause in causes):
        os._exit(1)
    raise causes[0]
