"""What every route of REST shares: who asks, how a thing is done once, and the filters of lists."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api.describing import REFUSALS, V1
from api.edges import Doing, RestRoute
from api.guarding import Asking, Guard
from api.listing import Wanted
from api.questions import Questions
from common.events.words import InvitationType
from common.service import Runtime
from common.work import Work

__all__ = [
    "KNOWN", "MATCHED", "ONCE", "REFUSALS", "V1", "Body", "CursorParam", "Limit", "ListFilter", "PagedFilter", "Rest", "Why",
]  # fmt: skip
Limit = Annotated[int, Query(ge=1, le=200)]
CursorParam = Annotated[str | None, Query(max_length=200)]
ReasonCode = Annotated[str, StringConstraints(max_length=40)]


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Why(Body):
    """Why staff does this, in its own words."""

    reason: str | None = Field(default=None, max_length=500, examples=["The customer is on holiday."])


class ListFilter(BaseModel):
    """What of a list is wanted. A parameter that may stand several times means any of its values."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    type: list[InvitationType] = Field(default=[], max_length=20, description="Only these types.", examples=[["service"]])
    workshop: list[UUID] = Field(default=[], max_length=50, description="Only invitations of these workshops.")
    reason: list[ReasonCode] = Field(
        default=[],
        max_length=30,
        description="Only what these codes hold (`owner_changed`), or noes with these reasons (`price`).",
    )
    q: str | None = Field(default=None, max_length=100, description="Part of the customer's name or of the plate, or the number.")
    from_: date | None = Field(default=None, alias="from", description="From this day on, by the day the list is sorted by.")
    to: date | None = Field(default=None, description="Until this day, included.")
    language: Literal["da", "en"] | None = Field(default=None, description="Of sentences and titles; default: the user's.")

    def wanted(self, asking: Asking) -> Wanted:
        return Wanted(
            types=frozenset(self.type), workshops=frozenset(self.workshop), reasons=frozenset(self.reason),
            search=self.q.strip() if self.q and self.q.strip() else None, from_on=self.from_, to_on=self.to,
            allowed=asking.workshops,
        )  # fmt: skip


class PagedFilter(ListFilter):
    """The same, a page at a time."""

    cursor: str | None = Field(default=None, max_length=200, description="`next_cursor` of the page before.")
    limit: int = Field(default=50, ge=1, le=200)


KEY_HEADER = Header(
    alias="Idempotency-Key",
    description="Any text of 1 to 255 visible characters, new for each thing to do. The same request with the same key within 24"
    " hours does nothing again and gets the same answer (`Idempotency-Replayed: true`).",
)
MATCH_HEADER = Header(alias="If-Match", description="The ETag of what was seen: refused (412) when it changed since.")
NONE_MATCH_HEADER = Header(alias="If-None-Match", description="The ETag of what is known: 304 while that is still so.")


def _tell_of_key(_: Annotated[str | None, KEY_HEADER] = None) -> None:
    """For the description only: `Doing` reads it."""


def _tell_of_match(_: Annotated[str | None, MATCH_HEADER] = None) -> None:
    """For the description only: `must_match` reads it."""


def _tell_of_none_match(_: Annotated[str | None, NONE_MATCH_HEADER] = None) -> None:
    """For the description only: `RestRoute` reads it."""


ONCE = [Depends(_tell_of_key)]
MATCHED = [Depends(_tell_of_key), Depends(_tell_of_match)]
KNOWN = [Depends(_tell_of_none_match)]


def _keep_nowhere(response: Response) -> None:
    response.headers["cache-control"] = "no-store"


@dataclass(frozen=True)
class Rest:
    """What the routes are made of."""

    runtime: Runtime
    guard: Guard
    questions: Questions
    doing: Doing

    async def user(self, request: Request) -> Asking:
        """Anybody who is logged in."""
        return await self.guard.asking(request)

    async def decider(self, request: Request) -> Asking:
        """Somebody who may hold, answer and record."""
        found = await self.guard.asking(request)
        found.must_decide()
        return found

    async def manager(self, request: Request) -> Asking:
        """An owner or manager."""
        found = await self.guard.asking(request)
        found.must_manage()
        return found

    async def once(
        self,
        request: Request,
        asking: Asking,
        do: Callable[[Work], Awaitable[BaseModel | None]],
        *,
        status: int | None = None,
    ) -> Response:
        """Do it in one transaction, once for one Idempotency-Key."""
        return await self.doing.once(request, asking, do, status=status)

    def router(self, tag: str) -> APIRouter:
        """A router of some routes under /api/v1."""
        return APIRouter(
            prefix=V1,
            dependencies=[Depends(_keep_nowhere)],
            responses=REFUSALS,
            route_class=RestRoute,
            tags=[tag],
            generate_unique_id_function=lambda route: f"{tag}_{route.name}",
        )
