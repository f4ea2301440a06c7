"""What a dry run shows of one thing: what it tells, or what of it would be another than before."""

from typing import Any

from common.events import State
from ingest.domain.snapshots import CustomerSnapshot, Thing, VehicleRecord

_OURS = {"revision", "gives", "source_id", "made_at"}  # nothing that a file tells
_MOST = 160  # characters of one value


def number_of(thing: Thing) -> str:
    """By what its own system knows it."""
    match thing:
        case VehicleRecord(vehicle=vehicle):
            return vehicle.plate or vehicle.vin or vehicle.key or ""
        case CustomerSnapshot():
            return thing.number
        case _:
            return thing.number


def shown(before: State | None, after: State | None) -> str:
    """The facts of a new thing, else those that change, with what they were."""
    if after is None:
        return ""
    old, new = (one.model_dump(mode="json") if one is not None else {} for one in (before, after))
    ours = {*_OURS, *(name for name in new if name.endswith("_id"))}
    facts = {name: value for name, value in new.items() if (name not in ours and value not in (None, "", [], {})) or name in old}
    told = []
    for name, value in facts.items():
        if name in ours or old.get(name) == value:
            continue
        told.append(f"{name} {_brief(old[name])} → {_brief(value)}" if before is not None else f"{name} {_brief(value)}")
    return ", ".join(told) or "whose it is"


def _brief(value: Any) -> str:
    match value:
        case None | "" | []:
            return "none"
        case list() if value and isinstance(value[0], dict):
            text = "; ".join(filter(None, (str(one.get("text") or one.get("code") or "") for one in value)))
        case list():
            text = ", ".join(map(str, value))
        case dict():
            text = (
                ", ".join(f"{name} {'yes' if told else 'no'}" for name, told in value.items() if told is not None) or "not told"
            )
        case _:
            text = str(value)
    return text if len(text) <= _MOST else text[: _MOST - 1] + "…"
