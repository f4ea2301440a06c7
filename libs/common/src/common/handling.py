"""Doors and settling: which function remembers which event, and which settles what was touched."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from common.events import Event, Topic

if TYPE_CHECKING:
    from common.work import Work

E = TypeVar("E", bound=Event)
Settler = Callable[[frozenset[UUID], "Work"], Awaitable[None]]


class Handlers:
    """Door 1: what a service does when it hears an event. A handler remembers and touches; it decides nothing."""

    def __init__(self) -> None:
        self._by_event: dict[type[Event], Callable[[Any, Work], Awaitable[None]]] = {}

    def on(self, event: type[E]) -> Callable[[Callable[[E, "Work"], Awaitable[None]]], Callable[[E, "Work"], Awaitable[None]]]:
        """Register the one handler of an event."""

        def register(handler: Callable[[E, "Work"], Awaitable[None]]) -> Callable[[E, "Work"], Awaitable[None]]:
            if event in self._by_event:
                raise ValueError(f"{event.name} has a handler already")
            self._by_event[event] = handler
            return handler

        return register

    @property
    def events(self) -> frozenset[type[Event]]:
        """What is heard."""
        return frozenset(self._by_event)

    @property
    def topics(self) -> tuple[Topic, ...]:
        """The topics that what is heard stands in."""
        return tuple(sorted({event.topic for event in self._by_event}, key=lambda topic: topic.name))

    async def handle(self, event: Event, work: "Work") -> None:
        """Remember one event; an event that nobody here asked for is passed over."""
        if handler := self._by_event.get(type(event)):
            await handler(event, work)


class Settlers:
    """Settling: what was touched is decided again, once per dealer and batch."""

    def __init__(self) -> None:
        self._by_kind: dict[object, Settler] = {}

    def of(self, kind: object) -> Callable[[Settler], Settler]:
        """Register the one settler of a kind of id."""

        def register(settler: Settler) -> Settler:
            if kind in self._by_kind:
                raise ValueError(f"{kind} has a settler already")
            self._by_kind[kind] = settler
            return settler

        return register

    async def settle(self, work: "Work") -> None:
        """Settle until nothing is touched any more; settling may touch other kinds, in the order of registration."""
        while touched := work.take_touched():
            for kind, ids in touched.items():
                if kind not in self._by_kind:
                    raise LookupError(f"nothing settles {kind}")
                await self._by_kind[kind](frozenset(ids), work)
