"""The committed description of REST is what the code says, and says enough."""

import json
from pathlib import Path

from api.interface import interface
from api.main import service

COMMITTED = Path(__file__).parents[1] / "openapi.json"


def test_the_description_is_fresh() -> None:
    fresh = interface(service)
    assert COMMITTED.read_text(encoding="utf-8") == fresh, "run: autoflows openapi > services/api/openapi.json"


def test_every_route_is_described_and_named_once() -> None:
    paths = json.loads(COMMITTED.read_text(encoding="utf-8"))["paths"]
    operations = [operation for path in paths.values() for operation in path.values()]
    assert [one["operationId"] for one in operations if not one.get("description")] == []
    names = [one["operationId"] for one in operations]
    assert len(names) == len(set(names))


def test_what_does_something_takes_a_key() -> None:
    paths = json.loads(COMMITTED.read_text(encoding="utf-8"))["paths"]
    own = {path: told["post"] for path, told in paths.items() if "post" in told and path != "/api/v1/session"}
    without = [
        path
        for path, operation in own.items()
        if "Idempotency-Key" not in {given["name"] for given in operation.get("parameters", ())}
        and not operation["operationId"].startswith(("scheduler_", "ingest_"))
    ]
    assert without == []
