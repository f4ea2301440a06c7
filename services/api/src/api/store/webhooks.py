"""Addresses that others post to, the secrets that sign them, and what was taken."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from api import tables as t

_endpoint, _secret, _delivery = map(t.columns, (t.EndpointRow, t.SecretRow, t.DeliveryRow))


async def add_endpoint(session: AsyncSession, dealer: UUID, name: str, source: str, secret: str, now: datetime) -> None:
    """A webhook address of a dealer, or one more (sealed) secret for it; the two newest are kept."""
    await session.execute(insert(_endpoint).values(endpoint=name, dealer_id=dealer, source=source).on_conflict_do_nothing())
    await session.execute(
        insert(_secret).values(dealer_id=dealer, endpoint=name, secret=secret, added_at=now).on_conflict_do_nothing()
    )
    kept = select(_secret.c.secret).where(_secret.c.endpoint == name).order_by(_secret.c.added_at.desc()).limit(2)
    await session.execute(delete(_secret).where(_secret.c.endpoint == name, _secret.c.secret.not_in(kept)))


async def endpoint_secrets(session: AsyncSession, dealer: UUID, name: str) -> list[str]:
    """The sealed secrets of an address."""
    rows = await session.execute(select(_secret.c.secret).where(_secret.c.dealer_id == dealer, _secret.c.endpoint == name))
    return [row.secret for row in rows]


async def take_delivery(session: AsyncSession, dealer: UUID, source: str, delivery_id: str, now: datetime) -> bool:
    """Note a webhook; False when it was taken before. What is older than 30 days is forgotten."""
    await session.execute(delete(_delivery).where(_delivery.c.at < now - timedelta(days=30)))
    values = {"dealer_id": dealer, "source": source, "delivery_id": delivery_id, "at": now}
    taken = await session.execute(insert(_delivery).values(values).on_conflict_do_nothing().returning(_delivery.c.at))
    return taken.first() is not None
