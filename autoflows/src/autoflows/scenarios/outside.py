"""The world beyond the services in a story: a mail server and an SMS provider that treat each message as the story says."""

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, MutableMapping
from typing import Any

import uvicorn
from aiosmtpd.smtp import SMTP, Envelope, Session

from autoflows.scenarios.facts import vehicle_id
from autoflows.scenarios.story import Story
from autoflows.scenarios.world import World
from common.events import Event
from common.events.invitations import InvitationChanged
from common.events.leads import LeadChanged
from common.events.messages import MessageAccepted, MessageBounced, MessageDelivered, MessageEvent

AT_ONCE = ("refused", "unknown")  # what a provider does at its first try; another channel's try is another
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class Beyond:
    """A mail server and an SMS provider on this machine's loopback, for one story after the other."""

    def __init__(self) -> None:
        self._world: World | None = None
        self._wanted: dict[tuple[str, str, int], str] = {}  # (vehicle, type, step) -> result
        self._names: dict[Any, str] = {}
        self._numbers = 0
        self.smtp_port = self.http_port = 0

    def settings(self) -> dict[str, Any]:
        """What the services must be told to reach it."""
        return {
            "smtp_host": "127.0.0.1",
            "smtp_port": self.smtp_port,
            "smtp_tls": "none",
            "smtp_timeout": 2.0,
            "gatewayapi_url": f"http://127.0.0.1:{self.http_port}",
            "gatewayapi_token": "scenario",
            "gatewayapi_timeout": 2.0,
            "send_per_second": 0,
        }

    def play(self, story: Story) -> None:
        """From now on treat messages as this story's `deliveries` say."""
        self._wanted = {(d.vehicle, d.type, d.step): d.result for d in story.deliveries}
        self._names = {vehicle_id(vehicle.id): vehicle.id for vehicle in story.vehicles}

    def watch(self, world: World) -> None:
        """Whose invitations the messages are about."""
        self._world = world

    async def result_for(self, text: str) -> str:
        """What becomes of a message that holds the code of an invitation or a lead."""
        if not self._wanted or self._world is None:
            return "accepted"
        await self._world.watch()
        newest: dict[str, InvitationChanged | LeadChanged] = {}
        for envelope in self._world.seen:
            event = envelope.event() if envelope.type in (InvitationChanged.name, LeadChanged.name) else None
            if isinstance(event, InvitationChanged | LeadChanged):
                newest[event.code] = event
        for code, invitation in newest.items():
            if code in text:
                step = invitation.step + 1 if isinstance(invitation, InvitationChanged) else 1
                key = (self._names.get(invitation.vehicle_id, ""), invitation.type, step)
                return self._wanted.pop(key, "accepted") if self._wanted.get(key) in AT_ONCE else "accepted"
        return "accepted"

    def comes_back(self, seen: Iterable[Event | None]) -> Iterator[Event]:
        """What providers report of accepted messages later on: that they arrived, or came back."""
        for event in seen:
            if not isinstance(event, MessageAccepted):
                continue
            facts = event.model_dump(include=set(MessageEvent.model_fields))
            for part in event.contacts:
                result = self._wanted.pop((self._names.get(part.vehicle_id, ""), part.type or "", part.step), None)
                if result == "bounced":
                    yield MessageBounced(**facts, because="scenario")
                elif result == "delivered":
                    yield MessageDelivered(**facts)

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:
        """Take, refuse or lose a mail."""
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        result = await self.result_for(content.replace(b"=\r\n", b"").decode("utf-8", "replace"))
        if result == "refused":
            return "550 5.1.1 No such mailbox"
        if result == "unknown" and isinstance(server.transport, asyncio.Transport):
            server.transport.abort()
        return "250 2.0.0 Taken"

    async def take_sms(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Take, refuse or lose an SMS (GatewayAPI's `POST /rest/mtsms`)."""
        if scope["type"] != "http":
            return
        message = await receive()
        body = message.get("body", b"")
        while message.get("more_body"):
            message = await receive()
            body += message.get("body", b"")
        result = await self.result_for(body.decode("utf-8", "replace"))
        self._numbers += 1
        answers = {
            "refused": (422, {"code": "0x0213", "incident_uuid": "scenario", "message": "Invalid number", "variables": []}),
            "unknown": (500, {"message": "scenario"}),
        }
        status, answer = answers.get(
            result, (200, {"ids": [self._numbers], "usage": {"currency": "DKK", "total_cost": 0.1, "countries": {"DK": 1}}})
        )
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": json.dumps(answer).encode()})


class _Server(uvicorn.Server):
    """Uvicorn without signal handlers of its own."""

    @contextlib.contextmanager
    def capture_signals(self) -> Any:
        yield


@contextlib.asynccontextmanager
async def opened() -> AsyncIterator[Beyond]:
    """A world beyond that answers on free ports of the loopback."""
    beyond = Beyond()
    loop = asyncio.get_running_loop()
    mail = await loop.create_server(lambda: SMTP(beyond, hostname="scenario", enable_SMTPUTF8=True), "127.0.0.1", 0)
    beyond.smtp_port = mail.sockets[0].getsockname()[1]
    server = _Server(
        uvicorn.Config(beyond.take_sms, interface="asgi3", host="127.0.0.1", port=0, log_config=None, lifespan="off")
    )
    listening = socket.create_server(("127.0.0.1", 0))
    beyond.http_port = listening.getsockname()[1]
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        yield beyond
    finally:
        server.should_exit = True
        await serving
        mail.close()
