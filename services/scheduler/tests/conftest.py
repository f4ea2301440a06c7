"""A scheduler on a real database of its own, and the builders of facts that its tests share."""

import sys
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from common.clock import FixedClock
from common.cluster import Cluster
from common.testing.postgres import Database, Template
from common.testing.runtime import running
from scheduler.main import service

if TYPE_CHECKING:
    from scheduler_world import World

sys.path.insert(0, str(Path(__file__).parent))  # for `scheduler_given` and `scheduler_world`; these tests are no package


@pytest.fixture(scope="session")
def scheduler_template(cluster: Cluster) -> Template:
    """A database with the scheduler's schema only: what it needs of the others are events."""
    return Template(cluster, "template_scheduler", lambda: [service.schema])


@pytest.fixture
async def database(scheduler_template: Template) -> AsyncIterator[Database]:
    copy = await scheduler_template.copy()
    yield copy
    await copy.drop()


@pytest.fixture
async def world(database: Database) -> AsyncIterator["World"]:
    """Nordhavn Auto's scheduler, three weeks before the first invitation."""
    from scheduler_world import World, at

    async with running(service, database, clock=FixedClock(at(date(2026, 1, 20), 12))) as rt:
        yield World(rt)
