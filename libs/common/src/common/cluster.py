"""An embedded PostgreSQL: binaries from a wheel, data in a folder, our own start and stop. Loopback only; as root or not."""

import fcntl
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

from common import postgres_programs
from common.parent import die_with_parent

SUPERUSER = "postgres"
STATE = Path("/var/lib/autoflows")  # where root puts what the server's user could not reach otherwise
_SERVER_USER = "nobody"  # PostgreSQL refuses to run as root
_FAST, _NOW = signal.SIGINT, signal.SIGQUIT  # how PostgreSQL names its shutdowns
_START_SECONDS, _FAST_SECONDS, _NOW_SECONDS = 60.0, 30.0, 10.0
_LOG_BYTES = 10_000_000
_ALWAYS = {"listen_addresses": "127.0.0.1", "unix_socket_directories": "", "max_connections": "200", "timezone": "UTC"}
_FAST_NOT_SAFE = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}


class ClusterError(RuntimeError):
    """The database cannot start; the message says why and what to do."""


class Cluster:
    """A PostgreSQL of our own in `data`. `start` from a thread that lasts: the server shuts down when that thread ends."""

    def __init__(
        self,
        data: Path,
        port: int | None = None,
        *,
        binaries: Path | None = None,
        state: Path = STATE,
        settings: Mapping[str, str] | None = None,
        safe: bool = True,
    ) -> None:
        """`port` None: a free one; `safe` False: for tests, a crash of the machine loses data."""
        self.data = data.absolute()
        self.port = port or 0
        self.notes: list[str] = []  # what a person should know about where things were put
        self._wanted_port = port
        self._binaries = binaries
        self._state = state
        self._settings = {**_ALWAYS, **({} if safe else _FAST_NOT_SAFE), **(settings or {})}
        self._safe = safe
        self._user = _server_user()
        self._process: subprocess.Popen[bytes] | None = None
        self._lock: IO[str] | None = None

    @property
    def pid(self) -> int | None:
        """The process id of the server, while it runs."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    @property
    def home(self) -> Path:
        """Where the server keeps its files; beside it is the administrator's password."""
        return (self.data / "postgres").resolve()

    def dsn(self, database: str = "postgres", user: str = SUPERUSER, password: str | None = None) -> str:
        """The address of a database; without a password it is the administrator's."""
        secret = self._password_file.read_text().strip() if password is None else password
        return f"postgresql://{quote(user)}:{quote(secret)}@127.0.0.1:{self.port}/{database}"

    def start(self) -> "Cluster":
        """Start, after making the data folder at the first time; a crash before is recovered from."""
        self._open_data()
        try:
            self._take_lock()
            binaries = self._reachable_binaries()
            if not (self.home / "pgdata" / "PG_VERSION").exists():
                self._create(binaries)
            self._end_orphan()
            self._run(binaries)
        except BaseException:
            self._release_lock()
            raise
        return self

    def stop(self) -> None:
        """Shut down: clients are cut off, nothing committed is lost."""
        for number, seconds in ((_FAST, _FAST_SECONDS), (_NOW, _NOW_SECONDS), (signal.SIGKILL, _NOW_SECONDS)):
            if self.pid is None:
                break
            self._signal(number)
            _until(lambda: self.pid is None, seconds)
        self._process = None
        self._release_lock()

    def kill(self) -> None:
        """End the server as a crash does (for tests); `start` recovers."""
        self._crash()
        self._release_lock()

    def destroy(self) -> None:
        """Stop, and delete everything (for tests)."""
        self.stop()
        for folder in (self.home, self.data):
            shutil.rmtree(folder, ignore_errors=True)

    # --- where things lie

    @property
    def _password_file(self) -> Path:
        return self.data / "postgres.password"

    def _open_data(self) -> None:
        """Make the data folder; where the server's user cannot reach it, the server's part of it lies elsewhere."""
        here = self.data / "postgres"
        try:
            self.data.mkdir(parents=True, exist_ok=True)
            if not here.exists() and not here.is_symlink():
                self._make_home(here)
            owner = self.home.stat().st_uid
        except OSError as error:
            raise ClusterError(f"{here} cannot be used: {error.strerror}. Choose another folder with --data.") from error
        if owner != (self._user.pw_uid if self._user else os.getuid()):
            raise ClusterError(
                f"{self.home} belongs to {_user_name(owner)}. Run as the user who made it, or choose another folder."
            )
        if self.home != here:
            self.notes.append(f"The database lies in {self.home}: its user may not enter {self.data}.")

    def _make_home(self, here: Path) -> None:
        if self._user and not self._reaches(self.data):
            place = self._state / f"data-{secrets.token_hex(6)}"
            self._make_state()
            place.mkdir()
            here.symlink_to(place)
        else:
            here.mkdir()
        self._give(here)
        here.chmod(0o700)

    def _reachable_binaries(self) -> Path:
        found = self._binaries or postgres_programs.of_the_wheel()
        if found is None or not (found / "postgres").exists():
            raise ClusterError(f"There is no PostgreSQL in {found or 'this installation'}. Run: make setup")
        if self._runs(found / "postgres"):
            return found
        self._make_state()
        copy = postgres_programs.copied(found, self._state)
        self.notes.append(f"PostgreSQL runs from a copy in {copy}: its user may not enter {found}.")
        return copy

    def _make_state(self) -> None:
        self._state.mkdir(parents=True, exist_ok=True)
        self._state.chmod(0o755)

    def _reaches(self, path: Path) -> bool:
        """Whether the server's user may come to `path`."""
        return self._as_server(["test", "-x", str(path)]).returncode == 0

    def _runs(self, program: Path) -> bool:
        """Whether the server's user may start a program and load its libraries."""
        try:
            return self._as_server([str(program), "--version"]).returncode == 0
        except PermissionError:
            return False

    # --- making and running

    def _create(self, binaries: Path) -> None:
        password = secrets.token_urlsafe(24)
        told, made = self.home / "password", self.home / "pgdata"
        shutil.rmtree(made, ignore_errors=True)  # of a first start that was cut off
        told.write_text("")
        told.chmod(0o600)
        told.write_text(password)
        self._give(told)
        locale = ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        command = [str(binaries / "initdb"), f"--username={SUPERUSER}", f"--pwfile={told}", "--auth=scram-sha-256", *locale]
        done = self._as_server([*command, *([] if self._safe else ["--no-sync"]), str(made)])
        told.unlink()
        if done.returncode:
            shutil.rmtree(made, ignore_errors=True)
            raise ClusterError(f"The database could not be made in {made}: {done.stderr.decode(errors='replace').strip()}")
        with os.fdopen(os.open(self._password_file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(password)

    def _run(self, binaries: Path) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while True:
            self.port = self._wanted_port or free_port()
            if not is_free(self.port):
                raise ClusterError(f"Port {self.port} is taken by another program. Choose another one for the database.")
            log = self._open_log()
            began_at = log.tell()
            self._process = self._spawn(binaries, log)
            if _until(lambda: self.pid is None or self._is_ready(), deadline - time.monotonic()) and self.pid:
                return
            said = self._said_since(began_at)
            self._crash()
            leftovers = "lock file" in said or "shared memory" in said  # processes of a server that was killed are still ending
            if not leftovers or time.monotonic() > deadline:
                raise ClusterError(f"The database did not start: {said or 'it said nothing in time'}")
            time.sleep(0.1)

    def _crash(self) -> None:
        self._signal(signal.SIGKILL)
        if self._process is not None:
            self._process.wait(_NOW_SECONDS)
        self._process = None

    def _spawn(self, binaries: Path, log: IO[bytes]) -> subprocess.Popen[bytes]:
        settings = {**self._settings, "port": str(self.port)}
        options = [f"--{name}={value}" for name, value in settings.items()]
        with log:
            return subprocess.Popen(  # noqa: S603 - the command is ours
                [str(binaries / "postgres"), "-D", str(self.home / "pgdata"), *options],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/", env=_environment(),
                start_new_session=True, preexec_fn=die_with_parent(_FAST), **self._identity(),
            )  # fmt: skip

    def _is_ready(self) -> bool:
        try:
            lines = (self.home / "pgdata" / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        return len(lines) >= 8 and lines[0] == str(self.pid) and lines[7].strip() == "ready"

    def _open_log(self) -> IO[bytes]:
        path = self.home / "server.log"
        if path.exists() and path.stat().st_size > _LOG_BYTES:
            path.replace(path.with_suffix(".old"))
        log = path.open("ab")
        path.chmod(0o600)
        return log

    def _said_since(self, offset: int) -> str:
        with (self.home / "server.log").open("rb") as log:
            log.seek(offset)
            return log.read()[-2000:].decode(errors="replace").strip()

    # --- one at a time

    def _take_lock(self) -> None:
        lock = (self.data / "postgres.lock").open("a+")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            owner = lock.read().strip() or "that does not say its number"
            lock.close()
            raise ClusterError(f"The database in {self.data} is already in use by process {owner}.") from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        self._lock = lock

    def _release_lock(self) -> None:
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def _end_orphan(self) -> None:
        """A server whose parent was killed is shutting down: we hold the lock, so it is nobody's; wait for it."""
        try:
            pid = int((self.home / "pgdata" / "postmaster.pid").read_text().split()[0])
        except (FileNotFoundError, IndexError, ValueError):
            return
        if _is_postgres(pid):
            os.kill(pid, _FAST)
            if not _until(lambda: not _is_postgres(pid), _FAST_SECONDS):
                raise ClusterError(f"A PostgreSQL (process {pid}) of an earlier start does not end. Stop it, then try again.")

    # --- as whom

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(number)

    def _give(self, path: Path) -> None:
        if self._user:
            os.chown(path, self._user.pw_uid, self._user.pw_gid)

    def _identity(self) -> dict[str, Any]:
        return {"user": self._user.pw_uid, "group": self._user.pw_gid, "extra_groups": []} if self._user else {}

    def _as_server(self, command: list[str]) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(  # noqa: S603 - the commands are ours
            command, check=False, capture_output=True, cwd="/", env=_environment(), **self._identity()
        )


def _server_user() -> pwd.struct_passwd | None:
    """Root lends the server another user; everybody else runs it as themselves."""
    return pwd.getpwnam(_SERVER_USER) if os.geteuid() == 0 else None


def _user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"


def _environment() -> dict[str, str]:
    return {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C"}  # a PG… variable of the caller must not reach the server


def _is_postgres(pid: int) -> bool:
    try:
        return b"postgres" in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0]
    except OSError:
        return False


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_free(port: int) -> bool:
    """Whether nobody listens on a port of this machine."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _until(done: Callable[[], bool], seconds: float) -> bool:
    """Wait until `done()`; False when time is up."""
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True
