"""Pages: templates with autoescape, dates in the reader's language, and headers that keep them out of caches."""

from collections.abc import Callable, Coroutine
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime
from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse
from fastapi.routing import APIRoute
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from starlette.exceptions import HTTPException

from api.wording import NOT_UNDERSTOOD, PROBLEMS
from common.errors import DomainError, TransientError

_PAGES = Environment(
    loader=PackageLoader("api"),
    autoescape=select_autoescape(default=True),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
CUSTOMER = {  # "book" posts to us and is led on to the dealer's booking page, which browsers count as part of the form
    "content-security-policy": "default-src 'none'; style-src 'self'; form-action 'self' https: http://127.0.0.1:*;"
    " frame-ancestors 'none'; base-uri 'none'"
}
INSIDE = {"referrer-policy": "same-origin"}  # else browsers send no origin with the dealer's own forms
PRIVATE = {"cache-control": "no-store", "x-robots-tag": "noindex, nofollow", "referrer-policy": "no-referrer"}


def _day(value: date | None, language: str) -> str:
    return format_date(value, "d. MMM y", locale=language) if value else ""


def _moment(value: datetime | str | None, language: str, zone: str = "UTC") -> str:
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    return format_datetime(value, "d. MMM HH:mm", tzinfo=ZoneInfo(zone), locale=language) if value else ""


_PAGES.filters |= {"day": _day, "moment": _moment}


def page(template: str, *, status: int = 200, headers: dict[str, str] | None = None, **values: Any) -> HTMLResponse:
    """A page as an answer."""
    return HTMLResponse(_PAGES.get_template(template).render(values), status_code=status, headers=PRIVATE | (headers or {}))


def style_sheet() -> str:
    return _PAGES.get_template("style.css").render()


class PageRoute(APIRoute):
    """A route for people: what a rule refuses is a page in their language, with the same status."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        answer = super().get_route_handler()

        async def handler(request: Request) -> Response:
            try:
                return await answer(request)
            except DomainError as error:
                return problem_page(error.status)
            except HTTPException as error:
                return problem_page(error.status_code)
            except RequestValidationError:
                return problem_page(422)
            except (TransientError, ConnectionError, TimeoutError):
                return problem_page(503)

        return handler


def problem_page(status: int) -> Response:
    title, text = PROBLEMS.get(status, NOT_UNDERSTOOD)
    return page("problem.html", status=status, language="da", title=title, text=text)
