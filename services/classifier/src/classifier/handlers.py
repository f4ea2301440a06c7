"""Door 1: orders and appointments are remembered as they come; settling reads them."""

from datetime import date

from classifier import publishing, store
from common.events.appointments import AppointmentChanged
from common.events.settings import DealerChanged
from common.events.work_orders import WorkOrderChanged
from common.handling import Handlers
from common.ids import AppointmentId, OrderId
from common.work import Work

handlers = Handlers()


@handlers.on(WorkOrderChanged)
async def remember_order(order: WorkOrderChanged, work: Work) -> None:
    await store.remember_order(work.session, work.dealer, order, _heard_on(work))
    work.touch(OrderId, order.order_id)


@handlers.on(AppointmentChanged)
async def remember_appointment(appointment: AppointmentChanged, work: Work) -> None:
    await store.remember_appointment(work.session, work.dealer, appointment, _heard_on(work))
    work.touch(AppointmentId, appointment.appointment_id)


@handlers.on(DealerChanged)
async def remember_language(dealer: DealerChanged, work: Work) -> None:
    """A dealer that writes another language than its texts were read in has them read again, in slices."""
    before = await store.language_of(work.session, work.dealer)
    await store.remember_dealer(work.session, work.dealer, revision=dealer.revision, language=dealer.language)
    if before != dealer.language:
        work.wake(publishing.RECLASSIFY, work.now)


def _heard_on(work: Work) -> date:
    """The day a text was first told; the day of its visit where the source names none."""
    return (work.cause.occurred_at if work.cause else work.now).date()
