"""Every service, and a database with the migrations of all of them."""

import pytest

from common.service import Service
from common.testing.plugin import all_services


@pytest.fixture(scope="session")
def services() -> list[Service]:
    return all_services()
