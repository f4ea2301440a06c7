"""Questions that belong to another service: passed on as they came, for those who may ask (`api.questions.FORWARDED`)."""

import re
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from api.guarding import Asking, Forbidden
from api.questions import FORWARDED, Forwarded, Who
from api.routes.shared import V1, Rest
from common import web
from common.errors import DomainError, NotFound

_REST = re.compile(r"[A-Za-z0-9._~/-]{0,300}")
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


def build(rest: Rest) -> APIRouter:
    router = APIRouter(prefix=V1, include_in_schema=False)  # described by their owners (`api.interface`)
    User = Annotated[Asking, Depends(rest.user)]

    def a_door(what: Forwarded) -> Callable[..., Any]:
        async def pass_on(request: Request, user: User, rest_of_path: str = "") -> Response:
            _must_be(user, what.read if request.method == "GET" else what.change)
            if not _REST.fullmatch(rest_of_path) or ".." in rest_of_path:
                raise NotFound("There is no such thing.")
            body = await request.body()
            if len(body) > what.max_body:
                raise DomainError(f"This takes {what.max_body:,} bytes at most.", code="too_large", status=413)
            path = f"/{what.prefix}/{rest_of_path}" if rest_of_path else f"/{what.prefix}"
            answer = await rest.questions.forward(
                what.service, user, path, method=request.method, query=request.url.query, body=body, headers=request.headers
            )
            return Response(answer.body, status_code=answer.status, headers={"cache-control": "no-store", **answer.headers})

        return pass_on

    for what in FORWARDED:
        web.takes_more(f"{V1}/{what.prefix}", what.max_body)
        for path in (f"/{what.prefix}", f"/{what.prefix}/{{rest_of_path:path}}"):
            router.api_route(path, methods=METHODS, name=f"forward_{what.prefix}")(a_door(what))
    return router


def _must_be(user: Asking, who: Who) -> None:
    """Raises Forbidden for who may not ask this."""
    match who:
        case "deciders":
            user.must_decide()
        case "managers":
            user.must_manage()
        case "nobody":
            raise Forbidden("This can only be read.")
