"""A notifier on a real database, with a mail server and an SMS provider on the loopback."""

import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from autoflows.demo.gatewayapi import GatewayApi
from common.clock import FixedClock
from common.testing.mail import MailServer
from common.testing.nordhavn import NINE, World, anne, dealer, golf, octavia
from common.testing.postgres import Database
from common.testing.runtime import Running, running
from notifier.main import service


@pytest.fixture
async def outside() -> AsyncIterator[tuple[MailServer, GatewayApi, dict[str, Any]]]:
    """A mail server, an SMS provider, and the settings that lead to them."""
    mail, sms = MailServer(), GatewayApi()
    async with mail.serving() as port, sms.serving() as url:
        yield mail, sms, {
            "smtp_host": "127.0.0.1", "smtp_port": port, "smtp_tls": "none", "smtp_timeout": 0.4,
            "gatewayapi_url": url, "gatewayapi_token": sms.token, "gatewayapi_timeout": 0.4,
            "public_url": "https://svar.example", "notifier_url": "https://klik.example", "send_per_second": 0,
        }  # fmt: skip


@pytest.fixture
async def world(database: Database, outside: tuple[MailServer, GatewayApi, dict[str, Any]]) -> AsyncIterator[World]:
    """A dealer ready to send, with one customer and two vehicles, on a Monday at nine."""
    mail, sms, settings = outside
    async with running(service, database, clock=FixedClock(NINE), **settings) as rt:
        found = World(rt, mail, sms, settings=settings)
        await found.hear(dealer(), anne(), octavia(), golf())
        yield found


@pytest.fixture
def another(world: World, database: Database) -> Callable[[], AbstractAsyncContextManager[Running]]:
    """A second copy of the service on the same database."""

    @contextlib.asynccontextmanager
    async def opened() -> AsyncIterator[Running]:
        async with running(service, database, clock=world.rt.clock, **world.settings) as rt:
            yield rt

    return opened
