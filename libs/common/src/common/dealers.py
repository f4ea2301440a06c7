"""Finding the dealer that a command means: by its id, or by the short name that people type."""

from uuid import UUID

from common.bus.log import LogReader
from common.errors import NotFound
from common.events.settings import TOPIC, DealerChanged
from common.ids import DealerId

_SLICE = 1000


async def find(reader: LogReader, name: str) -> DealerId:
    """The dealer of this short name or id, as the log of settings tells it. Raises NotFound."""
    try:
        return DealerId(UUID(name))
    except ValueError:
        found = (await told(reader)).get(name)
    if found is None:
        raise NotFound(f"No dealer called {name!r} was told of lately. Give the dealer's id instead of its short name.")
    return found


async def told(reader: LogReader) -> dict[str, DealerId]:
    """Every dealer that the log still tells of, by its short name."""
    found: dict[str, DealerId] = {}
    positions = await reader.oldest(await reader.heads([TOPIC.name]))
    while batch := await reader.read(positions, _SLICE):
        for envelope in batch:
            place = (envelope.topic, envelope.partition)
            positions[place] = max(positions[place], envelope.offset + 1)
            if envelope.type == DealerChanged.name and isinstance(event := envelope.event(), DealerChanged):
                found[event.slug] = event.dealer_id
    return found
