"""How a wheel season is to run: the dealer's answer. What campaigns there are is asked of scheduler (`api.questions`)."""

from datetime import date, timedelta
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field, model_validator

from api import acting
from api.guarding import Asking
from api.routes.shared import ONCE, Body, Rest
from common.work import Work

LONGEST = timedelta(days=180)


class CampaignAnswer(Body):
    """What is left out stays as it is."""

    from_on: date | None = Field(default=None, examples=["2026-10-01"])
    to_on: date | None = Field(default=None, examples=["2026-11-08"])
    audience: list[Literal["changed", "hotel"]] | None = Field(default=None, min_length=1, max_length=2)
    capacity_per_day: int | None = Field(default=None, ge=0, le=10_000, description="Customers; 0 is no limit.")
    deal_again: bool = Field(default=False, description="Deal anew over the days that are left.")
    stopped: bool = Field(default=False, description="Send nothing more of this campaign.")

    @model_validator(mode="after")
    def _a_season(self) -> "CampaignAnswer":
        if self.from_on and self.to_on and not self.from_on <= self.to_on <= self.from_on + LONGEST:
            raise ValueError("a season ends after it begins, and within half a year")
        return self


class CampaignAnsweredView(BaseModel):
    """It was taken; the scheduler deals by it."""

    campaign_id: UUID


def build(rest: Rest) -> APIRouter:
    router = rest.router("campaigns")
    Manager = Annotated[Asking, Depends(rest.manager)]

    @router.post("/campaigns/{campaign_id}/answer", status_code=202, dependencies=ONCE, response_model=CampaignAnsweredView)
    async def answer(campaign_id: UUID, body: CampaignAnswer, user: Manager, request: Request) -> Response:
        """Say when a campaign runs, for whom and how many a day."""

        async def do(work: Work) -> CampaignAnsweredView:
            audience = tuple(sorted(set(body.audience))) if body.audience else None
            await acting.answer_campaign(
                work, campaign_id, user.user, from_on=body.from_on, to_on=body.to_on, audience=audience,
                capacity_per_day=body.capacity_per_day, deal_again=body.deal_again, stopped=body.stopped,
            )  # fmt: skip
            return CampaignAnsweredView(campaign_id=campaign_id)

        return await rest.once(request, user, do, status=202)

    return router
