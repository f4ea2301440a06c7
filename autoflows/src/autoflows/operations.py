"""Commands of those who operate it: migrate, clock, dead-letters, republish, events, doctor."""

import asyncio
from typing import Annotated

import typer
from rich.console import Console

from autoflows import database, installed, moving
from autoflows.folder import Folder
from autoflows.settings import Settings

console = Console()


def add_to(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.command()(migrate)
    app.command()(clock)


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
