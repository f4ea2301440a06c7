"""Door 1: what leads hears. Each fact is remembered as it was told; what it is about is decided again."""

from collections.abc import Iterable
from importlib.metadata import entry_points
from uuid import UUID

from common.events import Event
from common.events import registry as registry_events
from common.events.answers import (
    ContactSuppressed,
    CustomerAnswered,
    CustomerExcluded,
    InvitationRestored,
    LeadAnswered,
    LeadFollowUpRecorded,
    OwnerReleased,
)
from common.events.appointments import AppointmentChanged
from common.events.customers import (
    ContractChanged,
    CustomerChanged,
    CustomerMerged,
    SourceChanged,
    VehicleChanged,
    VehicleMerged,
)
from common.events.messages import (
    ContactWithdrawn,
    MessageAccepted,
    MessageBounced,
    MessageEvent,
    MessageRefused,
    MessageUnknown,
)
from common.events.registry import VehicleRegistryChanged
from common.events.settings import DealerChanged, WorkshopChanged
from common.events.work_orders import WorkOrderChanged
from common.handling import Handlers
from common.ids import CustomerId, DealerId, VehicleId
from common.work import Work
from leads import store

handlers = Handlers()

ABOUT_VEHICLES = (
    VehicleChanged, ContractChanged, WorkOrderChanged, AppointmentChanged, CustomerAnswered, LeadAnswered, LeadFollowUpRecorded,
    InvitationRestored, OwnerReleased,
)  # fmt: skip
ABOUT_CUSTOMERS = (CustomerChanged, ContactSuppressed)
ABOUT_THE_DEALER = (DealerChanged, WorkshopChanged, SourceChanged)


async def _remember(event: Event, work: Work) -> bool:
    assert work.cause is not None
    found = await store.remember(work.session, work.dealer, event, work.cause)
    if found.vehicle_before is not None:
        work.touch(VehicleId, found.vehicle_before)
    return found.changed


async def remember_of_a_vehicle(event: Event, work: Work) -> None:
    """A fact about a vehicle: the newest is kept, the vehicle is decided again."""
    vehicle: UUID | None = getattr(event, "vehicle_id", None)
    if await _remember(event, work) and vehicle is not None:
        work.touch(VehicleId, vehicle)


async def remember_of_a_customer(event: Event, work: Work) -> None:
    """A fact about a customer: every vehicle he has to do with is decided again."""
    if await _remember(event, work):
        work.touch(CustomerId, getattr(event, "customer_id"))  # noqa: B009 - every event registered below has one


async def remember_of_the_dealer(event: Event, work: Work) -> None:
    """A fact about the dealer, a workshop or a source: everything of the dealer is decided again.

    Settings that cannot be read are not taken: the event is parked, and those before it stay in force.
    """
    if isinstance(event, DealerChanged):
        store.policy_of(event)
    if await _remember(event, work):
        work.touch(DealerId, work.dealer)


def _register(events: Iterable[type[Event]], remember: object) -> None:
    for event in events:
        handlers.on(event)(remember)  # type: ignore[arg-type]  # one function for all of a kind


_register(ABOUT_VEHICLES, remember_of_a_vehicle)
_register(ABOUT_CUSTOMERS, remember_of_a_customer)
_register(ABOUT_THE_DEALER, remember_of_the_dealer)


def hear_registry(into: Handlers) -> None:
    """Hear what the motor registry says of vehicles."""
    into.on(VehicleRegistryChanged)(remember_of_a_vehicle)


def registry_is_told() -> bool:
    """Whether the service that reads registries is part of this installation; of a topic without its writer there is no log."""
    installed = {entry.name.replace("-", "_") for entry in entry_points(group="autoflows.services")}
    return registry_events.TOPIC.writer.replace("-", "_") in installed


if registry_is_told():
    hear_registry(handlers)


@handlers.on(CustomerExcluded)
async def remember_exclusion(event: CustomerExcluded, work: Work) -> None:
    if await _remember(event, work):
        if event.vehicle_id is not None:
            work.touch(VehicleId, event.vehicle_id)
        if event.customer_id is not None:
            work.touch(CustomerId, event.customer_id)


@handlers.on(VehicleMerged)
async def remember_vehicle_merge(event: VehicleMerged, work: Work) -> None:
    if await _remember(event, work):
        await store.forget_decisions(work.session, work.dealer, event.vehicle_id)
        work.touch(VehicleId, event.vehicle_id, event.into_id)


@handlers.on(CustomerMerged)
async def remember_customer_merge(event: CustomerMerged, work: Work) -> None:
    if await _remember(event, work):
        work.touch(CustomerId, event.customer_id, event.into_id)


async def _touch_leads(event: MessageEvent, work: Work) -> None:
    if leads := event.leads():
        work.touch(VehicleId, *await store.vehicles_of(work.session, work.dealer, leads))


@handlers.on(MessageAccepted)
async def record_accepted(event: MessageAccepted, work: Work) -> None:
    await store.record_left(work.session, work.dealer, event.message_id, "accepted", event.local_on)
    await _touch_leads(event, work)


@handlers.on(MessageUnknown)
async def record_unknown(event: MessageUnknown, work: Work) -> None:
    await store.record_left(work.session, work.dealer, event.message_id, "unknown", event.local_on)
    await _touch_leads(event, work)


@handlers.on(MessageRefused)
async def record_refused(event: MessageRefused, work: Work) -> None:
    await store.record_refused(work.session, work.dealer, event.message_id)
    await _touch_leads(event, work)


@handlers.on(MessageBounced)
async def record_bounced(event: MessageBounced, work: Work) -> None:
    await store.record_bounced(work.session, work.dealer, event.message_id, event.at)
    await _touch_leads(event, work)


@handlers.on(ContactWithdrawn)
async def record_withdrawn(event: ContactWithdrawn, work: Work) -> None:
    """It was never sent: the lead may be written about again, and the facts that stopped it decide."""
    for lead in event.leads():
        await store.record_withdrawn(work.session, work.dealer, event.message_id, lead)
    await _touch_leads(event, work)
