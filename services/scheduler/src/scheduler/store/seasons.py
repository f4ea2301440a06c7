"""Wheel seasons and rollouts: who waits for a day, which days are taken, and what was dealt."""

from collections.abc import Collection, Iterable
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from scheduler.domain.campaigns import Campaign
from scheduler.tables import CampaignRow, PlaceRow, RolloutRow

_campaign, _place, _rollout = CampaignRow.__table__, PlaceRow.__table__, RolloutRow.__table__  # type: ignore[attr-defined]  # sqlmodel

STILL_DEALT = timedelta(days=30)
_WAITING = """
select c.vehicle_id, p.rank from scheduler.cycle c
left join scheduler.place p on p.dealer_id = c.dealer_id and p.vehicle_id = c.vehicle_id and p.campaign_id = :campaign
where c.dealer_id = :dealer and c.type = :type and c.anchor = :anchor and c.stage in ('planned', 'pending')
    and (:all or p.day is null)
    and not exists (select from scheduler.contact k where k.dealer_id = c.dealer_id and k.invitation_id = c.invitation_id
        and k.state <> 'refused')
"""
_FREE = """
update scheduler.place p set day = null, rank = case when p.day < :today then p.rank end from scheduler.cycle c
where p.dealer_id = :dealer and p.campaign_id = :campaign and c.dealer_id = p.dealer_id and c.vehicle_id = p.vehicle_id
    and c.type = :type and c.anchor = :anchor and p.day is not null
    and (c.stage = 'closed' or p.day < :today or cast(c.told ->> 'permanent' as boolean))
    and not exists (select from scheduler.contact k where k.dealer_id = c.dealer_id and k.invitation_id = c.invitation_id)
"""
_LOST = """
select exists (select from scheduler.place p
    join scheduler.cycle c on c.dealer_id = p.dealer_id and c.vehicle_id = p.vehicle_id and c.type = :type and c.anchor = :anchor
    where p.dealer_id = :dealer and p.campaign_id = :campaign and p.day > :since and p.day < :today
        and c.stage <> 'closed' and c.told ->> 'blocked' is null
        and not exists (select from scheduler.contact k where k.dealer_id = c.dealer_id and k.invitation_id = c.invitation_id))
"""


def _of(dealer: UUID, campaign: Campaign) -> dict[str, Any]:
    return {"dealer": dealer, "campaign": campaign.campaign_id, "type": campaign.type, "anchor": campaign.anchor}


async def waiting_vehicles(session: AsyncSession, dealer: UUID, campaign: Campaign, *, everyone: bool) -> dict[UUID, int | None]:
    """The vehicles of a season that were not contacted and have no day, with their rank in the dealing; or everyone."""
    rows = await session.execute(text(_WAITING), _of(dealer, campaign) | {"all": everyone})
    return {row.vehicle_id: row.rank for row in rows}


async def without_a_day(session: AsyncSession, dealer: UUID, kind: str) -> list[UUID]:
    """The vehicles with an invitation of a type that stands without a day."""
    rows = await session.execute(
        text(
            """select distinct c.vehicle_id from scheduler.cycle c
            where c.dealer_id = :dealer and c.type = :type and c.stage = 'pending' and c.told ->> 'send_on' is null"""
        ),
        {"dealer": dealer, "type": str(kind)},
    )
    return [row.vehicle_id for row in rows]


async def free_places(session: AsyncSession, dealer: UUID, campaign: Campaign, today: date) -> None:
    """Take back the days of those who dropped out, and of those whose day passed while something held them."""
    await session.execute(text(_FREE), _of(dealer, campaign) | {"today": today})


async def clear_places(session: AsyncSession, dealer: UUID, campaign: UUID, vehicles: Collection[UUID]) -> None:
    """Take back the days of these vehicles: they are dealt anew."""
    clear = update(_place).where(_place.c.dealer_id == dealer, _place.c.campaign_id == campaign)
    await session.execute(clear.where(_place.c.vehicle_id.in_(list(vehicles))).values(day=None, rank=None))


async def lost_days(session: AsyncSession, dealer: UUID, campaign: Campaign, since: date, today: date) -> bool:
    """Whether a stop took days: someone's day passed after the last look at them, and nothing held him."""
    return bool(await session.scalar(text(_LOST), _of(dealer, campaign) | {"since": since, "today": today}))


async def places_taken(session: AsyncSession, dealer: UUID, campaign: UUID, since: date) -> dict[date, set[UUID]]:
    """The customers of each day from that day on."""
    rows = await session.execute(
        text(
            "select day, customer_id from scheduler.place where dealer_id = :dealer and campaign_id = :campaign and day >= :since"
        ),
        {"dealer": dealer, "campaign": campaign, "since": since},
    )
    found: dict[date, set[UUID]] = {}
    for row in rows:
        found.setdefault(row.day, set()).add(row.customer_id)
    return found


async def save_places(
    session: AsyncSession, dealer: UUID, campaign: UUID, dealt: Iterable[tuple[UUID, UUID, date | None, int | None]]
) -> None:
    """Keep the days of vehicles with their customers, and the rank that each had in the dealing."""
    values = [
        {"dealer_id": dealer, "campaign_id": campaign, "vehicle_id": vehicle, "customer_id": customer, "day": day, "rank": rank}
        for vehicle, customer, day, rank in dealt
    ]
    for start in range(0, len(values), 1000):
        write = insert(_place).values(values[start : start + 1000])
        newer = {name: write.excluded[name] for name in ("customer_id", "day", "rank")}
        await session.execute(write.on_conflict_do_update(index_elements=["dealer_id", "campaign_id", "vehicle_id"], set_=newer))


async def keep_campaign(
    session: AsyncSession,
    dealer: UUID,
    campaign: Campaign,
    *,
    asked: int | None = None,
    dealt_at: datetime | None = None,
    ticked_on: date | None = None,
) -> None:
    """Keep how far a season is; what is None stays as it was."""
    told = {"asked": asked, "dealt_at": dealt_at, "ticked_on": ticked_on}
    newer = {name: value for name, value in told.items() if value is not None}
    write = insert(_campaign).values(
        dealer_id=dealer, campaign_id=campaign.campaign_id, type=campaign.type, workshop_id=campaign.workshop_id,
        season_on=campaign.anchor, **{"asked": 0, **newer},
    )  # fmt: skip
    await session.execute(write.on_conflict_do_update(index_elements=["dealer_id", "campaign_id"], set_=newer))


async def roll_out(session: AsyncSession, dealer: UUID, kind: str, changed_on: date) -> None:
    """Keep that a type was switched on, or its interval changed."""
    write = insert(_rollout).values(dealer_id=dealer, type=str(kind), changed_on=changed_on)
    again = _rollout.c.changed_on < changed_on - STILL_DEALT  # within one that is under way the days stay
    await session.execute(
        write.on_conflict_do_update(index_elements=["dealer_id", "type"], set_={"changed_on": changed_on}, where=again)
    )
