"""The interval table: what makers prescribe, as versioned data. A row without its source is not taken."""

import tomllib
from functools import cache
from importlib.resources import files

from common.policy import IntervalRule

_FILE = files("scheduler.domain") / "intervals.toml"


@cache
def rows() -> tuple[IntervalRule, ...]:
    """The rows in their order. Raises ValueError where one names no source."""
    told = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    found = []
    for row in told.get("row", ()):
        if not row.pop("source", ""):
            raise ValueError(f"a row of the interval table names no source: {row}")
        found.append(IntervalRule.model_validate(row))
    return tuple(found)


@cache
def version() -> str:
    """The version of the table."""
    return str(tomllib.loads(_FILE.read_text(encoding="utf-8"))["version"])
