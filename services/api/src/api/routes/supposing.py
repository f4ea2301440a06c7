"""Which invitations would move if a draft of the lexicon were published: the classifier says which visits, the scheduler decides."""

import json
from datetime import date
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel

from api.guarding import Asking
from api.routes.shared import Rest

MOST_VEHICLES = 100  # of a page: two services answer within the time that a question has
MOST_VISITS = 200  # of a vehicle that are supposed to be otherwise


class StandingView(BaseModel):
    """An invitation as it is or would be decided; without a stage there is none, and the sentences say why."""

    stage: str | None
    invite_on: date | None
    due_on: date | None
    blocked: str | None
    outcome: str | None
    sentences: list[str]


class MovedInvitation(BaseModel):
    vehicle_id: UUID
    plate: str | None
    type: str
    before: StandingView
    after: StandingView


class MovedInvitations(BaseModel):
    """Of `vehicles` with visits that would change, `looked_at` are decided again on this page. `done` says whether the draft is
    tried to its end, `visits_left_out` how many visits of a vehicle with very many were not counted in."""

    vehicles: int
    looked_at: int
    visits_left_out: int
    done: bool
    items: list[MovedInvitation]
    next_cursor: UUID | None


def build(rest: Rest) -> APIRouter:
    router = rest.router("lexicon")
    Manager = Annotated[Asking, Depends(rest.manager)]

    @router.get("/lexicon/drafts/{draft_id}/invitations")
    async def moved(
        draft_id: UUID,
        user: Manager,
        cursor: UUID | None = None,
        limit: Annotated[int, Query(ge=1, le=MOST_VEHICLES)] = MOST_VEHICLES,
    ) -> MovedInvitations:
        """Which invitations would be another, or planned on another day, if this draft were published (asked of classifier and
        scheduler). A page is of so many vehicles; nothing is changed."""
        wanted = urlencode({"limit": str(limit)} | ({"cursor": str(cursor)} if cursor else {}))
        changed = await rest.questions.ask("classifier", f"/lexicon/drafts/{draft_id}/vehicles", user, wanted)
        vehicles: list[dict[str, Any]] = changed["items"]
        asked = [one | {"visits": one["visits"][:MOST_VISITS]} for one in vehicles]
        found: dict[str, Any] = {"items": []}
        if asked:
            body = json.dumps({"vehicles": asked}).encode()
            found = await rest.questions.ask("scheduler", "/what-if", user, method="POST", body=body)
        return MovedInvitations(
            vehicles=changed["vehicles"], looked_at=len(asked), done=changed["done"], items=found["items"],
            next_cursor=changed["next_cursor"], visits_left_out=sum(max(len(one["visits"]) - MOST_VISITS, 0) for one in vehicles),
        )  # fmt: skip

    return router
