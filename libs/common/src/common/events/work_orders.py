"""Topic `work_orders`: each order of the workshop as a full snapshot. Written by ingest."""

from datetime import date
from uuid import UUID

from common.events.base import Fact, State, topic
from common.ids import CustomerId, OrderId, SourceId, VehicleId, WorkshopId

TOPIC = topic("work_orders", writer="ingest", kind="state", retention_days=30, personal=True)


class OrderLine(Fact):
    """One line as the source wrote it. `amount` is net, in minor units of the order's currency."""

    code: str | None = None
    text: str = ""
    quantity: float | None = None
    unit: str | None = None
    amount: int | None = None


class WorkOrderChanged(State):
    """An order as it stands: open, finished (invoiced), cancelled or credited."""

    name = "work_order.changed.v1"
    topic = TOPIC
    entity_field = "order_id"
    order_id: OrderId
    source_id: SourceId
    number: str
    vehicle_id: VehicleId | None = None
    customer_id: CustomerId | None = None
    workshop_id: WorkshopId | None = None
    status: str  # OrderStatus
    finished_on: date | None = None  # the day of the visit, for a finished order
    changed_on: date | None = None  # the day its content last changed in the source
    odometer_km: int | None = None
    order_type: str | None = None
    lines: tuple[OrderLine, ...] = ()
    remarks: str = ""
    mechanics: tuple[str, ...] = ()
    hours: float | None = None
    currency: str | None = None
    next_service_on: date | None = None
    gives: tuple[str, ...] = ()  # what this source can tell at all

    def key(self) -> UUID:
        return self.vehicle_id or self.customer_id or self.order_id
