"""An envelope as a Kafka record (CloudEvents 1.0, binary mode), with its place in the log and the log's life beside it."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from common.bus.envelope import Envelope
from common.ids import DealerId

Headers = list[tuple[str, bytes]]
_OFFSET, _EPOCH = "autoflows_offset", "autoflows_epoch"
_ATTRIBUTES = ("ce_correlationid", "ce_causationid", "ce_traceparent")


class NotOurs(ValueError):
    """A record that no relay of ours wrote."""


def headers(envelope: Envelope, writer: str, epoch: str) -> Headers:
    """What stands beside an event's bytes."""
    found = {
        "ce_specversion": "1.0",
        "ce_id": str(envelope.id),
        "ce_source": f"/autoflows/{writer}",
        "ce_type": envelope.type,
        "ce_time": envelope.occurred_at.isoformat(),
        "ce_partitionkey": str(envelope.key),
        "ce_dealerid": str(envelope.dealer),
        "content-type": "application/json",
        **{f"ce_{name}": value for name, value in envelope.headers.items()},
        _OFFSET: str(envelope.offset),
        _EPOCH: epoch,
    }
    return [(name, value.encode()) for name, value in found.items()]


def envelope_of(topic: str, record: Any) -> tuple[Envelope, str]:
    """The envelope of a record of a topic, and the epoch it was copied in. Raises NotOurs."""
    try:
        found = _texts(record.headers)
        envelope = Envelope(
            topic=topic,
            partition=record.partition,
            offset=int(found[_OFFSET]),
            id=UUID(found["ce_id"]),
            dealer=DealerId(UUID(found["ce_dealerid"])),
            key=UUID(found["ce_partitionkey"]),
            type=found["ce_type"],
            occurred_at=datetime.fromisoformat(found["ce_time"]),
            body=record.value or b"",
            headers={name.removeprefix("ce_"): found[name] for name in _ATTRIBUTES if name in found},
        )
        return envelope, found[_EPOCH]
    except (KeyError, ValueError) as error:
        raise NotOurs(f"{record.topic}/{record.partition}@{record.offset}: {type(error).__name__} {error}") from error


def _texts(pairs: Iterable[tuple[str, bytes]]) -> dict[str, str]:
    return {name: value.decode() for name, value in pairs}
