"""The wheel seasons: their windows and settings, how many customers have a day, and which days those are."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from common.errors import NotFound
from common.ids import DealerId
from common.service import Runtime
from common.web import INTERNAL, asking_dealer
from common.work import Work
from scheduler import store
from scheduler.domain.campaigns import Campaign


class DayView(BaseModel):
    day: date
    customers: int


class CampaignView(BaseModel):
    """A season as it runs. `vehicles` are those not contacted yet; `days` how many customers each day was dealt."""

    campaign_id: UUID
    type: str
    workshop_id: UUID | None
    from_on: date
    to_on: date
    audience: list[str]
    capacity_per_day: int | None
    answered: bool
    stopped: bool
    asked: int
    dealt_on: date
    dealt_at: datetime | None
    vehicles: int
    days: list[DayView]


class CampaignList(BaseModel):
    items: list[CampaignView]


def build(runtime: Runtime) -> APIRouter:
    router = APIRouter(tags=["campaigns"])
    asking = asking_dealer(runtime.settings.derived(INTERNAL))

    @router.get("/campaigns")
    async def list_campaigns(dealer: Annotated[DealerId, Depends(asking)]) -> CampaignList:
        """The seasons that run or come, the next first."""
        async with runtime.work(dealer) as work:
            house = await store.house(work.session, dealer, work.now)
            if house is None:
                return CampaignList(items=[])
            today = work.today(house.zone())
            coming = [c for c in house.campaigns if today <= c.to_on and house.policy.is_on(c.type)]
            found = [await _view(work, house, one) for one in sorted(coming, key=lambda one: one.from_on)]
        return CampaignList(items=found)

    @router.get("/campaigns/{campaign_id}")
    async def show_campaign(campaign_id: UUID, dealer: Annotated[DealerId, Depends(asking)]) -> CampaignView:
        """One season."""
        async with runtime.work(dealer) as work:
            house = await store.house(work.session, dealer, work.now)
            one = next((c for c in house.campaigns if c.campaign_id == campaign_id), None) if house is not None else None
            if house is None or one is None:
                raise NotFound("There is no such season.")
            return await _view(work, house, one)

    return router


async def _view(work: Work, house: store.House, campaign: Campaign) -> CampaignView:
    days = await store.places_taken(work.session, work.dealer, campaign.campaign_id, campaign.from_on)
    waiting = await store.waiting_vehicles(work.session, work.dealer, campaign, everyone=True)
    return CampaignView(
        campaign_id=campaign.campaign_id,
        type=campaign.type,
        workshop_id=campaign.workshop_id,
        from_on=campaign.from_on,
        to_on=campaign.to_on,
        audience=sorted(campaign.audience),
        capacity_per_day=campaign.capacity_per_day,
        answered=campaign.answered,
        stopped=campaign.stopped,
        asked=house.asked.get(campaign.campaign_id, 0),
        dealt_on=campaign.dealt_from,
        dealt_at=campaign.dealt_at,
        vehicles=len(waiting),
        days=[DayView(day=day, customers=len(customers)) for day, customers in sorted(days.items())],
    )
