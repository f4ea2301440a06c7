"""Questions that another service answers: api signs in whose name it asks, and waits two seconds."""

import asyncio
from typing import Any
from urllib.parse import urlencode

import httpx

from api.guarding import Asking
from common.errors import DomainError, NotFound, TransientError
from common.service import Runtime
from common.web import INTERNAL, SIGNATURE, sign

LIMIT_SECONDS = 2.0


class Questions:
    """Asks the owner of a thing, only for a user's request."""

    def __init__(self, runtime: Runtime, http: httpx.AsyncClient) -> None:
        self._runtime, self._http = runtime, http
        self._secret = runtime.settings.derived(INTERNAL)

    async def ask(self, service: str, path: str, asking: Asking) -> dict[str, Any]:
        """The answer. Raises TransientError (503) when the service does not answer in time, NotFound, or DomainError."""
        base = self._runtime.settings.service_urls.get(service, self._runtime.settings.notifier_url)
        now = self._runtime.system.now()
        signed = sign(self._secret, dealer=asking.dealer, user=asking.user, method="GET", path=path, at=now)
        try:
            async with asyncio.timeout(LIMIT_SECONDS):
                answer = await self._http.get(base.rstrip("/") + path, headers={SIGNATURE: signed})
        except (httpx.HTTPError, TimeoutError) as error:
            raise TransientError(f"{service} does not answer") from error
        if answer.status_code == 404:
            raise NotFound("There is no such message.")
        if answer.status_code >= 500:
            raise TransientError(f"{service} cannot answer")
        if answer.status_code >= 400:
            raise DomainError("This question was not understood.", code="bad_question", status=answer.status_code)
        found: dict[str, Any] = answer.json()
        return found

    async def messages(self, asking: Asking, *, cursor: str | None, limit: int) -> dict[str, Any]:
        """A page of the dealer's messages, newest first."""
        wanted = {"limit": str(limit), **({"cursor": cursor} if cursor else {})}
        return await self.ask("notifier", f"/messages?{urlencode(wanted)}", asking)

    async def close(self) -> None:
        await self._http.aclose()
