"""Whose a vehicle is: what its orders show, and what a list of vehicles says."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID


@dataclass(frozen=True)
class Seen:
    """The customer of a vehicle's latest order that stands, or else of its latest appointment."""

    customer: UUID
    on: date | None
    is_order: bool


@dataclass(frozen=True)
class Registered:
    """The customer that a source's list of vehicles names, and since when, where it says so."""

    customer: UUID
    since: date | None = None


def owner(seen: Seen | None, registered: Registered | None) -> UUID | None:
    """An order shows more than a list does, unless the list says that the vehicle changed hands after it; an appointment less:
    anybody may have made it."""
    if seen is None or registered is None:
        found = seen or registered
        return found.customer if found is not None else None
    sold_since = registered.since is not None and seen.on is not None and registered.since > seen.on
    return seen.customer if seen.is_order and not sold_since else registered.customer
