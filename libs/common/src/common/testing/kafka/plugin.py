"""The session's broker as a fixture, and what is said where there is none."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from common.testing.kafka.found import NONE, KafkaMissing, KafkaSettings, find, outlook

if TYPE_CHECKING:
    from common.testing.kafka.broker import Broker


@pytest.fixture(scope="session")
def kafka_here() -> None:
    """Skips where no broker can be run; fails there when one is required."""
    try:
        find()
    except KafkaMissing as missing:
        if KafkaSettings().require_kafka:
            pytest.fail(str(missing), pytrace=False)
        pytest.skip(str(missing))


@pytest.fixture(scope="session")
def kafka(kafka_here: None, tmp_path_factory: pytest.TempPathFactory) -> "Iterator[Broker]":  # noqa: ARG001 - it decides
    """A broker that the tests of this process share: nobody stops, kills or wipes it."""
    from common.testing.kafka.broker import Broker  # only tests that use a broker load its client

    broker = Broker(tmp_path_factory.mktemp("kafka")).start()
    yield broker
    broker.kill()


def pytest_report_header() -> str:
    return f"kafka: {outlook()}"


def pytest_terminal_summary(terminalreporter: Any) -> None:
    skipped = [report.longrepr[2] for report in terminalreporter.stats.get("skipped", []) if NONE in str(report.longrepr)]
    if skipped:
        why = str(skipped[0]).removeprefix("Skipped: ")
        terminalreporter.write_line(f"{len(skipped)} tests with Kafka were not run: {why}", yellow=True)
