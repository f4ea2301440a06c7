"""e-conomic's REST API: both token headers, paging by `nextPage`, patience with 429 and half answers.

Documented: `X-AppSecretToken` and `X-AgreementGrantToken`; `nextPage` is absent on the last page; lines stand only in an
invoice's own resource; 50,000 calls in 24 hours for an agreement. Half an answer may be sound JSON: a list without its
collection is no empty list.
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from urllib.parse import quote, urlsplit

import httpx

from common.errors import DomainError, TransientError

BASE = "https://restapi.e-conomic.com"
CALLS_IN_24_HOURS = 50_000  # what an agreement may be asked, by everybody who asks it
CALLS_A_DAY = CALLS_IN_24_HOURS // 2  # any 24 hours touch two days: what is counted by day may be half of it
PAGE = 200
Pause = Callable[[float], Awaitable[object]]
_TRIES = 4
_LONGEST_WAIT = 60.0  # seconds; longer waits are the next poll's
_MAX_BODY = 20 * 1024 * 1024


class Refused(DomainError):
    """e-conomic will not answer as things are: a token is wrong, or the day's calls are used up."""

    code = "source_refused"


class Busy(TransientError):
    """It wants to be left alone for a while."""

    def __init__(self, message: str, seconds: float) -> None:
        super().__init__(message)
        self.seconds = seconds


class Gone(Exception):
    """What a list named is not there any more."""


class Economic:
    """One agreement. `spend` is asked before every call and raises when the day's calls are used up."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        url: str,
        *,
        app_secret: str,
        grant: str,
        spend: Callable[[], Awaitable[None]],
        pause: Pause = asyncio.sleep,
    ) -> None:
        self._http, self._url, self._spend, self._pause = http, url.rstrip("/"), spend, pause
        self._headers = {"X-AppSecretToken": app_secret, "X-AgreementGrantToken": grant, "Content-Type": "application/json"}

    async def booked_invoices(self, after: int) -> AsyncIterator[dict[str, Any]]:
        """The heads of booked invoices with a number above `after`, by number."""
        condition = quote(f"bookedInvoiceNumber$gt:{after}", safe="$:")
        async for found in self._collection(f"/invoices/booked?filter={condition}&sort=bookedInvoiceNumber&pagesize={PAGE}"):
            if not isinstance(found.get("bookedInvoiceNumber"), int):
                raise TransientError("e-conomic lists an invoice without its number")
            yield found

    async def booked_invoice(self, number: int) -> dict[str, Any]:
        """One booked invoice with its lines."""
        return await self._get(f"{self._url}/invoices/booked/{number}")

    async def customers_changed(self, since: str | None) -> AsyncIterator[dict[str, Any]]:
        """Customers changed since that instant (ISO 8601), all of them without one."""
        condition = f"filter={quote(f'lastUpdated$gte:{since}', safe='$:')}&" if since else ""
        async for found in self._collection(f"/customers?{condition}sort=customerNumber&pagesize={PAGE}"):
            yield found

    async def orders(self, state: str) -> AsyncIterator[tuple[int, dict[str, Any]]]:
        """Orders in a state (`drafts`, `sent`), by number, with their lines."""
        async for head in self._collection(f"/orders/{state}?sort=orderNumber&pagesize={PAGE}"):
            if not isinstance(number := head.get("orderNumber"), int):
                raise TransientError("e-conomic lists an order without its number")
            with contextlib.suppress(Gone):  # it was invoiced between the list and this
                yield number, await self._get(f"{self._url}/orders/{state}/{number}")

    async def _collection(self, path: str) -> AsyncIterator[dict[str, Any]]:
        """Everything on all pages. Pages shift while they are read: what came before is passed over, and where the number
        of results changed meanwhile, something may have moved to a page that was read already, so all are read again."""
        seen: set[str] = set()
        for _ in range(_TRIES):
            counts: set[object] = set()
            address: str | None = self._url + path
            while address is not None:
                page = await self._get(address)
                for found in _listed(page):
                    key = json.dumps([found.get(name) for name in ("bookedInvoiceNumber", "orderNumber", "customerNumber")])
                    if key not in seen:
                        seen.add(key)
                        yield found
                pagination = page["pagination"]
                counts.add(pagination.get("results"))
                address = self._own(pagination["nextPage"]) if pagination.get("nextPage") else None
            if len(counts) == 1:
                return
        raise TransientError("e-conomic's lists change faster than they can be read")

    def _own(self, link: str) -> str:
        """A link of theirs, followed only to where this connection points: tokens go nowhere else."""
        parts = urlsplit(link)
        return self._url + parts.path.removeprefix(urlsplit(self._url).path) + (f"?{parts.query}" if parts.query else "")

    async def _get(self, address: str) -> dict[str, Any]:
        for attempt in range(1, _TRIES + 1):
            await self._spend()
            try:
                answer = await self._http.get(address, headers=self._headers)
                body = self._body(answer)
            except (httpx.HTTPError, ValueError) as error:
                if attempt == _TRIES:
                    raise TransientError(f"e-conomic does not answer ({type(error).__name__})") from error
                await self._pause(0.2 * 2**attempt)
                continue
            if answer.status_code == 200:
                return body
            if answer.status_code in (401, 403):
                raise Refused("e-conomic refuses the tokens. Check the app secret and the agreement grant, and connect again.")
            if answer.status_code == 429 or answer.status_code >= 500:
                wait = _retry_after(answer) or 0.2 * 2**attempt
                if attempt == _TRIES or wait > _LONGEST_WAIT:
                    raise Busy(f"e-conomic is busy (HTTP {answer.status_code})", wait)
                await self._pause(wait)
                continue
            if answer.status_code == 404:
                raise Gone(f"e-conomic has no {urlsplit(address).path}.")
            raise Refused(f"e-conomic answered {answer.status_code}: {str(body.get('message', ''))[:200]}")
        raise AssertionError("unreachable")

    @staticmethod
    def _body(answer: httpx.Response) -> dict[str, Any]:
        if len(answer.content) > _MAX_BODY:
            raise ValueError("the answer is too large")
        if answer.status_code != 200 and "json" not in answer.headers.get("content-type", ""):
            return {}
        try:
            found = json.loads(answer.content, parse_constant=_no_number)
        except RecursionError:
            raise ValueError("the answer is nested too deeply") from None
        if not isinstance(found, dict):
            raise ValueError("the answer is no object")
        return found


def _listed(page: dict[str, Any]) -> list[dict[str, Any]]:
    """What a page lists. Raises TransientError for half a page: taken for a short one, it would end what it leaves out."""
    found = page.get("collection")
    if (
        not isinstance(found, list)
        or not isinstance(page.get("pagination"), dict)
        or not all(isinstance(one, dict) for one in found)
    ):
        raise TransientError("e-conomic answered with a list that is not whole")
    return found


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no number")


def _retry_after(answer: httpx.Response) -> float | None:
    given = answer.headers.get("retry-after", "")
    return float(given) if given.isdigit() else None
