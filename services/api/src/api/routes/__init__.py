"""Door 2: customers' links, webhooks, REST and the dealer's pages."""

from fastapi import APIRouter

from api.edges import Doing
from api.guarding import Guard
from api.questions import Questions
from api.routes import links, pages, rest, webhooks
from api.routes.shared import Rest
from common.service import Runtime


def build(runtime: Runtime, guard: Guard, questions: Questions, callback_secret: str | None) -> APIRouter:
    """All routes of api."""
    router = APIRouter()
    router.include_router(links.build(runtime, guard))
    router.include_router(webhooks.build(runtime, callback_secret))
    router.include_router(rest.build(Rest(runtime, guard, questions, Doing(runtime))))
    router.include_router(pages.build(runtime, guard, questions))
    return router
