"""TLS, SCRAM and PLAIN on a real broker; and what is said when they do not fit."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from pydantic import SecretStr

from common.bus.connection import find_trouble
from common.bus.relay import Relay
from common.errors import KafkaRefused
from common.settings import Settings
from common.testing.bus_contract import Bus
from common.testing.kafka import Broker, certificates
from common.testing.kafka.config import PLAIN_USER, SCRAM_USER, USER_PASSWORD
from common.testing.postgres import Database
from common.testing.probes import ProbeSeen

pytestmark = pytest.mark.xdist_group("kafka")  # one broker, one worker

SCRAM = {"kafka_sasl_mechanism": "SCRAM-SHA-512", "kafka_username": SCRAM_USER, "kafka_password": SecretStr(USER_PASSWORD)}
PLAIN = {"kafka_sasl_mechanism": "PLAIN", "kafka_username": PLAIN_USER, "kafka_password": SecretStr(USER_PASSWORD)}
WRONG = SecretStr("a wrong password")
WAYS = [
    ("PLAINTEXT", {}),
    ("SSL", {}),
    ("SASL_PLAINTEXT", SCRAM),
    ("SASL_PLAINTEXT", PLAIN),
    ("SASL_SSL", SCRAM),
    ("SASL_SSL", PLAIN),
]


def way(kafka: Broker, protocol: str, *, port_of: str | None = None, **more: Any) -> dict[str, Any]:
    """Settings for a protocol, at its own port or at another protocol's."""
    found: dict[str, Any] = {"kafka_security_protocol": protocol, "kafka_bootstrap": kafka.address(port_of or protocol)}
    if protocol.endswith("SSL"):
        found["kafka_ca_file"] = kafka.ca_file
    return found | more


@pytest.fixture
async def silent_port() -> AsyncIterator[int]:
    """A port that takes connections and never says a word."""
    server = await asyncio.start_server(lambda _reader, _writer: asyncio.sleep(60), "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()


@pytest.mark.parametrize(("protocol", "login"), WAYS, ids=lambda value: value if isinstance(value, str) else "")
async def test_kafka_lets_in_who_has_what_the_port_asks_for(kafka: Broker, protocol: str, login: dict[str, Any]) -> None:
    assert await find_trouble(Settings(**way(kafka, protocol, **login))) is None


@pytest.mark.parametrize("login", [SCRAM, PLAIN], ids=["scram", "plain"])
async def test_kafka_with_tls_and_a_login_carries_events(kafka: Broker, probe_database: Database, login: dict[str, Any]) -> None:
    settings = probe_database.settings(
        bus="kafka", kafka_prefix=f"t{uuid4().hex[:8]}.", kafka_patience_seconds=600, **way(kafka, "SASL_SSL", **login)
    )
    bus, stop, item = Bus(settings), asyncio.Event(), uuid4()
    relaying = asyncio.create_task(Relay(settings, ["prober", "listener"]).run(stop))
    await bus.member()
    await bus.publish([ProbeSeen(item=item, number=n) for n in range(3)])
    assert await bus.until_heard(3) == [(item, 0), (item, 1), (item, 2)]
    await bus.close()
    stop.set()
    await relaying


@pytest.mark.parametrize(
    ("protocol", "port_of", "login", "said"),
    [
        ("SASL_SSL", "SASL_SSL", SCRAM | {"kafka_password": WRONG}, "refuses the user 'app' or its password"),
        ("SASL_SSL", "SASL_SSL", SCRAM | {"kafka_username": "nobody"}, "refuses the user 'nobody' or its password"),
        ("SASL_PLAINTEXT", "SASL_PLAINTEXT", PLAIN | {"kafka_password": WRONG}, "refuses the user 'plain' or its password"),
        ("SASL_PLAINTEXT", "SASL_PLAINTEXT", SCRAM | {"kafka_sasl_mechanism": "SCRAM-SHA-256"}, "does not accept SCRAM-SHA-256"),
        ("SASL_SSL", "SASL_PLAINTEXT", SCRAM, "does not speak TLS"),
        ("SSL", "PLAINTEXT", {}, "does not speak TLS"),
        ("PLAINTEXT", "SSL", {}, "speaks TLS only"),
        ("SASL_PLAINTEXT", "SASL_SSL", SCRAM, "speaks TLS only"),
        ("SASL_PLAINTEXT", "PLAINTEXT", SCRAM, "wants no login"),
        ("SASL_SSL", "SSL", SCRAM, "wants no login"),
        ("PLAINTEXT", "SASL_PLAINTEXT", {}, "wants a login"),
    ],
    ids=lambda value: value if isinstance(value, str) and " " not in value else "",
)
async def test_kafka_that_does_not_let_us_in_says_why_and_what_to_do(
    kafka: Broker, protocol: str, port_of: str, login: dict[str, Any], said: str
) -> None:
    trouble = await find_trouble(Settings(**way(kafka, protocol, port_of=port_of, **login)))
    assert trouble is not None
    assert said in trouble.what
    assert trouble.how


async def test_kafka_with_a_certificate_of_another_authority_is_not_trusted(kafka: Broker, tmp_path: Path) -> None:
    other, _ = certificates.make(tmp_path, "other")
    trouble = await find_trouble(Settings(**way(kafka, "SSL") | {"kafka_ca_file": other}))
    assert trouble is not None
    assert trouble.lasting
    assert "does not vouch for the certificate" in trouble.what


async def test_kafka_ca_file_that_is_missing_or_empty_is_named(kafka: Broker, tmp_path: Path) -> None:
    empty = tmp_path / "empty.pem"
    empty.write_text("")
    for file in (tmp_path / "missing.pem", empty):
        trouble = await find_trouble(Settings(**way(kafka, "SSL") | {"kafka_ca_file": file}))
        assert trouble is not None
        assert trouble.lasting
        assert str(file) in trouble.what


async def test_kafka_that_is_not_there_is_waited_for_and_said(silent_port: int) -> None:
    away = await find_trouble(Settings(kafka_bootstrap="127.0.0.1:1"))
    silent = await find_trouble(Settings(kafka_bootstrap=f"127.0.0.1:{silent_port}"))
    unknown = await find_trouble(Settings(kafka_bootstrap="no-such-host.invalid:9092"))
    for trouble, words in ((away, "Nothing can be reached"), (silent, "never answers"), (unknown, "Nothing can be reached")):
        assert trouble is not None
        assert words in trouble.what
        assert not trouble.lasting


async def test_kafka_that_refuses_the_login_ends_listener_and_relay_with_the_cause(
    kafka: Broker, probe_database: Database
) -> None:
    wrong = probe_database.settings(bus="kafka", **way(kafka, "SASL_SSL", **SCRAM | {"kafka_password": WRONG}))
    bus = Bus(wrong)
    member = await bus.member()
    with pytest.raises(KafkaRefused, match="or its password"):
        await asyncio.wait_for(member.task, 30)
    with pytest.raises(ExceptionGroup) as ended:
        await asyncio.wait_for(Relay(wrong, ["prober"]).run(asyncio.Event()), 30)
    assert ended.group_contains(KafkaRefused, match="or its password")
    await bus.close()
