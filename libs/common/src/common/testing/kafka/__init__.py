"""A real Apache Kafka for tests and for `make kafka`: its jars under Java, or its image under Docker."""

from common.testing.kafka.broker import Broker
from common.testing.kafka.found import Found, KafkaMissing, find

__all__ = ["Broker", "Found", "KafkaMissing", "find"]
