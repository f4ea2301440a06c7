"""Customers: found by name or number, left out, and never contacted again."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, Field

from api import acting, reading, store
from api.edges import etag
from api.guarding import Asking
from api.reading import CustomerLine, CustomerView
from api.routes.shared import KNOWN, ONCE, Body, Limit, Rest, Why
from common.events.customers import CustomerChanged
from common.work import Work


class Suppression(Body):
    """Whom never to contact again: the name and the number must both be this customer's."""

    name: str = Field(min_length=1, max_length=200, examples=["Anne Holm"])
    number: str = Field(min_length=1, max_length=60, examples=["1007"])
    channel: Literal["email", "sms"] | None = Field(default=None, description="Only this channel; default: all.")


class Suppressed(BaseModel):
    """Who that was: several where several of the dealer's systems know the customer."""

    customer_ids: list[UUID]
    channel: str | None


class CustomerList(BaseModel):
    items: list[CustomerLine]
    next_cursor: UUID | None


def build(rest: Rest) -> APIRouter:
    router = rest.router("customers")
    User = Annotated[Asking, Depends(rest.user)]
    Decider = Annotated[Asking, Depends(rest.decider)]

    @router.get("/customers", dependencies=KNOWN)
    async def customers(
        user: User, q: Annotated[str, Query(max_length=100)] = "", cursor: UUID | None = None, limit: Limit = 50
    ) -> CustomerList:
        """Customers whose name, number, e-mail address or mobile number has these letters in it."""
        async with rest.runtime.work(user.dealer) as work:
            found = await store.search(work.session, work.dealer, CustomerChanged, q.strip(), after=cursor, limit=limit + 1)
        more = found[limit - 1].customer_id if len(found) > limit else None
        return CustomerList(items=[reading.customer_line(one) for one in found[:limit]], next_cursor=more)

    @router.get("/customers/{customer_id}", dependencies=KNOWN)
    async def customer(customer_id: UUID, user: User, response: Response) -> CustomerView:
        """A customer with vehicles, invitations, orders, and what staff did."""
        async with rest.runtime.work(user.dealer) as work:
            view = await reading.customer(work, customer_id, user.language, user.workshops)
        response.headers["etag"] = etag(view)
        return view

    @router.post("/customers/{customer_id}/exclude", status_code=204, dependencies=ONCE, response_model=None)
    async def exclude(customer_id: UUID, body: Why, user: Decider, request: Request) -> Response:
        """Leave this customer out of all invitations. `restore` undoes it."""

        async def do(work: Work) -> None:
            await acting.exclude_customer(work, customer_id, body.reason, user.user)

        return await rest.once(request, user, do)

    @router.post("/customers/{customer_id}/restore", status_code=204, dependencies=ONCE, response_model=None)
    async def restore(customer_id: UUID, user: Decider, request: Request) -> Response:
        """Undo every hold and exclusion of this customer and of the customer's vehicles."""

        async def do(work: Work) -> None:
            await acting.include_customer(work, customer_id, user.user)

        return await rest.once(request, user, do)

    @router.post("/suppressions", dependencies=ONCE, response_model=Suppressed)
    async def suppress(body: Suppression, user: Decider, request: Request) -> Response:
        """Never contact a customer again, by name and number as on the request. Nobody can undo this here."""

        async def do(work: Work) -> Suppressed:
            found = await acting.suppress(work, body.name, body.number, body.channel, user.user)
            return Suppressed(customer_ids=found, channel=body.channel)

        return await rest.once(request, user, do)

    return router
