"""The command line: everything is there, and everything says what it is for."""

from collections.abc import Iterator
from typing import Any

import pytest
import typer

from autoflows import cli

WANTED = {
    "up",
    "run",
    "relay",
    "migrate",
    "clock",
    "events",
    "dead-letters",
    "republish",
    "doctor",
    "dealers",
    "users",
    "connect",
}


@pytest.fixture(scope="module")
def command() -> Any:
    cli.add_commands()
    return typer.main.get_command(cli.app)


def walk(command: Any, name: str) -> Iterator[tuple[str, Any]]:
    yield name, command
    for sub, inner in getattr(command, "commands", {}).items():
        yield from walk(inner, f"{name} {sub}")


def test_every_command_is_there(command: Any) -> None:
    assert WANTED | {"import", "classify", "explain"} <= set(command.commands)


def test_every_command_and_option_says_what_it_is_for(command: Any) -> None:
    silent = [name for name, found in walk(command, "autoflows") if not found.help]
    silent += [
        f"{name} {parameter.name}"
        for name, found in walk(command, "autoflows")
        for parameter in found.params
        if not getattr(parameter, "help", None) and parameter.name not in {"help", "install_completion", "show_completion"}
    ]
    assert silent == []
