"""Topics in Kafka: made where they are missing, compared with what they should be. Admin calls never raise: codes are read."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import for_code

from common.bus.connection import REQUEST_MS, admin, topic_name
from common.errors import KafkaRefused
from common.events import PARTITIONS, topics
from common.settings import Settings

_log = structlog.get_logger(__name__)
_EXISTS, _UNKNOWN, _DENIED = 36, 3, {29, 31}
_LASTING = {17, 37, 38, 40, 44}  # name, partitions, replication, configuration, policy
_SECONDS = REQUEST_MS / 1000


class TopicRefused(KafkaRefused):
    """Kafka will not have a topic as it must be."""


@dataclass(frozen=True)
class Wanted:
    """A topic as it should be in Kafka."""

    name: str
    replication: int
    config: dict[str, str]


@dataclass(frozen=True)
class Drift:
    """One way in which a topic is not as it should be. `grave`: it cannot carry the log."""

    topic: str
    what: str
    wanted: str
    found: str
    grave: bool = False

    def __str__(self) -> str:
        return f"{self.topic}: {self.what} is {self.found}, should be {self.wanted}"


def wanted(settings: Settings, names: Iterable[str]) -> list[Wanted]:
    """These topics as they should be."""
    known = topics()
    return [
        Wanted(
            topic_name(settings, name),
            settings.kafka_replication,
            {
                "cleanup.policy": "delete",
                "retention.ms": str(int(timedelta(days=known[name].retention_days).total_seconds() * 1000)),
                "max.message.bytes": "2097152",
                "min.insync.replicas": str(max(1, settings.kafka_replication - 1)),
            },
        )
        for name in sorted(names)
    ]


async def ensure(settings: Settings, names: Iterable[str]) -> list[Drift]:
    """Make what is missing; returns how the rest differs. Raises TopicRefused, KafkaError."""
    asked = wanted(settings, names)
    async with admin(settings) as client:
        there = await _partitions(client, asked)
        if missing := [topic for topic in asked if topic.name not in there]:
            await _create(client, missing)
            async with asyncio.timeout(_SECONDS):
                while len(there) < len(asked):  # brokers hear of a new topic a moment later
                    await asyncio.sleep(0.02)
                    there = await _partitions(client, asked)
        found = await _drift(client, asked, there)
    for drift in found:
        _log.warning("kafka.topic_differs", topic=drift.topic, what=drift.what, wanted=drift.wanted, found=drift.found)
    if grave := [drift for drift in found if drift.grave]:
        raise TopicRefused(f"{grave[0]}. A topic's partitions cannot be taken back: make it anew under another kafka_prefix.")
    return found


async def drift(settings: Settings, names: Iterable[str]) -> list[Drift]:
    """How these topics differ from what they should be, missing ones included. Changes nothing."""
    asked = wanted(settings, names)
    async with admin(settings) as client:
        there = await _partitions(client, asked)
        missing = [Drift(topic.name, "it", "there", "missing") for topic in asked if topic.name not in there]
        return missing + await _drift(client, asked, there)


async def _partitions(client: AIOKafkaAdminClient, asked: list[Wanted]) -> dict[str, tuple[int, int]]:
    """Partitions and replicas of those that exist."""
    described = await asyncio.wait_for(client.describe_topics([topic.name for topic in asked]), _SECONDS)
    for topic in described:
        if topic["error_code"] in _DENIED:
            raise TopicRefused(f"Kafka does not let this user see {topic['topic']}: it lacks a permission (ACL).")
    return {
        topic["topic"]: (len(topic["partitions"]), min((len(part["replicas"]) for part in topic["partitions"]), default=0))
        for topic in described
        if topic["error_code"] == 0
    }


async def _create(client: AIOKafkaAdminClient, missing: list[Wanted]) -> None:
    new = [NewTopic(topic.name, PARTITIONS, topic.replication, topic_configs=topic.config) for topic in missing]
    response = await asyncio.wait_for(client.create_topics(new, timeout_ms=REQUEST_MS), _SECONDS + 2)
    for name, code, *message in response.topic_errors:
        if code in (0, _EXISTS):
            continue
        why = (message[0] if message else None) or for_code(code).__name__
        if code in _DENIED or code in _LASTING:
            raise TopicRefused(f"Kafka refuses to make the topic {name}: {why}")
        raise for_code(code)(f"{name}: {why}")


async def _drift(client: AIOKafkaAdminClient, asked: list[Wanted], there: dict[str, tuple[int, int]]) -> list[Drift]:
    found: list[Drift] = []
    existing = [topic for topic in asked if topic.name in there]
    for topic in existing:
        partitions, replicas = there[topic.name]
        if partitions != PARTITIONS:
            few = partitions < PARTITIONS
            found.append(Drift(topic.name, "the number of partitions", str(PARTITIONS), str(partitions), grave=few))
        if replicas != topic.replication:
            found.append(Drift(topic.name, "the number of replicas", str(topic.replication), str(replicas)))
    configs = await _configs(client, existing)
    for topic in existing:
        has = configs.get(topic.name, {})
        found += [Drift(topic.name, key, value, has[key]) for key, value in topic.config.items() if has.get(key, value) != value]
    return found


async def _configs(client: AIOKafkaAdminClient, existing: list[Wanted]) -> dict[str, dict[str, str]]:
    if not existing:
        return {}
    resources = [ConfigResource(ConfigResourceType.TOPIC, topic.name, dict.fromkeys(topic.config, "")) for topic in existing]
    responses: list[Any] = await asyncio.wait_for(client.describe_configs(resources), _SECONDS)
    return {
        name: {entry[0]: entry[1] for entry in entries}
        for response in responses
        for code, _, _, name, entries in response.resources
        if code == 0
    }
