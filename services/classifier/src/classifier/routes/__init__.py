"""Door 2: what api forwards: a dealer's lexicon with its drafts, unclear visits, and mechanics."""

from fastapi import APIRouter

from classifier.routes import drafts, lexicon, mechanics, reviews
from classifier.routes.shared import Rest
from common.service import Runtime


def build(runtime: Runtime) -> APIRouter:
    """All routes of the classifier."""
    router, rest = APIRouter(), Rest(runtime)
    for room in (lexicon, drafts, reviews, mechanics):
        router.include_router(room.build(rest))
    return router
