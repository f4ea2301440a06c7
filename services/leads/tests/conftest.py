"""Leads on a real database of its own, and the builders of facts that its tests share."""

import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from common.clock import FixedClock
from common.cluster import Cluster
from common.handling import Handlers
from common.service import Service
from common.testing.postgres import Database, Template
from common.testing.runtime import running
from leads.handlers import handlers, hear_registry, registry_is_told
from leads.main import service

if TYPE_CHECKING:
    from leads_world import World

sys.path.insert(0, str(Path(__file__).parent))  # for `leads_given` and `leads_world`; these tests are no package


@pytest.fixture(scope="session")
def leads_template(cluster: Cluster) -> Template:
    """A database with the schema of leads only: what it needs of the others are events."""
    return Template(cluster, "template_leads", lambda: [service.schema])


@pytest.fixture
async def database(leads_template: Template) -> AsyncIterator[Database]:
    copy = await leads_template.copy()
    yield copy
    await copy.drop()


def hearing_the_registry() -> Service:
    """Leads as where the motor registry is read."""
    if registry_is_told():
        return service
    every = Handlers()
    for event in handlers.events:
        every.on(event)(handlers._by_event[event])
    hear_registry(every)
    return replace(service, handlers=every)


@pytest.fixture
async def world(database: Database) -> AsyncIterator["World"]:
    """Nordhavn Auto's leads, two months before the first mail."""
    from leads_world import World, at

    async with running(hearing_the_registry(), database, clock=FixedClock(at(date(2026, 1, 12), 12))) as rt:
        yield World(rt)
