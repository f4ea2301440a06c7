"""Questions that another service answers: api signs in whose name it asks, and waits two seconds.

`FORWARDED` says which paths under /api/v1 belong to which service, and who may ask what. An owner that does not answer costs
its own questions only: everything else goes on.
"""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import parse_qsl, quote, urlencode

import httpx

from api.guarding import Asking
from common.errors import DomainError, NotFound, TransientError
from common.service import Runtime
from common.web import INTERNAL, SIGNATURE, sign

LIMIT_SECONDS = 2.0
MAX_ANSWER = 16 * 1024 * 1024  # bytes
PASSED_ON = ("content-type", "if-match", "if-none-match", "idempotency-key", "accept-language", "content-disposition")
PASSED_BACK = ("content-type", "etag", "content-disposition", "location", "retry-after", "allow", "idempotency-replayed")
SHOWN = ("application/json", "application/problem+json", "text/csv", "application/vnd.openxmlformats", "application/octet-stream")
Who = Literal["users", "deciders", "managers", "nobody"]


@dataclass(frozen=True)
class Forwarded:
    """Paths that begin with `prefix` are asked of `service`: reading by `read`, anything else by `change`."""

    prefix: str
    service: str
    read: Who = "users"
    change: Who = "nobody"
    max_body: int = 1024 * 1024  # bytes
    tag: str = ""


FORWARDED = (
    Forwarded("campaigns", "scheduler", tag="campaigns"),
    Forwarded("lexicon", "classifier", change="managers", tag="lexicon"),
    Forwarded("reviews", "classifier", change="deciders", tag="reviews"),
    Forwarded("mechanics", "classifier", change="managers", tag="mechanics"),
)


@dataclass(frozen=True)
class Answered:
    """What the owner said, as it may be passed back."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


class Questions:
    """Asks the owner of a thing, only for a user's request."""

    def __init__(self, runtime: Runtime, http: httpx.AsyncClient) -> None:
        self._runtime, self._http = runtime, http
        self._secret = runtime.settings.derived(INTERNAL)

    async def forward(
        self,
        service: str,
        asking: Asking,
        path: str,
        *,
        method: str = "GET",
        query: str = "",
        body: bytes = b"",
        headers: Mapping[str, str] = {},
    ) -> Answered:
        """The owner's answer, whatever it is. Raises TransientError (503) when it gives none in time, or none that is whole."""
        place = target(path, query)
        now = self._runtime.system.now()
        signed = sign(self._secret, dealer=asking.dealer, user=asking.user, method=method, path=place, at=now)
        sent = {name: headers[name] for name in PASSED_ON if name in headers}
        request = self._http.build_request(method, self._base(service) + place, content=body, headers=sent | {SIGNATURE: signed})
        try:
            async with asyncio.timeout(LIMIT_SECONDS):
                answer = await self._http.send(request, stream=True)
                try:
                    found = await _bounded(answer)
                finally:
                    await answer.aclose()
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            raise TransientError(f"{service} does not answer") from error
        if answer.status_code >= 500 or 300 <= answer.status_code < 304 or _is_not_ours(answer.status_code, found):
            raise TransientError(f"{service} cannot answer")
        kept = {name: answer.headers[name] for name in PASSED_BACK if name in answer.headers}
        if not kept.get("content-type", SHOWN[0]).startswith(SHOWN):
            kept["content-type"] = "application/octet-stream"
        return Answered(answer.status_code, found, kept)

    async def ask(
        self, service: str, path: str, asking: Asking, query: str = "", *, method: str = "GET", body: bytes = b""
    ) -> dict[str, Any]:
        """An answer in JSON. Raises TransientError (503), NotFound, or DomainError with the owner's own code."""
        headers = {"content-type": "application/json"} if body else {}
        answer = await self.forward(service, asking, path, method=method, query=query, body=body, headers=headers)
        try:
            found = json.loads(answer.body)
        except ValueError as error:
            raise TransientError(f"{service} did not answer in JSON") from error
        if answer.status >= 400:
            raise refusal(answer.status, found)
        told: dict[str, Any] = found
        return told

    async def messages(self, asking: Asking, *, cursor: str | None, limit: int, **filters: str | None) -> dict[str, Any]:
        """A page of the dealer's messages, newest first."""
        wanted = {"limit": str(limit), "cursor": cursor, **filters}
        return await self.ask("notifier", "/messages", asking, urlencode({key: value for key, value in wanted.items() if value}))

    def _base(self, service: str) -> str:
        settings = self._runtime.settings
        base = settings.service_urls.get(service) or (settings.notifier_url if service == "notifier" else None)
        if base is None:
            raise TransientError(f"nobody said where {service} is")
        return base.rstrip("/")

    async def close(self) -> None:
        await self._http.aclose()


def target(path: str, query: str) -> str:
    """The path and query as they are signed and asked: written in one way, however they were given."""
    said = urlencode(parse_qsl(query, keep_blank_values=True))
    return quote(path, safe="/-._~") + (f"?{said}" if said else "")


def refusal(status: int, found: Any) -> DomainError:
    """What the owner refused, with its code and its sentence."""
    told = found if isinstance(found, dict) else {}
    code, detail = str(told.get("code", "bad_question")), str(told.get("detail", "This question was not understood."))
    if status == 404:
        return NotFound(detail, code=code if "code" in told else None)
    return DomainError(detail, code=code, status=status, errors=told.get("errors") or (), advice=told.get("advice"))


async def _bounded(answer: httpx.Response) -> bytes:
    found = bytearray()
    async for chunk in answer.aiter_bytes():
        found += chunk
        if len(found) > MAX_ANSWER:
            raise TransientError("the answer is too large")
    return bytes(found)


def _is_not_ours(status: int, body: bytes) -> bool:
    """Whether the owner did not believe us: a secret or a clock differs, which no user can mend."""
    return status == 401 and b"not_signed" in body
