"""What was touched is decided again: each vehicle's record is chosen, and told when it says something new."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from common.events.registry import RegistryRead
from common.handling import Settlers
from common.ids import derived_id
from common.work import Work
from dmr_sync import store
from dmr_sync.domain import telling
from dmr_sync.domain.inspections import COUNTRIES
from dmr_sync.domain.schedule import REGISTRY, ZONE

VEHICLE = "vehicle"
SLICE = 500
SMALL_BYTES, SOON = 50_000_000, timedelta(seconds=20)
settlers = Settlers()


@settlers.of(VEHICLE)
async def tell_again(ids: frozenset[UUID], work: Work) -> None:
    """A vehicle without a country is not told yet: its dealer was not heard of."""
    ours = await store.country(work.session, work.dealer)
    ordered, waits = sorted(ids), False
    for first in range(0, len(ordered), SLICE):
        rows = await store.vehicles(work.session, work.dealer, ordered[first : first + SLICE])
        wanted = {
            row.vehicle_id: telling.Wanted(row.vehicle_id, row.vin, row.plate, row.given, row.looked_on)
            for row in rows
            if row.given is not None or (row.country or ours) in COUNTRIES
        }
        found = await store.found(work.session, list(wanted.values())) if wanted else []
        by_name: dict[str, list[telling.Found]] = {}
        for each in found:
            for name in {each.key, f"vin {each.record.vin}", f"plate {each.record.plate}"}:
                by_name.setdefault(name, []).append(each)
        for row in rows:
            country = row.country or ours
            if row.vehicle_id in wanted and country is not None:
                waits |= not await _tell(work, row, wanted[row.vehicle_id], country, by_name)
    if waits:
        await _search_small_file_soon(work)


async def _tell(work: Work, row: Any, wanted: telling.Wanted, country: str, by_name: dict[str, list[telling.Found]]) -> bool:
    """Tell one vehicle; False while nothing can be said of it."""
    names = {wanted.given, f"vin {wanted.vin}", f"plate {wanted.plate}"}
    near = {each.key: each for name in names if name is not None for each in by_name.get(name, ())}
    event = telling.tell(wanted, country, telling.choose(wanted, list(near.values())), today=work.today(ZONE.key))
    if event is None or telling.same(event, row.told):
        return event is not None
    told = event.model_copy(update={"revision": row.told_revision + 1})
    await store.save_told(work.session, work.dealer, told)
    work.publish(told)
    return True


async def _search_small_file_soon(work: Work) -> None:
    """A vehicle that no file was searched for waits for the next night, but for one whose search takes a moment."""
    newest = await store.newest_file(work.session, COUNTRIES[0])
    if newest is not None and newest.bytes <= SMALL_BYTES:
        await store.wake(work.session, REGISTRY, store.NOBODY, work.now + SOON)


async def tell_read(work: Work, country: str, read_on: date) -> None:
    """That the registry was read to its end for this dealer."""
    revision = await store.connect(work.session, work.dealer, country, read_on)
    registry = derived_id("registry", country)
    work.publish(RegistryRead(registry_id=registry, revision=revision, country=country, read_on=read_on))
