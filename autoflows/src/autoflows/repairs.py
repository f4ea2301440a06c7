"""Commands that mend: events that were set aside, and states that are told once more."""

import asyncio
from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Table

from autoflows import installed
from autoflows.errors import CannotRun
from common.bus import parking
from common.events import topics
from common.ids import dealer_named
from common.republish import republish as tell_again
from common.service import Service, opened

console = Console(soft_wrap=True, highlight=False)
dead_letters = typer.Typer(no_args_is_help=True, help="Events that could not be handled: look at them, handle them again.")
OfService = Annotated[str | None, typer.Option("--service", help="Only this service's (default: all).")]


def add_to(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.add_typer(dead_letters, name="dead-letters")
    app.command()(republish)


@dead_letters.command(name="list")
def listfind(service: OfService = None) -> None:
    """List what is parked, oldest first; what waits behind it is counted."""
    found = asyncio.run(find(_services(service)))
    if not found:
        console.print("Nothing is parked.")
        return
    table = Table("service", "id", "event", "dealer", "key", "tries", "parked", "why", box=None)
    for name, row in found:
        parked_at = f"{row.parked_at:%Y-%m-%d %H:%M}"
        table.add_row(name, str(row.id), row.type, str(row.dealer_id), str(row.key), str(row.tries), parked_at, row.error)
    console.print(table)


@dead_letters.command()
def show(event: Annotated[UUID, typer.Argument(help="The id of a parked event.")], service: OfService = None) -> None:
    """Show a parked event whole: its headers, its body and why it was parked."""
    found = asyncio.run(find(_services(service), [event]))
    if not found:
        raise CannotRun(f"No event {event} is parked.")
    for name, row in found:
        where = f"{row.topic}/{row.part}/{row.off}"
        console.print(f"{name}: {row.type} at {where}, parked after {row.tries} tries: {row.error}", markup=False)
        console.print(dict(row.headers))
        console.print(bytes(row.body).decode(errors="replace"), markup=False)


@dead_letters.command()
def replay(
    events: Annotated[list[UUID] | None, typer.Argument(help="Ids of parked events (default: all).")] = None,
    service: OfService = None,
) -> None:
    """Handle parked events again, in order; what fails stays parked. Exit code 1 when something stays."""
    done, left = asyncio.run(handle_again(_services(service), events or None))
    console.print(f"{done} handled, {left} still parked.")
    if left:
        raise typer.Exit(1)


def republish(
    topic: Annotated[str, typer.Argument(help="A state topic, such as: visits")],
    dealer: Annotated[str, typer.Option(help="The dealer's short name.")],
) -> None:
    """Tell a dealer's states of a topic once more, for a reader that is new or lost its place."""
    declared = topics().get(topic)
    writer = next((each for each in installed.load() if declared is not None and each.name == declared.writer), None)
    if writer is None:
        known = sorted(name for name, each in topics().items() if each.kind == "state" and each.writer in installed.names())
        raise CannotRun(f"There is no topic {topic!r} of an installed service. State topics: {', '.join(known)}.")
    console.print(f"{asyncio.run(_republish(writer, topic, dealer))} states of {topic} were told again.")


async def find(services: Sequence[Service], ids: Sequence[UUID] | None = None) -> list[tuple[str, Any]]:
    """What is parked at these services: the service's name, and a row with the event and why."""
    found = []
    for service in services:
        async with opened(service) as runtime, runtime.sessions() as session:
            found += [(service.name, row) for row in await parking.parked(session, service.schema.name, service.name, ids=ids)]
    return found


async def handle_again(services: Sequence[Service], ids: Sequence[UUID] | None) -> tuple[int, int]:
    """Handle what is parked at these services; how many were handled, and how many stay parked."""
    done = left = 0
    for service in services:
        async with opened(service) as runtime:
            handled, stuck = await runtime.consumer.replay(ids)
        done, left = done + handled, left + stuck
    return done, left


async def _republish(writer: Service, topic: str, name: str) -> int:
    count = 0
    async with opened(writer) as runtime:
        async for count in tell_again(runtime, topic, dealer_named(name)):
            console.print(f"{count} …", end="\r")
    return count


def _services(name: str | None) -> list[Service]:
    return installed.load(None if name is None else [name])
