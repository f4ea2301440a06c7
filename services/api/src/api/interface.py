"""The description of the REST interface, as `openapi.json` has it: api's own routes, and what is forwarded as owners tell it."""

import json
from collections.abc import Mapping
from importlib.metadata import entry_points
from typing import Any

from fastapi import FastAPI

from api.describing import REFUSALS, V1
from api.questions import FORWARDED, Forwarded
from common.service import Runtime, Service

_REFERENCE = "#/components/schemas/"


def interface(service: Service) -> str:
    """OpenAPI 3.1 of everything under /api/v1. What another service answers is described where that service is installed."""
    found = described(service)
    for what in FORWARDED:
        if (theirs := _installed(what.service)) is not None:
            merge(found, described(theirs), what)
    found["paths"] = dict(sorted(found["paths"].items()))
    return json.dumps(found, indent=1, ensure_ascii=False) + "\n"


def described(service: Service) -> dict[str, Any]:
    """OpenAPI of a service's own routes."""
    app = FastAPI(title="Autoflows", version="1", description="Lists, answers, messages and settings of a dealer.")
    if service.router is not None:
        app.include_router(service.router(Runtime(service, service.settings.model_construct(), listen=False)))
    found: dict[str, Any] = app.openapi()
    return found


def merge(ours: dict[str, Any], theirs: Mapping[str, Any], what: Forwarded) -> None:
    """Add the paths of an owner that are forwarded to it, with what they refer to under names of their own."""
    mine = f"/{what.prefix}"
    taken = {path: told for path, told in theirs["paths"].items() if path == mine or path.startswith(f"{mine}/")}
    if not taken:
        return
    text = json.dumps(taken).replace(_REFERENCE, f"{_REFERENCE}{what.service}_")
    for path, told in json.loads(text).items():
        place: dict[str, Any] = ours["paths"].setdefault(V1 + path, {})
        for method, operation in told.items():
            if method not in place and not (method != "get" and what.change == "nobody"):
                place[method] = operation | {
                    "tags": [what.tag],
                    "operationId": f"{what.service}_{operation.get('operationId', method)}",
                    "responses": operation.get("responses", {}) | {"4XX": REFUSALS["4XX"]},
                }
    schemas = json.loads(
        json.dumps(theirs.get("components", {}).get("schemas", {})).replace(_REFERENCE, f"{_REFERENCE}{what.service}_")
    )
    ours.setdefault("components", {}).setdefault("schemas", {}).update(
        {f"{what.service}_{name}": schema for name, schema in schemas.items()}
    )


def _installed(name: str) -> Service | None:
    """Another service by its entry point, at build time only: api never asks for its code when it runs."""
    found = [entry for entry in entry_points(group="autoflows.services") if entry.name == name]
    if not found:
        return None
    service: Service = found[0].load()
    return service
