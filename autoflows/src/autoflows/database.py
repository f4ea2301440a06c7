"""Making a database ready: our own PostgreSQL on this machine, or one that was given; then roles, schemas and migrations."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from autoflows.errors import CannotRun
from autoflows.supervisor import RESTARTS, WITHIN_SECONDS
from common.cluster import Cluster, ClusterError
from common.migrate import Schema, prepare, upgrade
from common.settings import Settings

_LOOK_SECONDS = 0.5


async def make(admin_dsn: str, name: str) -> None:
    """Make a database, if there is none of that name."""
    connection: asyncpg.Connection[Any] = await asyncpg.connect(admin_dsn)
    try:
        if not await connection.fetchval("select 1 from pg_database where datname = $1", name):
            await connection.execute(f"create database {await connection.fetchval('select quote_ident($1)', name)}")
    finally:
        await connection.close()


async def migrate(settings: Settings, schemas: Sequence[Schema], *, admin: str | None) -> None:
    """Bring all schemas up to date; with an administrator's address roles, databases and schemas are made first."""
    if admin is not None:
        for address in {settings.database_of(schema.name) for schema in schemas}:
            there = [schema for schema in schemas if settings.database_of(schema.name) == address]
            database = urlsplit(address).path.lstrip("/")
            await make(_as_admin(admin, address, "postgres"), database)
            await prepare(_as_admin(admin, address, database), settings, there)
    await upgrade(settings, schemas)


def _as_admin(admin: str, address: str, database: str) -> str:
    """The address of a database on that server, with the administrator's credentials."""
    given, wanted = urlsplit(admin), urlsplit(address)
    credentials = given.netloc.rpartition("@")[0]
    return urlunsplit(("postgresql", f"{credentials}@{wanted.hostname}:{wanted.port or 5432}", f"/{database}", wanted.query, ""))


async def keep(cluster: Cluster, say: Callable[[str], None]) -> None:
    """Start our PostgreSQL again when it has ended; gives up when that happens too often."""
    deaths: deque[float] = deque(maxlen=RESTARTS + 1)
    while len(deaths) <= RESTARTS or deaths[-1] - deaths[0] > WITHIN_SECONDS:
        while cluster.pid is not None:  # noqa: ASYNC110 - another process's end has no event to wait for
            await asyncio.sleep(_LOOK_SECONDS)
        deaths.append(asyncio.get_running_loop().time())
        say("PostgreSQL ended; it is started again.")
        cluster.stop()
        try:
            cluster.start()
        except ClusterError as error:
            raise CannotRun(str(error)) from error
    raise CannotRun(f"PostgreSQL ended again and again. Its log: {cluster.home / 'server.log'}")
