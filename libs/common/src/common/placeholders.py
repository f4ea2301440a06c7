"""Addresses that so many customers of a dealer have that they are nobody's: `ingen@mail.dk`, the workshop's own mobile."""

from collections.abc import Collection, Mapping
from typing import Literal
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from common.db import Operations

SHARED_BY_AT_MOST = 3  # customers; an address that more of them have is a placeholder
Channel = Literal["email", "sms"]
_COLUMNS: Mapping[Channel, str] = {"email": "email", "sms": "mobile"}


def keep_addresses(op: Operations, schema: str, *channels: Channel) -> None:
    """Give a service's facts an indexed column for the address that a customer has on each of these channels.

    Columns, since row-level security lets an index on an expression over `body` go unused.
    """
    for column in (_COLUMNS[channel] for channel in channels):
        only = f"case when name = 'customer.changed.v1' then body ->> '{column}' end"
        op.execute(f"alter table {schema}.fact add column {column} text generated always as ({only}) stored")
        op.execute(f"create index fact_dealer_id_{column}_idx on {schema}.fact (dealer_id, {column}) where {column} is not null")


async def placeholders(
    session: AsyncSession, schema: str, dealer: UUID, among: Collection[tuple[Channel, str]], merged: Mapping[UUID, UUID]
) -> set[tuple[Channel, str]]:
    """Which of these addresses more than 3 customers have. Records that became one customer count as one (`merged`)."""
    found: set[tuple[Channel, str]] = set()
    for channel, column in _COLUMNS.items():
        wanted = sorted({address for of, address in among if of == channel})
        if not wanted:
            continue
        rows = await session.execute(
            text(
                f"""select {column} as address, array_agg(entity) as customers from {schema}.fact
                where dealer_id = :dealer and {column} = any(:wanted) group by {column} having count(*) > :most"""
            ),
            {"dealer": dealer, "wanted": wanted, "most": SHARED_BY_AT_MOST},
        )
        found |= {
            (channel, row.address) for row in rows if len({merged.get(one, one) for one in row.customers}) > SHARED_BY_AT_MOST
        }
    return found
