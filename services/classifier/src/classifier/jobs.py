"""Door 3: what was read with another lexicon is read again, slice by slice, so that live orders come through between."""

from datetime import datetime, timedelta

from classifier import settling, store
from common.ids import AppointmentId, OrderId
from common.jobs import Jobs
from common.work import Work

jobs = Jobs()
SLICE = 200
PAUSE = timedelta(0)


@jobs.named("reclassify")
async def reclassify(work: Work) -> datetime | None:
    """Touch one slice of a dealer's texts; None when all are read with the lexicon of today."""
    matcher = await settling.matcher_of(work)
    orders, appointments = await store.unread(work.session, work.dealer, matcher.lexicon.version, SLICE)
    work.touch(OrderId, *orders)
    work.touch(AppointmentId, *appointments)
    return work.now + PAUSE if len(orders) + len(appointments) == SLICE else None
