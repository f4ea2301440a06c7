"""The supervisor over real processes: restarts, gives up, stops in order, and never leaves a child behind."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from autoflows.supervisor import Child, GaveUp, Supervisor
from common.cluster import free_port

CHILD = """
import http.server, os, pathlib, signal, sys
port, mode, told = int(sys.argv[1]), sys.argv[2], pathlib.Path(sys.argv[3])
def note(word):
    with told.open("a") as file:
        file.write(f"{word} {port}\\n")
def leave(*_):
    note("end")
    os._exit(0)
signal.signal(signal.SIGTERM, signal.SIG_IGN if mode == "stubborn" else leave)
note("start")
if mode == "die":
    sys.exit("the disk is full")
class Ready(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
    def log_message(self, *_):
        pass
http.server.HTTPServer(("127.0.0.1", port), Ready).serve_forever()
"""
OWNER = """
import asyncio, sys
from pathlib import Path
from autoflows.supervisor import Child, Supervisor
folder, port = Path(sys.argv[1]), int(sys.argv[2])
children = [Child("one", (str(port), "stay", str(folder / "told")), port)]
supervisor = Supervisor(children, logs=folder, say=print, command=(sys.executable, str(folder / "child.py")))
def ready():
    print(supervisor.processes["one"].pid, flush=True)
asyncio.run(supervisor.run(asyncio.Event(), ready=ready))
"""


class Stage:
    """A supervisor over children that note what happens to them."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.said = folder, list[str]()
        (folder / "child.py").write_text(CHILD)
        self.children: list[Child] = []
        self.stop, self.ready = asyncio.Event(), asyncio.Event()

    def add(self, name: str, mode: str = "stay", *, last: bool = False) -> int:
        port = free_port()
        self.children.append(Child(name, (str(port), mode, str(self.folder / "told")), port, last=last))
        return port

    async def run(self, during: Callable[[Supervisor], Awaitable[None]], *, grace: float = 5) -> None:
        command = (sys.executable, str(self.folder / "child.py"))
        supervisor = Supervisor(
            self.children, logs=self.folder, say=self.said.append, command=command, first_pause=0.02, grace=grace
        )
        running = asyncio.create_task(supervisor.run(self.stop, ready=self.ready.set))
        waiting = asyncio.create_task(self.ready.wait())
        await asyncio.wait([running, waiting], return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if not running.done():
            await during(supervisor)
            self.stop.set()
        await running
        assert supervisor.processes == {}

    def told(self) -> list[str]:
        return (self.folder / "told").read_text().splitlines()


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


async def until(done: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not done():  # noqa: ASYNC110 - what another process does is no event here
            await asyncio.sleep(0.01)


async def nothing(_: Supervisor) -> None:
    """Just stop again."""


async def test_what_dies_is_started_again_and_that_is_said(stage: Stage) -> None:
    port = stage.add("one")

    async def kill_it(supervisor: Supervisor) -> None:
        first = supervisor.processes["one"].pid
        os.kill(first, signal.SIGKILL)
        await until(lambda: len(stage.told()) == 2)
        assert supervisor.processes["one"].pid != first

    await stage.run(kill_it)
    assert stage.told() == [f"start {port}", f"start {port}", f"end {port}"]
    assert "one ended (killed by SIGKILL)" in stage.said[0]


async def test_what_dies_again_and_again_stops_everything_with_its_last_words(stage: Stage) -> None:
    stage.add("bad", "die")
    good = stage.add("good")
    with pytest.raises(GaveUp, match="bad died 6 times within a minute") as refusal:
        await stage.run(nothing)
    assert "the disk is full" in str(refusal.value)
    assert stage.told()[-1] == f"end {good}"


async def test_children_that_others_talk_to_are_stopped_last(stage: Stage) -> None:
    world = stage.add("world", last=True)
    others = {stage.add("api"), stage.add("notifier")}
    await stage.run(nothing)
    ends = [int(line.split()[1]) for line in stage.told() if line.startswith("end")]
    assert ends[-1] == world
    assert set(ends[:-1]) == others


async def test_a_child_that_ignores_sigterm_is_killed_after_the_grace_period(stage: Stage) -> None:
    stage.add("stubborn", "stubborn")
    await stage.run(nothing, grace=0.2)
    assert stage.said == ["stubborn does not stop: killed."]


async def test_all_are_ready_before_the_user_is_told_so(stage: Stage) -> None:
    ports = [stage.add(name) for name in ("one", "two", "three")]

    async def look(supervisor: Supervisor) -> None:
        assert set(supervisor.processes) == {"one", "two", "three"}
        assert {line for line in stage.told() if line.startswith("start")} == {f"start {port}" for port in ports}

    await stage.run(look)


async def test_children_end_when_the_supervisor_is_killed(tmp_path: Path) -> None:
    (tmp_path / "child.py").write_text(CHILD)
    command = [sys.executable, "-c", OWNER, str(tmp_path), str(free_port())]
    owner = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE)
    assert owner.stdout is not None
    child = int(await owner.stdout.readline())
    owner.kill()
    await owner.wait()
    await until(lambda: not lives(child))


def lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except FileNotFoundError:
        return False
