"""Door 2: questions that api forwards: why a vehicle is invited or not, how the wheel seasons stand, and what
would be planned otherwise."""

from fastapi import APIRouter

from common.service import Runtime
from scheduler.routes import campaigns, explain, what_if


def build(runtime: Runtime) -> APIRouter:
    """All routes of scheduler."""
    router = APIRouter()
    router.include_router(explain.build(runtime))
    router.include_router(campaigns.build(runtime))
    router.include_router(what_if.build(runtime))
    return router
