"""The embedded PostgreSQL: kept data, crashes, one at a time, and never an orphan."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import pytest

from common.cluster import Cluster, ClusterError

OWNER = """
import sys, time
from pathlib import Path
from common.cluster import Cluster
print(Cluster(Path(sys.argv[1]), state=Path(sys.argv[2]), safe=False).start().pid, flush=True)
time.sleep(60)
"""
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root lends the server another user")


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that every user may enter, unlike pytest's own."""
    with tempfile.TemporaryDirectory() as made:
        Path(made).chmod(0o755)
        yield Path(made)


@pytest.fixture
def new(folder: Path) -> Iterator[Callable[..., Cluster]]:
    made: list[Cluster] = []

    def build(name: str = "data", port: int | None = None, **more: object) -> Cluster:
        made.append(Cluster(folder / name, port, state=folder / "state", safe=False, **more))  # type: ignore[arg-type]
        return made[-1]

    yield build
    for cluster in made:
        cluster.destroy()


async def ask(cluster: Cluster, statement: str) -> object:
    connection = await asyncpg.connect(cluster.dsn())
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


async def test_data_is_picked_up_again_after_a_stop_and_after_a_crash(new: Callable[..., Cluster]) -> None:
    cluster = new().start()
    await ask(cluster, "create table kept as select 'Ærlig' as word")
    cluster.stop()
    assert cluster.pid is None
    cluster.start()
    cluster.kill()
    cluster.start()
    assert await ask(cluster, "select lower(word) from kept") == "ærlig"


def test_a_second_start_on_running_data_refuses_and_says_who_has_it(new: Callable[..., Cluster]) -> None:
    new().start()
    with pytest.raises(ClusterError, match=f"already in use by process {os.getpid()}"):
        new().start()


def test_a_taken_port_is_said(new: Callable[..., Cluster]) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(ClusterError, match=f"Port {port} is taken"):
            new(port=port).start()


async def test_only_who_has_the_password_comes_in(new: Callable[..., Cluster], folder: Path) -> None:
    cluster = new().start()
    assert (folder / "data" / "postgres.password").stat().st_mode & 0o777 == 0o600
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(cluster.dsn(password="guessed"))


def test_a_server_never_outlives_its_parent(new: Callable[..., Cluster], folder: Path) -> None:
    command = [sys.executable, "-c", OWNER, str(folder / "data"), str(folder / "state")]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as owner:
        assert owner.stdout is not None
        server = int(owner.stdout.readline())
        owner.send_signal(signal.SIGKILL)
    new().start()  # waits for the orphan's shutdown
    assert not _lives(server)


def test_a_first_start_that_was_cut_off_is_made_good(new: Callable[..., Cluster]) -> None:
    cluster = new()
    cluster.start()
    cluster.stop()
    (cluster.home / "pgdata" / "PG_VERSION").unlink()  # as if initdb had died
    cluster.start()
    assert cluster.pid


def test_a_start_that_fails_tells_what_the_server_said(new: Callable[..., Cluster]) -> None:
    with pytest.raises(ClusterError, match="no_such_setting"):
        new(settings={"no_such_setting": "1"}).start()


@needs_root
def test_data_in_a_folder_the_server_may_not_enter_lies_elsewhere_and_that_is_said(
    new: Callable[..., Cluster], folder: Path
) -> None:
    (folder / "private").mkdir(mode=0o700)
    cluster = new("private/data").start()
    assert cluster.home.is_relative_to(folder / "state")
    assert str(cluster.home) in cluster.notes[0]
    cluster.stop()
    assert new("private/data").start().home == cluster.home


@needs_root
def test_binaries_the_server_may_not_enter_are_copied_once_and_that_is_said(new: Callable[..., Cluster], folder: Path) -> None:
    plain = new()
    (folder / "private").mkdir(mode=0o700)
    (folder / "private" / "package").symlink_to(plain._reachable_binaries().parents[1])
    cluster = new(binaries=folder / "private" / "package" / "pginstall" / "bin").start()
    assert "PostgreSQL runs from a copy" in cluster.notes[0]
    cluster.stop()
    copied = next((folder / "state").glob("postgres-*"))
    made_at = copied.stat().st_ctime_ns
    cluster.start()
    assert copied.stat().st_ctime_ns == made_at


def test_data_of_another_user_is_refused_with_a_sentence(folder: Path) -> None:
    (folder / "data").mkdir()
    (folder / "data" / "postgres").symlink_to("/proc")  # root's, never ours
    with pytest.raises(ClusterError, match="belongs to"):
        Cluster(folder / "data").start()


def _lives(pid: int) -> bool:
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        time.sleep(0.01)
    return True
