"""Throw-away databases: migrated once per test process, then copied in some 30 ms where they lie in memory."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
from pydantic import SecretStr

from common.cluster import Cluster
from common.migrate import Schema, prepare, upgrade
from common.settings import Settings

SECRET = SecretStr("a secret of tests")
S = TypeVar("S", bound=Settings)
MEMORY = Path("/dev/shm")
ROOM = 2 * 1024**3  # bytes that must be free there
_NAME = "autoflows-throwaway-"
_SETTINGS = {"max_connections": "200", "max_wal_size": "128MB", "min_wal_size": "32MB"}
_numbers = count(1)


@contextlib.contextmanager
def throwaway(memory: Path = MEMORY) -> Iterator[Cluster]:
    """A started cluster that is gone afterwards. It lies in memory where there is room: a copied database is nine hundred small files, and
    what was read of the template is soon forgotten on a machine whose memory is counted."""
    with tempfile.TemporaryDirectory(prefix=f"{_NAME}{os.getpid()}-", dir=_quick(memory)) as folder:
        Path(folder).chmod(0o711)  # the server's user goes through it
        cluster = Cluster(Path(folder) / "data", safe=False, settings=_SETTINGS)
        try:
            yield cluster.start()
        finally:
            cluster.destroy()


def _quick(memory: Path) -> Path | None:
    """The folder that is kept in memory, cleared of what ended processes left there; None: there is none, or no room in it."""
    if not os.access(memory, os.W_OK):
        return None
    for left in memory.glob(f"{_NAME}*-*"):
        if not Path("/proc", left.name.removeprefix(_NAME).partition("-")[0]).exists():
            shutil.rmtree(left, ignore_errors=True)
    return memory if shutil.disk_usage(memory).free >= ROOM else None


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
