"""The command `autoflows`: its own commands, and those that the installed services add."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import asyncpg
import typer
from pydantic import ValidationError
from rich.console import Console
from sqlalchemy.exc import DBAPIError, InterfaceError

from autoflows import bench, installed, operations, repairs
from autoflows.errors import CannotRun
from autoflows.folder import Folder
from autoflows.plan import Wish
from autoflows.settings import Settings, adopt, adopt_file, given
from common.errors import DomainError, KafkaRefused, TransientError

_LEAN = {"up", "run", "relay", "clock", "demo-world"}  # these load no service's commands, so that they start fast
app = typer.Typer(
    name="autoflows",
    help="Getting car owners back to their workshop.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)


@app.callback()
def options(
    context: typer.Context,
    data: Annotated[Path, typer.Option(help="The folder that holds the data.", envvar="AUTOFLOWS_DATA")] = Path("data"),
) -> None:
    """Getting car owners back to their workshop."""
    folder = Folder(data)
    adopt({"AUTOFLOWS_DATA": str(folder.path)})
    if context.invoked_subcommand == "up":
        return  # it starts one of its own, and takes nothing over from another that may run
    adopt_file(folder.settings)
    if given("database_url") is None and (run := folder.running()) is not None:
        adopt(run.environment)


@app.command()
def up(
    demo: Annotated[bool, typer.Option("--demo", help="With a demo dealer, and mail and SMS caught and shown.")] = False,
    apart: Annotated[bool, typer.Option("--apart", help="Every service in a process of its own.")] = False,
    data: Annotated[Path | None, typer.Option(help="The folder that holds the data (default: data).")] = None,
    port: Annotated[int, typer.Option(help="The first port; the others follow.", min=1, max=65000)] = 8080,
    database_port: Annotated[int | None, typer.Option(help="PostgreSQL's port (default: 5544).", min=1, max=65535)] = None,
) -> None:
    """Run everything on this machine until Ctrl-C."""
    from autoflows.up import up as start

    folder = Folder(data or Settings().data)
    adopt_file(folder.settings)
    settings = Settings()
    wish = Wish(demo, apart, port, database_port or settings.database_port, settings.bus)
    asyncio.run(start(folder, wish, Console(soft_wrap=True, highlight=False)))


@app.command()
def run(services: Annotated[list[str], typer.Argument(help="Names of services, such as: api")]) -> None:
    """Run one or more services in this process: how each container starts."""
    from common import process

    asyncio.run(process.run(installed.load(services), Settings()))


@app.command(name="demo-world", hidden=True)
def demo_world(port: Annotated[int, typer.Argument(help="The first of its ports.")]) -> None:
    """Run the demo's world: what `up --demo` starts."""
    from autoflows.demo.world import World

    asyncio.run(World(Folder(Settings().data), port).run())


@app.command(name="demo-setup", hidden=True)
def demo_setup(economic: Annotated[str, typer.Argument(help="Where the demo's e-conomic answers.")]) -> None:
    """Set the demo's dealers up, by the commands that every dealer is set up with."""
    from autoflows.demo import holm, registry, vester
    from autoflows.demo.setup import remembered

    folder = Folder(Settings().data)
    started_on = remembered(folder).started_on
    orders = vester.write(folder.path / "files", started_on)
    file = registry.write(folder.path / "registry", started_on)
    for arguments in [*holm.commands(economic), *vester.commands(orders, started_on), ["registry", "read", str(file)]]:
        typer.main.get_command(app)(arguments, standalone_mode=False)


def main() -> None:
    """Run the command; what cannot be done is said in a sentence, with exit code 1 (2: wrong use, 3: gave up)."""
    try:
        add_commands(lean=any(argument in _LEAN for argument in sys.argv[1:4]))
        app()
    except Exception as error:  # the edge of the command line: what is known is said, the rest is a bug and shown in full
        sentence = _sentence(error)
        if sentence is None:
            raise
        Console(stderr=True, soft_wrap=True).print(sentence, style="red", markup=False, highlight=False)
        raise SystemExit(getattr(error, "exit_code", 1)) from None


def add_commands(*, lean: bool = False) -> None:
    """Add everything to the command line; `lean`: without what services add, so that it starts fast."""
    operations.add_to(app)
    bench.add_to(app)
    repairs.add_to(app)
    for service in [] if lean else installed.load():
        if service.commands is not None:
            service.commands(app)


def _sentence(error: Exception) -> str | None:
    """What is wrong, for the user; None when it is our bug."""
    if isinstance(error, CannotRun | DomainError | TransientError | KafkaRefused):
        return str(error)
    if isinstance(error, ValidationError):
        return "A setting is wrong: " + "; ".join(f"AUTOFLOWS_{_name(each['loc'])}: {each['msg']}" for each in error.errors())
    if isinstance(error, DBAPIError | InterfaceError):
        return _sentence(error.__cause__) if isinstance(error.__cause__, Exception) else None
    if isinstance(error, asyncpg.InvalidPasswordError | asyncpg.InvalidCatalogNameError | asyncpg.UndefinedTableError):
        return f"The database refuses: {error}. Is AUTOFLOWS_DATABASE_SECRET right, and has `autoflows migrate` run?"
    if isinstance(error, ConnectionError | TimeoutError):
        return f"The database at {Settings().database_url} does not answer. Start it with: autoflows up"
    return None


def _name(place: tuple[int | str, ...]) -> str:
    return "_".join(map(str, place)).upper()
