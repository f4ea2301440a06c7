"""Door 2: customers' pages, webhooks, the dealer's pages and REST."""

from fastapi import APIRouter

from api.forwarding import Forwarding
from api.guarding import Guard
from api.questions import Questions
from api.routes import customers, imports, leads, pages, rest, webhooks
from common.service import Runtime


def build(runtime: Runtime, guard: Guard, questions: Questions, callback_secret: str | None, forwarding: Forwarding) -> APIRouter:
    """All routes of api."""
    router = APIRouter()
    router.include_router(customers.build(runtime, guard))
    router.include_router(webhooks.build(runtime, callback_secret))
    router.include_router(rest.build(runtime, guard, questions))
    router.include_router(leads.build_rest(runtime, guard))
    router.include_router(leads.build_pages(runtime, guard))
    router.include_router(imports.build(guard, forwarding))
    router.include_router(pages.build(runtime, guard, questions))
    return router
