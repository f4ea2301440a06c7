"""Door 3: the clock struck. A job runs for one dealer, in one transaction, under a lock per job and dealer."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from common.work import Work

Run = Callable[["Work"], Awaitable[datetime | None]]


@dataclass(frozen=True)
class Job:
    """What runs, and whether it first waits until the service has heard everything said so far."""

    name: str
    run: Run
    caught_up: bool = False


class Jobs:
    """The jobs of a service by name. `Work.wake(name, at)` says when one is wanted; it returns when it next wants to run."""

    def __init__(self) -> None:
        self.by_name: dict[str, Job] = {}

    def named(self, name: str, *, caught_up: bool = False) -> Callable[[Run], Run]:
        """Register a job."""

        def register(run: Run) -> Run:
            if name in self.by_name:
                raise ValueError(f"job {name} is declared twice")
            self.by_name[name] = Job(name, run, caught_up)
            return run

        return register
