"""Door 1: what the lists are made of. The newest of each state is kept; nothing is decided here."""

from api import lead_store, store
from api.domain.changes import Changed
from common.events import State
from common.events.customers import CustomerChanged, SourceChanged, VehicleChanged
from common.events.invitations import InvitationChanged
from common.events.leads import LeadChanged
from common.events.messages import (
    ContactWithdrawn,
    LinkClicked,
    MessageAccepted,
    MessageBounced,
    MessageDelivered,
    MessageEvent,
    MessageOpened,
    MessageRefused,
    MessageUnknown,
)
from common.events.work_orders import WorkOrderChanged
from common.handling import Handlers
from common.work import Work

handlers = Handlers()


@handlers.on(CustomerChanged)
async def remember_customer(event: CustomerChanged, work: Work) -> None:
    await _remember(event, work, Changed.CUSTOMER)


@handlers.on(VehicleChanged)
async def remember_vehicle(event: VehicleChanged, work: Work) -> None:
    await _remember(event, work, Changed.VEHICLE)


@handlers.on(WorkOrderChanged)
async def remember_order(event: WorkOrderChanged, work: Work) -> None:
    await _remember(event, work, Changed.ORDER)


@handlers.on(SourceChanged)
async def remember_source(event: SourceChanged, work: Work) -> None:
    await _remember(event, work, Changed.SOURCE)


@handlers.on(InvitationChanged)
async def remember_invitation(event: InvitationChanged, work: Work) -> None:
    if await store.remember_invitation(work.session, work.dealer, event, work.now):
        work.touch(Changed.INVITATION, event.invitation_id)


@handlers.on(LeadChanged)
async def remember_lead(event: LeadChanged, work: Work) -> None:
    await lead_store.remember_lead(work.session, work.dealer, event)
    work.touch(Changed.LEAD, event.lead_id)


async def tell_of_message(event: MessageEvent, work: Work) -> None:
    """Notifier keeps messages; here it is only told to those who watch that one changed."""
    work.touch(Changed.MESSAGE, event.message_id)


for _event in (
    MessageAccepted, MessageRefused, MessageUnknown, MessageDelivered, MessageBounced, MessageOpened, LinkClicked, ContactWithdrawn,
):  # fmt: skip
    handlers.on(_event)(tell_of_message)


async def _remember(event: State, work: Work, kind: Changed) -> None:
    if await store.remember(work.session, work.dealer, event):
        work.touch(kind, event.entity())
