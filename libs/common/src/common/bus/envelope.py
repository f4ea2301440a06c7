"""The envelope (CloudEvents 1.0, binary mode): who, when and why around the bytes of an event."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID
from zlib import crc32

from common.errors import EventTooLarge
from common.events import PARTITIONS, Event, event_named
from common.events.base import known
from common.ids import DealerId, new_id

MAX_BYTES = 900_000  # Kafka's default limit is 1,048,588 for a batch; head-room for headers


class UnknownVersion(Exception):
    """An event of a version that this reader does not know: going on would lose a fact, so its partition stops."""


@dataclass(frozen=True)
class Envelope:
    """One event with its place in the log. `offset` is -1 until it has one."""

    topic: str
    partition: int
    offset: int
    id: UUID
    dealer: DealerId
    key: UUID
    type: str
    occurred_at: datetime
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)

    def event(self) -> Event | None:
        """The event, or None where this reader does not know its type. Raises UnknownVersion, or ValueError on bad bytes."""
        kind = event_named(self.type)
        if kind is not None:
            return kind.model_validate_json(self.body)
        if _other_version_known(self.type):
            raise UnknownVersion(f"{self.type} on {self.topic}/{self.partition}@{self.offset}")
        return None


def _other_version_known(name: str) -> bool:
    stem, _, version = name.rpartition(".")
    return version.startswith("v") and any(name_known.rpartition(".")[0] == stem for name_known in known)


def partition_of(dealer: UUID, key: UUID) -> int:
    """Where everything about one key of one dealer stands, in order. Fixed for ever."""
    return crc32(dealer.bytes + key.bytes) % PARTITIONS


def seal(event: Event, dealer: DealerId, at: datetime, cause: Envelope | None) -> Envelope:
    """Put an event into its envelope. Raises EventTooLarge."""
    body = event.model_dump_json().encode()
    if len(body) > MAX_BYTES:
        raise EventTooLarge(f"{event.name} has {len(body):,} bytes, at most {MAX_BYTES:,} are carried")
    event_id, key = new_id(), event.key()
    headers = {"correlationid": str(event_id)}
    if cause is not None:
        headers = {"correlationid": cause.headers.get("correlationid", str(cause.id)), "causationid": str(cause.id)}
        if trace := cause.headers.get("traceparent"):
            headers["traceparent"] = trace
    return Envelope(
        topic=event.topic.name, partition=partition_of(dealer, key), offset=-1, id=event_id, dealer=dealer, key=key,
        type=event.name, occurred_at=at, body=body, headers=headers,
    )  # fmt: skip


def headers_json(envelope: Envelope) -> str:
    """The headers as the log keeps them."""
    return json.dumps(dict(envelope.headers), separators=(",", ":"))
