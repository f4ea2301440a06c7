"""The catalogue of events, made from code: who writes and hears what, JSON Schemas, and an AsyncAPI 3 document."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from common import reasons
from common.events import PARTITIONS, Event, events_of, topics
from common.service import Service


def writers_and_readers(services: Sequence[Service]) -> dict[str, tuple[list[str], list[str]]]:
    """Of each event the services that publish it and those that hear it."""
    return {
        event.name: (
            [service.name for service in services if event in service.publishes],
            [service.name for service in services if event in service.handlers.events],
        )
        for name in product_topics()
        for event in events_of(name)
    }


def product_topics() -> list[str]:
    """The topics of the product; those that only tests have are left out."""
    return sorted(name for name, topic in topics().items() if topic.writer not in ("prober", "listener"))


def table(services: Sequence[Service]) -> str:
    """The table of `docs/events`."""
    roles = writers_and_readers(services)
    lines = [
        "# Events",
        "",
        "Made from code by `autoflows events --write`; a test fails when it is stale.",
        f"Every topic has {PARTITIONS} partitions. *State* topics carry whole entities and may be told again; of what *happened*",
        "there is one copy.",
        "",
        "| topic | kind | kept | event | written by | heard by | says |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name in product_topics():
        topic = topics()[name]
        for event in events_of(name):
            writers, readers = roles[event.name]
            kept = f"{topic.retention_days} days{', personal data' if topic.personal else ''}"
            heard = ", ".join(readers) or "nobody yet"
            cells = [f"`{name}`", topic.kind, kept, f"`{event.name}`", ", ".join(writers), heard, says(event)]
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def says(event: type[Event]) -> str:
    """The first line of an event's docstring."""
    own = event.__doc__ if event.__dict__.get("__doc__") else None
    return (own or event.name.split(".")[1].replace("_", " ")).strip().splitlines()[0].replace("|", "\\|")


def schema(event: type[Event]) -> dict[str, Any]:
    """The JSON Schema of an event's body."""
    return {"$id": f"urn:autoflows:event:{event.name}", **event.model_json_schema(mode="serialization")}


def asyncapi(services: Sequence[Service]) -> dict[str, Any]:
    """The AsyncAPI 3 document."""
    names = product_topics()
    channels = {
        name: {
            "address": f"autoflows.{name}",
            "messages": {event.name: {"$ref": f"#/components/messages/{event.name}"} for event in events_of(name)},
            "bindings": {"kafka": {"topic": f"autoflows.{name}", "partitions": PARTITIONS, "bindingVersion": "0.5.0"}},
        }
        for name in names
    }
    messages = {
        event.name: {
            "name": event.name,
            "summary": says(event),
            "contentType": "application/json",
            "headers": _HEADERS,
            "payload": {"schemaFormat": "application/schema+json;version=draft-2020-12", "schema": schema(event)},
        }
        for name in names
        for event in events_of(name)
    }
    operations = {}
    for service in services:
        for name in names:
            if any(event.topic.name == name for event in service.publishes):
                operations[f"{service.name}.{name}.send"] = {"action": "send", "channel": {"$ref": f"#/channels/{name}"}}
            if name in service.topics:
                operations[f"{service.name}.{name}.receive"] = {"action": "receive", "channel": {"$ref": f"#/channels/{name}"}}
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Autoflows events", "version": "1"},
        "channels": channels,
        "operations": operations,
        "components": {"messages": messages},
    }


_HEADERS: Mapping[str, Any] = {
    "type": "object",
    "description": "CloudEvents 1.0, binary mode",
    "properties": {
        name: {"type": "string"}
        for name in (
            "ce_id",
            "ce_type",
            "ce_source",
            "ce_time",
            "ce_partitionkey",
            "ce_dealerid",
            "ce_correlationid",
            "ce_causationid",
        )
    },
}


def files(services: Sequence[Service]) -> dict[str, str]:
    """Every generated file of `docs/events` by its name."""
    found = {"README.md": table(services), "asyncapi.json": _json(asyncapi(services)), "../reasons.md": reasons.table()}
    for name in product_topics():
        found |= {f"schemas/{event.name}.json": _json(schema(event)) for event in events_of(name)}
    return found


def write(services: Sequence[Service], folder: Path) -> list[str]:
    """Write the catalogue; the names of the files that changed."""
    changed = []
    for name, text in files(services).items():
        path = folder / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            changed.append(name)
    return changed


def _json(value: Any) -> str:
    return json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
