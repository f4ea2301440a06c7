"""The web's edge: problems for what a rule refuses, strict JSON, bounded bodies, headers, and who may ask between services."""

import hashlib
import hmac
import json
import math
import re
from collections.abc import Awaitable, Callable, MutableMapping
from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import DBAPIError
from starlette.exceptions import HTTPException

from common.bus.consumer import is_transient
from common.clock import SystemClock
from common.errors import DomainError, EventTooLarge, TransientError
from common.ids import DealerId

MAX_BODY = 1024 * 1024  # bytes, where nothing else was said with `takes_more`
MAX_UPLOAD = 51 * 1024 * 1024  # bytes of a request that brings a file of 50 MB
_TAKES_FILES = re.compile(r"(?:/api/v1)?/imports(?:/[^/]+/repair)?")  # these read their body as it comes
SIGNED_SECONDS = 30  # how long a request that api signed for another service is good
SIGNATURE = "x-autoflows-signature"
_HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
}
_ADVICE = {  # what to do, by status, where the refusal itself does not say it
    400: "Correct the request as the explanation says, and send it again.",
    401: "Log in, and send the request again.",
    403: "Ask an owner or manager of the dealer, or send the request from the dealer's own pages.",
    404: "Check the address and the id. What belongs to another dealer is not found either.",
    405: "Use one of the methods that the Allow header names.",
    409: "Read the current state, and decide again.",
    412: "Read it again: somebody changed it meanwhile. Send the change with the new ETag.",
    413: "Send less at once.",
    415: "Send JSON, with the header Content-Type: application/json.",
    422: "Correct the fields that are named, and send the request again.",
    428: "Read it first, and send its ETag in the If-Match header.",
    429: "Wait as long as Retry-After says.",
    500: "This is our fault and is noted. Try again later.",
    503: "Try again after as many seconds as Retry-After says.",
}
_CSP = "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

Scope = MutableMapping[str, Any]
Asgi = Callable[[Scope, Callable[[], Awaitable[Any]], Callable[[Any], Awaitable[None]]], Awaitable[None]]


def problem(status: int, code: str, detail: str, **more: Any) -> JSONResponse:
    """An RFC 9457 problem; `code` is stable and for machines, `detail` says what is wrong, `advice` what to do."""
    body = {"type": f"urn:autoflows:problem:{code}", "title": code.replace("_", " "), "status": status, "code": code}
    advice = _ADVICE.get(status, _ADVICE[400 if status < 500 else 503])
    headers = {"retry-after": "2"} if status == 503 else None
    return JSONResponse(
        body | {"detail": detail, "advice": advice} | more,
        status_code=status,
        media_type="application/problem+json",
        headers=headers,
    )


_more: dict[str, int] = {}


def takes_more(path: str, limit: int) -> None:
    """Say that this path and those below it take bodies of so many bytes: files, for example."""
    _more[path.rstrip("/")] = limit


def _limit(path: str) -> int:
    """The most bytes that a body may have there."""
    return max((limit for root, limit in _more.items() if path == root or path.startswith(f"{root}/")), default=MAX_BODY)


def install(app: FastAPI) -> None:
    """Give an app its edges: problems instead of tracebacks, bounds on bodies, and headers on everything."""
    app.add_exception_handler(DomainError, _refused)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(EventTooLarge, _too_large)
    app.add_exception_handler(TransientError, _away)
    app.add_exception_handler(ConnectionError, _away)
    app.add_exception_handler(TimeoutError, _away)
    app.add_exception_handler(DBAPIError, _database)
    app.add_exception_handler(Exception, _our_fault)
    app.add_middleware(Edge)


