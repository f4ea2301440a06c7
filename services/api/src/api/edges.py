"""The edges of REST: ETags, If-Match, JSON only, and doing a thing once for one Idempotency-Key."""

import hashlib
import json
import re
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel

from api import store
from api.guarding import Asking
from common.errors import DomainError
from common.sealing import Seal
from common.service import Runtime
from common.work import Work

_KEY = re.compile(r"[\x21-\x7e]{1,255}")
REPLAYED = "idempotency-replayed"


class NotJson(DomainError):
    code = "unsupported_media_type"
    status = 415


class Stale(DomainError):
    code = "changed_meanwhile"
    status = 412


class NoMatchGiven(DomainError):
    code = "if_match_required"
    status = 428


class RestRoute(APIRoute):
    """A route of REST: takes JSON only, and says of what it gives whether the asker has it already (ETag, 304)."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        answer = super().get_route_handler()

        async def handler(request: Request) -> Response:
            if request.method in ("POST", "PUT", "PATCH"):
                await _must_be_json(request)
            response = await answer(request)
            if request.method == "GET" and response.status_code == 200 and (body := getattr(response, "body", None)) is not None:
                return _tagged(request, response, bytes(body))
            return response

        return handler


async def _must_be_json(request: Request) -> None:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if await request.body() and kind != "application/json" and not (kind.startswith("application/") and kind.endswith("+json")):
        raise NotJson("This takes JSON only.")


def _tagged(request: Request, response: Response, body: bytes) -> Response:
    tag = response.headers.setdefault("etag", _digest(body))
    if not _is_among(tag, request.headers.get("if-none-match", "")):
        return response
    kept = {name: value for name, value in response.headers.items() if name in ("etag", "cache-control", "vary")}
    return Response(status_code=304, headers=kept)


def etag(view: BaseModel) -> str:
    """The strong tag of a single thing as it is shown, in whatever order the database gives its keys."""
    return _digest(json.dumps(view.model_dump(mode="json"), sort_keys=True).encode())


def _digest(body: bytes) -> str:
    return f'"{hashlib.sha256(body).hexdigest()[:32]}"'


def _is_among(tag: str, given: str) -> bool:
    tags = {one.strip().removeprefix("W/") for one in given.split(",")}
    return tag in tags or given.strip() == "*"


def must_match(request: Request, view: BaseModel, *, required: bool) -> None:
    """Raises Stale when the asker's If-Match names another state, and NoMatchGiven where it is required and missing."""
    given = request.headers.get("if-match")
    if given is None:
        if required:
            raise NoMatchGiven("This changes what others may change too: say in If-Match which state you saw.")
        return
    weak = any(one.strip().startswith("W/") for one in given.split(","))
    if weak or not _is_among(etag(view), given):
        raise Stale("Somebody changed this since you read it.")


class Doing:
    """Does what a POST asks in one transaction, once for one Idempotency-Key of a user."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._seal = Seal(runtime.settings, "kept answers")

    async def once(
        self,
        request: Request,
        asking: Asking,
        do: Callable[[Work], Awaitable[BaseModel | None]],
        *,
        status: int | None = None,
    ) -> Response:
        """What `do` gives, as an answer (204 for nothing); with a key that was used, the answer of that time."""
        key = _key_of(request)
        async with self._runtime.work(asking.dealer) as work:
            if key is not None:
                asked = await _fingerprint(request)
                before = await store.replies.claim(work.session, work.dealer, asking.user, key, asked, self._runtime.system.now())
                if before is not None:
                    return self._again(before, asked)
            view = await do(work)
            body = view.model_dump_json() if view is not None else None
            status = status or (204 if view is None else 200)
            if key is not None:
                sealed = self._seal.close(body) if body is not None else None
                await store.replies.keep(work.session, work.dealer, asking.user, key, status=status, body=sealed)
        headers = {"etag": etag(view)} if view is not None and status in (200, 201) else {}
        return _answer(status, body, headers)

    def _again(self, before: Any, asked: bytes) -> Response:
        if before.asked != asked:
            raise DomainError(
                "This Idempotency-Key was used for another request.",
                code="idempotency_key_reused",
                advice="Use a new key for a new request, and the same key only for the same one.",
            )
        body = self._seal.open(before.body) if before.body is not None else None
        return _answer(before.status, body, {REPLAYED: "true"})


def _answer(status: int, body: str | None, headers: dict[str, str]) -> Response:
    headers = {"cache-control": "no-store", **headers}
    if body is None:
        return Response(status_code=status, headers=headers)
    return Response(body, status_code=status, headers=headers, media_type="application/json")


def _key_of(request: Request) -> str | None:
    given = request.headers.get("idempotency-key")
    if given is None:
        return None
    if not _KEY.fullmatch(given):
        raise DomainError("An Idempotency-Key has 1 to 255 visible ASCII characters.", code="bad_idempotency_key", status=400)
    return given


async def _fingerprint(request: Request) -> bytes:
    said = f"{request.method} {request.url.path}?{request.url.query}\n".encode()
    return hashlib.sha256(said + (request.headers.get("if-match", "") + "\n").encode() + await request.body()).digest()
