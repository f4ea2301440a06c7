"""Who works for the dealer: roles, workshops, alerts."""

import secrets
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field

from api import administering, store
from api.domain.access import Role, may_give
from api.edges import etag, must_match
from api.guarding import Asking, Forbidden
from api.routes.shared import KNOWN, MATCHED, ONCE, Body, Rest
from common.work import Work

Alert = Literal["call_me", "no", "booked", "unsubscribe"]
Workshops = Annotated[list[UUID], Field(max_length=200, description="Those that the employee may see; empty is all.")]
Alerts = Annotated[list[Alert], Field(max_length=10, description="Mails about answers that the employee gets.")]


class NewUser(Body):
    email: str = Field(max_length=254, examples=["mette@holm-auto.example"])
    role: Role = Role.ADVISOR
    workshops: Workshops = []
    alerts: Alerts = []
    language: Literal["da", "en"] | None = Field(default=None, description="Default: the dealer's.")
    password: str | None = Field(
        default=None, min_length=10, max_length=1024, description="Default: one is made up and shown in this answer only."
    )


class UserChange(Body):
    """What is left out stays as it is."""

    role: Role | None = None
    workshops: Workshops | None = None
    alerts: Alerts | None = None
    language: Literal["da", "en"] | None = None
    active: bool | None = Field(default=None, description="False: cannot log in any more.")
    password: str | None = Field(default=None, min_length=10, max_length=1024)


class UserView(BaseModel):
    user_id: UUID
    email: str
    role: str
    workshops: list[UUID]
    alerts: list[str]
    language: str
    active: bool
    revision: int


class AddedUser(UserView):
    password: str | None = Field(description="The one that was made up.")


def build(rest: Rest) -> APIRouter:
    router = rest.router("users")
    Manager = Annotated[Asking, Depends(rest.manager)]

    @router.get("/users", dependencies=KNOWN)
    async def users(user: Manager) -> list[UserView]:
        """Every employee; who left is among them, not active."""
        async with rest.runtime.work(user.dealer) as work:
            return [_view(one) for one in await store.users(work.session, work.dealer)]

    @router.get("/users/{user_id}", dependencies=KNOWN)
    async def employee(user_id: UUID, user: Manager, response: Response) -> UserView:
        """One employee."""
        async with rest.runtime.work(user.dealer) as work:
            view = _view(await administering.employee(work, user_id))
        response.headers["etag"] = etag(view)
        return view

    @router.post("/users", status_code=201, dependencies=ONCE, response_model=AddedUser)
    async def add(body: NewUser, user: Manager, request: Request) -> Response:
        """Add an employee who can log in. Only owners make owners."""
        made_up = None if body.password else secrets.token_urlsafe(12)

        async def do(work: Work) -> AddedUser:
            if not may_give(user.role, body.role):
                raise Forbidden("Only an owner makes or changes owners.")
            added = await administering.add_user(
                work, body.email, body.role, body.password or made_up or "", alerts=body.alerts, workshops=body.workshops,
                language=body.language,
            )  # fmt: skip
            return AddedUser(**_view(added).model_dump(), password=made_up)

        return await rest.once(request, user, do, status=201)

    @router.patch("/users/{user_id}", dependencies=MATCHED, response_model=UserView)
    async def change(user_id: UUID, body: UserChange, user: Manager, request: Request) -> Response:
        """Change an employee (If-Match required). Whose role, workshops or password change is logged out."""

        async def do(work: Work) -> UserView:
            await administering.alone(work)
            must_match(request, _view(await administering.employee(work, user_id)), required=True)
            changes = {name: value for name, value in body.model_dump(exclude_unset=True).items() if value is not None}
            return _view(await administering.change_user(work, user_id, changes, by=user.role))

        return await rest.once(request, user, do)

    @router.delete("/users/{user_id}", status_code=204, response_model=None)
    async def deactivate(user_id: UUID, user: Manager) -> None:
        """Let an employee in no longer, and log out who is in. Again changes nothing."""
        async with rest.runtime.work(user.dealer) as work:
            await administering.change_user(work, user_id, {"active": False}, by=user.role)

    return router


def _view(row: Any) -> UserView:
    return UserView.model_validate({name: getattr(row, name) for name in UserView.model_fields})
