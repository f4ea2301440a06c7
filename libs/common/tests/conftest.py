"""Databases with the two services that only tests have."""

from collections.abc import AsyncIterator

import pytest

from common.cluster import Cluster
from common.testing.postgres import Database, Template
from common.testing.probes import listener, prober


@pytest.fixture(scope="session")
def probe_template(cluster: Cluster) -> Template:
    return Template(cluster, "template_probes", lambda: [prober().schema, listener().schema])


@pytest.fixture
async def probe_database(probe_template: Template) -> AsyncIterator[Database]:
    copy = await probe_template.copy()
    yield copy
    await copy.drop()
