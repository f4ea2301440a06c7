"""REST under /api/v1: one module for each thing, put together."""

from fastapi import APIRouter

from api.routes import (
    campaigns,
    customers,
    employees,
    events,
    forwarded,
    invitations,
    lists,
    messages,
    sessions,
    settings,
    vehicles,
    workshops,
)
from api.routes.shared import Rest


def build(rest: Rest) -> APIRouter:
    """All routes of REST; those that are forwarded come last, so that api's own are found first."""
    router = APIRouter()
    for room in (
        sessions, lists, messages, invitations, customers, vehicles, campaigns, employees, settings, workshops, events, forwarded,
    ):  # fmt: skip
        router.include_router(room.build(rest))
    return router
