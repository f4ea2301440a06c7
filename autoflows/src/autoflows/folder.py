"""The data folder: one product at a time, its secrets, and what it says about itself while it runs (`run.json`)."""

import contextlib
import fcntl
import getpass
import json
import os
import secrets
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from autoflows.errors import CannotRun
from common.clock import SystemClock


class InUse(CannotRun):
    """Something runs on this data already; the message says who."""


@dataclass
class Run:
    """What runs on a data folder: its processes, and the settings a command needs to join in. Readable by its owner only."""

    pid: int
    user: str
    started_at: str
    address: str
    environment: dict[str, str] = field(default_factory=dict)
    processes: dict[str, dict[str, Any]] = field(default_factory=dict)  # name -> pid (None: it starts again soon), port

    def ports(self) -> dict[str, int]:
        """Where each process that has services answers, or will as soon as it runs again."""
        return {name: told["port"] for name, told in self.processes.items() if told.get("services")}


class Folder:
    """A data folder of one installation."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()

    @property
    def settings(self) -> Path:
        """Settings that this installation keeps, one `AUTOFLOWS_NAME=value` a line."""
        return self.path / "settings.env"

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    @property
    def clock(self) -> Path:
        return self.path / "clock"

    @contextlib.contextmanager
    def taken(self, address: str) -> Iterator[Run]:
        """Take the folder for this process; a second one is refused."""
        self.path.mkdir(parents=True, exist_ok=True)
        self.logs.mkdir(exist_ok=True)
        with (self.path / "autoflows.lock").open("a+") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise InUse(self._who()) from None
            run = Run(os.getpid(), getpass.getuser(), SystemClock().now().isoformat(timespec="seconds"), address)
            self.tell(run)
            try:
                yield run
            finally:
                self._run_file.unlink(missing_ok=True)

    def _who(self) -> str:
        run = self.running()
        if run is None:
            return f"Another autoflows is just starting or stopping on {self.path}. Try again in a moment."
        return (
            f"Autoflows runs on {self.path} already: process {run.pid}, started by {run.user} at {run.started_at}, "
            f"answering at {run.address}. Stop it there with Ctrl-C (or: kill {run.pid}), or choose another folder with --data."
        )

    def tell(self, run: Run) -> None:
        """Write what runs, for commands that join in."""
        write_private(self._run_file, json.dumps(asdict(run), indent=2))

    def running(self) -> Run | None:
        """What runs on this folder now; None when nothing does."""
        try:
            run = Run(**json.loads(self._run_file.read_text()))
            os.kill(run.pid, 0)
        except PermissionError:
            raise InUse(f"{self._run_file} belongs to another user. Run this command as that user.") from None
        except (FileNotFoundError, ProcessLookupError, ValueError, TypeError):
            return None
        return run

    def secret(self) -> str:
        """The installation's secret, from which passwords and signatures are derived; made once."""
        file = self.path / "secret"
        if not file.exists():
            write_private(file, secrets.token_urlsafe(32))
        return file.read_text().strip()

    @property
    def _run_file(self) -> Path:
        return self.path / "run.json"


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read, whole or not at all."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
