"""`autoflows bench`: the benchmarks that services offer, each against a peer and against the limit."""

import json
from typing import Annotated

import typer

from autoflows import installed
from autoflows.errors import CannotRun


def add_to(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(bench)


def bench(
    name: Annotated[str | None, typer.Argument(help="Which one; without: list them.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One line of JSON.")] = False,
) -> None:
    """Measure how fast something is, against a peer and against the limit, in the same run."""
    offered = {each: measure for service in installed.load() for each, measure in service.benches.items()}
    if name is None:
        typer.echo("\n".join(sorted(offered)))
        return
    if name not in offered:
        raise CannotRun(f"There is no benchmark {name!r}. There are: {', '.join(sorted(offered)) or 'none'}.")
    line = offered[name]().line()
    if as_json:
        typer.echo(line)
        return
    told = json.loads(line)
    for who in ("ours", "peer", "limit"):
        slowest, fastest = told["spread"][who]
        about = f"  {told['what'][who]}" if who in told["what"] else ""
        typer.echo(
            f"{who:6} {told[who]:>10,.1f} {told['unit']}  ({slowest:,.1f} to {fastest:,.1f} in {told['runs']} runs){about}"
        )
    typer.echo(f"{told['ratio']:.2f} times the peer, {told['of_limit']:.0%} of the limit")
    known = {"name", "ours", "peer", "limit", "unit", "ratio", "of_limit", "spread", "runs", "what"}
    for key, value in told.items():
        if key not in known:
            typer.echo(f"{key}: {value}")
