"""The services that are installed, known only by their entry points."""

import importlib
from collections.abc import Iterable
from importlib.metadata import entry_points

from autoflows.errors import CannotRun
from common.service import Service

GROUP = "autoflows.services"


class UnknownService(CannotRun):
    """No installed service has that name; the message lists those that there are."""


def names() -> list[str]:
    """Every installed service, in the order of their names."""
    return sorted(entry.name for entry in entry_points(group=GROUP))


def load(wanted: Iterable[str] | None = None) -> list[Service]:
    """The services of these names (default: all)."""
    entries = {entry.name: entry for entry in entry_points(group=GROUP)}
    found = []
    for name in names() if wanted is None else wanted:
        if name not in entries:
            raise UnknownService(f"There is no service {name!r}. There are: {', '.join(sorted(entries))}.")
        found.append(_load(entries[name].value))
    return found


def _load(place: str) -> Service:
    module, _, attribute = place.partition(":")
    service = getattr(importlib.import_module(module), attribute)
    assert isinstance(service, Service), f"{place} is no Service"
    return service
