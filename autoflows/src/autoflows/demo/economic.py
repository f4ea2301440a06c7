"""A simulator of e-conomic's REST API: its documented shapes, both token headers, filters and pages, and its oddities on demand.

What is dated in the future is not there yet: invoices appear as the clock passes their day.
"""

import asyncio
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from fastapi import FastAPI, Request, Response

DEFAULT_PAGE, LARGEST_PAGE = 20, 1000
_CONDITION = re.compile(r"(\w+)\$(eq|ne|gt|gte|lt|lte):(.*)")
Body = dict[str, Any]


@dataclass
class Oddities:
    """What goes wrong next: each list or number is used up as requests come."""

    too_many: int = 0  # so many requests are answered 429 with Retry-After
    truncated: int = 0  # so many answers are cut in the middle
    failing: int = 0  # so many requests are answered 500
    slow_seconds: float = 0  # every answer takes that long
    shift: list[Body] = field(default_factory=list)  # invoices booked between one page and the next


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
            if self.oddities.slow_seconds:
                await asyncio.sleep(self.oddities.slow_seconds)
            odd = self._odd(request)
            return odd if odd is not None else self._cut(self._answer(path, request))

        return app

    def _odd(self, request: Request) -> Response | None:
        tokens = (request.headers.get("x-appsecrettoken"), request.headers.get("x-agreementgranttoken"))
        if tokens != (self.app_secret, self.grant):
            return _error(401, "E00300", "Not authorized to access this resource.", "Check the tokens.")
        if self.oddities.too_many > 0:
            self.oddities.too_many -= 1
            refused = _error(429, "E00429", "Too many requests.", "Slow down.")
            refused.headers["retry-after"] = "0"
            return refused
        if self.oddities.failing > 0:
            self.oddities.failing -= 1
            return _error(500, "E00500", "Internal server error.", "")
        return None

    def _answer(self, path: str, request: Request) -> Response:
        if path == "customers":
            return self._page(request, self.customers, "customers", "customerNumber")
        if path == "invoices/booked":
            answer = self._page(request, [_head(i) for i in self._booked()], "invoices/booked", "bookedInvoiceNumber")
            if self.oddities.shift:
                self.invoices = [*self.invoices, self.oddities.shift.pop(0)]
            return answer
        if found := re.fullmatch(r"invoices/booked/(\d+)", path):
            return self._one(request, self._booked(), "bookedInvoiceNumber", int(found[1]), path)
        for state, orders in (("drafts", self.drafts), ("sent", self.sent)):
            there = [order for order in orders if self._is_there(order)]
            if path == f"orders/{state}":
                return self._page(request, [_head(order) for order in there], path, "orderNumber")
            if found := re.fullmatch(rf"orders/{state}/(\d+)", path):
                return self._one(request, there, "orderNumber", int(found[1]), path)
        return _error(404, "E00404", "Resource not found.", "")

    def _booked(self) -> list[Body]:
        return [invoice for invoice in self.invoices if self._is_there(invoice)]

    def _is_there(self, body: Body) -> bool:
        return self.now is None or str(body.get("date", "")) <= self.now().date().isoformat()

    def _one(self, request: Request, found: Sequence[Body], name: str, number: int, path: str) -> Response:
        for body in found:
            if body[name] == number:
                return _json(200, {**body, "self": f"{_base(request)}/{path}"})
        return _error(404, "E00404", "Resource not found.", "")

    def _page(self, request: Request, all_: Sequence[Body], path: str, key: str) -> Response:
        given = request.query_params
        try:
            size, skip = int(given.get("pagesize", DEFAULT_PAGE)), int(given.get("skippages", 0))
            kept = [body for body in all_ if _fits(body, given.get("filter", ""))]
        except ValueError:
            return _error(400, "E04500", "Validation failed.", "A parameter is not as it must be.")
        if not 1 <= size <= LARGEST_PAGE:
            return _error(400, "E04500", "Validation failed.", f"pagesize is at most {LARGEST_PAGE}.")
        order = given.get("sort", key)
        kept.sort(key=lambda body: body.get(order.lstrip("-"), 0), reverse=order.startswith("-"))
        shown = kept[skip * size : (skip + 1) * size]
        last = max((len(kept) - 1) // size, 0)
        pages: Body = {
            "maxPageSizeAllowed": LARGEST_PAGE, "skipPages": skip, "pageSize": size, "results": len(kept),
            "resultsWithoutFilter": len(all_), "firstPage": _link(request, path, 0, size), "lastPage": _link(request, path, last, size),
        }  # fmt: skip
        if skip < last:
            pages["nextPage"] = _link(request, path, skip + 1, size)
        if skip > 0:
            pages["previousPage"] = _link(request, path, skip - 1, size)
        collection = [{**body, "self": f"{_base(request)}/{path}/{body[key]}"} for body in shown]
        return _json(200, {"collection": collection, "pagination": pages, "self": str(request.url)})

    def _cut(self, answer: Response) -> Response:
        if self.oddities.truncated > 0 and answer.status_code == 200:
            self.oddities.truncated -= 1
            whole = bytes(answer.body)
            return Response(whole[: len(whole) // 2], media_type="application/json")
        return answer


def _head(body: Body) -> Body:
    """A document as lists show it: without its lines."""
    return {name: value for name, value in body.items() if name != "lines"}


def _fits(body: Mapping[str, Any], condition: str) -> bool:
    """Whether a body fits `name$op:value`, joined by `$and:`. Raises ValueError for what is no filter."""
    for part in filter(None, condition.split("$and:")):
        found = _CONDITION.fullmatch(part)
        if found is None:
            raise ValueError(part)
        name, operator, given = found.groups()
        told = body.get(name)
        if told is None:
            return False
        wanted: Any = int(given) if isinstance(told, int) else given
        checks = {
            "eq": told == wanted, "ne": told != wanted, "gt": told > wanted, "gte": told >= wanted, "lt": told < wanted,
            "lte": told <= wanted,
        }  # fmt: skip
        if not checks[operator]:
            return False
    return True


def _base(request: Request) -> str:
    return str(request.base_url).rstrip("/")


def _link(request: Request, path: str, skip: int, size: int) -> str:
    kept = {name: value for name, value in request.query_params.items() if name not in ("skippages", "pagesize")}
    return f"{_base(request)}/{path}?{urlencode({**kept, 'skippages': skip, 'pagesize': size}, safe='$:')}"


def _json(status: int, body: Body) -> Response:
    return Response(json.dumps(body, ensure_ascii=False), status_code=status, media_type="application/json")


def _error(status: int, code: str, message: str, hint: str) -> Response:
    told = {
        "message": message,
        "errorCode": code,
        "developerHint": hint,
        "logId": "simulated",
        "httpStatusCode": status,
        "errors": [],
    }
    return _json(status, told)
