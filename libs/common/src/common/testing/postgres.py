"""Throw-away databases: migrated once per test process, then copied in some 50 ms."""

from collections.abc import Callable, Sequence
from itertools import count
from typing import Any, TypeVar

import asyncpg
from pydantic import SecretStr

from common.cluster import Cluster
from common.migrate import Schema, prepare, upgrade
from common.settings import Settings

SECRET = SecretStr("a secret of tests")
S = TypeVar("S", bound=Settings)
_numbers = count(1)


class Database:
    """One copy. `settings()` gives what a service needs to use it."""

    def __init__(self, cluster: Cluster, name: str) -> None:
        self.cluster, self.name = cluster, name

    def url(self) -> str:
        """The address without credentials."""
        return f"postgresql://127.0.0.1:{self.cluster.port}/{self.name}"

    def settings(self, kind: type[S] | None = None, **more: Any) -> Any:
        """Settings of that kind (default: the base) for this database."""
        return (kind or Settings)(database_url=self.url(), database_secret=SECRET, **more)

    async def drop(self) -> None:
        connection = await asyncpg.connect(self.cluster.dsn("postgres"))
        await connection.execute(f"drop database if exists {self.name} with (force)")
        await connection.close()


class Template:
    """A migrated database that is copied for each test."""

    def __init__(self, cluster: Cluster, name: str, schemas: Callable[[], Sequence[Schema]]) -> None:
        self._cluster, self._name, self._schemas = cluster, name, schemas
        self._made = False

    async def copy(self) -> Database:
        """A fresh database like the template."""
        if not self._made:
            await self._make()
        name = f"copy_{next(_numbers)}"
        connection = await asyncpg.connect(self._cluster.dsn("postgres"))
        await connection.execute(f"create database {name} template {self._name} strategy file_copy")
        await connection.close()
        return Database(self._cluster, name)

    async def _make(self) -> None:
        connection = await asyncpg.connect(self._cluster.dsn("postgres"))
        await connection.execute(f"create database {self._name}")
        await connection.close()
        settings = Database(self._cluster, self._name).settings()
        schemas = self._schemas()
        await prepare(self._cluster.dsn(self._name), settings, schemas)
        await upgrade(settings, schemas)
        self._made = True
