"""The consumer: a batch is one transaction that moves the position, remembers, settles and tells. The position is the fence."""

import asyncio
import contextlib
import random
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

import asyncpg
import structlog
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.ext.asyncio import AsyncSession

from common import failpoints
from common.bus import parking
from common.bus.envelope import Envelope, UnknownVersion
from common.bus.log import LogReader, Place, Positions
from common.errors import TransientError
from common.ids import DealerId

_log = structlog.get_logger(__name__)
BATCH = 500  # events at most in one transaction
FEWEST = 10
PATIENCE = 0.5  # seconds that a batch should take at most: so long others wait behind a flood
TRIES = 3  # before an event that fails by itself is parked
TOO_MANY_PARKED = 20  # in a row: that is our bug, not theirs

_MOVE = """
update {schema}.position p set next = v.last + 1, kafka_next = coalesce(v.kafka_next, p.kafka_next)
from unnest(cast(:topics as text[]), cast(:parts as int[]), cast(:firsts as bigint[]), cast(:lasts as bigint[]),
            cast(:kafka_nexts as bigint[])) as v(topic, part, first, last, kafka_next)
where p.consumer = :consumer and p.topic = v.topic and p.part = v.part and p.next = v.first
"""


class Overtaken(Exception):
    """Someone else moved the position: this batch is theirs; read the position again and go on."""


class TooManyParked(Exception):
    """Event after event fails: the fault is in this service, so it stops instead of setting everything aside."""


class PositionAhead(Exception):
    """A position is ahead of its log, so the log was restored to an earlier day: nothing may go on by itself."""


class HistoryLost(Exception):
    """The log no longer holds what comes at a position: its consumer was away longer than positions are kept for."""


class Feed(Protocol):
    """Where records come from: the log itself, or Kafka with the log behind it."""

    async def start(self) -> None: ...

    def stale(self) -> bool:
        """Whether partitions came to this member, so that the positions must be read again."""

    def seek(self, kafka_nexts: Positions) -> None:
        """Go on at these offsets of Kafka where known; called after `stale`, before the positions are read."""

    async def next(self, positions: Positions, limit: int) -> list[Envelope]:
        """What comes at these positions, consecutive in each partition; empty when nothing is there."""

    async def wait(self, timeout: float) -> None:
        """Until there may be something, at most `timeout` seconds."""

    def kafka_next(self, place: Place, offset: int) -> int | None:
        """Kafka's offset after the record at that log offset, a hint for the next start; None for other feeds."""

    async def moved(self, positions: Positions) -> None:
        """These positions were committed."""

    async def close(self) -> None: ...


Apply = Callable[[DealerId, Sequence[Envelope], AsyncSession], Awaitable[bool]]
"""Handle one dealer's events in order inside the session's transaction; True when others should be woken."""


@dataclass(frozen=True)
class Disorder:
    """For tests: topics are delayed against each other and every event is handled twice. The result must be the same."""

    seed: int


