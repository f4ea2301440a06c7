"""What the classifier's tests share: a way to read a text, the corpus, and events as ingest writes them."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from classifier.domain import Line, Order, Read, read
from classifier.lexicons import matcher
from common.events.appointments import AppointmentChanged
from common.events.work_orders import OrderLine, WorkOrderChanged
from common.ids import AppointmentId, OrderId, SourceId, VehicleId

CORPUS = Path(__file__).parent / "corpus"
SOURCE = SourceId(UUID("0197a000-0000-7000-8000-0000000050c1"))
VEHICLE = VehicleId(UUID("0197a000-0000-7000-8000-00000000c0a1"))
OTHER_VEHICLE = VehicleId(UUID("0197a000-0000-7000-8000-00000000c0a2"))
ORDER = OrderId(UUID("0197a000-0000-7000-8000-0000000000b1"))
APPOINTMENT = AppointmentId(UUID("0197a000-0000-7000-8000-0000000000a9"))


def read_text(*lines: str, remarks: str = "", on: date | None = None, finished: bool = True) -> Read:
    """Read an order of these lines in Danish."""
    order = Order(tuple(Line(line) for line in lines), remarks, on, finished)
    return read(order, matcher("da"))


def tags(*lines: str, **order: Any) -> set[str]:
    """The tags of an order of these lines."""
    return set(read_text(*lines, **order).names())


@dataclass(frozen=True)
class Labelled:
    """One order of the corpus with what a careful reader says of it."""

    id: str
    order: Order
    tags: frozenset[str]
    hard: bool
    expect: dict[str, Any]


def corpus(part: str) -> Iterator[Labelled]:
    """The labelled orders of one part: rules are tuned on `tune`, and judged on the others."""
    for line in (CORPUS / f"da_{part}.jsonl").read_text(encoding="utf-8").splitlines():
        raw = json.loads(line)
        order = Order(
            tuple(Line(entry["text"]) for entry in raw["lines"]), raw["remarks"], date.fromisoformat(raw["date"]),
            raw["status"] == "finished",
        )  # fmt: skip
        yield Labelled(raw["id"], order, frozenset(raw["expect"]["tags"]), raw["hard"], raw["expect"])


@pytest.fixture
def work_order() -> Callable[..., WorkOrderChanged]:
    """A finished order with these lines; everything else can be said."""

    def make(*lines: str, revision: int = 1, status: str = "finished", **fields: Any) -> WorkOrderChanged:
        known = {
            "order_id": ORDER, "source_id": SOURCE, "number": "1001", "vehicle_id": VEHICLE, "changed_on": date(2026, 2, 27),
            "finished_on": date(2026, 2, 27) if status != "open" else None,
        }  # fmt: skip
        given = tuple(OrderLine(text=line) for line in lines)
        return WorkOrderChanged(**{**known, "revision": revision, "status": status, "lines": given, **fields})

    return make


@pytest.fixture
def appointment() -> Callable[..., AppointmentChanged]:
    """An appointment with this text."""

    def make(text: str, *, revision: int = 1, **fields: Any) -> AppointmentChanged:
        known = {
            "appointment_id": APPOINTMENT, "vehicle_id": VEHICLE, "starts_at": datetime(2026, 11, 3, 7, tzinfo=UTC),
            "made_at": datetime(2026, 10, 1, 7, tzinfo=UTC), "status": "booked",
        }  # fmt: skip
        return AppointmentChanged(**{**known, "revision": revision, "text": text, **fields})

    return make
