"""REST under /api/v1: one module for each thing, put together."""

from fastapi import APIRouter

from api.forwarding import Forwarding
from api.routes import (
    campaigns,
    customers,
    employees,
    events,
    forwarded,
    imports,
    invitations,
    leads,
    lists,
    messages,
    sessions,
    settings,
    supposing,
    vehicles,
    workshops,
)
from api.routes.shared import Rest


def build(rest: Rest, forwarding: Forwarding) -> APIRouter:
    """All routes of REST; those that are forwarded come last, so that api's own are found first."""
    router = APIRouter()
    for room in (
        sessions, lists, messages, invitations, leads, customers, vehicles, campaigns, employees, settings, workshops, events,
        supposing,
    ):  # fmt: skip
        router.include_router(room.build(rest))
    router.include_router(imports.build(rest, forwarding))
    router.include_router(forwarded.build(rest))
    return router
