"""What the command itself reads from the environment, and how it takes over the settings of a product that runs here."""

import os
from collections.abc import Mapping
from pathlib import Path

from pydantic import SecretStr

from autoflows.errors import CannotRun
from common.settings import Settings as CommonSettings


class Settings(CommonSettings):
    """The command's own: where data lies, and an administrator of databases that we did not make."""

    data: Path = Path("data")
    database_port: int = 5544
    postgres: Path | None = None  # a folder with PostgreSQL's programs, instead of the wheel's
    database_admin_url: SecretStr | None = None  # with credentials; `migrate` makes roles and schemas with it


def environment(added: Mapping[str, str]) -> dict[str, str]:
    """The environment of a child process: ours, and what `added` says."""
    return {**os.environ, "PYTHONUNBUFFERED": "1", **added}


def given(name: str) -> str | None:
    """A setting that the user has set (`AUTOFLOWS_…`)."""
    return os.environ.get(f"AUTOFLOWS_{name.upper()}") or None


def everything_given() -> dict[str, str]:
    """Every setting that the user has set, for commands that join in later; not what a test has a process die of."""
    return {name: value for name, value in os.environ.items() if name.startswith("AUTOFLOWS_") and name != "AUTOFLOWS_FAILPOINT"}


def adopt_file(path: Path) -> None:
    """Take over the settings in a file of lines `AUTOFLOWS_NAME=value`; what the environment says stays."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return
    for number, line in enumerate(lines, 1):
        name, sign, value = line.partition("=")
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if not sign or not name.strip().startswith("AUTOFLOWS_"):
            raise CannotRun(f"{path}, line {number}: a setting is written AUTOFLOWS_NAME=value.")
        adopt({name.strip(): value.strip().strip("\"'")})


def adopt(added: Mapping[str, str]) -> None:
    """Take over the settings of the product that runs here; what the user has set himself stays."""
    for name, value in added.items():
        os.environ.setdefault(name, value)
