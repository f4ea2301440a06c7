"""What a call to a provider came to. Only what is certain not to have been sent may ever be tried again."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True)
class Accepted:
    """The provider took it."""

    provider_ref: str | None = None


@dataclass(frozen=True)
class Refused:
    """The provider said no to this message; `again`: it said "not now"."""

    because: str
    again: bool = False


@dataclass(frozen=True)
class Away:
    """The provider was not reached or would not talk to us at all: for certain nothing was sent, to nobody."""

    because: str
    retry_after: timedelta | None = None


@dataclass(frozen=True)
class Unknown:
    """It may have been sent: it counts as sent."""

    because: str


Outcome = Accepted | Refused | Away | Unknown

TRIES = 5
_PAUSES = (timedelta(minutes=5), timedelta(minutes=15), timedelta(minutes=30), timedelta(hours=1))
PROVIDER_PAUSE = timedelta(minutes=1)


def pause_before_next(attempts: int) -> timedelta | None:
    """How long to wait after the `attempts`-th "not now"; None: that was the last."""
    return _PAUSES[attempts - 1] if attempts < TRIES else None
