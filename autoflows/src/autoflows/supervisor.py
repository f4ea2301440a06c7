"""Keeps child processes running: restarts what dies with back-off, gives up loudly, stops them in order."""

import asyncio
import contextlib
import signal
import sys
from collections import deque
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from autoflows.errors import CannotRun
from common.parent import die_with_parent

GRACE_SECONDS = 25.0
READY_SECONDS = 60.0
RESTARTS, WITHIN_SECONDS = 5, 60.0  # one more death than this within that time: we give up
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 1.0, 30.0
_LOG_BYTES = 10_000_000


class GaveUp(CannotRun):
    """A child died again and again; the message has its last words."""

    exit_code = 3


@dataclass(frozen=True)
class Child:
    """One process: `autoflows` with these arguments."""

    name: str
    arguments: tuple[str, ...]
    port: int | None  # where it serves its health; None: it serves nothing
    host: str = "127.0.0.1"  # where it answers
    services: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    last: bool = False  # stopped after the others: those talk to it


class Supervisor:
    """Runs children until told to stop."""

    def __init__(
        self,
        children: Sequence[Child],
        *,
        logs: Path,
        say: Callable[[str], None],
        changed: Callable[[], None] = lambda: None,
        command: Sequence[str] = (sys.executable, "-m", "autoflows"),
        first_pause: float = FIRST_PAUSE_SECONDS,
        grace: float = GRACE_SECONDS,
    ) -> None:
        """`say` tells the user; `changed` is called when a process has started or ended."""
        self.children = children
        self.processes: dict[str, asyncio.subprocess.Process] = {}
        self._logs, self._say, self._changed = logs, say, changed
        self._command, self._first_pause, self._grace = command, first_pause, grace
        self._stopping = asyncio.Event()
        self._keeping: dict[str, asyncio.Task[None]] = {}

    async def run(
        self, stop: asyncio.Event, *, ready: Callable[[], None] = lambda: None, beside: Sequence[Coroutine[None, None, None]] = ()
    ) -> None:
        """Start all, say when they are `ready`, keep them until `stop`; raises GaveUp, or what ends something `beside` them."""
        self._keeping = {child.name: asyncio.create_task(self._keep(child)) for child in self.children}
        until = asyncio.create_task(stop.wait())
        getting_ready = asyncio.create_task(self._all_ready())
        getting_ready.add_done_callback(lambda task: ready() if not task.cancelled() and task.exception() is None else None)
        others = [asyncio.create_task(each) for each in beside]
        watched: set[asyncio.Task[Any]] = {until, getting_ready, *others, *self._keeping.values()}
        try:
            while not until.done():
                done, watched = await asyncio.wait(watched, return_when=asyncio.FIRST_COMPLETED)
                for task in done - {until}:
                    task.result()  # raises what made us give up
        finally:
            for task in (until, getting_ready, *others):
                task.cancel()
            await self.stop()

    def pid(self, child: Child) -> int | None:
        """The process of a child; None between its death and its next start."""
        process = self.processes.get(child.name)
        return process.pid if process is not None else None

    async def stop(self) -> None:
        """End every child: first those that use others. Each gets SIGTERM, and SIGKILL when it does not go."""
        self._stopping.set()
        for last in (False, True):
            names = [child.name for child in self.children if child.last is last]
            await asyncio.gather(*(self._end(name) for name in names))
        await asyncio.gather(*self._keeping.values(), return_exceptions=True)

    def kill(self) -> None:
        """The impatient stop: SIGKILL to all at once."""
        for process in self.processes.values():
            with contextlib.suppress(ProcessLookupError):
                process.kill()

    async def _end(self, name: str) -> None:
        if (process := self.processes.get(name)) is None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), self._grace)
        except TimeoutError:
            self._say(f"{name} does not stop: killed.")
            process.kill()
            await process.wait()

    async def _keep(self, child: Child) -> None:
        deaths: deque[float] = deque(maxlen=RESTARTS + 1)
        pause = self._first_pause
        loop = asyncio.get_running_loop()
        while not self._stopping.is_set():
            began_at = loop.time()
            process = await self._spawn(child)
            code = await process.wait()
            del self.processes[child.name]
            self._changed()
            if self._stopping.is_set():
                return
            deaths.append(loop.time())
            if len(deaths) > RESTARTS and deaths[-1] - deaths[0] < WITHIN_SECONDS:
                raise GaveUp(
                    f"{child.name} died {len(deaths)} times within a minute, so everything stops.\n{self._last_words(child)}"
                )
            pause = self._first_pause if loop.time() - began_at > WITHIN_SECONDS else pause
            self._say(f"{child.name} ended ({_reason(code)}); it starts again in {pause:g} s. Its log: {self._log(child)}")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), pause)
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)

    async def _spawn(self, child: Child) -> asyncio.subprocess.Process:
        path = self._log(child)
        if path.exists() and path.stat().st_size > _LOG_BYTES:
            path.replace(path.with_suffix(".old.log"))
        with path.open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                *self._command, *child.arguments, env=dict(child.environment) or None, stdin=asyncio.subprocess.DEVNULL,
                stdout=log, stderr=log, start_new_session=True, preexec_fn=die_with_parent(signal.SIGTERM),
            )  # fmt: skip
        self.processes[child.name] = process
        self._changed()
        if self._stopping.is_set():  # told to stop while it was being made
            process.terminate()
        return process

    async def _all_ready(self) -> None:
        async with httpx.AsyncClient(timeout=5, trust_env=False) as client:
            try:
                async with asyncio.timeout(READY_SECONDS):
                    await asyncio.gather(*(self._ready(client, child) for child in self.children))
            except TimeoutError:
                slow = [child for child in self.children if not await self._is_ready(client, child)]
                words = "\n".join(self._last_words(child) for child in slow)
                raise GaveUp(f"Not ready in {READY_SECONDS:g} s: {', '.join(child.name for child in slow)}.\n{words}") from None

    async def _ready(self, client: httpx.AsyncClient, child: Child) -> None:
        while not await self._is_ready(client, child):  # noqa: ASYNC110 - another process's readiness is no event
            await asyncio.sleep(0.1)

    async def _is_ready(self, client: httpx.AsyncClient, child: Child) -> bool:
        if child.port is None:
            return child.name in self.processes
        try:
            answer = await client.get(f"http://{child.host}:{child.port}/health/ready")
        except httpx.TransportError:
            return False
        return answer.status_code == httpx.codes.OK and child.name in self.processes

    def _log(self, child: Child) -> Path:
        return self._logs / f"{child.name}.log"

    def _last_words(self, child: Child) -> str:
        try:
            lines = self._log(child).read_text(errors="replace").splitlines()[-15:]
        except FileNotFoundError:
            lines = []
        return "\n".join([f"The end of {self._log(child)}:", *(f"  {line}" for line in lines)])


def _reason(code: int) -> str:
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
