"""The lists by REST, each with the same filters, a page at a time or as a file."""

from collections.abc import Callable
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Response
from pydantic import Field

from api import downloads, listing
from api.guarding import Asking
from api.listing import ListView
from api.routes.shared import KNOWN, ListFilter, PagedFilter, Rest

View = Literal["call_now", "awaiting", "all"]
VIEWED = "Call now, awaiting the reminder, or all invited."
TOLD = {
    "pending": "Invitations that leave within a week; held and blocked ones with the reason, what is new marked.",
    "calls": "Customers who want to be called, who waits longest first.",
    "booked": "Customers who booked, unconfirmed and doubtful ones marked; the latest first.",
    "no": "Customers who said no, with the reason; the latest first.",
    "owner-changed": "Vehicles whose owner has probably changed: check, and release where it is the same one.",
}
FOLLOW_UP = "Invited customers who have not reacted, with their open and finished orders."


class PagedFollowUp(PagedFilter):
    view: View = Field(default="call_now", description=VIEWED)


class FollowUpFilter(ListFilter):
    view: View = Field(default="call_now", description=VIEWED)


def build(rest: Rest) -> APIRouter:
    router = rest.router("lists")
    User = Annotated[Asking, Depends(rest.user)]

    async def page(user: Asking, name: str, wanted: PagedFilter) -> ListView:
        async with rest.runtime.work(user.dealer) as work:
            return await listing.list_of(
                work,
                name,
                wanted.wanted(user),
                cursor=wanted.cursor,
                limit=wanted.limit,
                language=wanted.language or user.language,
            )

    async def file(user: Asking, name: str, wanted: ListFilter, kind: str) -> Response:
        async with rest.runtime.work(user.dealer) as work:
            return await downloads.of_list(work, name, wanted.wanted(user), kind, wanted.language or user.language)

    @router.get("/follow-up", dependencies=KNOWN, description=FOLLOW_UP)
    async def follow_up(user: User, wanted: Annotated[PagedFollowUp, Query()]) -> ListView:
        return await page(user, f"follow-up:{wanted.view}", wanted)

    def a_list(name: str) -> Callable[..., Any]:
        async def read(user: User, wanted: Annotated[PagedFilter, Query()]) -> ListView:
            return await page(user, name, wanted)

        return read

    def a_file(name: str, kind: str) -> Callable[..., Any]:
        async def read(user: User, wanted: Annotated[ListFilter, Query()]) -> Response:
            return await file(user, name, wanted, kind)

        return read

    def a_follow_up_file(kind: str) -> Callable[..., Any]:
        async def read(user: User, wanted: Annotated[FollowUpFilter, Query()]) -> Response:
            return await file(user, f"follow-up:{wanted.view}", wanted, kind)

        return read

    for name, told in TOLD.items():
        plain = name.replace("-", "_")
        router.get(f"/{name}", dependencies=KNOWN, description=told, name=plain, response_model=ListView)(a_list(name))
    for kind in downloads.KINDS:
        for name in TOLD:
            plain = f"{name.replace('-', '_')}_{kind}"
            router.get(f"/{name}.{kind}", name=plain, **downloads.described(kind))(a_file(name, kind))
        router.get(f"/follow-up.{kind}", name=f"follow_up_{kind}", **downloads.described(kind))(a_follow_up_file(kind))
    return router
