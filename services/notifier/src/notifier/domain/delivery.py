"""What a delivery callback says, and where it takes a message. Callbacks come late, twice and in any order."""

import json
from dataclasses import dataclass
from uuid import UUID

from common.events.words import Channel
from notifier.domain.states import State

_DELIVERED = frozenset({"DELIVERED", "ACCEPTED"})
_FAILED = frozenset({"EXPIRED", "DELETED", "UNDELIVERABLE", "REJECTED", "SKIPPED"})
_ON_ITS_WAY = frozenset({"UNKNOWN", "SCHEDULED", "BUFFERED", "ENROUTE"})

_RANK = {State.ACCEPTED: 1, State.FAILED: 2, State.BOUNCED: 2, State.DELIVERED: 3}


@dataclass(frozen=True)
class Report:
    """A provider's word on one message: our reference, or its own."""

    state: State
    status: str
    message_id: UUID | None
    provider_ref: str | None
    because: str


def read_gatewayapi(body: str) -> Report | None:
    """GatewayAPI's delivery status notification, or None for anything else (an incoming SMS, a state we do not know)."""
    try:
        found = json.loads(body)
        status = found["status"]
    except (ValueError, KeyError, TypeError):
        return None
    if not isinstance(status, str) or (state := _state(status.upper())) is None:
        return None
    because = " ".join(str(found[key]) for key in ("error", "code") if found.get(key)) or status.lower()
    provider_ref = found.get("id")
    return Report(
        state=state, status=status.upper(), message_id=_uuid(found.get("userref")),
        provider_ref=str(provider_ref) if provider_ref is not None else None, because=because[:200],
    )  # fmt: skip


def moves(current: State, reported: State) -> bool:
    """Whether a report takes a message further. It never goes back, and that it was delivered is the last word:
    so the end is the same in whatever order the reports come."""
    return _RANK[reported] > _RANK.get(current, 0)


def was_handed_in(state: State, attempts: int) -> bool:
    """Whether a message can be reported on at all: one that was never handed in cannot have arrived or come back."""
    return attempts > 0 and state not in (State.WITHDRAWN, State.SUPERSEDED)


def failed_on(channel: str) -> State:
    """How a message ends that was accepted and then did not arrive."""
    return State.BOUNCED if channel == Channel.EMAIL else State.FAILED


def _state(status: str) -> State | None:
    if status in _DELIVERED:
        return State.DELIVERED
    if status in _FAILED:
        return State.FAILED
    return State.ACCEPTED if status in _ON_ITS_WAY else None


def _uuid(text: object) -> UUID | None:
    try:
        return UUID(str(text))
    except ValueError:
        return None
