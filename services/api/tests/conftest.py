"""The front door on a real database, with the real notifier in the same process for what it asks."""

import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from fastapi import FastAPI

from api.main import service
from common import web
from common.clock import FixedClock
from common.testing.postgres import Database
from common.testing.runtime import DEALER, OTHER_DEALER, Running, running
from notifier.main import service as notifier_service

if TYPE_CHECKING:
    from api_house import House

sys.path.insert(0, str(Path(__file__).parent))  # for `api_house`; these tests are no package


@pytest.fixture
async def notifier(database: Database) -> AsyncIterator[Running]:
    async with running(notifier_service, database) as rt:
        yield rt


@pytest.fixture
async def house(database: Database, notifier: Running) -> "AsyncIterator[House]":
    from api_house import NOW, House, furnish, open_doors

    clock = FixedClock(NOW)
    inner = FastAPI()
    web.install(inner)
    assert notifier_service.router is not None
    inner.include_router(notifier_service.router(notifier))
    async with running(service, database, clock=clock, system=clock) as rt, running(service, database) as asking:
        for dealer in (DEALER, OTHER_DEALER):
            await furnish(rt, dealer)
        await rt.published()
        yield House(rt, clock, open_doors(rt, asking, inner), asking)
