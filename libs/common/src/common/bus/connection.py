"""How Kafka is reached, and why it is not: aiokafka gives one error for every cause and tells the cause only to its logger."""

import asyncio
import contextlib
import logging
import ssl
import time
from collections import deque
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from typing import Any

import structlog
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from common.settings import Settings

_log = structlog.get_logger(__name__)
_QUIET_SECONDS = 30.0
REQUEST_MS, _LOOK_MS = 10_000, 5_000


@dataclass(frozen=True)
class Trouble:
    """Why Kafka cannot be reached. `lasting`: waiting will not mend it."""

    what: str
    how: str
    lasting: bool

    def __str__(self) -> str:
        return f"{self.what} {self.how}"


class LastWords(logging.Handler):
    """Takes what the client library logs: keeps the last records as the cause, and passes on each kind twice a minute."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.records: deque[str] = deque(maxlen=20)
        self._said: dict[tuple[str, str], float] = {}

    def emit(self, record: logging.LogRecord) -> None:
        said = record.getMessage()
        self.records.append(said)
        kind, now = (record.name, str(record.msg)), time.monotonic()
        if now - self._said.get(kind, -_QUIET_SECONDS) >= _QUIET_SECONDS:
            self._said[kind] = now
            _log.warning("kafka.client", said=said[:500])

    @classmethod
    def heard(cls) -> "LastWords":
        """The one of this process; from its first use on the library no longer logs by itself."""
        logger = logging.getLogger("aiokafka")
        for handler in logger.handlers:
            if isinstance(handler, cls):
                return handler
        found = cls()
        logger.addHandler(found)
        logger.propagate = False
        return found


def options(settings: Settings) -> dict[str, Any]:
    """What every client of Kafka is built with."""
    LastWords.heard()
    found: dict[str, Any] = {
        "bootstrap_servers": settings.kafka_bootstrap,
        "security_protocol": settings.kafka_security_protocol,
        "request_timeout_ms": REQUEST_MS,
        "metadata_max_age_ms": 5_000,  # a topic that was gone is found again so soon
    }
    if settings.kafka_security_protocol.endswith("SSL"):
        found["ssl_context"] = ssl.create_default_context(cafile=settings.kafka_ca_file)
    if settings.kafka_security_protocol.startswith("SASL"):
        password = settings.kafka_password.get_secret_value() if settings.kafka_password else ""
        found |= {
            "sasl_mechanism": settings.kafka_sasl_mechanism,
            "sasl_plain_username": settings.kafka_username or "",
            "sasl_plain_password": password,
        }
    return found


def topic_name(settings: Settings, topic: str) -> str:
    """What a topic is called in Kafka."""
    return f"{settings.kafka_prefix}{topic}"


@contextlib.asynccontextmanager
async def admin(settings: Settings, *, request_ms: int = REQUEST_MS) -> AsyncIterator[AIOKafkaAdminClient]:
    """A client for topics and groups. Raises KafkaError where there is no connection."""
    client = AIOKafkaAdminClient(**options(settings) | {"request_timeout_ms": request_ms})
    try:
        await asyncio.wait_for(client.start(), request_ms / 1000 + 2)
        yield client
    finally:
        await within(2, client.close())


async def within(seconds: float, closing: Any) -> bool:
    """Wait for a client to close; some raise CancelledError though nobody cancelled, some never return."""
    task = asyncio.ensure_future(closing)
    done, _ = await asyncio.wait({task}, timeout=seconds)
    if not done:
        task.cancel()
        return False
    return task.cancelled() or task.exception() is None


async def find_trouble(settings: Settings) -> Trouble | None:
    """Connect once; None when Kafka answers, else the cause."""
    heard = LastWords.heard()
    heard.records.clear()
    try:
        async with admin(settings, request_ms=_LOOK_MS) as client:
            await asyncio.wait_for(client.describe_cluster(), _LOOK_MS / 1000)
    except FileNotFoundError:
        return Trouble(f"The file {settings.kafka_ca_file} is not there.", "Set AUTOFLOWS_KAFKA_CA_FILE.", lasting=True)
    except ssl.SSLError as error:
        return Trouble(f"{settings.kafka_ca_file} holds no certificate ({error.reason}).", "Give a PEM file.", lasting=True)
    except (KafkaError, OSError, TimeoutError, ValueError) as error:
        said = [*heard.records, str(error)]
        return _from_words(settings, said) or await _from_a_look(settings) or _unexplained(settings, said)
    return None


def _from_words(settings: Settings, said: Iterable[str]) -> Trouble | None:
    """What the library's own words tell."""
    all_said = " ".join(said)
    user, mechanism = settings.kafka_username, settings.kafka_sasl_mechanism
    known = {
        "SaslAuthenticationFailed": (
            f"Kafka refuses the user {user!r} or its password ({mechanism}).",
            "Check AUTOFLOWS_KAFKA_USERNAME and AUTOFLOWS_KAFKA_PASSWORD.",
        ),
        "UnsupportedSaslMechanism": (
            f"Kafka does not accept {mechanism} on this port.",
            "Set AUTOFLOWS_KAFKA_SASL_MECHANISM to one that it has enabled.",
        ),
        "CERTIFICATE_VERIFY_FAILED": (
            f"{settings.kafka_ca_file or 'This machine'} does not vouch for the certificate of {settings.kafka_bootstrap}.",
            "Set AUTOFLOWS_KAFKA_CA_FILE to the authority that signed it, and use the name that stands in it.",
        ),
        "IllegalSaslState": (
            f"{settings.kafka_bootstrap} wants no login, and we send one.",
            "Set AUTOFLOWS_KAFKA_SECURITY_PROTOCOL without SASL, or use the port that wants one.",
        ),
        "WRONG_VERSION_NUMBER": _no_tls(settings),
    }
    found = next((words for mark, words in known.items() if mark in all_said), None)
    return Trouble(*found, lasting=True) if found else None


