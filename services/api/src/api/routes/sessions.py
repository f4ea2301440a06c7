"""Logging in and out, and who is logged in."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field

from api import listing
from api.guarding import Asking
from api.listing import SourceView
from api.routes.shared import Body, Rest


class Login(Body):
    email: str = Field(max_length=254, examples=["owner@holm-auto.example"])
    password: str = Field(max_length=1024)


class Me(BaseModel):
    email: str
    role: str
    csrf: str
    language: str
    workshops: list[str] = Field(description="Those that the user may see; empty is all.")


def build(rest: Rest) -> APIRouter:
    router = rest.router("session")
    User = Annotated[Asking, Depends(rest.user)]

    @router.post("/session", status_code=204)
    async def log_in(body: Login, request: Request, response: Response) -> None:
        """Log in; the session stands in a cookie. Every change needs an Origin header of this address besides."""
        rest.guard.check_origin(request)
        await rest.guard.log_in(request, body.email, body.password, response)

    @router.delete("/session", status_code=204)
    async def log_out(_: User, request: Request, response: Response) -> None:
        """End the session."""
        await rest.guard.log_out(request, response)

    @router.get("/session")
    async def me(user: User) -> Me:
        """Who is logged in."""
        workshops = sorted(map(str, user.workshops or ()))
        return Me(email=user.email, role=user.role, csrf=user.csrf, language=user.language, workshops=workshops)

    @router.get("/sources", tags=["sources"])
    async def sources(user: User) -> list[SourceView]:
        """The dealer's sources: what each can tell, and how fresh it is."""
        async with rest.runtime.work(user.dealer) as work:
            return await listing.source_views(work)

    return router