class Edge:
    """Refuses bodies that are too long or not strict JSON, and sets the headers every answer has."""

    def __init__(self, app: Asgi) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if scope["method"] in {"GET", "HEAD", "OPTIONS"}:
            await self._app(scope, receive, _with_headers(send))
            return
        if _TAKES_FILES.fullmatch(scope["path"]):
            await self._app(scope, _counted(receive), _with_headers(send))
            return
        body, refusal = await _read(scope, receive)
        if refusal is not None:
            await refusal(scope, receive, _with_headers(send))
            return
        await self._app(scope, _replayed(body, receive), _with_headers(send))


async def _read(scope: Scope, receive: Callable[[], Awaitable[Any]]) -> tuple[bytes, Response | None]:
    body = bytearray()
    limit = _limit(scope["path"])
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return b"", problem(400, "cut_off", "The request ended before its body was complete.")
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > limit:
            return b"", problem(413, "too_large", f"A request may have {limit:,} bytes at most.")
    headers = {name.lower(): value for name, value in scope["headers"]}
    if b"json" in headers.get(b"content-type", b"") and body:
        try:
            strict_json(bytes(body))
        except ValueError as error:
            return b"", problem(400, "bad_json", f"The body is not acceptable JSON: {error}.")
    return bytes(body), None


def _counted(receive: Callable[[], Awaitable[Any]]) -> Callable[[], Awaitable[Any]]:
    """The same body, refused once it is too long."""
    length = 0

    async def counting() -> Any:
        nonlocal length
        message = await receive()
        length += len(message.get("body", b""))
        if length > MAX_UPLOAD:
            raise DomainError(f"A file may have {MAX_UPLOAD // 1024**2 - 1} MB at most.", code="too_large", status=413)
        return message

    return counting


def _replayed(body: bytes, receive: Callable[[], Awaitable[Any]]) -> Callable[[], Awaitable[Any]]:
    sent = False

    async def again() -> Any:
        nonlocal sent
        if sent:
            return await receive()
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


def _with_headers(send: Callable[[Any], Awaitable[None]]) -> Callable[[Any], Awaitable[None]]:
    async def sending(message: Any) -> None:
        if message["type"] == "http.response.start":
            present = {name.lower() for name, _ in message["headers"]}
            for name, value in (_HEADERS | {"content-security-policy": _CSP}).items():
                if name.encode() not in present:
                    message["headers"].append((name.encode(), value.encode()))
        await send(message)

    return sending


def strict_json(raw: bytes) -> Any:
    """Read JSON as the standard has it: UTF-8, no NaN, no repeated keys, no NUL or lone surrogates, no giant numbers."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError("it is not UTF-8") from error
    try:
        value = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant, parse_int=_int, parse_float=_float)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    _check_text(value)
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands in it twice")
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON number")


def _int(digits: str) -> int:
    if len(digits.lstrip("-")) > 19 or not -(2**63) <= int(digits) < 2**63:
        raise ValueError("a whole number is too large")
    return int(digits)


def _float(digits: str) -> float:
    if not math.isfinite(number := float(digits)):
        raise ValueError("a number is too large")
    return number


def _check_text(value: Any) -> None:
    pending = [value]
    while pending:
        match pending.pop():
            case str() as text:
                if "\x00" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
                    raise ValueError("a text has a character that cannot be stored")
            case dict() as found:
                pending += [*found.keys(), *found.values()]
            case list() as found:
                pending += found


async def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, DomainError)
    more: dict[str, Any] = {"errors": list(error.errors)} if error.errors else {}
    if error.advice:
        more["advice"] = error.advice
    answer = problem(error.status, error.code, str(error), **more)
    if error.retry_after is not None:
        answer.headers["retry-after"] = str(error.retry_after)
    return answer


async def _http(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    codes = {404: "not_found", 405: "method_not_allowed", 401: "not_logged_in", 403: "forbidden", 415: "unsupported_media_type"}
    code = codes.get(error.status_code, "refused")
    said = {404: "There is nothing at this address.", 405: "This address does not take this method."}
    told = str(error.detail)
    answer = problem(error.status_code, code, said.get(error.status_code, told if told.endswith(".") else f"{told}."))
    answer.headers.update(error.headers or {})
    return answer


async def _invalid(_: Request, error: Exception) -> Response:
    """What was wrong and where, without repeating what was sent."""
    assert isinstance(error, RequestValidationError)
    errors = [{"where": ".".join(map(str, found["loc"])), "problem": found["msg"]} for found in error.errors()[:20]]
    return problem(422, "invalid", "Some fields are not as they must be.", errors=errors)


async def _too_large(_: Request, error: Exception) -> Response:
    return problem(413, "too_large", str(error))


async def _our_fault(_: Request, __: Exception) -> Response:
    """A bug, said as a problem; the server logs it as it was."""
    return problem(500, "our_fault", "Something went wrong here.")


async def _away(_: Request, __: Exception) -> Response:
    return problem(503, "try_again", "Something this needs is away for a moment. Please try again.")


async def _database(request: Request, error: Exception) -> Response:
    assert isinstance(error, DBAPIError)
    if is_transient(error):
        return await _away(request, error)
    state = str(getattr(error.orig, "sqlstate", "") or "")
    if (
        state.startswith("22")
        or "DataError" in type(error.orig).__name__
        or "invalid input for query argument" in str(error.orig)
    ):
        return problem(422, "invalid", "A value cannot be stored as it was sent.")
    raise error


def sign(secret: str, *, dealer: DealerId, user: UUID | None, method: str, path: str, at: datetime) -> str:
    """The header by which api asks another service in a user's name: `dealer;user;seconds;signature`."""
    claim = f"{dealer};{user or ''};{int(at.timestamp())}"
    return f"{claim};{_mac(secret, claim, method, path)}"


