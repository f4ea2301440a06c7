"""Records from Kafka, with the log behind it: what Kafka does not have, has twice or has from another life is made good there."""

import asyncio
import contextlib
from collections.abc import Iterable, Mapping
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor
from aiokafka.errors import (
    GroupAuthorizationFailedError,
    IllegalStateError,
    KafkaError,
    NoOffsetForPartitionError,
    OffsetOutOfRangeError,
    TopicAuthorizationFailedError,
)

from common.bus.connection import find_trouble, options, topic_name, within
from common.bus.envelope import Envelope
from common.bus.inbox import Inbox
from common.bus.late import LateWatch
from common.bus.log import LogReader, Place, Positions
from common.bus.topics import ensure
from common.errors import KafkaRefused
from common.settings import Settings

_log = structlog.get_logger(__name__)
ERRORS = 20  # in a row without a record: this client will not come back by itself
_START_SECONDS, _COMMIT_SECONDS, _SEEK_SECONDS, _STOP_SECONDS = 60.0, 5.0, 5.0, 3.0
_COMMIT_PAUSE = 0.2


class KafkaStuck(Exception):
    """Kafka's client gives nothing though there is something: the process ends and is started again."""


class KafkaFeed:
    """One member of a consumer group. The positions are the database's; Kafka's offsets are only a hint where to look."""

    def __init__(self, settings: Settings, name: str, topics: Iterable[str], reader: LogReader) -> None:
        self._settings, self._name, self._reader = settings, name, reader
        self._topics = {topic_name(settings, topic): topic for topic in topics}
        self._inbox = Inbox(reader, self._topics.values())
        self._late = LateWatch(reader, settings.kafka_patience_seconds)
        self._client: AIOKafkaConsumer | None = None
        self._members = _Members()
        self._sought = 0  # the assignment whose partitions were sought
        self._to_commit: dict[TopicPartition, int] = {}
        self._commit = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._errors = 0
        self._broken: BaseException | None = None

    async def start(self) -> None:
        """Begin to join; until then, and while Kafka is away, the log itself is read."""
        if self._topics:
            self._tasks = [asyncio.create_task(self._join()), asyncio.create_task(self._keep_committing())]

    def stale(self) -> bool:
        """Whether partitions came to this member, so that the positions must be read again."""
        return self._sought != self._members.generation

    def seek(self, kafka_nexts: Positions) -> None:
        """Let the partitions that came to this member go on where Kafka holds what comes next, as far as is known."""
        if self._client is None:
            return
        self._sought = self._members.generation
        for tp in sorted(self._members.waiting):
            with contextlib.suppress(IllegalStateError):  # gone again
                self._client.seek(tp, kafka_nexts.get(self._place(tp), 0))
                self._client.resume(tp)
            self._members.waiting.discard(tp)

    async def next(self, positions: Positions, limit: int) -> list[Envelope]:
        if self._broken is not None:
            raise self._broken
        if len(self._inbox) < limit:
            await self._fill(0)
        self._leave_out(self._inbox.strangers(positions))
        found, gaps = self._inbox.take(positions, limit)
        for place, (first, upto) in gaps.items():
            pulled = await self._reader.read({place: first}, limit)
            _log.info("kafka.gap", consumer=self._name, topic=place[0], part=place[1], wants=first, has=upto)
            found += [envelope for envelope in pulled if envelope.offset < upto]
        here = {(envelope.topic, envelope.partition) for envelope in found}
        rest = {place: off for place, off in self._mine(positions).items() if place not in here}
        return found + await self._late.pull(rest, max(limit - len(found), 1), given=self._client is not None)

    async def wait(self, timeout: float) -> None:
        if self._client is None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._members.changed.wait(), timeout)
        else:
            filling = asyncio.create_task(self._fill(timeout))
            changing = asyncio.create_task(self._members.changed.wait())
            await asyncio.wait({filling, changing}, return_when=asyncio.FIRST_COMPLETED)
            for task in (filling, changing):
                task.cancel()
            await asyncio.gather(filling, changing, return_exceptions=True)
        self._members.changed.clear()

    def kafka_next(self, place: Place, offset: int) -> int | None:
        return self._inbox.kafka_next(place, offset)

    async def moved(self, positions: Positions) -> None:
        """Commit to Kafka too, soon and without waiting: scalers and lag tools read only that."""
        for place, off in positions.items():
            if (kafka_next := self._inbox.kafka_next(place, off - 1)) is not None:
                self._to_commit[self._tp(place)] = kafka_next
        self._inbox.drop_before(positions)
        self._commit.set()

    async def close(self) -> None:
        """Commit what was handled and leave the group, so that others go on at once."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._client is not None:
            client, self._client = self._client, None
            await within(_STOP_SECONDS / 2, self._commit_to(client))
            await within(_STOP_SECONDS, client.stop())

    # --- joining

    async def _join(self) -> None:
        pause = 0.2
        while self._client is None and self._broken is None:
            try:
                await ensure(self._settings, self._topics.values())
                await self._inbox.learn_epochs()
                self._client = await self._joined()
                self._members.changed.set()
            except KafkaRefused as error:
                self._break(error)
            except (KafkaError, OSError, TimeoutError) as error:
                trouble = await find_trouble(self._settings)
                if trouble is not None and trouble.lasting:
                    self._break(KafkaRefused(str(trouble)))
                _log.warning("kafka.away", consumer=self._name, error=str(error)[:200], cause=str(trouble))
                await asyncio.sleep(pause)
                pause = min(pause * 2, 10)
            except Exception as error:  # the task's edge: whatever it is, the consumer must end with it
                self._break(error)

    async def _joined(self) -> AIOKafkaConsumer:
        client = AIOKafkaConsumer(
            **options(self._settings),
            group_id=f"{self._settings.kafka_prefix}{self._name}",
            client_id=f"autoflows-{self._name}",
            auto_offset_reset="none",
            enable_auto_commit=False,
            partition_assignment_strategy=(StickyPartitionAssignor,),
            session_timeout_ms=int(self._settings.kafka_session_seconds * 1000),
            heartbeat_interval_ms=1_000,
            rebalance_timeout_ms=15_000,
            max_poll_interval_ms=120_000,
        )
        client.subscribe(list(self._topics), listener=_Listener(client, self._members, self._inbox, self._place))
        try:
            await asyncio.wait_for(client.start(), _START_SECONDS)
        except BaseException:
            await within(_STOP_SECONDS, client.stop())  # one that did not start is never used
            raise
        return client

    def _break(self, error: BaseException) -> None:
        self._broken = error
        self._members.changed.set()

    # --- reading

    async def _fill(self, timeout: float) -> None:
        if self._client is None:
            return
        try:
            found = await self._client.getmany(timeout_ms=int(timeout * 1000), max_records=500)
        except OffsetOutOfRangeError as error:
            await self._begin_again(error.args[0])
        except NoOffsetForPartitionError:
            self._members.begin_again(self._client.assignment())
        except (TopicAuthorizationFailedError, GroupAuthorizationFailedError) as error:
            self._break(KafkaRefused(f"Kafka does not let {self._name} read: it lacks a permission (ACL): {error}"))
        except KafkaError as error:
            self._errors += 1
            if self._errors >= ERRORS:
                self._break(KafkaStuck(f"{self._name}: {self._errors} errors in a row, the last: {error!r}"))
            await asyncio.sleep(0.1)
        else:
            if found:
                self._errors = 0
            for tp, records in found.items():
                if tp in self._client.assignment():
                    await self._inbox.add(self._place(tp), records)
                    self._late.heard(self._place(tp))

    async def _begin_again(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Kafka no longer has that offset, or not yet: read all it has; what was handled is dropped."""
        _log.warning("kafka.offset_out_of_range", consumer=self._name, partitions=len(offsets))
        if self._client is not None:
            with contextlib.suppress(TimeoutError, KafkaError):
                await asyncio.wait_for(self._client.seek_to_beginning(*offsets), _SEEK_SECONDS)

    def _leave_out(self, places: Iterable[Place]) -> None:
        """Nobody asks for these any more (their partition waits for a newer version of the service)."""
        for place in places:
            if self._client is not None:
                with contextlib.suppress(IllegalStateError):
                    self._client.pause(self._tp(place))
            self._inbox.clear([place])

    def _mine(self, positions: Positions) -> Positions:
        """Without a group everybody helps; the position keeps each thing from being done twice."""
        if self._client is None:
            return positions
        assigned = self._client.assignment()
        return {place: off for place, off in positions.items() if self._tp(place) in assigned}

    def _place(self, tp: TopicPartition) -> Place:
        return self._topics[tp.topic], tp.partition

    def _tp(self, place: Place) -> TopicPartition:
        return TopicPartition(topic_name(self._settings, place[0]), place[1])

    # --- committing

    async def _keep_committing(self) -> None:
        while True:
            await self._commit.wait()
            self._commit.clear()
            if self._client is not None:
                await self._commit_to(self._client)
            await asyncio.sleep(_COMMIT_PAUSE)

    async def _commit_to(self, client: AIOKafkaConsumer) -> None:
        """Errors do not matter: the next commit says it again."""
        offsets, self._to_commit = self._to_commit, {}
        mine = {tp: off for tp, off in offsets.items() if tp in client.assignment()}
        if not mine:
            return
        try:
            await asyncio.wait_for(client.commit(mine), _COMMIT_SECONDS)
        except (KafkaError, TimeoutError) as error:
            _log.info("kafka.not_committed", consumer=self._name, error=type(error).__name__)


class _Members:
    """What the group gave this member: changed by the client's own task, read by the consumer's."""

    def __init__(self) -> None:
        self.generation = 0
        self.waiting: set[TopicPartition] = set()  # paused until they are sought
        self.changed = asyncio.Event()

    def begin_again(self, assigned: Iterable[TopicPartition]) -> None:
        self.waiting = set(assigned)
        self.generation += 1
        self.changed.set()


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]  # untyped library
    """Pauses before anything can be fetched; where to go on is read from the database by the consumer."""

    def __init__(self, client: AIOKafkaConsumer, members: _Members, inbox: Inbox, place: Any) -> None:
        self._client, self._members, self._inbox, self._place = client, members, inbox, place

    def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        self._inbox.clear(self._place(tp) for tp in revoked)

    def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        self._client.pause(*assigned)
        self._members.begin_again(assigned)
