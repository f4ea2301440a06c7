"""Topic `visits`: what orders and appointments were about, with the evidence. Written by classifier."""

from datetime import date
from uuid import UUID

from common.events.base import Fact, State, topic
from common.ids import AppointmentId, CustomerId, OrderId, VehicleId, WorkshopId

TOPIC = topic("visits", writer="classifier", kind="state", retention_days=30)


class Evidence(Fact):
    """Why a tag: the words, where they stand (`line 2`, `remarks`), the rule that read them and how strong it is (0 to 1)."""

    words: str
    place: str
    rule: str
    strength: float = 1.0


class TagRead(Fact):
    """A tag with what it rests on."""

    tag: str  # VisitTag
    evidence: tuple[Evidence, ...] = ()


class Reading(State):
    """What was read of one text; `text_revision` is the revision of the order or appointment that was read."""

    text_revision: int
    vehicle_id: VehicleId | None = None
    customer_id: CustomerId | None = None
    tags: tuple[TagRead, ...] = ()
    overruled: tuple[TagRead, ...] = ()
    review: bool = False  # weak or conflicting evidence

    def has(self, *tags: str) -> bool:
        """Whether any of these tags was read."""
        return any(read.tag in tags for read in self.tags)


class VisitClassified(Reading):
    """What a finished order was about. A credited or cancelled order is published again with `counts` False and no tags."""

    name = "visit.classified.v1"
    topic = TOPIC
    entity_field = "order_id"
    order_id: OrderId
    workshop_id: WorkshopId | None = None
    visited_on: date
    counts: bool = True
    odometer_km: int | None = None
    mechanics: tuple[str, ...] = ()
    hours: float | None = None
    next_service_on: date | None = None
    inspection_result: str | None = None  # passed, failed
    amount: int | None = None  # minor units, read from the text where no line has an amount; without tax where the text has both
    parts_amount: int | None = None
    parts: tuple[str, ...] = ()

    def key(self) -> UUID:
        return self.vehicle_id or self.customer_id or self.order_id


class OpenOrderClassified(Reading):
    """What an open order asks for; `open` False when it was finished, cancelled or credited since."""

    name = "open_order.classified.v1"
    topic = TOPIC
    entity_field = "order_id"
    order_id: OrderId
    changed_on: date | None = None
    open: bool = True

    def key(self) -> UUID:
        return self.vehicle_id or self.customer_id or self.order_id


class AppointmentClassified(Reading):
    """What an appointment is for."""

    name = "appointment.classified.v1"
    topic = TOPIC
    entity_field = "appointment_id"
    appointment_id: AppointmentId

    def key(self) -> UUID:
        return self.vehicle_id or self.customer_id or self.appointment_id
