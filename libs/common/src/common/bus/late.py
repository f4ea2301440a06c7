"""What is in the log and does not come by Kafka: after a while it is pulled; and a client that stopped giving is noticed."""

import time
from collections.abc import Mapping
from dataclasses import dataclass

import structlog

from common.bus.checkpoint import Checkpoint
from common.bus.envelope import Envelope
from common.bus.log import LogReader, Place, Positions, writer_of

_log = structlog.get_logger(__name__)
_STUCK_SECONDS = 60.0


class NothingGiven(Exception):
    """Kafka has had it for a minute and does not give it to us: this client is stuck, so the process ends and starts again."""


@dataclass
class _Behind:
    offset: int
    since: float
    late: bool = False


class LateWatch:
    """Per partition: since when something waits in the log at our position."""

    def __init__(self, reader: LogReader, patience: float) -> None:
        self._reader, self._patience = reader, patience
        self._behind: dict[Place, _Behind] = {}
        self._look_at = time.monotonic() + patience / 2

    def heard(self, place: Place) -> None:
        """Kafka gave something of that partition."""
        self._behind.pop(place, None)

    async def pull(self, positions: Positions, limit: int, *, given: bool) -> list[Envelope]:
        """Read the log where Kafka is late. `given`: Kafka is there and these partitions are ours. Raises NothingGiven."""
        now = time.monotonic()
        if now < self._look_at and not any(behind.late for behind in self._behind.values()):
            return []
        self._look_at = now + self._patience / 2
        heads = await self._reader.heads({topic for topic, _ in positions})
        for place, off in positions.items():
            self._look(place, off, heads.get(place, 0), now)
        self._behind = {place: behind for place, behind in self._behind.items() if place in positions}
        late = {place: behind for place, behind in self._behind.items() if behind.late}
        if given:
            await self._check_given({place: behind for place, behind in late.items() if now - behind.since > _STUCK_SECONDS})
        waiting = {place: positions[place] for place in late if heads.get(place, 0) > positions[place]}
        return await self._reader.read(waiting, limit) if waiting else []

    def _look(self, place: Place, off: int, head: int, now: float) -> None:
        """What is late stays late until Kafka gives something of that partition."""
        behind = self._behind.get(place)
        if behind is not None and behind.late:
            return
        if head <= off:
            self._behind.pop(place, None)
        elif behind is None or behind.offset != off:
            self._behind[place] = _Behind(off, now)
        elif now - behind.since >= self._patience:
            behind.late = True
            _log.warning("kafka.late", topic=place[0], part=place[1], offset=off)

    async def _check_given(self, old: Mapping[Place, _Behind]) -> None:
        for writer in {writer_of(topic) for topic, _ in old}:
            names = sorted({topic for topic, _ in old if writer_of(topic) == writer})
            marks = await Checkpoint(self._reader, writer, names).held()
            for place, behind in old.items():
                if place in marks and marks[place].log_next > behind.offset:
                    raise NothingGiven(f"{place[0]}/{place[1]} has been in Kafka from {behind.offset} on and does not come")
