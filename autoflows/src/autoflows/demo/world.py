"""The demo's world in one process: the mail server that catches, the page that shows, and the simulators of the outside."""

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Sequence
from typing import Any

import uvicorn
from fastapi import FastAPI

from autoflows.demo import holm, mailbox
from autoflows.demo.economic import Economic
from autoflows.demo.gatewayapi import GatewayApi, Taken
from autoflows.demo.mailbox import Mailbox
from autoflows.demo.setup import ECONOMIC_TOKENS, GATEWAYAPI_TOKEN, remembered
from autoflows.folder import Folder
from common.clock import MovedClock


class World:
    """What is served where; the ports follow each other."""

    def __init__(self, folder: Folder, port: int) -> None:
        self.port = port
        clock = MovedClock(folder.clock)
        self.mailbox = Mailbox(folder.path / "caught", clock)
        self.gatewayapi = GatewayApi(
            token=GATEWAYAPI_TOKEN,
            jwt_secret=remembered(folder).callback_secret,
            report_by_itself=True,
            hears=self._hear,
            clock=clock,
        )
        started_on = remembered(folder).started_on
        self.economic = Economic(
            customers=holm.customers(started_on),
            invoices=holm.invoices(started_on),
            drafts=holm.orders(started_on),
            app_secret=ECONOMIC_TOKENS[0],
            grant=ECONOMIC_TOKENS[1],
            now=clock.now,
        )

    async def run(self) -> None:
        """Serve until SIGTERM."""
        loop = asyncio.get_running_loop()
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        smtp = await loop.create_server(lambda: mailbox.smtp(self.mailbox), "127.0.0.1", self.port + 1)
        async with (
            smtp,
            self.gatewayapi.serving(port=self.port + 3),
            _served([(self.pages(), self.port), (self.economic.app(), self.port + 2)]),
        ):
            await stop.wait()

    def _hear(self, sms: Taken) -> None:
        self.mailbox.sms(sms.sender, f"+{sms.msisdn}", sms.message)

    def pages(self) -> FastAPI:
        app = FastAPI(openapi_url=None)

        @app.get("/health/ready")
        async def ready() -> dict[str, bool]:
            return {"ready": True}

        app.include_router(mailbox.pages(self.mailbox))
        return app


class _Server(uvicorn.Server):
    """Uvicorn without signal handlers of its own: the process has them."""

    @contextlib.contextmanager
    def capture_signals(self) -> Any:
        yield


@contextlib.asynccontextmanager
async def _served(apps: Sequence[tuple[Any, int]]) -> AsyncIterator[None]:
    servers = [
        _Server(
            uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning", access_log=False, timeout_graceful_shutdown=2)
        )
        for app, port in apps
    ]
    tasks = [asyncio.create_task(server.serve()) for server in servers]
    try:
        yield
    finally:
        for server in servers:
            server.should_exit = True
        await asyncio.gather(*tasks)
