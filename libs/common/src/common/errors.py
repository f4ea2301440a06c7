"""The kinds of failure. Anything that is none of these is a bug: it is retried a few times, then set aside and shown."""

from collections.abc import Mapping, Sequence


class DomainError(Exception):
    """A rule said no to a request: `code` for machines, the message for people. Never raised by a handler of events.

    `errors` says where what was wrong (`where`, `problem`), `advice` what to do if the status does not say it already.
    """

    code = "refused"
    status = 422

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        status: int | None = None,
        errors: Sequence[Mapping[str, str]] = (),
        advice: str | None = None,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code or self.code
        self.status = status or self.status
        self.errors, self.advice = tuple(errors), advice
        self.retry_after = retry_after  # seconds until it may be tried again


class NotFound(DomainError):
    code = "not_found"
    status = 404


class Conflict(DomainError):
    code = "conflict"
    status = 409


class TransientError(Exception):
    """Something outside is away for now: wait and try again; never a reason to set an event aside."""


class EventTooLarge(ValueError):
    """An event would not fit the bus; it is refused when appended, so that the log never holds what Kafka cannot carry."""


class KafkaRefused(Exception):
    """Kafka is there and does not let us in; somebody has to change a setting. The message says which."""
