"""Telling every state of a topic once more, for a reader that is new or lost its place. Nothing changes by it."""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

from common.bus import states
from common.bus.envelope import Envelope, partition_of
from common.errors import DomainError
from common.events import topics
from common.ids import DealerId, new_id
from common.service import Runtime

SLICE = 200
PAUSE_SECONDS = 0.1  # between slices, so that what others say comes through


async def republish(runtime: Runtime, topic: str, dealer: DealerId) -> AsyncIterator[int]:
    """Tell a dealer's states of a topic again, slice by slice; yields how many were told so far."""
    declared = topics().get(topic)
    if declared is None or declared.writer != runtime.service.name:
        raise DomainError(f"{runtime.service.name} does not write the topic {topic!r}.", code="unknown_topic")
    if declared.kind != "state":
        raise DomainError(f"{topic} says what happened; that is never told twice.", code="not_a_state_topic")
    after, count = ("", UUID(int=0)), 0
    while True:
        async with runtime.work(dealer) as work:
            found = await states.told(work.session, runtime.service.schema.name, dealer, topic, after=after, limit=SLICE)
            for kind, _, key, body in found:
                work.publish_again(
                    Envelope(
                        topic, partition_of(dealer, key), -1, new_id(), dealer, key, kind, work.now, body, {"republished": "true"}
                    )
                )
        if not found:
            return
        count += len(found)
        after = (found[-1][0], found[-1][1])
        yield count
        await asyncio.sleep(PAUSE_SECONDS)
