"""What came from Kafka and was not handled yet, per partition, in the log's order and without what came twice."""

import random
import time
from collections.abc import Iterable, Sequence
from typing import Any

import structlog

from common.bus.envelope import Envelope
from common.bus.log import LogReader, Place, Positions
from common.bus.records import NotOurs, envelope_of

_log = structlog.get_logger(__name__)
_EPOCH_PAUSE = 5.0


class Inbox:
    """Envelopes stay until the position has passed them, so that a batch that failed is given again."""

    def __init__(self, reader: LogReader, topics: Iterable[str]) -> None:
        self._reader, self._topics = reader, tuple(topics)
        self._held: dict[Place, list[Envelope]] = {}
        self._kafka_nexts: dict[Place, dict[int, int]] = {}
        self._epochs: dict[str, str] = {}
        self._learnt_at = 0.0

    def __len__(self) -> int:
        return sum(map(len, self._held.values()))

    async def learn_epochs(self) -> None:
        """Which life of each writer's database is the present one."""
        self._epochs = await self._reader.epochs(self._topics)
        self._learnt_at = time.monotonic()

    async def add(self, place: Place, records: Sequence[Any]) -> None:
        """Keep what goes on from what is held. A record of another life of its database is left to the log."""
        held, nexts = self._held.setdefault(place, []), self._kafka_nexts.setdefault(place, {})
        for record in records:
            try:
                envelope, epoch = envelope_of(place[0], record)
            except NotOurs as error:
                _log.warning("kafka.not_ours", what=str(error))
                continue
            if epoch != self._epochs.get(place[0]) and time.monotonic() - self._learnt_at > _EPOCH_PAUSE:
                await self.learn_epochs()
            if epoch != self._epochs.get(place[0]):
                continue
            if not held or envelope.offset > held[-1].offset:
                held.append(envelope)
                nexts[envelope.offset] = record.offset + 1

    def take(self, positions: Positions, limit: int) -> tuple[list[Envelope], dict[Place, tuple[int, int]]]:
        """What comes at these positions, consecutive in each partition; and gaps: from where to where Kafka has nothing."""
        self.drop_before(positions)
        found: list[Envelope] = []
        gaps: dict[Place, tuple[int, int]] = {}
        for place in random.sample(sorted(self._held), len(self._held)):  # none starves another
            held = self._held[place]
            if place not in positions or not held:
                continue
            wanted = positions[place]
            if held[0].offset > wanted:
                gaps[place] = (wanted, held[0].offset)
                continue
            for envelope in held:
                if envelope.offset != wanted or len(found) >= limit:
                    break
                found.append(envelope)
                wanted += 1
        return found, gaps

    def kafka_next(self, place: Place, offset: int) -> int | None:
        """Kafka's offset after the record that holds that offset of the log."""
        return self._kafka_nexts.get(place, {}).get(offset)

    def drop_before(self, positions: Positions) -> None:
        """Forget what these positions have passed."""
        for place, off in positions.items():
            if (held := self._held.get(place)) and held[0].offset < off:
                self._held[place] = [envelope for envelope in held if envelope.offset >= off]
                nexts = self._kafka_nexts[place]
                self._kafka_nexts[place] = {at: after for at, after in nexts.items() if at >= off}

    def strangers(self, positions: Positions) -> list[Place]:
        """What is held though nobody asks for it."""
        return [place for place, held in self._held.items() if held and place not in positions]

    def clear(self, places: Iterable[Place]) -> None:
        """Forget partitions that went to another member."""
        for place in places:
            self._held.pop(place, None)
            self._kafka_nexts.pop(place, None)
