"""Why, and why not: the decision about any vehicle and type, today's or any day's."""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel

from common.errors import DomainError
from common.events.words import InvitationType
from common.ids import DealerId
from common.service import Runtime
from common.web import INTERNAL, asking_dealer
from scheduler.explaining import explained


class ReasonView(BaseModel):
    code: str
    params: dict[str, Any]
    sentence: str


class CheckView(BaseModel):
    """One block that was looked at; the sentence says what stops the invitation where it did not pass."""

    code: str
    passed: bool
    sentence: str | None


class ExplanationView(BaseModel):
    """What is decided about one vehicle and type: what it rests on, what was checked, and what would change it."""

    vehicle_id: UUID
    plate: str | None
    type: str
    on: date
    look_on: date | None
    reasons: list[ReasonView]
    checks: list[CheckView]
    would_change: list[str]
    invitation: dict[str, Any] | None


class ExplanationList(BaseModel):
    language: str
    decisions: list[ExplanationView]


def build(runtime: Runtime) -> APIRouter:
    router = APIRouter(tags=["explain"])
    asking = asking_dealer(runtime.settings.derived(INTERNAL))

    @router.get("/explain")
    async def explain(
        dealer: Annotated[DealerId, Depends(asking)],
        plate: Annotated[str | None, Query(max_length=20)] = None,
        vehicle: UUID | None = None,
        kind: Annotated[str | None, Query(alias="type", max_length=40)] = None,
        on: Annotated[date | None, Query(ge=date(2000, 1, 1), le=date(2100, 1, 1))] = None,
        language: Annotated[str | None, Query(pattern="^[a-z]{2}$")] = None,
    ) -> ExplanationList:
        """Explain one type for the vehicles of a plate, or for one vehicle; without a type every one. With a day, as it would be
        decided then on what is known now."""
        if plate is None and vehicle is None:
            raise DomainError("Name a plate or a vehicle.", code="nothing_asked")
        async with runtime.work(dealer) as work:
            found: list[dict[str, Any]] = []
            for one in [kind] if kind else list(InvitationType):
                language, told = await explained(work, kind=one, plate=plate, vehicle=vehicle, on=on, language=language)
                found += told
        return ExplanationList(language=language or "en", decisions=[ExplanationView(**one) for one in found])

    return router
