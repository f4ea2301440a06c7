"""What would be planned otherwise if visits had been about something else: asked before a lexicon is published."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from common.errors import NotFound
from common.events.words import VisitTag
from common.ids import DealerId
from common.reasons import sentence
from common.service import Runtime
from common.web import INTERNAL, asking_dealer
from scheduler import store
from scheduler.domain.facts import Decision
from scheduler.domain.supposing import current, moved

MOST_VEHICLES = 100  # each is decided twice, within the time that a question has
MOST_VISITS = 200  # of a vehicle
Word = Annotated[str, Field(max_length=500)]


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class SupposedTag(Body):
    """A tag, with the words that it would rest on where it is new."""

    tag: VisitTag
    words: list[Word] = Field(default=[], max_length=10)


class SupposedVisit(Body):
    """A visit with all tags that it would have."""

    order_id: UUID
    tags: list[SupposedTag] = Field(max_length=len(VisitTag))


class SupposedVehicle(Body):
    vehicle_id: UUID
    visits: list[SupposedVisit] = Field(max_length=MOST_VISITS)


class Supposition(Body):
    vehicles: list[SupposedVehicle] = Field(max_length=MOST_VEHICLES)


class StandingView(BaseModel):
    """An invitation as it is or would be decided; without a stage there is none, and the sentences say why."""

    stage: str | None
    invite_on: date | None
    due_on: date | None
    blocked: str | None
    outcome: str | None
    sentences: list[str]


class MovedView(BaseModel):
    """An invitation that would be another, or planned on another day."""

    vehicle_id: UUID
    plate: str | None
    type: str
    before: StandingView
    after: StandingView


class MovedList(BaseModel):
    """`vehicles` were decided twice, with the visits as they are and as they would be."""

    vehicles: int
    items: list[MovedView]


def build(runtime: Runtime) -> APIRouter:
    router = APIRouter(tags=["what-if"])
    asking = asking_dealer(runtime.settings.derived(INTERNAL))

    @router.post("/what-if")
    async def what_if(body: Supposition, dealer: Annotated[DealerId, Depends(asking)]) -> MovedList:
        """Which invitations would be planned otherwise today if these visits had these tags. Nothing is changed."""
        supposed = {
            visit.order_id: {str(one.tag): tuple(one.words) for one in visit.tags}
            for vehicle in body.vehicles
            for visit in vehicle.visits
        }
        vehicles = [vehicle.vehicle_id for vehicle in body.vehicles]
        async with runtime.work(dealer) as work:
            told = await store.dealer(work.session, dealer)
            if told is None:
                raise NotFound("There is no such dealer here yet.")
            gathered = await store.vehicle_facts(work.session, dealer, vehicles, now=work.now)
            items = [
                MovedView(
                    vehicle_id=facts.vehicle.vehicle_id, plate=facts.vehicle.plate, type=one.type,
                    before=_standing(one.before, told.language), after=_standing(one.after, told.language),
                )
                for facts in gathered
                for one in moved(facts, supposed, today=work.today)
            ]  # fmt: skip
        return MovedList(vehicles=len(gathered), items=items)

    return router


def _standing(decision: Decision, language: str) -> StandingView:
    standing = current(decision)
    said: list[tuple[str, Mapping[str, Any]]] = [(why.code, why.params) for why in decision.reasons]
    return StandingView(
        stage=standing.stage if standing else None,
        invite_on=standing.invite_on if standing else None,
        due_on=standing.due_on if standing else None,
        blocked=standing.blocked if standing else None,
        outcome=standing.outcome if standing else None,
        sentences=[sentence(code, dict(params), language) for code, params in said],
    )
