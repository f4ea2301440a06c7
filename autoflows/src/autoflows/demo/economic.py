"""A simulator of e-conomic's REST API: its documented shapes, both token headers, filters and pages, and its oddities on demand.

What is dated in the future is not there yet: invoices and orders appear as the clock passes their day.
"""

import asyncio
import contextlib
import json
import re
import socket
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, quote

import uvicorn
from fastapi import FastAPI, Request, Response

from autoflows.demo import economic_bodies as bodies
from autoflows.demo.economic_bodies import Body, Link

DEFAULT_PAGE, LARGEST_PAGE = 20, 1000
_CONDITION = re.compile(r"(\w+)\$(eq|ne|gt|gte|lt|lte):(.*)")
_KNOWN = ("skippages", "pagesize", "filter", "sort", "demo")
_KEYS = {"customers": "customerNumber", "invoices/booked": "bookedInvoiceNumber", "orders/drafts": "orderNumber"}
_KEYS["orders/sent"] = "orderNumber"


@dataclass
class Oddities:
    """What goes wrong next: each list or number is used up as requests come."""

    too_many: int = 0  # so many requests are answered 429
    retry_after: str | None = "0"  # what those say of when to come back
    truncated: int = 0  # so many answers are cut in the middle
    failing: int = 0  # so many requests are answered 500
    down_after: int | None = None  # after so many more requests every answer is a 500, until this is None again
    slow: int = 0  # so many answers are late
    slow_seconds: float = 1.0
    instead: dict[str, str] = field(default_factory=dict)  # of these paths another body comes, until it is taken out
    shift: list[Body] = field(default_factory=list)  # invoices booked between one page and the next
    ended: list[int] = field(default_factory=list)  # draft orders that are gone between one page and the next


