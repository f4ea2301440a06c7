"""What dmr-sync adds to the command line: `registry read` and `registry status`."""

import asyncio
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn, TransferSpeedColumn
from rich.progress import Progress as Bar

from common.ids import DealerId
from common.service import Runtime, Service, opened
from dmr_sync import reading, store
from dmr_sync.domain.inspections import COUNTRIES

_out = Console(soft_wrap=True, highlight=False, markup=False)
_err = Console(stderr=True, soft_wrap=True, highlight=False, markup=False)
_PATIENCE = timedelta(seconds=30)
_SHOWN = 5


def add_commands(app: typer.Typer, service: Service) -> None:
    """Add dmr-sync's commands to the command line."""
    registry = typer.Typer(help="The motor registry.", no_args_is_help=True)
    app.add_typer(registry, name="registry")

    @registry.command()
    def read(
        path: Annotated[Path, typer.Argument(metavar="FILE", help="The Danish registry's XML, plain or the one entry of a zip.")],
        day: Annotated[
            datetime | None,
            typer.Option(help="As of which day it stands; default: the day in its name, else today.", formats=["%Y-%m-%d"]),
        ] = None,
        force: Annotated[
            bool, typer.Option("--force", help="Also when it is older or much smaller than the one before.")
        ] = False,
    ) -> None:
        """Read a file now, for every dealer's vehicles. Nothing of a broken file counts."""
        asyncio.run(_read(service, path, day, force))

    @registry.command()
    def status() -> None:
        """Say which files were read, and for how many vehicles no file was searched yet."""
        asyncio.run(_status(service))


async def _read(service: Service, path: Path, day: datetime | None, force: bool) -> None:
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    async with opened(service) as runtime:
        if not await runtime.caught_up(within=_PATIENCE):
            _err.print("dmr-sync has not heard of every vehicle yet; those are looked for next time. Does it run?")
        with Bar(*columns, console=_err, disable=not _err.is_terminal, transient=True) as bar:
            task = bar.add_task(path.name, total=None)
            summary = await reading.read(
                runtime, path, read_on=day.date() if day else None, force=force,
                progress=lambda now: bar.update(task, completed=now.at, total=now.of),
            )  # fmt: skip
    _out.print(
        f"{summary.name}, as of {summary.read_on}: {summary.rows:,} rows ({summary.bytes / 1e9:.3f} GB), {summary.wanted:,} VINs and "
        f"plates looked for, {summary.vehicles:,} vehicles found, {summary.dealers:,} dealers told."
    )
    if summary.doubt:
        _out.print(f"It was read the slower way, because {summary.doubt}.")


async def _status(service: Service) -> None:
    async with opened(service) as runtime:
        async with runtime.sessions() as session, session.begin():
            files = await store.files(session, _SHOWN)
            dealers = await store.dealers(session)
        waiting = {country: [await _waiting(runtime, DealerId(one), country) for one in dealers] for country in COUNTRIES}
    if not files:
        _out.print("No file of a registry was read yet. Read one: autoflows registry read FILE")
    for file in files:
        ended = f"read to its end {file.done_at:%Y-%m-%d %H:%M} UTC" if file.done_at else "not read to its end"
        had = f"{file.rows:,} rows, {file.vehicles:,} vehicles found"
        _out.print(f"{file.country} {file.name}, as of {file.read_on}: {file.state} ({ended}), {had}")
        if file.problem:
            _out.print(f"  {file.problem}")
    for country, counts in waiting.items():
        _out.print(f"{country}: {sum(counts):,} vehicles of {sum(map(bool, counts)):,} dealers were not looked for yet.")


async def _waiting(runtime: Runtime, dealer: DealerId, country: str) -> int:
    async with runtime.work(dealer) as work:
        return await store.unanswered(work.session, dealer, country)