class Consumer:
    """Brings everything on some topics to `apply`, once each, in the order of each key."""

    def __init__(
        self,
        name: str,
        topics: Iterable[str],
        *,
        schema: str,
        sessions: Callable[[], AsyncSession],
        reader: LogReader,
        feed: Feed,
        apply: Apply,
        woke: Callable[[], None] = lambda: None,
        disorder: Disorder | None = None,
    ) -> None:
        self.name, self.topics, self.schema = name, tuple(sorted(topics)), schema
        self._sessions, self._reader, self._feed, self._apply, self._woke = sessions, reader, feed, apply, woke
        self._positions: Positions | None = None
        self.stopped: dict[Place, str] = {}  # partitions that wait for a newer version of this service
        self._parked_in_a_row = 0
        self._limit = BATCH
        self._chance = random.Random(disorder.seed) if disorder else None  # noqa: S311 - a repeatable test order, not a secret

    async def start(self) -> None:
        """Give every partition a position (a new consumer starts at the oldest event held) and check the log's life."""
        await self._feed.start()
        await self.load()

    async def load(self) -> Positions:
        """Read the positions again, making those that are missing."""
        places = set(await self._reader.heads(self.topics))
        if self._feed.stale():
            self._feed.seek(await self._kafka_nexts())
        held = await self.positions()
        if missing := places - set(held):
            oldest, epochs = await self._reader.oldest(missing), await self._reader.epochs(self.topics)
            await self._add_positions({place: oldest[place] for place in missing}, epochs)
            held = await self.positions()
        self._positions = {place: held[place] for place in sorted(places)}
        return self._positions

    async def step(self) -> int:
        """Handle one batch; the number of events that were handled or set aside. Raises on what needs a human."""
        positions = self._positions if self._positions is not None and not self._feed.stale() else await self.load()
        wanted = {place: off for place, off in positions.items() if place not in self.stopped}
        batch = self._cut_at_unknown_versions(self._delay(await self._feed.next(wanted, self._limit)))
        if not batch:
            return 0
        self._check_history(batch, positions)
        began = time.monotonic()
        try:
            await self._handle(batch)
            self._limit = paced(self._limit, len(batch), time.monotonic() - began)
        except Overtaken:
            _log.info("consumer.overtaken", consumer=self.name)
            await self.load()
            return 0
        except Exception as error:  # the bus's edge: what fails is tried alone, then set aside
            self._positions = None
            if is_transient(error):
                raise TransientError(str(error)) from error
            _log.warning("consumer.batch_failed", consumer=self.name, events=len(batch), error=_brief(error))
            await self._handle_alone(batch)
        return len(batch)

    async def run(self, stop: asyncio.Event) -> None:
        """Handle batches until told to stop; waits out what is transient with a growing pause."""
        pause = 0.1
        while not stop.is_set():
            try:
                handled = await self.step()
                pause = 0.1
            except Exception as error:  # the bus's edge: a database or Kafka that is away is waited for
                if not is_transient(error):
                    raise
                _log.warning("consumer.waits", consumer=self.name, seconds=pause, error=_brief(error))
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), pause)
                pause = min(pause * 2, 10)
                continue
            if not handled:
                await self._feed.wait(1.0)

    async def behind(self, heads: Mapping[Place, int]) -> int:
        """How many events this consumer has not passed of what these heads promise. Raises PositionAhead."""
        held = await self.positions()
        return sum(max(head - held.get(place, 0), 0) for place, head in heads.items() if place[0] in self.topics)

    async def check_not_ahead(self) -> None:
        """Raises PositionAhead when a position is beyond its log, as after a restore of the writer's database."""
        heads, held = await self._reader.heads(self.topics), await self.positions()
        ahead = [place for place, off in held.items() if place in heads and off > heads[place]]
        if ahead:
            topic, part = ahead[0]
            raise PositionAhead(
                f"{self.name} has read {topic}/{part} up to {held[topic, part]}, but its log ends at {heads[topic, part]}:"
                " the writer's database was restored to an earlier moment"
            )

    async def report(self) -> None:
        """Tell the writers how far this consumer is, for retention."""
        await self._reader.report(self.name, await self.positions())

    async def replay(self, ids: Iterable[UUID] | None = None) -> tuple[int, int]:
        """Handle parked events again, in order per key; (handled, still parked). A key stops at its first failure."""
        async with self._sessions() as session, session.begin():
            rows = await parking.parked(session, self.schema, self.name, ids=ids, limit=100_000)
        stuck: set[tuple[str, UUID]] = set()
        done = 0
        for envelope in map(parking.envelope_of, rows):
            if (envelope.topic, envelope.key) in stuck:
                continue
            try:
                async with self._sessions() as session, session.begin():
                    await parking.unpark(session, self.schema, self.name, envelope)
                    stirred = await self._apply(envelope.dealer, [envelope], session)
                if stirred:
                    self._woke()
                done += 1
            except Exception as error:  # the bus's edge: it stays parked, with its newest error
                stuck.add((envelope.topic, envelope.key))
                async with self._sessions() as session, session.begin():
                    await parking.park(session, self.schema, self.name, envelope, error=_brief(error), tries=1)
        return done, len(rows) - done

    async def close(self) -> None:
        await self._feed.close()

    async def _handle(self, batch: Sequence[Envelope]) -> None:
        """One transaction: the position, then each dealer's events that have nothing parked before them."""
        async with self._sessions() as session, session.begin():
            await self._move(session, batch)
            waiting = await self._behind_parked(session, batch)
            for envelope in waiting:
                await parking.park(session, self.schema, self.name, envelope, error=parking.BEHIND, tries=0)
            clear = [envelope for envelope in batch if envelope not in waiting]
            stirred = [await self._apply(dealer, events, session) for dealer, events in _by_dealer(self._repeat(clear))]
            failpoints.hit(f"{self.name}.in_batch")
        failpoints.hit(f"{self.name}.after_batch")
        if any(stirred):
            self._woke()
        await self._moved(batch)

    async def _handle_alone(self, batch: Sequence[Envelope]) -> None:
        await self.load()
        for envelope in batch:
            for attempt in range(1, TRIES + 1):
                try:
                    await self._handle([envelope])
                    self._parked_in_a_row = 0
                    break
                except Overtaken:
                    await self.load()
                    return
                except Exception as error:  # the bus's edge
                    if is_transient(error):
                        raise TransientError(str(error)) from error
                    if attempt == TRIES:
                        await self._set_aside(envelope, error)

    async def _set_aside(self, envelope: Envelope, error: Exception) -> None:
        async with self._sessions() as session, session.begin():
            await self._move(session, [envelope])
            await parking.park(session, self.schema, self.name, envelope, error=_brief(error), tries=TRIES)
        await self._moved([envelope])
        self._parked_in_a_row += 1
        _log.error("consumer.parked", consumer=self.name, topic=envelope.topic, parked=str(envelope.id), error=_brief(error))
        if self._parked_in_a_row >= TOO_MANY_PARKED:
            raise TooManyParked(
                f"{self.name} could not handle {TOO_MANY_PARKED} events in a row, the last with: {_brief(error)}."
                " They are kept (autoflows dead-letters list); mend the service, then replay them"
            )

    async def _move(self, session: AsyncSession, batch: Sequence[Envelope]) -> None:
        spans = _spans(batch)
        moved = await session.execute(
            text(_MOVE.format(schema=self.schema)),
            {
                "consumer": self.name,
                "topics": [place[0] for place in spans],
                "parts": [place[1] for place in spans],
                "firsts": [first for first, _ in spans.values()],
                "lasts": [last for _, last in spans.values()],
                "kafka_nexts": [self._feed.kafka_next(place, last) for place, (_, last) in spans.items()],
            },
        )
        if moved.rowcount != len(spans):  # type: ignore[attr-defined]  # a CursorResult, as for every update
            raise Overtaken

    async def _moved(self, batch: Sequence[Envelope]) -> None:
        after = {place: last + 1 for place, (_, last) in _spans(batch).items()}
        if self._positions is not None:
            self._positions |= after
        await self._feed.moved(after)

    async def _behind_parked(self, session: AsyncSession, batch: Sequence[Envelope]) -> list[Envelope]:
        keys = await parking.parked_keys(session, self.schema, self.name)
        return [envelope for envelope in batch if (envelope.topic, envelope.key) in keys] if keys else []

    async def positions(self) -> Positions:
        """How far this consumer is, as the database has it."""
        async with self._sessions() as session, session.begin():
            rows = await session.execute(
                text(f"select topic, part, next from {self.schema}.position where consumer = :name and topic = any(:topics)"),
                {"name": self.name, "topics": list(self.topics)},
            )
            return {(row.topic, row.part): row.next for row in rows}

    async def _kafka_nexts(self) -> Positions:
        async with self._sessions() as session, session.begin():
            rows = await session.execute(
                text(f"select topic, part, kafka_next from {self.schema}.position where consumer = :name"), {"name": self.name}
            )
            return {(row.topic, row.part): row.kafka_next for row in rows if row.kafka_next is not None}

    async def _add_positions(self, positions: Positions, epochs: Mapping[str, str]) -> None:
        async with self._sessions() as session, session.begin():
            await session.execute(
                text(
                    f"""insert into {self.schema}.position (consumer, topic, part, next, epoch)
                    select :name, topic, part, next, epoch from unnest(cast(:topics as text[]), cast(:parts as int[]),
                    cast(:nexts as bigint[]), cast(:epochs as text[])) as v(topic, part, next, epoch) on conflict do nothing"""
                ),
                {
                    "name": self.name,
                    "topics": [place[0] for place in positions],
                    "parts": [place[1] for place in positions],
                    "nexts": list(positions.values()),
                    "epochs": [epochs[place[0]] for place in positions],
                },
            )

    def _check_history(self, batch: Sequence[Envelope], positions: Positions) -> None:
        for place, (first, _) in _spans(batch).items():
            if first > positions[place]:
                raise HistoryLost(
                    f"{self.name} wants {place[0]}/{place[1]} from {positions[place]} on, the log begins at {first}."
                    f" What {place[0]} says of the present can be published again (autoflows republish {place[0]});"
                    " then remove this consumer's positions of that topic and start it again"
                )

    def _cut_at_unknown_versions(self, batch: list[Envelope]) -> list[Envelope]:
        """Leave out everything from the first event of an unknown version on, in its partition, and stop that partition."""
        kept: list[Envelope] = []
        for envelope in batch:
            place = (envelope.topic, envelope.partition)
            if place in self.stopped:
                continue
            try:
                envelope.event()
            except UnknownVersion as error:
                self.stopped[place] = str(error)
                _log.error("consumer.partition_stopped", consumer=self.name, needs="a newer version", what=str(error))
                continue
            except ValueError:
                pass  # bad bytes fail again when handled, and are parked then
            kept.append(envelope)
        return kept

    def _delay(self, batch: list[Envelope]) -> list[Envelope]:
        """Under disorder, hold some topics back for now; what is held comes with a later batch."""
        if self._chance is None or not batch:
            return batch
        topics = sorted({envelope.topic for envelope in batch})
        now = set(self._chance.sample(topics, self._chance.randint(1, len(topics))))
        return [envelope for envelope in batch if envelope.topic in now]

    def _repeat(self, batch: Sequence[Envelope]) -> Sequence[Envelope]:
        return batch if self._chance is None else [again for envelope in batch for again in (envelope, envelope)]