def verified(secret: str, header: str, *, method: str, path: str, at: datetime) -> DealerId:
    """The dealer whose user asks. Raises DomainError (401) for anything that api did not sign just now."""
    refusal = DomainError("Only api may ask this.", code="not_signed", status=401)
    claim, _, mac = header.rpartition(";")
    dealer, _, rest = claim.partition(";")
    seconds = rest.rpartition(";")[2]
    if not hmac.compare_digest(mac.encode(), _mac(secret, claim, method, path).encode()):
        raise refusal
    if abs(at.timestamp() - int(seconds)) > SIGNED_SECONDS:
        raise refusal
    return DealerId(UUID(dealer))


def _mac(secret: str, claim: str, method: str, path: str) -> str:
    return hmac.new(secret.encode(), f"{claim}\n{method}\n{path}".encode(), hashlib.sha256).hexdigest()


def address_of(secret: str, dealer: DealerId) -> str:
    """The last part of an address that is one dealer's and that nobody can make up: for providers that sign nothing."""
    return f"{dealer.hex}{hmac.new(secret.encode(), dealer.bytes, hashlib.sha256).hexdigest()[:32]}"


def dealer_at(secret: str, address: str) -> DealerId | None:
    """The dealer whose address that is; None for one that was made up."""
    try:
        dealer = DealerId(UUID(address[:32]))
    except ValueError:
        return None
    return dealer if hmac.compare_digest(address_of(secret, dealer).encode(), address.encode()) else None


SMS_CALLBACKS = "sms callbacks"  # what `Settings.derived` makes the secret of such addresses of
INTERNAL = "internal requests"  # what `Settings.derived` makes the signing secret of


def asking_dealer(secret: str) -> Callable[[Request], DealerId]:
    """A dependency for a service's own routes: the dealer in whose name api asks."""

    def asking(request: Request) -> DealerId:
        header = request.headers.get(SIGNATURE, "")
        path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return verified(secret, header, method=request.method, path=path, at=SystemClock().now())

    return asking


def asking_user(request: Request) -> UUID | None:
    """The user in whose name api asks; only of a request whose signature was verified (`asking_dealer`)."""
    user = request.headers.get(SIGNATURE, "").split(";")[1]
    return UUID(user) if user else None
