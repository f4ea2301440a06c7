"""Before the dealer is known: logins, sessions, tries, and whose a link or a webhook's address is."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from api import tables as t

_login, _session, _attempt = map(t.columns, (t.LoginRow, t.SessionRow, t.AttemptRow))
_link, _endpoint = map(t.columns, (t.LinkRow, t.EndpointRow))


async def login(session: AsyncSession, email: str) -> Any | None:
    """Whose an e-mail address is."""
    return (await session.execute(select(_login).where(_login.c.email == email))).first()


async def begin_session(session: AsyncSession, token_hash: bytes, dealer: UUID, user: UUID, now: datetime) -> None:
    values = {"token_hash": token_hash, "dealer_id": dealer, "user_id": user, "begun_at": now, "seen_at": now}
    await session.execute(insert(_session).values(values))
    await session.execute(delete(_session).where(_session.c.seen_at < now - timedelta(days=2)))


async def session_of(session: AsyncSession, token_hash: bytes) -> Any | None:
    return (await session.execute(select(_session).where(_session.c.token_hash == token_hash))).first()


async def see_session(session: AsyncSession, token_hash: bytes, now: datetime) -> None:
    await session.execute(update(_session).where(_session.c.token_hash == token_hash).values(seen_at=now))


async def end_session(session: AsyncSession, token_hash: bytes) -> None:
    await session.execute(delete(_session).where(_session.c.token_hash == token_hash))


async def end_sessions(session: AsyncSession, user: UUID) -> None:
    await session.execute(delete(_session).where(_session.c.user_id == user))


async def tries(session: AsyncSession, what: bytes, now: datetime) -> Any:
    """The tries so far, locked: others who try the same wait. What nobody tried for a day is forgotten."""
    old = select(_attempt.c.what).where(_attempt.c.not_before < now - timedelta(days=1)).with_for_update(skip_locked=True)
    await session.execute(delete(_attempt).where(_attempt.c.what.in_(old)))
    await session.execute(insert(_attempt).values(what=what, failures=0, not_before=now).on_conflict_do_nothing())
    return (await session.execute(select(_attempt).where(_attempt.c.what == what).with_for_update())).one()


async def count_try(session: AsyncSession, what: bytes, failures: int, not_before: datetime) -> None:
    await session.execute(update(_attempt).where(_attempt.c.what == what).values(failures=failures, not_before=not_before))


async def forget_tries(session: AsyncSession, what: bytes) -> None:
    await session.execute(delete(_attempt).where(_attempt.c.what == what))


async def take_back_try(session: AsyncSession, what: bytes, now: datetime) -> None:
    """A try that was none: it was right."""
    one_less = {"failures": func.greatest(_attempt.c.failures - 1, 0), "not_before": now}
    await session.execute(update(_attempt).where(_attempt.c.what == what).values(one_less))


async def link(session: AsyncSession, code: str) -> Any | None:
    """Whose a code is."""
    return (await session.execute(select(_link).where(_link.c.code == code))).first()


async def endpoint(session: AsyncSession, name: str) -> Any | None:
    """Whose a webhook's address is."""
    return (await session.execute(select(_endpoint).where(_endpoint.c.endpoint == name))).first()
