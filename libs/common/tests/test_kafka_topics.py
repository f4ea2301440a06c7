"""Topics in Kafka are made as they must be, and what differs is said."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest
from aiokafka.admin import NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from common import doctor
from common.bus.connection import admin, topic_name
from common.bus.topics import TopicRefused, drift, ensure
from common.settings import Settings
from common.testing.kafka import Broker
from common.testing.probes import listener, prober

pytestmark = pytest.mark.xdist_group("kafka")  # one broker, one worker

NAMES = ["probes", "echoes"]


@pytest.fixture
def settings(kafka: Broker) -> Settings:
    return Settings(bus="kafka", kafka_bootstrap=kafka.bootstrap, kafka_prefix=f"t{uuid4().hex[:8]}.")


async def make(settings: Settings, name: str, partitions: int, config: dict[str, Any]) -> None:
    async with admin(settings) as client:
        made = await client.create_topics([NewTopic(topic_name(settings, name), partitions, 1, topic_configs=config)])
    assert made.topic_errors[0][1] == 0
    await until_said(settings, name, "partitions")


async def until_said(settings: Settings, name: str, word: str) -> None:
    """Brokers hear of a change a moment later."""
    async with asyncio.timeout(10):
        while not any(word in str(one) for one in await drift(settings, [name])):  # noqa: ASYNC110 - another process changes it
            await asyncio.sleep(0.05)


async def test_kafka_topics_are_made_once_and_then_left_alone(settings: Settings) -> None:
    assert [str(one) for one in await drift(settings, NAMES)] == [
        f"{settings.kafka_prefix}{name}: it is missing, should be there" for name in sorted(NAMES)
    ]
    assert await ensure(settings, NAMES) == []
    assert await ensure(settings, NAMES) == []
    assert await drift(settings, NAMES) == []


async def test_kafka_topic_that_someone_changed_is_said_and_not_changed_back(settings: Settings) -> None:
    await ensure(settings, NAMES)
    name = topic_name(settings, "probes")
    async with admin(settings) as client:
        await client.alter_configs([ConfigResource(ConfigResourceType.TOPIC, name, {"retention.ms": "60000"})])
    await until_said(settings, "probes", "retention")
    said = [str(one) for one in await ensure(settings, NAMES)]
    assert f"{name}: retention.ms is 60000, should be 86400000" in said
    assert f"{name}: max.message.bytes is 1048588, should be 2097152" in said  # alter_configs replaces the whole set
    assert await drift(settings, ["echoes"]) == []


async def test_kafka_topic_with_too_few_partitions_is_refused(settings: Settings) -> None:
    await make(settings, "probes", 4, {})
    with pytest.raises(TopicRefused, match="number of partitions is 4, should be 16"):
        await ensure(settings, NAMES)


async def test_kafka_that_cannot_keep_as_many_copies_says_so(settings: Settings) -> None:
    with pytest.raises(TopicRefused, match="replication"):
        await ensure(settings.model_copy(update={"kafka_replication": 3}), NAMES)


async def test_kafka_doctor_names_what_differs_and_how_to_mend_it(settings: Settings) -> None:
    services = [prober(), listener()]
    await ensure(settings, sorted({event.topic.name for service in services for event in service.publishes}))
    assert [one.level for one in await doctor.kafka(settings)] == ["ok"]
    assert [one.level for one in await doctor.kafka_topics(settings, services)] == ["ok"]
    wrong = settings.model_copy(update={"kafka_security_protocol": "SASL_PLAINTEXT", "kafka_username": "app"})
    (found,) = await doctor.kafka(wrong)
    assert found.level == "fail"
    assert "wants no login" in found.what
    assert "AUTOFLOWS_KAFKA_SECURITY_PROTOCOL" in found.how
    missing = settings.model_copy(update={"kafka_prefix": "elsewhere."})
    assert {one.level for one in await doctor.kafka_topics(missing, services)} == {"warn"}
