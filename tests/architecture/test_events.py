"""Who writes and hears what, checked against code; the catalogue in `docs/events` is made from it."""

import ast
import json
from pathlib import Path

import pytest

from common.catalogue import files, product_topics, writers_and_readers
from common.events import Event, event_named, events_of, topics
from common.service import Service

ROOT = Path(__file__).parents[2]
SAMPLES = Path(__file__).parent / "samples"

DOWNHILL = ["ingest", "dmr-sync", "classifier", "scheduler", "leads", "notifier", "api"]
WAYS_BACK = {"answers", "settings", "webhooks"}  # from api up to anyone; `messages` goes back to scheduler and leads
MESSAGES_BACK = {"scheduler", "leads"}
NOT_TOLD_YET: set[str] = set()  # events whose readers are ready before anybody tells them


def all_events() -> list[type[Event]]:
    return [event for name in product_topics() for event in events_of(name)]


def test_every_topic_has_one_writer_and_that_is_who_publishes_it(services: list[Service]) -> None:
    for service in services:
        for event in service.publishes:
            assert event.topic.writer == service.name, f"{service.name} publishes {event.name}, {event.topic.writer} writes it"
    assert all(len(writers) == 1 for writers, _ in writers_and_readers(services).values() if writers)


def test_every_event_that_somebody_hears_is_published(services: list[Service]) -> None:
    silent = [name for name, (writers, readers) in writers_and_readers(services).items() if readers and not writers]
    assert set(silent) == NOT_TOLD_YET


def test_what_a_service_says_it_publishes_is_built_in_its_code(services: list[Service]) -> None:
    for service in services:
        unbuilt = {event.__name__ for event in service.publishes} - names_in(service.name)
        assert unbuilt == set(), f"{service.name} says that it publishes these and never does"


def names_in(service: str) -> set[str]:
    """Every name that a service's code uses, `main.py` aside."""
    names: set[str] = set()
    for path in sources(service):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Name):
                names.add(node.id)
            elif isinstance(node, ast.Attribute):
                names.add(node.attr)
    return names


def sources(service: str) -> list[Path]:
    found = sorted((ROOT / "services" / service / "src").rglob("*.py"))
    return [path for path in found if path.name != "main.py"]


def test_facts_flow_downhill_but_for_the_listed_ways_back(services: list[Service]) -> None:
    for service in services:
        for topic in service.topics:
            writer = topics()[topic].writer
            if DOWNHILL.index(writer) < DOWNHILL.index(service.name) or topic in WAYS_BACK:
                continue
            assert topic == "messages", f"{service.name} hears {topic} of {writer}, which is downhill of it"
            assert service.name in MESSAGES_BACK


def test_a_second_writer_of_a_topic_is_refused() -> None:
    from common.events.base import topic

    with pytest.raises(ValueError, match="declared twice"):
        topic("visits", writer="api", kind="state", retention_days=1)


def test_the_catalogue_is_fresh(services: list[Service]) -> None:
    stale = [
        name
        for name, text in files(services).items()
        if not (path := ROOT / "docs" / "events" / name).exists() or path.read_text(encoding="utf-8") != text
    ]
    assert stale == [], "run: autoflows events --write"


def test_every_version_ever_written_still_parses() -> None:
    """A sample stays for ever; a field may be added with a default, anything else needs a `.v2`."""
    for path in sorted(SAMPLES.glob("*.json")):
        event = event_named(path.stem)
        assert event is not None, f"{path.stem} was written once and is unknown now"
        event.model_validate_json(path.read_text(encoding="utf-8"))


def test_every_event_has_a_sample_with_all_its_fields() -> None:
    for event in all_events():
        path = SAMPLES / f"{event.name}.json"
        assert path.exists(), f"write a sample of {event.name} to {path}"
        assert set(json.loads(path.read_text(encoding="utf-8"))) == set(event.model_fields), (
            f"a field of {event.name} is not in its sample"
        )
