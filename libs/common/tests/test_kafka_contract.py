"""The Kafka bus keeps the contract, on a real broker: with the relay, and with nothing read from the log behind Kafka's back."""

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from common.bus.relay import Relay
from common.testing.bus_contract import Bus, BusContract
from common.testing.kafka import Broker
from common.testing.postgres import Database

pytestmark = pytest.mark.xdist_group("kafka")  # one broker, one worker


class TestKafka(BusContract):
    @pytest.fixture
    async def bus(self, probe_database: Database, kafka: Broker) -> AsyncIterator[Bus]:
        settings = probe_database.settings(
            bus="kafka", kafka_bootstrap=kafka.bootstrap, kafka_prefix=f"t{uuid4().hex[:8]}.", kafka_session_seconds=3,
            kafka_patience_seconds=600,
        )  # fmt: skip
        stop = asyncio.Event()
        relaying = asyncio.create_task(Relay(settings, ["prober", "listener"]).run(stop))
        found = Bus(settings)
        yield found
        await found.close()
        stop.set()
        await relaying
