"""One machine: consumers read the log itself, woken by the writers' bells."""

from common.bus.bell import Ear
from common.bus.envelope import Envelope
from common.bus.log import LogReader, Place, Positions


class EmbeddedFeed:
    """Reads straight from the log; where the log begins later than asked (retention), it says so loudly."""

    def __init__(self, reader: LogReader, ear: Ear | None) -> None:
        self._reader, self._ear = reader, ear

    async def start(self) -> None:
        if self._ear is not None:
            self._ear.start()

    def stale(self) -> bool:
        return False

    def seek(self, kafka_nexts: Positions) -> None:
        """The log has no Kafka offsets."""

    async def next(self, positions: Positions, limit: int) -> list[Envelope]:
        heads = await self._reader.heads({topic for topic, _ in positions})
        waiting = {place: off for place, off in positions.items() if heads.get(place, 0) > off}
        return await self._reader.read(waiting, limit) if waiting else []

    async def wait(self, timeout: float) -> None:
        if self._ear is not None:
            await self._ear.wait(timeout)

    def kafka_next(self, place: Place, offset: int) -> int | None:  # noqa: ARG002 - the log has no Kafka offset
        return None

    async def moved(self, positions: Positions) -> None:
        """The log asks for nothing."""

    async def close(self) -> None:
        if self._ear is not None:
            await self._ear.close()
