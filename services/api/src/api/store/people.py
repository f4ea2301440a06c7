"""Employees of a dealer."""

from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from api import tables as t

_login, _user = t.columns(t.LoginRow), t.columns(t.UserRow)


async def add_user(session: AsyncSession, dealer: UUID, user: UUID, **values: Any) -> None:
    """Add an employee and whose his address is. Raises IntegrityError when the address is somebody's already."""
    await session.execute(insert(_login).values(email=values["email"], dealer_id=dealer, user_id=user))
    await session.execute(insert(_user).values(dealer_id=dealer, user_id=user, active=True, revision=1, **values))


async def user(session: AsyncSession, dealer: UUID, user_id: UUID) -> Any | None:
    return (await session.execute(select(_user).where(_user.c.dealer_id == dealer, _user.c.user_id == user_id))).first()


async def change_user(session: AsyncSession, dealer: UUID, user_id: UUID, **values: Any) -> Any:
    """The employee as he is then."""
    mine = (_user.c.dealer_id == dealer) & (_user.c.user_id == user_id)
    values["revision"] = _user.c.revision + 1
    return (await session.execute(update(_user).where(mine).values(values).returning(_user))).one()


async def users(session: AsyncSession, dealer: UUID) -> list[Any]:
    """Every employee, by address; who left is among them."""
    return list(await session.execute(select(_user).where(_user.c.dealer_id == dealer).order_by(_user.c.email, _user.c.user_id)))


async def lock_users(session: AsyncSession, dealer: UUID) -> list[Any]:
    """Every employee, locked: what is decided over all of them is decided one after the other."""
    query = select(_user).where(_user.c.dealer_id == dealer).order_by(_user.c.user_id).with_for_update()
    return list(await session.execute(query))
