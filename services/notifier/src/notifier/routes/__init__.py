"""Door 2: messages as sent, asked by api; and what customers' mail programs fetch, open to everyone."""

from fastapi import APIRouter

from common.service import Runtime
from notifier.routes import fetched, messages


def build(runtime: Runtime) -> APIRouter:
    """All routes of notifier."""
    router = APIRouter()
    router.include_router(messages.build(runtime))
    router.include_router(fetched.build(runtime))
    return router
