"""What every route shares: in whose name api asks, and how a thing is done once for one Idempotency-Key."""

import hashlib
import re
from collections.abc import Awaitable, Callable
from datetime import date, datetime
from typing import Annotated, Any, TypeVar
from uuid import UUID

from fastapi import Depends, Header, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from classifier import store
from common.errors import DomainError
from common.events.words import VisitTag
from common.ids import DealerId
from common.sealing import Seal
from common.service import Runtime
from common.web import INTERNAL, asking_dealer, asking_user
from common.work import Work

T = TypeVar("T")
_KEY = re.compile(r"[\x21-\x7e]{1,255}")
NOBODY = UUID(int=0)  # who asks where api names no user
Limit = Annotated[int, Query(ge=1, le=200)]
KeyHeader = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        description="Any text of 1 to 255 visible characters, new for each thing to do. The same request with the same key within"
        " 24 hours does nothing again and gets the same answer (`Idempotency-Replayed: true`).",
    ),
]
Note = Annotated[str, Field(max_length=500)]


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


def _tell_of_key(_: KeyHeader = None) -> None:
    """For the description only: `Rest.once` reads it."""


ONCE = [Depends(_tell_of_key)]


class Rest:
    """What the routes are made of."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self._seal = Seal(runtime.settings, "kept answers of the classifier")
        self._dealer = asking_dealer(runtime.settings.derived(INTERNAL))

    def dealer(self, request: Request) -> DealerId:
        """The dealer in whose name api asks."""
        return self._dealer(request)

    async def once(
        self, request: Request, do: Callable[[Work, UUID | None], Awaitable[BaseModel | None]], *, status: int = 200
    ) -> Response:
        """What `do` gives, as an answer (204 for nothing); with a key that was used, the answer of that time."""
        dealer = self._dealer(request)
        user, key = asking_user(request), _key_of(request)
        async with self.runtime.work(dealer) as work:
            if key is not None:
                asked, now = await _fingerprint(request), self.runtime.system.now()
                before = await store.replies.claim(work.session, dealer, user or NOBODY, key, asked, now)
                if before is not None:
                    return self._again(before, asked)
            view = await do(work, user)
            body, status = (view.model_dump_json(), status) if view is not None else (None, 204)
            if key is not None:
                sealed = self._seal.close(body) if body is not None else None
                await store.replies.keep(work.session, dealer, user or NOBODY, key, status=status, body=sealed)
        return _answer(status, body)

    def _again(self, before: Any, asked: bytes) -> Response:
        if before.asked != asked:
            raise DomainError(
                "This Idempotency-Key was used for another request.", code="idempotency_key_reused",
                advice="Use a new key for a new request, and the same key only for the same one.",
            )  # fmt: skip
        return _answer(before.status, self._seal.open(before.body) if before.body is not None else None, replayed=True)


def _answer(status: int, body: str | None, *, replayed: bool = False) -> Response:
    headers = {"idempotency-replayed": "true"} if replayed else {}
    if body is None:
        return Response(status_code=status, headers=headers)
    return Response(body, status_code=status, headers=headers, media_type="application/json")


def _key_of(request: Request) -> str | None:
    given = request.headers.get("idempotency-key")
    if given is not None and not _KEY.fullmatch(given):
        raise DomainError("An Idempotency-Key has 1 to 255 visible ASCII characters.", code="bad_idempotency_key", status=400)
    return given


async def _fingerprint(request: Request) -> bytes:
    return hashlib.sha256(f"{request.method} {request.url.path}?{request.url.query}\n".encode() + await request.body()).digest()


def day_cursor(given: str | None) -> tuple[date, UUID] | None:
    """Where to go on: `2026-02-27.<id>`; None for the beginning. Raises DomainError (400)."""
    return _cursor(given, date.fromisoformat)


def instant_cursor(given: str | None) -> tuple[datetime, UUID] | None:
    """The same with an instant."""
    return _cursor(given, _instant)


def tag_cursor(given: str | None) -> tuple[UUID, str] | None:
    """The same of an order and a tag: `<id>.service`."""
    if given is None:
        return None
    try:
        order, _, tag = given.partition(".")
        return UUID(order), VisitTag(tag).value
    except ValueError:
        raise _no_cursor() from None


def _cursor(given: str | None, first: Callable[[str], T]) -> tuple[T, UUID] | None:
    if given is None:
        return None
    try:
        place, _, id_ = given.rpartition(".")
        return first(place), UUID(id_)
    except ValueError:
        raise _no_cursor() from None


def _no_cursor() -> DomainError:
    return DomainError("This cursor is none of ours.", code="bad_cursor", status=400, advice="Begin again without a cursor.")


def _instant(given: str) -> datetime:
    found = datetime.fromisoformat(given)
    if found.tzinfo is None:
        raise ValueError("an instant has a zone")
    return found