def paced(limit: int, handled: int, seconds: float) -> int:
    """How many events the next batch takes, so that it lasts about PATIENCE: halved at most, doubled at most."""
    fitting = int(handled * PATIENCE / max(seconds, 0.001))
    if handled < limit:  # a small batch tells little of how a full one would go
        fitting = max(fitting, limit) if seconds <= PATIENCE else fitting
    return min(max(fitting, limit // 2, FEWEST), limit * 2, BATCH)


def is_transient(error: BaseException) -> bool:
    """Whether waiting may help: the database or network is away, a lock or serialization lost, a statement cached too long."""
    if isinstance(error, TransientError | ConnectionError | TimeoutError | OSError):
        return True
    if isinstance(error, InterfaceError | OperationalError):
        return True
    if isinstance(error, DBAPIError):
        if error.connection_invalidated:
            return True
        state = str(getattr(error.orig, "sqlstate", "") or "")
        return state[:2] in {"08", "40", "53", "55", "57"} or "InvalidCachedStatement" in str(error)
    return isinstance(error, asyncpg.InterfaceError | asyncpg.PostgresConnectionError)


def _spans(batch: Sequence[Envelope]) -> dict[Place, tuple[int, int]]:
    """First and last offset of each partition in a batch, which must be consecutive there."""
    spans: dict[Place, tuple[int, int]] = {}
    for envelope in batch:
        place = (envelope.topic, envelope.partition)
        first, last = spans.get(place, (envelope.offset, envelope.offset - 1))
        if envelope.offset != last + 1:
            raise AssertionError(f"{place} goes from {last} to {envelope.offset}")
        spans[place] = (first, envelope.offset)
    return dict(sorted(spans.items()))


def _by_dealer(batch: Sequence[Envelope]) -> list[tuple[DealerId, list[Envelope]]]:
    dealers: dict[DealerId, list[Envelope]] = {}
    for envelope in batch:
        dealers.setdefault(envelope.dealer, []).append(envelope)
    return sorted(dealers.items(), key=lambda pair: pair[0].int)


def _brief(error: BaseException) -> str:
    """An error's kind and first line, without the statement's parameters: they may hold personal data."""
    if isinstance(error, DBAPIError):
        return f"{type(error.orig).__name__}: {str(error.orig).splitlines()[0][:300]}"
    return f"{type(error).__name__}: {(str(error).splitlines() or [''])[0][:300]}"
