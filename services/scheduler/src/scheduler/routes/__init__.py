"""Door 2: questions that api forwards: why a vehicle is invited or not, and how the wheel seasons stand."""

from fastapi import APIRouter

from common.service import Runtime
from scheduler.routes import campaigns, explain


def build(runtime: Runtime) -> APIRouter:
    """All routes of scheduler."""
    router = APIRouter()
    router.include_router(explain.build(runtime))
    router.include_router(campaigns.build(runtime))
    return router
