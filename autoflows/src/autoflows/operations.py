"""Commands of those who operate it: migrate, clock, relay, events, doctor, scenario."""

import asyncio
import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from autoflows import database, doctor, installed, moving
from autoflows.errors import CannotRun
from autoflows.folder import Folder
from autoflows.settings import Settings
from common import catalogue

console = Console(soft_wrap=True, highlight=False)


def add_to(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    for command in (relay, migrate, clock, events, scenario):
        app.command()(command)
    app.command(name="doctor")(examine)


def relay() -> None:
    """Copy every service's log to Kafka: a process of its own where AUTOFLOWS_BUS=kafka."""
    from common.bus import relay as kafka  # aiokafka is loaded only where it is used
    from common.process import configure_logging

    installed.load()  # so that every topic is known
    settings = Settings()
    configure_logging(settings)
    asyncio.run(kafka.run(settings))


def migrate() -> None:
    """Make roles and schemas (with AUTOFLOWS_DATABASE_ADMIN_URL), then bring every schema up to date."""
    settings = Settings()
    admin = settings.database_admin_url.get_secret_value() if settings.database_admin_url else None
    schemas = [service.schema for service in installed.load()]
    asyncio.run(database.migrate(settings, schemas, admin=admin))
    console.print(f"Up to date: {', '.join(schema.name for schema in schemas)}.")


def clock(
    step: Annotated[str | None, typer.Argument(help="How far ahead: +7d, +3h, +30m. Without: tell the time.")] = None,
) -> None:
    """Move a demo's clock ahead, one wake-up at a time; everything that is due on the way happens."""
    asyncio.run(moving.move(Folder(Settings().data), step, console))


def events(
    as_json: Annotated[bool, typer.Option("--json", help="As an AsyncAPI 3 document.")] = False,
    write: Annotated[Path | None, typer.Option(help="Write the catalogue into this folder (docs/events).")] = None,
    check: Annotated[Path | None, typer.Option(help="Fail when the catalogue in this folder is stale.")] = None,
) -> None:
    """Show who says and hears what."""
    services = installed.load()
    if write is not None:
        console.print(f"{len(catalogue.write(services, write))} files changed in {write}.")
    elif check is not None:
        stale = [name for name, text in catalogue.files(services).items() if _read(check / name) != text]
        if stale:
            raise CannotRun(f"Stale in {check}: {', '.join(stale)}. Write it again with: autoflows events --write {check}")
    else:
        typer.echo(json.dumps(catalogue.asyncapi(services), indent=1) if as_json else catalogue.table(services), nl=as_json)


def examine() -> None:
    """Say what is wrong with this installation, and what to do about it; exit code 1 when something is."""
    findings = asyncio.run(doctor.examine(Folder(Settings().data), Settings(), installed.load()))
    for finding in findings:
        console.print(f"[{'green]ok  ' if finding.fine else 'red]BAD '}[/] {finding.what}: ", end="")
        console.print(finding.said, markup=False)
    if not all(finding.fine for finding in findings):
        raise typer.Exit(1)


def scenario(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE.yaml...", help="Stories: facts, a run, and what must have happened.")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="One line of JSON for each file.")] = False,
    disorder: Annotated[int | None, typer.Option(help="Delay topics against each other and handle every event twice.")] = None,
) -> None:
    """Run stories on throw-away databases and compare; exit code 1 when one differs, 2 when one cannot be read."""
    from autoflows.scenarios import command  # a database server, only for this command
    from common.process import configure_logging

    configure_logging(Settings(log_level="ERROR"))
    raise typer.Exit(asyncio.run(command.main(files, installed.load(), as_json=as_json, seed=disorder, console=console)))


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None
