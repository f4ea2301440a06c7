"""The demo's registry is read by the normal door, and has something to see."""

from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import pytest

from autoflows.demo import holm, registry
from dmr_sync import reading


@pytest.mark.parametrize("started_on", [date(2026, 11, 23), date(2026, 12, 15)])
async def test_the_demos_cars_are_found_with_inspections_ahead(started_on: date, office, tmp_path: Path) -> None:
    await office.dealer()
    for number, owner in enumerate(holm.owners(), 1):
        await office.vehicle(number, plate=owner.plate)
    summary = await reading.read(office.rt, registry.write(tmp_path / "registry", started_on))
    events = await office.told()
    assert (summary.rows, summary.vehicles, summary.doubt, len(events)) == (
        83,
        59,
        None,
        60,
    )  # the other dealer's cars are nobody's here
    assert Counter(event.known for event in events) == {True: 59, False: 1}
    assert Counter(event.status for event in events if event.known) == {"registered": 58, "exported": 1}
    ahead = [event.next_inspection_on for event in events if event.next_inspection_on is not None]
    assert sum(started_on - timedelta(days=2) <= on <= started_on + timedelta(days=121) for on in ahead) >= 30
    assert Counter(sign.sign for event in events for sign in event.signs) == {"status": 1, "lease": 3}
    assert all(lease.to_on > started_on + timedelta(days=180) for event in events for lease in event.leasing)


async def test_a_small_file_is_searched_again_at_once_for_vehicles_that_come_later(office, row) -> None:
    await office.dealer()
    await office.read(row())
    before = (await office.rt.sql(office.NOBODY, "select at from dmr_sync.wakeup"))[0].at
    await office.vehicle(1, plate="AB12345")
    soon = (await office.rt.sql(office.NOBODY, "select at from dmr_sync.wakeup"))[0].at
    assert soon == office.rt.clock.now() + timedelta(seconds=20)
    assert soon < before
    await office.rt.run_errand("registry", office.NOBODY)
    assert [event.plate for event in await office.told()] == ["AB12345"]
