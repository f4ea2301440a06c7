"""What changed, as it happens: server-sent events with the names of lists and ids, never anybody's data."""

import contextlib
import json
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Request
from fastapi.responses import StreamingResponse

from api.guarding import Asking, NotLoggedIn
from api.routes.shared import REFUSALS, V1, Rest
from api.watching import Told, Watch
from common.errors import TransientError

HEARTBEAT_SECONDS = 15.0
HEADERS = {"cache-control": "no-store", "x-accel-buffering": "no", "content-type": "text/event-stream; charset=utf-8"}
EXAMPLE = (
    'id: 1770886800-751:751:\nevent: changed\ndata: {"kind":"invitation","lists":["owner-changed","pending"],"ids":["…"]}\n\n'
)


class _Closing(StreamingResponse):
    """A stream that gives its place back however it ends, even before it began."""

    def __init__(self, content: AsyncIterator[str], opened: contextlib.AsyncExitStack) -> None:
        super().__init__(content, headers=HEADERS)
        self._opened = opened

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async with self._opened:
            await super().__call__(scope, receive, send)


def build(rest: Rest) -> APIRouter:
    router = APIRouter(prefix=V1, tags=["events"], responses=REFUSALS)
    watch = Watch(rest.runtime)

    async def watcher(request: Request) -> Asking:
        return await rest.guard.asking(request, seen=False)

    @router.get(
        "/events",
        response_class=StreamingResponse,
        operation_id="events_stream",
        responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}, "example": EXAMPLE}}}},
    )
    async def events(
        request: Request,
        user: Annotated[Asking, Depends(watcher)],
        last_event_id: Annotated[str | None, Header(max_length=12_000)] = None,
    ) -> StreamingResponse:
        """What changes for this dealer: `hello` at first, `changed` with kind, lists and ids (null: many), `reset` when
        everything is to be read again. With Last-Event-ID it goes on where it was, up to an hour later."""
        opened = contextlib.AsyncExitStack()
        stream = await opened.enter_async_context(watch.watching(user.dealer, user.user, last_event_id))

        async def told() -> AsyncIterator[str]:
            yield "retry: 2000\n\n" + said("hello", {}, None) + changes(stream.first)
            while not stream.ended:
                found = await stream.next(HEARTBEAT_SECONDS)
                if found is not None:
                    yield changes(found)
                elif not stream.ended:
                    if not await still(request):
                        return
                    yield ": still here\n\n"

        return _Closing(told(), opened)

    async def still(request: Request) -> bool:
        """Whether the session still stands; a database that is away for a moment ends nothing."""
        try:
            await rest.guard.asking(request, seen=False)
        except NotLoggedIn:
            return False
        except (TransientError, ConnectionError, TimeoutError):
            return True
        return True

    return router


def changes(told: Told) -> str:
    """What one look found. Only its last event carries the place: who is cut off before it is told all of them again."""
    if told.changes is None:
        return said("reset", {}, told.place.write())
    found = [
        {"kind": one.kind, "lists": list(one.lists), "ids": [str(each) for each in one.ids] if one.ids is not None else None}
        for one in told.changes
    ]
    if not found:
        return f"id: {told.place.write()}\n\n"
    last = len(found) - 1
    return "".join(said("changed", one, told.place.write() if place == last else None) for place, one in enumerate(found))


def said(event: str, data: object, place: str | None) -> str:
    number = f"id: {place}\n" if place else ""
    return f"{number}event: {event}\ndata: {json.dumps(data, separators=(',', ':'))}\n\n"
