"""Moving a demo's clock: from wake-up to wake-up, waiting for quiet at each, so that nothing is stepped over."""

import asyncio
import re
from dataclasses import dataclass
from datetime import datetime, timedelta

import httpx
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from autoflows.errors import CannotRun
from autoflows.folder import Folder, Run
from common.clock import MovedClock

PATIENCE_SECONDS = 120.0
_LOOK_SECONDS = 0.02
_UNITS = {"d": "days", "h": "hours", "m": "minutes"}


@dataclass(frozen=True)
class Stillness:
    """What all processes say together."""

    quiet: bool
    next_due: datetime | None
    heads: tuple[int, ...]
    lag: int


async def move(folder: Folder, step: str | None, console: Console) -> None:
    """Move the clock of the demo that runs on this folder."""
    run = demo_on(folder)
    clock = MovedClock(folder.clock)
    if step is None:
        console.print(_told(clock))
        return
    target = clock.now() + parse(step)
    async with httpx.AsyncClient(timeout=30, trust_env=False) as client:
        with Progress(TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), console=console) as progress:
            bar = progress.add_task(f"{clock.now():%Y-%m-%d %H:%M}", total=(target - clock.now()).total_seconds())
            due = await _quiet(client, run)
            while clock.now() < target:
                began_at = clock.now()
                clock.move_to(target if due is None else min(due, target))
                due = await _quiet(client, run)
                moved = (clock.now() - began_at).total_seconds()
                progress.update(bar, advance=moved, description=f"{clock.now():%Y-%m-%d %H:%M}")
    console.print(_told(clock))


def parse(step: str) -> timedelta:
    """`+7d` as a duration."""
    found = re.fullmatch(r"\+(\d{1,4})([dhm])", step)
    if found is None:
        raise CannotRun(f"{step!r} is no step ahead. Say how far, in days, hours or minutes: +7d, +3h, +30m.")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


async def _quiet(client: httpx.AsyncClient, run: Run) -> datetime | None:
    """Wait until nothing is on its way: all quiet, twice, with nothing said in between. Then: when something is next due."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + PATIENCE_SECONDS
    before: Stillness | None = None
    while True:
        now = await _look(client, run)
        if now.quiet and before is not None and before.quiet and now.heads == before.heads:
            return now.next_due
        if loop.time() > deadline:
            raise CannotRun(
                f"It does not become quiet: {now.lag} events wait to be handled, or something that is due fails. "
                "The clock stays where it is; the logs say why (autoflows doctor names them)."
            )
        before = now
        await asyncio.sleep(_LOOK_SECONDS)


async def _look(client: httpx.AsyncClient, run: Run) -> Stillness:
    states = []
    for name, port in run.ports().items():
        try:
            states.append((await client.get(f"http://127.0.0.1:{port}/health/state")).raise_for_status().json())
        except httpx.HTTPError as error:
            raise CannotRun(f"{name} does not answer ({type(error).__name__}). Wait until it runs again, then repeat.") from error
    due = [datetime.fromisoformat(state["next_due"]) for state in states if state["next_due"]]
    return Stillness(
        quiet=all(state["quiet"] for state in states),
        next_due=min(due, default=None),
        heads=tuple(state.get("heads", 0) for state in states),
        lag=sum(state["lag"] for state in states),
    )


def demo_on(folder: Folder) -> Run:
    """The demo that runs on this folder."""
    run = folder.running()
    if run is None:
        raise CannotRun(f"Nothing runs on {folder.path}. The clock is moved while the demo runs; start it with: make run")
    if "AUTOFLOWS_CLOCK_FILE" not in run.environment:
        raise CannotRun(f"{folder.path} holds a real installation: its clock is the machine's and is not moved.")
    return run


def _told(clock: MovedClock) -> str:
    hours = round(clock.ahead().total_seconds() / 3600)
    return f"The demo's clock says {clock.now():%A %Y-%m-%d %H:%M} UTC, {hours // 24} days and {hours % 24} hours ahead."
