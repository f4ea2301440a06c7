"""The interval table: what makers prescribe, as versioned data. A row without its source is not taken."""

import tomllib
from functools import cache
from importlib.resources import files

from common.policy import IntervalRule

_FILE = files("scheduler.domain") / "intervals.toml"


@cache
def rows() -> tuple[IntervalRule, ...]:
    """The rows in their order."""
    return read(_FILE.read_text(encoding="utf-8"))


def read(told: str) -> tuple[IntervalRule, ...]:
    """Read a table. Raises ValueError where a row names no source."""
    found = []
    for row in tomllib.loads(told).get("row", ()):
        if not row.pop("source", ""):
            raise ValueError(f"a row of the interval table names no source: {row}")
        found.append(IntervalRule.model_validate(row))
    return tuple(found)
