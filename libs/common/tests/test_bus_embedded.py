"""The embedded bus keeps the contract."""

from collections.abc import AsyncIterator

import pytest

from common.testing.bus_contract import Bus, BusContract
from common.testing.postgres import Database


class TestEmbedded(BusContract):
    @pytest.fixture
    async def bus(self, probe_database: Database) -> AsyncIterator[Bus]:
        found = Bus(probe_database.settings())
        yield found
        await found.close()
