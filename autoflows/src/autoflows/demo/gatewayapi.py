"""A simulator of GatewayAPI's REST interface: its documented answers, errors and delivery callbacks, and its bad days.

What it takes is in `taken` before it answers, so a test can hold that against what the sender believes. `bad_days` are
used up one per request; callbacks may be told to come twice and out of order.
"""

import asyncio
import base64
import contextlib
import hashlib
import hmac
import json
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import httpx

from common.clock import Clock, SystemClock

FINAL = ("DELIVERED", "EXPIRED", "DELETED", "UNDELIVERABLE", "ACCEPTED", "REJECTED", "SKIPPED")
USUAL = ("BUFFERED", "ENROUTE", "DELIVERED")
_RETRIES = (60.0, 120.0, 360.0)  # seconds between attempts of a callback, as documented


class BadDay(StrEnum):
    """What may go wrong with one request."""

    LATE = "late"  # taken, and answered when the sender has given up
    RESET_AFTER = "reset_after"  # taken, then the connection is reset
    ERROR_AFTER = "error_after"  # taken, then a 500
    RESET_BEFORE = "reset_before"  # not taken, the connection is reset after the request
    ERROR_BEFORE = "error_before"  # not taken, 500
    TOO_MANY = "too_many"  # 429
    GARBLED = "garbled"  # taken, and the answer is no JSON
    NO_CREDIT = "no_credit"  # 403 0x0216
    BLACKLISTED = "blacklisted"  # 403 0x0215, about this number


@dataclass
class Taken:
    """One SMS that was queued for one recipient."""

    id: int
    msisdn: int
    sender: str
    message: str
    encoding: str
    userref: str | None
    callback_url: str | None
    status: str = "UNKNOWN"


