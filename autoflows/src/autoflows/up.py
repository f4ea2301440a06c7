"""`autoflows up`: PostgreSQL, migrations, every service, and with `--demo` a world around them; until Ctrl-C."""

import asyncio
import contextlib
import signal
from collections.abc import Iterator
from pathlib import Path

from pydantic import SecretStr
from rich.console import Console

from autoflows import database, installed, plan
from autoflows.demo import setup as demo
from autoflows.errors import CannotRun
from autoflows.folder import Folder, Run
from autoflows.plan import Wish
from autoflows.settings import Settings, environment
from autoflows.supervisor import Child, Supervisor
from common.cluster import Cluster, ClusterError


async def up(folder: Folder, wish: Wish, console: Console) -> None:
    """Run everything on this machine."""
    _check_kind(folder, wish)
    with folder.taken(f"http://127.0.0.1:{wish.port}") as run:
        run.environment = plan.shared(folder, wish)
        children = plan.children(installed.names(), wish, run.environment)
        if wish.demo:
            run.environment |= demo.settings(folder, wish)
            children = [demo.child(wish, run.environment), *plan.children(installed.names(), wish, run.environment)]
        cluster = Cluster(folder.path, wish.database_port, binaries=Settings().postgres)
        plan.check_ports(children, wish.database_port)
        console.print(f"Starting Autoflows; its data lies in {folder.path} …")
        try:
            cluster.start()
            for note in cluster.notes:
                console.print(note)
            await _migrate(cluster, run)
            await _supervise(folder, wish, console, run, cluster, children)
        except ClusterError as error:
            raise CannotRun(str(error)) from error
        finally:
            cluster.stop()
            console.print("Stopped.")


async def _migrate(cluster: Cluster, run: Run) -> None:
    settings = Settings(
        database_url=run.environment["AUTOFLOWS_DATABASE_URL"],
        database_secret=SecretStr(run.environment["AUTOFLOWS_DATABASE_SECRET"]),
    )
    await database.migrate(settings, [service.schema for service in installed.load()], admin=cluster.dsn())


async def _supervise(folder: Folder, wish: Wish, console: Console, run: Run, cluster: Cluster, children: list[Child]) -> None:
    stop = asyncio.Event()

    def changed() -> None:
        run.processes = {
            child.name: {"pid": supervisor.pid(child), "port": child.port, "services": list(child.services)} for child in children
        }
        folder.tell(run)

    ready = asyncio.Event()

    async def greet() -> None:
        if wish.demo:
            await demo.seed(folder, wish, environment(run.environment))
        await ready.wait()
        console.print(demo.welcome(folder, wish) if wish.demo else welcome(folder, wish))

    supervisor = Supervisor(children, logs=folder.logs, say=console.print, changed=changed)
    with _signals(stop, supervisor, console):
        await supervisor.run(stop, ready=ready.set, beside=[database.keep(cluster, console.print), greet()])


@contextlib.contextmanager
def _signals(stop: asyncio.Event, supervisor: Supervisor, console: Console) -> Iterator[None]:
    """Ctrl-C and SIGTERM stop cleanly; the second one does not wait."""

    def told() -> None:
        if stop.is_set():
            supervisor.kill()
            return
        console.print("\nStopping …")
        stop.set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, told)
    try:
        yield
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.remove_signal_handler(number)


def _check_kind(folder: Folder, wish: Wish) -> None:
    """A demo moves the clock and catches all mail; it never shares data with a real installation."""
    holds_demo, holds_any = demo.is_demo(folder), (folder.path / "secret").exists()
    if wish.demo and holds_any and not holds_demo:
        raise CannotRun(f"{folder.path} holds a real installation. Give the demo a folder of its own: --data demo-data")
    if holds_demo and not wish.demo:
        raise CannotRun(f"{folder.path} holds the demo. Start it with --demo, or choose another folder with --data.")


def welcome(folder: Folder, wish: Wish) -> str:
    """What to do next, where there is no demo."""
    command = "autoflows" if folder.path == Path("data").absolute() else f"autoflows --data {folder.path}"
    return "\n".join(
        [
            f"Autoflows is ready at http://127.0.0.1:{wish.port}",
            f"Data: {folder.path}   Logs: {folder.logs}",
            f"A first dealer: {command} dealers add --help, {command} users add --help, {command} connect --help",
            "Ctrl-C stops it.",
        ]
    )
