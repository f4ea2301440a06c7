"""Topic `appointments`: when a vehicle is expected. Written by ingest."""

from datetime import datetime
from uuid import UUID

from common.events.base import State, topic
from common.ids import AppointmentId, CustomerId, InvitationId, SourceId, VehicleId, WorkshopId

TOPIC = topic("appointments", writer="ingest", kind="state", retention_days=30)


class AppointmentChanged(State):
    """An appointment as it stands, with the invitation that it answers where that is known."""

    name = "appointment.changed.v1"
    topic = TOPIC
    entity_field = "appointment_id"
    appointment_id: AppointmentId
    source_id: SourceId | None = None
    vehicle_id: VehicleId | None = None
    customer_id: CustomerId | None = None
    workshop_id: WorkshopId | None = None
    starts_at: datetime
    made_at: datetime  # business time at which we first heard of it
    text: str = ""
    status: str  # AppointmentStatus
    invitation_id: InvitationId | None = None

    def key(self) -> UUID:
        return self.vehicle_id or self.customer_id or self.appointment_id
