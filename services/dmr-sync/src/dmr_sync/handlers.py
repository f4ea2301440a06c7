"""Door 1: what dmr-sync hears. Vehicles to look for, which of them are one, and the country that their dealer is in."""

from uuid import UUID

from common import values
from common.events.customers import VehicleChanged, VehicleMerged
from common.events.settings import DealerChanged
from common.handling import Handlers
from common.work import Work
from dmr_sync import store
from dmr_sync.domain import words
from dmr_sync.domain.inspections import COUNTRIES
from dmr_sync.domain.schedule import HOUR, REGISTRY, next_at
from dmr_sync.settling import VEHICLE

handlers = Handlers()
SLICE = 500


@handlers.on(DealerChanged)
async def remember_dealer(event: DealerChanged, work: Work) -> None:
    """A dealer in another country has other vehicles here; the first one in a country has its registry looked at."""
    if not await store.remember_dealer(work.session, event):
        return
    after = UUID(int=0)
    while ids := await store.vehicle_ids(work.session, work.dealer, after, SLICE):
        work.touch(VEHICLE, *ids)
        after = ids[-1]
    if event.country in COUNTRIES:
        await store.wake(work.session, REGISTRY, store.NOBODY, next_at(work.now, HOUR))


@handlers.on(VehicleChanged)
async def remember_vehicle(event: VehicleChanged, work: Work) -> None:
    """A vehicle that some dealer had is told from the registry's own copy; another is not yet known."""
    named = event.model_copy(update={"vin": words.vin(event.vin), "plate": values.plate(event.plate)})
    if await store.remember_vehicle(work.session, work.dealer, named):
        work.touch(VEHICLE, event.vehicle_id)


@handlers.on(VehicleMerged)
async def merge_vehicles(event: VehicleMerged, work: Work) -> None:
    await store.merge_vehicle(work.session, work.dealer, event.vehicle_id, event.into_id)
    work.touch(VEHICLE, event.into_id)
