"""Topic `customers`: who the dealer's customers and vehicles are, and what each source can tell. Written by ingest."""

from datetime import date, datetime
from uuid import UUID

from common.events.base import Fact, State, topic
from common.ids import ContractId, CustomerId, SourceId, VehicleId

TOPIC = topic("customers", writer="ingest", kind="state", retention_days=30, personal=True)


class Consent(Fact):
    """What the source says of consent; None is not told."""

    service: bool | None = None
    leads: bool | None = None
    phone: bool | None = None


class CustomerChanged(State):
    """A customer as the dealer's systems know it now."""

    name = "customer.changed.v1"
    topic = TOPIC
    entity_field = "customer_id"
    customer_id: CustomerId
    number: str | None = None
    full_name: str | None = None
    email: str | None = None
    mobile: str | None = None  # E.164
    kind: str | None = None  # private, business, or a word of the source; None is not told
    groups: tuple[str, ...] = ()
    language: str | None = None
    consent: Consent = Consent()

    def key(self) -> UUID:
        return self.customer_id


class VehicleChanged(State):
    """A vehicle as the dealer's systems know it now, with the customer of its latest order."""

    name = "vehicle.changed.v1"
    topic = TOPIC
    entity_field = "vehicle_id"
    vehicle_id: VehicleId
    customer_id: CustomerId | None = None
    plate: str | None = None
    vin: str | None = None
    make: str | None = None
    model: str | None = None
    model_year: int | None = None
    fuel: str | None = None
    variant: str | None = None
    first_registered_on: date | None = None
    owned_since: date | None = None
    country: str | None = None

    def key(self) -> UUID:
        return self.vehicle_id


class ContractChanged(State):
    """A service contract, lease or warranty of a vehicle as the dealer's systems know it now."""

    name = "contract.changed.v1"
    topic = TOPIC
    entity_field = "contract_id"
    contract_id: ContractId
    vehicle_id: VehicleId
    customer_id: CustomerId | None = None
    kind: str  # ContractKind
    starts_on: date | None = None
    ends_on: date | None = None
    active: bool = True  # False: the source took it back

    def key(self) -> UUID:
        return self.vehicle_id


class CustomerMerged(State):
    """Two customer records turned out to be one: what `customer_id` had belongs to `into_id` from now on."""

    name = "customer.merged.v1"
    topic = TOPIC
    entity_field = "customer_id"
    customer_id: CustomerId
    into_id: CustomerId

    def key(self) -> UUID:
        return self.customer_id


class VehicleMerged(State):
    """Two vehicle records turned out to be one: what `vehicle_id` had belongs to `into_id` from now on."""

    name = "vehicle.merged.v1"
    topic = TOPIC
    entity_field = "vehicle_id"
    vehicle_id: VehicleId
    into_id: VehicleId

    def key(self) -> UUID:
        return self.vehicle_id


class SourceChanged(State):
    """A source of facts: what it can tell at all, and when it last answered. What it cannot tell is `not_told`, never none."""

    name = "source.changed.v1"
    topic = TOPIC
    entity_field = "source_id"
    source_id: SourceId
    title: str
    kind: str  # economic, file, webhook
    gives: tuple[str, ...] = ()  # of: orders, open_orders, appointments, next_service_date, contracts
    fresh_at: datetime | None = None  # business time of the last complete read
    polled: bool = True  # False: facts come when someone brings them, so silence says nothing
    active: bool = True

    def key(self) -> UUID:
        return self.source_id