@dataclass
class Economic:
    """One agreement: customers, booked invoices and orders, as a data set that may grow."""

    customers: Sequence[Body]
    invoices: Sequence[Body]
    drafts: Sequence[Body] = ()
    sent: Sequence[Body] = ()
    app_secret: str = "demo"  # noqa: S105 - a simulator's
    grant: str = "demo"
    now: Callable[[], datetime] | None = None
    oddities: Oddities = field(default_factory=Oddities)
    calls: list[str] = field(default_factory=list)

    def app(self) -> FastAPI:
        """The API, to be served."""
        app = FastAPI(openapi_url=None)

        @app.get("/{path:path}")
        async def answer(path: str, request: Request) -> Response:
            self.calls.append(path)
            odd = await self._odd(request)
            if odd is not None:
                return odd
            if path in self.oddities.instead:
                return Response(self.oddities.instead[path], media_type="application/json")
            return self._cut(self._answer(path, _Asked(request)))

        return app

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncIterator[str]:
        """Serve on a free port of this machine; gives the base address."""
        listening = socket.create_server(("127.0.0.1", 0))
        config = uvicorn.Config(self.app(), lifespan="off", log_level="warning", access_log=False, timeout_graceful_shutdown=1)
        server = _Server(config)
        task = asyncio.create_task(server.serve(sockets=[listening]))
        try:
            yield "http://127.0.0.1:{1}".format(*listening.getsockname())
        finally:
            server.should_exit = True
            await task

    async def _odd(self, request: Request) -> Response | None:
        odd = self.oddities
        if odd.slow > 0:
            odd.slow -= 1
            await asyncio.sleep(odd.slow_seconds)
        tokens = (request.headers.get("x-appsecrettoken"), request.headers.get("x-agreementgranttoken"))
        if tokens != (self.app_secret, self.grant):
            return _error(401, "E00300", "Not authorized to access this resource.", "Check the tokens.")
        if odd.too_many > 0:
            odd.too_many -= 1
            refused = _error(429, "E00429", "Too many requests.", "Slow down.")
            if odd.retry_after is not None:
                refused.headers["retry-after"] = odd.retry_after
            return refused
        down = odd.down_after == 0
        if odd.down_after:
            odd.down_after -= 1
        if down or odd.failing > 0:
            odd.failing -= not down
            return _error(500, "E00500", "Internal server error.", "")
        return None

    def _answer(self, path: str, asked: "_Asked") -> Response:
        name, _, number = path.rpartition("/")
        if path in _KEYS:
            return self._page(asked, path)
        if name in _KEYS and number.isdigit():
            return self._one(asked, name, int(number))
        return _error(404, "E00404", "Resource not found.", "")

    def _there(self, path: str) -> list[Body]:
        """What a collection holds now."""
        orders = self.drafts if path == "orders/drafts" else self.sent
        every = {"customers": self.customers, "invoices/booked": self.invoices}.get(path, orders)
        return [told for told in every if path == "customers" or self._is_there(told)]

    def _is_there(self, body: Body) -> bool:
        return self.now is None or str(body.get("date", "")) <= self.now().date().isoformat()

    def _one(self, asked: "_Asked", path: str, number: int) -> Response:
        for told in self._there(path):
            if told[_KEYS[path]] == number:
                return _json(200, _dressed(told, path, asked.link))
        return _error(404, "E00404", "Resource not found.", "")

    def _page(self, asked: "_Asked", path: str) -> Response:
        every = self._there(path)
        try:
            size, skip = asked.number("pagesize", DEFAULT_PAGE), asked.number("skippages", 0)
            kept = _sorted(
                [body for body in every if _fits(body, asked.given.get("filter", ""))], asked.given.get("sort", _KEYS[path])
            )
        except ValueError as error:
            return _error(400, "E04500", "Validation failed.", f"A parameter is not as it must be: {error}.")
        if not 1 <= size <= LARGEST_PAGE:
            return _error(400, "E04500", "Validation failed.", f"pagesize is at most {LARGEST_PAGE}.")
        last = max((len(kept) - 1) // size, 0)
        pages = {
            "skipPages": skip,
            "pageSize": size,
            "maxPageSizeAllowed": LARGEST_PAGE,
            "results": len(kept),
            "resultsWithoutFilter": len(every),
            "firstPage": asked.page(path, 0, size),
            **({"previousPage": asked.page(path, skip - 1, size)} if skip else {}),
            **({"nextPage": asked.page(path, skip + 1, size)} if skip < last else {}),  # absent on the last page
            "lastPage": asked.page(path, last, size),
        }
        here = asked.page(path, skip, size)
        self._meanwhile(path)
        shown = [bodies.head(_dressed(told, path, asked.link)) for told in kept[skip * size : (skip + 1) * size]]
        page: Body = {"collection": shown, "pagination": pages}
        if path == "customers":
            page["metaData"] = {"create": {"description": "Create a new customer", "href": here, "httpMethod": "post"}}
        return _json(200, {**page, "self": here})

    def _meanwhile(self, path: str) -> None:
        """What others do between one page and the next."""
        if path == "invoices/booked" and self.oddities.shift:
            self.invoices = [*self.invoices, self.oddities.shift.pop(0)]
        if path == "orders/drafts" and self.oddities.ended:
            gone = self.oddities.ended.pop(0)
            self.drafts = [draft for draft in self.drafts if draft["orderNumber"] != gone]

    def _cut(self, answer: Response) -> Response:
        if self.oddities.truncated > 0 and answer.status_code == 200:
            self.oddities.truncated -= 1
            whole = bytes(answer.body)
            return Response(whole[: len(whole) // 2], media_type="application/json")
        return answer


class _Server(uvicorn.Server):
    """Uvicorn that leaves signals to the process."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class _Asked:
    """A request's parameters. Those that are unknown are passed over, but stand at the end of every link, as there."""

    def __init__(self, request: Request) -> None:
        self._base = str(request.base_url).rstrip("/")
        query = request.url.query
        self.given = {name.lower(): value for name, value in parse_qsl(query) if name.lower() in _KNOWN}
        self._stray = "&".join(part for part in query.split("&") if part and part.split("=")[0].lower() not in _KNOWN)

    def number(self, name: str, default: int) -> int:
        return int(self.given.get(name, default))

    def link(self, path: str) -> str:
        return f"{self._base}/{path}" + (f"?{self._stray}" if self._stray else "")

    def page(self, path: str, skip: int, size: int) -> str:
        kept = [f"{name}={quote(self.given[name], safe='')}" for name in ("filter", "sort") if name in self.given]
        wanted = [f"skippages={skip}", f"pagesize={size}", *kept, *([self._stray] if self._stray else [])]
        return f"{self._base}/{path}?{'&'.join(wanted)}"


def _dressed(told: Body, path: str, link: Link) -> Body:
    """A body with everything that e-conomic says around it."""
    if path == "customers":
        return bodies.customer(told, link)
    return bodies.invoice(told, link) if path == "invoices/booked" else bodies.order(told, link, path.removeprefix("orders/"))


def _sorted(found: list[Body], order: str) -> list[Body]:
    """Sorted as `-date,name` says, the last name first."""
    for name in reversed(order.split(",")):
        plain = name.lstrip("-~")
        found = sorted(found, key=lambda body: (plain in body, body.get(plain)), reverse=name.startswith("-"))
    return found


def _fits(body: Mapping[str, Any], condition: str) -> bool:
    """Whether a body fits `name$op:value`, joined by `$and:`. Raises ValueError for what is no filter."""
    fits = [_fits_one(body, part) for part in condition.split("$and:") if part]  # every part is looked at: a bad one is told
    return all(fits)


def _fits_one(body: Mapping[str, Any], condition: str) -> bool:
    found = _CONDITION.fullmatch(condition)
    if found is None:
        raise ValueError(f"{condition!r} is no filter")
    name, operator, given = found.groups()
    told = body.get(name)
    if told is None:
        return False
    wanted: Any = type(told)(given) if isinstance(told, int | float) else given
    checks: dict[str, bool] = {
        "eq": told == wanted, "ne": told != wanted, "gt": told > wanted, "gte": told >= wanted, "lt": told < wanted,
        "lte": told <= wanted,
    }  # fmt: skip
    return checks[operator]


def _json(status: int, body: Body) -> Response:
    return Response(json.dumps(body), status_code=status, media_type="application/json")


def _error(status: int, code: str, message: str, hint: str) -> Response:
    told = {
        "message": message,
        "errorCode": code,
        "developerHint": hint,
        "logId": "simulated",
        "httpStatusCode": status,
        "errors": [],
        "logTime": "2026-01-01T00:00:00",
    }
    return _json(status, told)
