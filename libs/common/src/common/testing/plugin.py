"""The pytest plugin: databases, runtimes and buses for every test of the workspace."""

from collections.abc import AsyncIterator, Iterator
from importlib.metadata import entry_points

import hypothesis
import pytest

from common.cluster import Cluster
from common.service import Service
from common.testing.postgres import Database, Template, throwaway

pytest_plugins = ["common.testing.kafka.plugin"]


hypothesis.settings.register_profile("shared", deadline=None)  # the machine is shared; how long an example takes says nothing
hypothesis.settings.load_profile("shared")


def all_services() -> list[Service]:
    """Every installed service, by its entry point."""
    return [entry.load() for entry in sorted(entry_points(group="autoflows.services"), key=lambda entry: entry.name)]


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """An embedded PostgreSQL of this test process."""
    with throwaway() as found:
        yield found


@pytest.fixture(scope="session")
def template(cluster: Cluster) -> Template:
    """A database with every service's migrations, to be copied."""
    return Template(cluster, "template_services", lambda: [service.schema for service in all_services()])


@pytest.fixture
async def database(template: Template) -> AsyncIterator[Database]:
    """A fresh copy of the migrated template, dropped after the test."""
    copy = await template.copy()
    yield copy
    await copy.drop()
