"""Door 1: what the lists are made of. The newest of each state is kept; nothing is decided here."""

from api import lead_store, store
from common.events import State
from common.events.customers import CustomerChanged, SourceChanged, VehicleChanged
from common.events.invitations import InvitationChanged
from common.events.leads import LeadChanged
from common.events.work_orders import WorkOrderChanged
from common.handling import Handlers
from common.work import Work

handlers = Handlers()


@handlers.on(CustomerChanged)
async def remember_customer(event: CustomerChanged, work: Work) -> None:
    await _remember(event, work)


@handlers.on(VehicleChanged)
async def remember_vehicle(event: VehicleChanged, work: Work) -> None:
    await _remember(event, work)


@handlers.on(WorkOrderChanged)
async def remember_order(event: WorkOrderChanged, work: Work) -> None:
    await _remember(event, work)


@handlers.on(SourceChanged)
async def remember_source(event: SourceChanged, work: Work) -> None:
    await _remember(event, work)


@handlers.on(InvitationChanged)
async def remember_invitation(event: InvitationChanged, work: Work) -> None:
    await store.remember_invitation(work.session, work.dealer, event)


@handlers.on(LeadChanged)
async def remember_lead(event: LeadChanged, work: Work) -> None:
    await lead_store.remember_lead(work.session, work.dealer, event)


async def _remember(event: State, work: Work) -> None:
    await store.remember(work.session, work.dealer, event)
