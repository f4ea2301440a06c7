"""Throw-away clusters lie in memory where there is room, and leave nothing there."""

import os
import subprocess
import sys
from pathlib import Path

import asyncpg
import pytest

from common.cluster import Cluster
from common.testing import postgres
from common.testing.postgres import throwaway


@pytest.fixture
def memory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("memory")


async def asked(cluster: Cluster) -> object:
    connection = await asyncpg.connect(cluster.dsn())
    try:
        return await connection.fetchval("select 7")
    finally:
        await connection.close()


async def test_it_lies_in_memory_and_is_gone_afterwards(memory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "ROOM", 1)
    with throwaway(memory) as cluster:
        assert memory in cluster.data.parents
        assert await asked(cluster) == 7
        assert list(memory.iterdir())
    assert not list(memory.iterdir())


@pytest.mark.parametrize("room", [1, 2**60])
async def test_where_there_is_no_room_or_no_memory_it_lies_elsewhere(
    room: int, memory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "ROOM", room)
    place = memory / "there is none" if room == 1 else memory
    with throwaway(place) as cluster:
        assert memory not in cluster.data.parents
        assert await asked(cluster) == 7


def test_what_ended_processes_left_is_cleared_away_and_what_others_use_stays(
    memory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "ROOM", 1)
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    left, used = (memory / f"autoflows-throwaway-{pid}-x" for pid in (ended.pid, os.getppid()))
    for folder in (left, used, memory / "of another program"):
        folder.mkdir()
        (folder / "file").write_text("")
    with throwaway(memory):
        assert not left.exists()
        assert (used / "file").exists()
    assert sorted(folder.name for folder in memory.iterdir()) == sorted([used.name, "of another program"])