async def _from_a_look(settings: Settings) -> Trouble | None:
    """What one connection of our own tells about the first address."""
    host, _, port = settings.kafka_bootstrap.split(",")[0].strip().rpartition(":")
    wants_tls = settings.kafka_security_protocol.endswith("SSL")
    try:
        async with asyncio.timeout(3):
            _, writer = await asyncio.open_connection(host, int(port))
        writer.close()
    except TimeoutError:
        return Trouble(f"{host}:{port} never answers.", "Is it the right address, and may this machine reach it?", lasting=False)
    except OSError as error:
        why = error.strerror or str(error)
        return Trouble(f"Nothing can be reached at {host}:{port} ({why}).", "Is Kafka running there?", lasting=False)
    except ValueError:
        return Trouble(f"{settings.kafka_bootstrap!r} is no address.", "Write host:port[,host:port].", lasting=True)
    speaks_tls = await _speaks_tls(host, int(port))
    if speaks_tls is None:
        return Trouble(f"{host}:{port} takes the connection and never answers.", "Is it Kafka?", lasting=False)
    if wants_tls and not speaks_tls:
        return Trouble(*_no_tls(settings), lasting=True)
    if not wants_tls and speaks_tls:
        what = f"{host}:{port} speaks TLS only, and we do not."
        return Trouble(what, "Set AUTOFLOWS_KAFKA_SECURITY_PROTOCOL to SSL or SASL_SSL.", lasting=True)
    if not settings.kafka_security_protocol.startswith("SASL") and speaks_tls is False:
        what = f"{host}:{port} closes the connection: it wants a login, or is no Kafka."
        return Trouble(what, "Set AUTOFLOWS_KAFKA_SECURITY_PROTOCOL to SASL_PLAINTEXT or SASL_SSL.", lasting=False)
    return None


async def _speaks_tls(host: str, port: int) -> bool | None:
    """Whether a TLS handshake succeeds there, whoever signed; None when nothing came back in time."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # only a look: nothing is sent
    try:
        async with asyncio.timeout(3):
            _, writer = await asyncio.open_connection(host, port, ssl=context)
    except TimeoutError:
        return None
    except OSError:
        return False
    writer.close()
    return True


def _no_tls(settings: Settings) -> tuple[str, str]:
    return (
        f"{settings.kafka_bootstrap} does not speak TLS.",
        "Set AUTOFLOWS_KAFKA_SECURITY_PROTOCOL without SSL, or use the port that has it.",
    )


def _unexplained(settings: Settings, said: list[str]) -> Trouble:
    return Trouble(f"{settings.kafka_bootstrap} does not answer as Kafka does: {said[-1][:300]}", "Is it Kafka?", lasting=False)
