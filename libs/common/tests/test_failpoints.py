"""Failpoints: a process dies exactly where and when it was told to, and nowhere else."""

import signal
import subprocess
import sys
from pathlib import Path

from common import failpoints

_PROGRAM = """
from common import failpoints
failpoints.arm({spec!r})
for number in range(3):
    failpoints.hit("other")
    failpoints.hit("here")
    print(number, flush=True)
"""


def run(spec: str | None) -> tuple[int, list[str]]:
    done = subprocess.run([sys.executable, "-c", _PROGRAM.format(spec=spec)], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout.split()


def test_a_process_dies_at_the_point_it_was_told() -> None:
    assert run("here") == (-signal.SIGKILL, [])


def test_it_dies_at_the_nth_time_only() -> None:
    assert run("here:3") == (-signal.SIGKILL, ["0", "1"])


def test_it_lives_where_nothing_is_armed() -> None:
    assert run(None) == (0, ["0", "1", "2"])
    assert run("elsewhere") == (0, ["0", "1", "2"])


def test_a_test_may_have_something_else_happen() -> None:
    hits: list[str] = []
    failpoints.arm("here:2", lambda: hits.append("hit"))
    for _ in range(5):
        failpoints.hit("here")
    assert hits == ["hit"]


def test_with_a_folder_each_point_kills_once_whoever_reaches_it(tmp_path: Path) -> None:
    spec = f"here:2,other:3@{tmp_path}"
    assert run(spec) == (-signal.SIGKILL, ["0"])
    assert run(spec) == (-signal.SIGKILL, ["0", "1"])
    assert run(spec) == (0, ["0", "1", "2"])
    assert {path.name for path in tmp_path.iterdir()} == {"here", "other"}
