"""Requests that the owner of a thing answers itself: api checks who asks, signs for whom, and passes both ways as it comes."""

from collections.abc import AsyncIterator, Mapping
from urllib.parse import urlencode

import httpx
from fastapi import Request, Response
from fastapi.responses import StreamingResponse

from api.guarding import Asking
from common.errors import TransientError
from common.service import Runtime
from common.web import INTERNAL, SIGNATURE, sign

LIMITS = httpx.Timeout(2, read=60, write=60)  # seconds without a sign of life: a large file is stored before it is answered
ASKED = ("content-type", "idempotency-key")
ANSWERED = ("content-type", "content-disposition", "retry-after")


class Forwarding:
    """Passes a user's request on to another service."""

    def __init__(self, runtime: Runtime, http: httpx.AsyncClient, prefix: str) -> None:
        self._runtime, self._http, self._prefix = runtime, http, prefix
        self._secret = runtime.settings.derived(INTERNAL)

    async def send(
        self, service: str, path: str, asking: Asking, request: Request, query: Mapping[str, str] | None = None
    ) -> Response:
        """What the other service answers, its refusals too. Raises TransientError (503) where it does not."""
        base = self._runtime.settings.service_urls.get(service)
        if base is None:
            raise TransientError(f"nobody said where {service} is")
        target = path + (f"?{urlencode(query)}" if query else "")
        now, method = self._runtime.system.now(), request.method
        signed = sign(self._secret, dealer=asking.dealer, user=asking.user, method=method, path=target, at=now)
        headers = {SIGNATURE: signed, **{name: request.headers[name] for name in ASKED if name in request.headers}}
        body = request.stream() if method not in ("GET", "HEAD") else None
        asked = self._http.build_request(method, base.rstrip("/") + target, headers=headers, content=body, timeout=LIMITS)
        try:
            answer = await self._http.send(asked, stream=True)
        except httpx.HTTPError as error:
            raise TransientError(f"{service} does not answer") from error
        if answer.status_code >= 500:
            await answer.aclose()
            raise TransientError(f"{service} cannot answer")
        told = {name: answer.headers[name] for name in ANSWERED if name in answer.headers}
        if "location" in answer.headers:
            told["location"] = self._prefix + answer.headers["location"]
        told["cache-control"] = "no-store"
        if body is None:
            return StreamingResponse(_passed(answer), status_code=answer.status_code, headers=told)
        content = await answer.aread()  # brief, and it may come before the body was read to its end
        await answer.aclose()
        return Response(content, status_code=answer.status_code, headers=told)

    async def close(self) -> None:
        await self._http.aclose()


async def _passed(answer: httpx.Response) -> AsyncIterator[bytes]:
    try:
        async for chunk in answer.aiter_bytes():
            yield chunk
    finally:
        await answer.aclose()
