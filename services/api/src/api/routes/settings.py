"""The dealer: in whose name messages leave, where customers book, and the settings."""

from collections.abc import Mapping
from datetime import date, time
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field

from api import administering
from api.edges import etag, must_match
from api.guarding import Asking
from api.routes.shared import KNOWN, MATCHED, Body, Rest
from common import policy
from common.errors import DomainError
from common.events.settings import DealerChanged, Sender
from common.work import Work

Text = Annotated[str, Field(max_length=200)]
MOST_KEYS = 100


class SenderChange(Body):
    """What is left out stays as it is; null takes it away."""

    name: Text | None = None
    email: Text | None = None
    reply_to: Text | None = None
    phone: Text | None = None
    sms_name: Text | None = Field(default=None, description="At most 11 letters or digits.")
    legal_name: Text | None = None
    address: Text | None = None
    registration: Text | None = Field(default=None, examples=["CVR 12345678"])


class DealerChange(Body):
    """What is left out stays as it is."""

    title: Text | None = Field(default=None, min_length=1)
    timezone: Text | None = Field(default=None, examples=["Europe/Copenhagen"])
    subdivision: Text | None = None
    closed_days: list[date] | None = Field(default=None, max_length=400)
    booking_url: Annotated[str, Field(max_length=500)] | None = None
    sender: SenderChange | None = None


class DealerView(BaseModel):
    """The dealer. Nothing leaves before `may_send`: the sender's legal name, address, registration and e-mail address."""

    slug: str
    title: str
    country: str
    language: str
    timezone: str
    subdivision: str | None
    closed_days: list[date]
    booking_url: str | None
    sender: Sender
    may_send: bool


class SettingsView(BaseModel):
    """What the dealer set, and what is in force with the defaults."""

    settings: dict[str, Any]
    in_force: dict[str, Any]


def build(rest: Rest) -> APIRouter:
    router = rest.router("settings")
    User = Annotated[Asking, Depends(rest.user)]
    Manager = Annotated[Asking, Depends(rest.manager)]

    @router.get("/dealer", dependencies=KNOWN)
    async def dealer(user: User, response: Response) -> DealerView:
        """The dealer as customers and messages know it."""
        async with rest.runtime.work(user.dealer) as work:
            view = _dealer(await administering.dealer(work))
        response.headers["etag"] = etag(view)
        return view

    @router.patch("/dealer", dependencies=MATCHED, response_model=DealerView)
    async def change_dealer(body: DealerChange, user: Manager, request: Request) -> Response:
        """Change what is told of the dealer (If-Match required)."""

        async def do(work: Work) -> DealerView:
            await administering.alone(work)
            must_match(request, _dealer(await administering.dealer(work)), required=True)
            changes = body.model_dump(exclude_unset=True)
            for needed in ("title", "timezone", "closed_days", "sender"):
                if changes.get(needed, ...) is None:
                    del changes[needed]
            return _dealer(await administering.change_dealer(work, changes))

        return await rest.once(request, user, do)

    @router.get("/settings", dependencies=KNOWN)
    async def settings(user: User, response: Response) -> SettingsView:
        """The dealer's settings, and what is in force with the defaults."""
        async with rest.runtime.work(user.dealer) as work:
            view = _settings(await administering.dealer(work))
        response.headers["etag"] = etag(view)
        return view

    @router.patch("/settings", dependencies=MATCHED, response_model=SettingsView)
    async def change_settings(body: dict[str, Any], user: Manager, request: Request) -> Response:
        """Replace the top-level settings that are named; null goes back to the default (If-Match required).

        An error names each key that is wrong.
        """
        if len(body) > MOST_KEYS:
            raise DomainError(f"There are no more than {MOST_KEYS} settings.", code="bad_settings")

        async def do(work: Work) -> SettingsView:
            await administering.alone(work)
            must_match(request, _settings(await administering.dealer(work)), required=True)
            return _settings(await administering.change_settings(work, body))

        return await rest.once(request, user, do)

    return router


def _dealer(told: DealerChanged) -> DealerView:
    return DealerView(**told.model_dump(include=set(DealerView.model_fields)), may_send=told.sender.is_complete())


def _settings(told: DealerChanged) -> SettingsView:
    return SettingsView(settings=told.settings, in_force=_plain(policy.understood(told.settings).model_dump(by_alias=True)))


def _plain(value: Any) -> Any:
    """A value as JSON has it, sets in order: the same settings always look the same."""
    match value:
        case Mapping():
            return {str(key): _plain(one) for key, one in value.items()}
        case frozenset():
            return sorted(map(str, value))
        case list() | tuple():
            return [_plain(one) for one in value]
        case time() | date():
            return value.isoformat()
        case _:
            return value
