"""Door 1: what the scheduler hears. Each fact is remembered as it was told; what it is about is decided again."""

from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

from common.events import Event
from common.events.answers import (
    CampaignAnswered,
    ContactSuppressed,
    CustomerAnswered,
    CustomerExcluded,
    FollowUpRecorded,
    InvitationHeld,
    InvitationRequested,
    InvitationRestored,
    LeadAnswered,
    OwnerReleased,
)
from common.events.appointments import AppointmentChanged
from common.events.customers import CustomerChanged, CustomerMerged, SourceChanged, VehicleChanged, VehicleMerged
from common.events.messages import ContactWithdrawn, MessageAccepted, MessageEvent, MessageRefused, MessageUnknown
from common.events.registry import VehicleRegistryChanged
from common.events.settings import DealerChanged, WorkshopChanged
from common.events.visits import AppointmentClassified, OpenOrderClassified, VisitClassified
from common.events.work_orders import WorkOrderChanged
from common.handling import Handlers
from common.ids import CustomerId, DealerId, VehicleId
from common.work import Work
from scheduler import store
from scheduler.domain.rollout import switched_on

handlers = Handlers()

ABOUT_VEHICLES = (
    VehicleChanged, WorkOrderChanged, AppointmentChanged, VisitClassified, OpenOrderClassified, AppointmentClassified,
    CustomerAnswered, InvitationHeld, InvitationRestored, FollowUpRecorded, VehicleRegistryChanged, OwnerReleased,
    InvitationRequested, LeadAnswered,
)  # fmt: skip
ANSWERED = {"revision", "fresh_at"}  # of a source: what changes each time it answers
ABOUT_CUSTOMERS = (CustomerChanged, ContactSuppressed)
ABOUT_THE_DEALER = (WorkshopChanged, CampaignAnswered)


async def _remember(event: Event, work: Work) -> bool:
    return (await _remembered(event, work)).changed


async def _remembered(event: Event, work: Work) -> store.Remembered:
    assert work.cause is not None
    found = await store.remember(work.session, work.dealer, event, work.cause)
    for before in found.vehicles_before:
        work.touch(VehicleId, before)
    return found


async def remember_of_a_vehicle(event: Event, work: Work) -> None:
    """A fact about a vehicle: the newest is kept, the vehicle is decided again."""
    vehicle: UUID | None = getattr(event, "vehicle_id", None)
    if await _remember(event, work) and vehicle is not None:
        work.touch(VehicleId, vehicle)


async def remember_of_a_customer(event: Event, work: Work) -> None:
    """A fact about a customer: every vehicle he may be invited for is decided again."""
    if await _remember(event, work):
        work.touch(CustomerId, getattr(event, "customer_id"))  # noqa: B009 - every event registered below has one


async def remember_of_the_dealer(event: Event, work: Work) -> None:
    """A fact about a workshop or a wheel season: everything of the dealer is decided again."""
    if await _remember(event, work):
        work.touch(DealerId, work.dealer)


@handlers.on(SourceChanged)
async def remember_a_source(event: SourceChanged, work: Work) -> None:
    """A source: that it answered once more, as it should, changes no decision; that it can tell something else, or had been silent
    for too long, changes them all."""
    found = await _remembered(event, work)
    if not found.changed:
        return
    before = SourceChanged.model_validate(found.before) if found.before is not None else None
    dealer = await store.dealer(work.session, work.dealer)
    silent_for = timedelta(days=store.policy_of(dealer).source_stale_days) if dealer is not None else timedelta(0)
    was_fresh = before is not None and before.fresh_at is not None and work.now - before.fresh_at <= silent_for
    says_the_same = before is not None and before.model_dump(exclude=ANSWERED) == event.model_dump(exclude=ANSWERED)
    if not (says_the_same and (was_fresh or not event.polled)):
        work.touch(DealerId, work.dealer)


@handlers.on(DealerChanged)
async def remember_the_dealer(event: DealerChanged, work: Work) -> None:
    """The dealer's settings: everything of the dealer is decided again.

    Settings that cannot be read are not taken: the event is parked, and those before it stay in force. What is overdue of a
    type that was switched on since, or whose interval changed, is dealt over the days to come (`rules.md` 4).
    """
    policy = store.policy_of(event)
    before = await store.dealer(work.session, work.dealer)
    if await _remember(event, work):
        changed = switched_on(store.policy_of(before), policy) if before is not None else ()
        for kind in changed:
            await store.roll_out(work.session, work.dealer, kind, work.today(event.timezone))
        work.touch(DealerId, work.dealer)


def _register(events: Iterable[type[Event]], remember: object) -> None:
    for event in events:
        handlers.on(event)(remember)  # type: ignore[arg-type]  # one function for all of a kind


_register(ABOUT_VEHICLES, remember_of_a_vehicle)
_register(ABOUT_CUSTOMERS, remember_of_a_customer)
_register(ABOUT_THE_DEALER, remember_of_the_dealer)


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
        await store.forget_decision(work.session, work.dealer, event.vehicle_id)
        work.touch(VehicleId, event.vehicle_id, event.into_id)


@handlers.on(CustomerMerged)
async def remember_customer_merge(event: CustomerMerged, work: Work) -> None:
    if await _remember(event, work):
        work.touch(CustomerId, event.customer_id, event.into_id)


async def _touch_contacts(event: MessageEvent, work: Work) -> None:
    for vehicle in await store.vehicles_of(work.session, work.dealer, event.invitations()):
        work.touch(VehicleId, vehicle)


@handlers.on(MessageAccepted)
async def record_accepted(event: MessageAccepted, work: Work) -> None:
    await store.record_left(work.session, work.dealer, event.message_id, "accepted", event.local_on, event.at)
    await _touch_contacts(event, work)


@handlers.on(MessageUnknown)
async def record_unknown(event: MessageUnknown, work: Work) -> None:
    await store.record_left(work.session, work.dealer, event.message_id, "unknown", event.local_on, event.at)
    await _touch_contacts(event, work)


@handlers.on(MessageRefused)
async def record_refused(event: MessageRefused, work: Work) -> None:
    await store.record_refused(work.session, work.dealer, event.message_id, event.channel)
    await _touch_contacts(event, work)


@handlers.on(ContactWithdrawn)
async def record_withdrawn(event: ContactWithdrawn, work: Work) -> None:
    """It was never sent: the step is free again, and the facts that stopped it decide."""
    for invitation, step in event.invitations().items():
        await store.record_withdrawn(work.session, work.dealer, event.message_id, invitation, step)
    await _touch_contacts(event, work)
