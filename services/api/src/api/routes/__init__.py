"""All doors that open to the outside."""

from fastapi import APIRouter

from api.edges import Doing
from api.forwarding import Forwarding
from api.guarding import Guard
from api.questions import Questions
from api.routes import leads, links, pages, rest, webhooks
from api.routes.shared import Rest
from common.service import Runtime


def build(runtime: Runtime, guard: Guard, questions: Questions, callback_secret: str | None, forwarding: Forwarding) -> APIRouter:
    """All routes of api."""
    router = APIRouter()
    router.include_router(links.build(runtime, guard))
    router.include_router(webhooks.build(runtime, callback_secret))
    router.include_router(rest.build(Rest(runtime, guard, questions, Doing(runtime)), forwarding))
    router.include_router(leads.build_pages(runtime, guard))
    router.include_router(pages.build(runtime, guard, questions))
    return router
