"""A story's registry rows become what dmr-sync tells of a vehicle."""

from datetime import date
from pathlib import Path

import pytest

from autoflows import installed
from autoflows.scenarios import outside, runner
from autoflows.scenarios.facts import vehicle_id
from autoflows.scenarios.story import StoryError, read
from common.bus.consumer import Disorder
from common.bus.log import LogReader
from common.events.registry import LeasingPeriod, OwnershipSign, RegistryInspection, RegistryRead, VehicleRegistryChanged
from common.testing.postgres import SECRET, Template

HEAD = """
dealer: {country: DK, language: da, timezone: Europe/Copenhagen}
customers: [{id: c1, name: Anne Holm, email: anne@example.com}]
vehicles:
  - {id: v1, customer: c1, plate: AB12345, first_registered_on: 2019-04-02}
  - {id: v2, customer: c1, plate: CD23456, first_registered_on: 2019-04-02}
  - {id: v3, customer: c1, plate: "41-XYZ-2", country: NL}
run: {from: 2026-01-01, to: 2026-03-01}
"""


async def told(rows: str, template: Template, tmp_path: Path, disorder: Disorder | None = None) -> list[object]:
    """What dmr-sync told in a story with these rows, in the order of time."""
    file = tmp_path / "story.yaml"
    file.write_text(HEAD + rows, encoding="utf-8")
    database = await template.copy()
    try:
        async with outside.opened() as beyond:
            settings = {"database_url": database.url(), "database_secret": SECRET}
            await runner.run(read(file), installed.load(), beyond, settings, disorder=disorder)
        reader = LogReader(database.settings())
        envelopes = await reader.read(dict.fromkeys(await reader.heads(["registry"]), 0), 1000)
        await reader.close()
        return [envelope.event() for envelope in sorted(envelopes, key=lambda each: (each.occurred_at, each.id.int))]
    finally:
        await database.drop()


@pytest.mark.parametrize("disorder", [None, Disorder(3)])
async def test_a_row_is_told_with_its_estimate(disorder: Disorder | None, template: Template, tmp_path: Path) -> None:
    rows = """
registry:
  - at: 2025-12-01
    vehicle: v1
    kind: Personbil
    use: Privat personkørsel
    status: Registreret
    status_on: 2019-04-02
    plate: AB12345
    odometer_km: 98000
    inspections: [{on: 2025-03-10, type: PeriodiskSyn, result: Betinget godkendt}]
    leasing: [{from: 2019-04-02, to: 2027-04-01}]
"""
    events = await told(rows, template, tmp_path, disorder)
    (event,) = [each for each in events if isinstance(each, VehicleRegistryChanged)]
    (connected,) = [each for each in events if isinstance(each, RegistryRead)]
    assert (event.vehicle_id, event.kind, event.use) == (vehicle_id("v1"), "Personbil", "Privat personkørsel")
    assert (event.next_inspection_on, event.inspection_every_months, event.next_inspection_estimated) == (
        date(2027, 3, 10),
        24,
        True,
    )
    assert event.inspections == (RegistryInspection(on=date(2025, 3, 10), result="passed"),)
    assert (event.odometer_km, event.odometer_on, event.read_on) == (98_000, date(2025, 12, 1), date(2025, 12, 1))
    assert event.leasing == (LeasingPeriod(from_on=date(2019, 4, 2), to_on=date(2027, 4, 1)),)
    assert event.signs == (OwnershipSign(on=date(2019, 4, 2), sign="lease"),)
    assert (connected.country, connected.read_on) == ("DK", date(2025, 12, 1))


async def test_a_later_row_shows_what_moved(template: Template, tmp_path: Path) -> None:
    rows = """
registry:
  - {at: 2026-01-05, vehicle: v2, kind: Personbil, status_on: 2019-04-02, plate: CD23456}
  - {at: 2026-01-20, vehicle: v2, status_on: 2026-01-15}
  - {at: 2026-02-01, vehicle: v2, plate: EF34567}
  - {at: 2026-02-20, vehicle: v2, status: Skrottet, status_on: 2026-02-19}
"""
    events = [each for each in await told(rows, template, tmp_path) if isinstance(each, VehicleRegistryChanged)]
    moved = OwnershipSign(on=date(2026, 1, 15), sign="status")
    plate = OwnershipSign(on=date(2026, 2, 1), sign="plate")
    assert [event.signs for event in events] == [(), (moved,), (moved, plate), (moved, plate)]
    assert [(event.status, event.kind) for event in events][2:] == [("registered", "Personbil"), ("scrapped", "Personbil")]
    assert (events[3].next_inspection_on, events[3].next_inspection_because) == (None, "vehicle_gone")
    assert [event.revision for event in events] == [1, 2, 3, 4]


async def test_a_registry_that_gives_dates_of_its_own_is_believed(template: Template, tmp_path: Path) -> None:
    rows = "registry: [{at: 2026-01-05, vehicle: v3, owner_since: 2025-11-04, inspection_expires_on: 2026-06-01}]"
    (event,) = [each for each in await told(rows, template, tmp_path) if isinstance(each, VehicleRegistryChanged)]
    assert (event.country, event.next_inspection_on, event.next_inspection_estimated) == ("NL", date(2026, 6, 1), False)
    assert event.signs == (OwnershipSign(on=date(2025, 11, 4), sign="owner", confidence="certain"),)


async def test_a_row_of_nobodys_vehicle_is_an_error(template: Template, tmp_path: Path) -> None:
    with pytest.raises(StoryError, match="no vehicle v9"):
        await told("registry: [{at: 2026-01-05, vehicle: v9}]", template, tmp_path)
