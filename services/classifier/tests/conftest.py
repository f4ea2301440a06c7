"""What the classifier's tests share: events as ingest writes them."""

import sys
from collections.abc import AsyncIterator, Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from classifier.main import service
from common.events.appointments import AppointmentChanged
from common.events.work_orders import OrderLine, WorkOrderChanged
from common.ids import AppointmentId, OrderId, SourceId, VehicleId
from common.testing.postgres import Database
from common.testing.runtime import running

if TYPE_CHECKING:
    from classifier_house import House

sys.path.insert(0, str(Path(__file__).parent))  # for `classifier_house`; these tests are no package
sys.path.insert(0, str(Path(__file__).parents[1] / "training"))  # for `learning`, which is not installed

SOURCE = SourceId(UUID("0197a000-0000-7000-8000-0000000050c1"))
VEHICLE = VehicleId(UUID("0197a000-0000-7000-8000-00000000c0a1"))
ORDER = OrderId(UUID("0197a000-0000-7000-8000-0000000000b1"))
APPOINTMENT = AppointmentId(UUID("0197a000-0000-7000-8000-0000000000a9"))


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


@pytest.fixture
async def house(database: Database) -> "AsyncIterator[House]":
    """The classifier on a real database, with its routes."""
    from classifier_house import House

    async with running(service, database) as rt:
        yield House(rt)