@dataclass
class GatewayApi:
    """The simulator. `wait` is how long LATE takes; `report_by_itself` sends each SMS its callbacks as it is taken."""

    token: str = "a-token"  # noqa: S105 - the simulator's own
    jwt_secret: str | None = None
    wait: float = 1.0
    report_by_itself: bool = False
    hears: Callable[[Taken], None] = lambda _: None
    clock: Clock = field(default_factory=SystemClock)
    bad_days: deque[BadDay] = field(default_factory=deque)
    taken: list[Taken] = field(default_factory=list)
    requests: int = 0
    _server: asyncio.Server | None = None
    _tasks: set["asyncio.Task[None]"] = field(default_factory=set)
    _next_id: int = 421332671

    @contextlib.asynccontextmanager
    async def serving(self, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[str]:
        """Serve; gives the base address."""
        self._server = await asyncio.start_server(self._connected, host, port)
        try:
            yield f"http://{host}:{self._server.sockets[0].getsockname()[1]}"
        finally:
            self._server.close()
            for task in self._tasks:
                task.cancel()

    async def report(
        self, sms: Taken, statuses: Sequence[str] = USUAL, *, times: int = 1, error: tuple[str, str] | None = None
    ) -> None:
        """Tell the sender what became of an SMS: these states, each so many times, in this order. Once a state is final
        the real one says no more; a test may."""
        for status in statuses:
            sms.status = status
            for _ in range(times):
                await self._call_back(sms, status, error)

    def notification(self, sms: Taken, status: str, error: tuple[str, str] | None = None) -> dict[str, Any]:
        """The body of one delivery status notification."""
        body: dict[str, Any] = {
            "id": sms.id,
            "msisdn": sms.msisdn,
            "time": int(self.clock.now().timestamp()),
            "status": status,
            "userref": sms.userref,
            "country_code": "DK",
            "country_prefix": 45,
        }
        return body | ({"error": error[0], "code": error[1]} if error else {})

    async def _call_back(self, sms: Taken, status: str, error: tuple[str, str] | None) -> None:
        if sms.callback_url is None:
            return
        body = self.notification(sms, status, error)
        headers = {"X-Gwapi-Signature": jwt(body, self.jwt_secret)} if self.jwt_secret else {}
        async with httpx.AsyncClient(timeout=15) as http:
            for pause in (*_RETRIES, None):
                with contextlib.suppress(httpx.HTTPError):
                    if (await http.post(sms.callback_url, json=body, headers=headers)).is_success:
                        return
                if pause is not None:
                    await asyncio.sleep(pause)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while request := await _read(reader):
                if not await self._answer(request, writer):
                    return
        except (ConnectionError, asyncio.IncompleteReadError):
            return
        finally:
            writer.close()

    async def _answer(self, request: "_Request", writer: asyncio.StreamWriter) -> bool:
        """Answer one request; False when the connection is over."""
        self.requests += 1
        if not self._known(request):
            await _write(writer, 401, refusal("0x0223", "Invalid Consumer Key"))
        elif request.method == "POST" and request.path == "/rest/mtsms":
            return await self._take(request, writer)
        elif request.method == "GET" and request.path == "/rest/me":
            await _write(writer, 200, {"credit": 1234.56, "currency": "DKK", "id": 1})
        elif request.method == "GET" and request.path.startswith("/rest/mtsms/"):
            await self._show(request.path.rpartition("/")[2], writer)
        else:
            await _write(writer, 404, refusal(None, "Not found"))
        return True

    def _known(self, request: "_Request") -> bool:
        wanted = base64.b64encode(f"{self.token}:".encode()).decode()
        return request.headers.get("authorization") == f"Basic {wanted}" or request.query.get("token") == [self.token]

    async def _take(self, request: "_Request", writer: asyncio.StreamWriter) -> bool:
        bad = self.bad_days.popleft() if self.bad_days else None
        if bad in _NOT_TAKEN:
            return await _refuse(writer, bad)
        try:
            wanted = json.loads(request.body)
        except ValueError:
            await _write(writer, 422, refusal(None, "Invalid json request body"))
            return True
        messages = wanted if isinstance(wanted, list) else [wanted]
        if (problem := next((found for message in messages if (found := invalid(message))), None)) is not None:
            await _write(writer, 400, problem)
            return True
        taken = [sms for message in messages for sms in self._queue(message)]
        return await self._say_taken(taken, bad, writer)

    def _queue(self, message: dict[str, Any]) -> list[Taken]:
        """Queue one message for each of its recipients, and write that down before anything is answered."""
        queued = []
        for recipient in message["recipients"]:
            sms = Taken(
                id=self._next_id,
                msisdn=int(recipient["msisdn"]),
                sender=message.get("sender", "ExampleSMS"),
                message=message["message"],
                encoding=message.get("encoding", "UTF8"),
                userref=message.get("userref"),
                callback_url=message.get("callback_url"),
            )
            self._next_id += 1
            self.taken.append(sms)
            self.hears(sms)
            queued.append(sms)
            if self.report_by_itself:
                task = asyncio.create_task(self.report(sms))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
        return queued

    async def _say_taken(self, taken: list[Taken], bad: BadDay | None, writer: asyncio.StreamWriter) -> bool:
        if bad == BadDay.LATE:
            await asyncio.sleep(self.wait)
        if bad == BadDay.RESET_AFTER:
            writer.transport.abort()
            return False
        if bad == BadDay.ERROR_AFTER:
            await _write(writer, 500, refusal(None, "Internal error"))
        elif bad == BadDay.GARBLED:
            await _write(writer, 200, None, raw=b"<html>maintenance</html>")
        else:
            usage = {"countries": {"DK": len(taken)}, "currency": "DKK", "total_cost": round(0.12 * len(taken), 2)}
            await _write(writer, 200, {"ids": [sms.id for sms in taken], "usage": usage})
        return True

    async def _show(self, wanted: str, writer: asyncio.StreamWriter) -> None:
        found = next((sms for sms in self.taken if str(sms.id) == wanted), None)
        if found is None:
            await _write(writer, 404, refusal(None, "SMS is not found, or is not yet transferred to datastore"))
            return
        recipient = {"country": "DK", "csms": 1, "dsnstatus": found.status, "dsnerror": None, "msisdn": found.msisdn}
        await _write(
            writer, 200, [{"id": found.id, "message": found.message, "userref": found.userref, "recipients": [recipient]}]
        )


_NOT_TAKEN = {
    BadDay.RESET_BEFORE: None,
    BadDay.ERROR_BEFORE: (500, None, "Internal error"),
    BadDay.TOO_MANY: (429, None, "Too many requests"),
    BadDay.NO_CREDIT: (403, "0x0216", "Insufficient credit"),
    BadDay.BLACKLISTED: (403, "0x0215", "MSISDN %1 blacklisted"),
}


def refusal(code: str | None, message: str, *variables: str) -> dict[str, Any]:
    """The body of an error; `code` and `variables` are left out where they are empty, as documented."""
    found: dict[str, Any] = {"incident_uuid": str(uuid4()), "message": message}
    return found | ({"code": code} if code else {}) | ({"variables": list(variables)} if variables else {})


def invalid(message: Any) -> dict[str, Any] | None:
    """What is wrong with a message, as the real one would say it."""
    if not isinstance(message, dict) or not message.get("message"):
        return refusal("0x0222", "Missing required parameter %1", "message")
    recipients = message.get("recipients")
    if not isinstance(recipients, list) or not recipients:
        return refusal("0x0222", "Missing required parameter %1", "recipients")
    numbers = [recipient.get("msisdn") for recipient in recipients if isinstance(recipient, dict)]
    if len(numbers) != len(recipients) or not all(str(number).isdigit() and 8 <= len(str(number)) <= 15 for number in numbers):
        return refusal("0x0308", "Invalid Argument: msisdn")
    if len(set(numbers)) != len(numbers):
        return refusal(
            "0x0310", "A message contains the same recipient more than once. MSISDNs %1 is duplicated", str(numbers[0])
        )
    sender = str(message.get("sender", ""))
    if len(sender) > (15 if sender.isdigit() else 11):
        return refusal("0x0308", "Invalid Argument: sender")
    return None


def jwt(body: dict[str, Any], secret: str) -> str:
    """The HS256 token that signs a callback."""

    def part(raw: bytes) -> str:
        return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()

    signed = f"{part(json.dumps({'typ': 'JWT', 'alg': 'HS256'}).encode())}.{part(json.dumps(body).encode())}"
    return f"{signed}.{part(hmac.new(secret.encode(), signed.encode(), hashlib.sha256).digest())}"


@dataclass(frozen=True)
class _Request:
    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes


async def _read(reader: asyncio.StreamReader) -> _Request | None:
    line = await reader.readline()
    if not line:
        return None
    method, target, _ = line.decode("latin-1").split(" ", 2)
    headers = {}
    while header := (await reader.readline()).decode("latin-1").strip():
        name, _, value = header.partition(":")
        headers[name.lower()] = value.strip()
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    parts = urlsplit(target)
    return _Request(method, parts.path, parse_qs(parts.query), headers, body)


async def _refuse(writer: asyncio.StreamWriter, bad: BadDay) -> bool:
    """Say no without having taken anything; False when the connection is over."""
    answer = _NOT_TAKEN[bad]
    if answer is None:
        writer.transport.abort()
        return False
    status, code, message = answer
    await _write(writer, status, refusal(code, message), retry_after="90" if status == 429 else None)
    return True


async def _write(
    writer: asyncio.StreamWriter, status: int, answer: Any, *, raw: bytes | None = None, retry_after: str | None = None
) -> None:
    body = json.dumps(answer).encode() if raw is None else raw
    extra = f"Retry-After: {retry_after}\r\n" if retry_after else ""
    writer.write(
        f"HTTP/1.1 {status} -\r\nContent-Type: application/json\r\n{extra}Content-Length: {len(body)}\r\n\r\n".encode() + body
    )
    await writer.drain()
