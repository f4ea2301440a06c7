"""Wiring: api's doors, the guard, and the client that asks other services."""

import httpx
import typer
from fastapi import APIRouter

from api import routes
from api.commands import add_commands
from api.describing import V1
from api.forwarding import Forwarding
from api.guarding import Guard
from api.handlers import handlers
from api.questions import Questions
from api.settings import Settings
from api.settling import settlers
from common.events.answers import (
    CampaignAnswered,
    ContactSuppressed,
    CustomerAnswered,
    CustomerExcluded,
    FollowUpRecorded,
    InvitationHeld,
    InvitationRequested,
    InvitationRestored,
    LeadAnswered,
    LeadFollowUpRecorded,
    OwnerReleased,
)
from common.events.settings import DealerChanged, UserAlertsChanged, WorkshopChanged
from common.events.webhooks import WebhookAccepted
from common.service import Runtime, Service


def _build_router(runtime: Runtime) -> APIRouter:
    settings = runtime.settings
    assert isinstance(settings, Settings)
    guard = Guard(runtime, behind_proxy=settings.behind_proxy)
    questions = Questions(runtime, httpx.AsyncClient(follow_redirects=False, trust_env=False))
    forwarding = Forwarding(runtime, httpx.AsyncClient(follow_redirects=False, trust_env=False), V1)
    secret = settings.gatewayapi_callback_secret
    return routes.build(runtime, guard, questions, secret.get_secret_value() if secret else None, forwarding)


def _add_commands(app: typer.Typer) -> None:
    add_commands(app, service)


service = Service(
    name="api",
    migrations="api:migrations",
    handlers=handlers,
    settlers=settlers,
    publishes=(
        DealerChanged, WorkshopChanged, UserAlertsChanged, CustomerAnswered, ContactSuppressed, CustomerExcluded,
        FollowUpRecorded, InvitationHeld, InvitationRestored, OwnerReleased, InvitationRequested, CampaignAnswered,
        LeadAnswered, LeadFollowUpRecorded, WebhookAccepted,
    ),
    router=_build_router,
    commands=_add_commands,
    settings=Settings,
)  # fmt: skip
