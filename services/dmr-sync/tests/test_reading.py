"""A file is read for every dealer's vehicles; what it says is told once, and a broken one counts for nothing."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from common import failpoints
from common.errors import Conflict, DomainError
from common.events.customers import VehicleMerged
from common.events.registry import LeasingPeriod, OwnershipSign, RegistryRead
from common.testing.runtime import DEALER, OTHER_DEALER
from dmr_sync import reading
from dmr_sync.sources import Broken

VIN, OTHER = "TMBJJ7NE0K0000001", "TMBJJ7NE0K0000002"


async def test_a_dealers_vehicle_is_told_as_the_registry_has_it(office, row) -> None:
    await office.dealer()
    vehicle = await office.vehicle(1, vin=VIN)
    await office.read(
        row(VIN, inspections=[("2025-03-10+01:00", "PeriodiskSyn", "Godkendt", 98)]), row(OTHER, "CD23456", ident=2)
    )
    event, read = await office.rt.published(DEALER)
    assert (event.vehicle_id, event.known, event.plate, event.status) == (vehicle, True, "AB12345", "registered")
    assert (event.next_inspection_on, event.inspection_every_months, event.read_on) == (date(2027, 3, 10), 24, date(2026, 11, 22))
    assert (event.odometer_km, event.odometer_on, event.signs) == (98_000, date(2025, 3, 10), ())
    assert isinstance(read, RegistryRead)
    assert (read.country, read.read_on, read.revision) == ("DK", date(2026, 11, 22), 1)


async def test_what_did_not_change_is_not_told_again(office, row) -> None:
    await office.dealer()
    await office.vehicle(1, vin=VIN)
    await office.read(row(VIN))
    assert len(await office.told()) == 1
    await office.read(row(VIN), day="20261129")
    (read,) = await office.rt.published(DEALER)
    assert (read.revision, read.read_on) == (2, date(2026, 11, 29))


async def test_a_vehicle_that_the_registry_does_not_have_is_told_so(office, row) -> None:
    await office.dealer()
    await office.vehicle(1, vin=OTHER)
    await office.read(row(VIN))
    (event,) = await office.told()
    assert (event.known, event.next_inspection_because) == (False, "no_registry_row")


async def test_one_that_left_the_registry_is_told_so(office, row) -> None:
    await office.dealer()
    await office.vehicle(1, vin=VIN)
    await office.read(row(VIN), row(OTHER, "CD23456", ident=2))
    await office.read(row(OTHER, "CD23456", ident=2), day="20261129")
    assert [(event.known, event.revision) for event in await office.told()] == [(True, 1), (False, 2)]


async def test_a_vehicle_got_between_reads_is_told_from_the_own_copy_only_if_some_dealer_had_it(office, row) -> None:
    await office.dealer()
    await office.dealer(OTHER_DEALER)
    await office.vehicle(1, vin=VIN)
    await office.read(row(VIN), row(OTHER, "CD23456", ident=2))
    known = await office.vehicle(2, plate="AB12345", dealer=OTHER_DEALER)
    await office.vehicle(3, vin=OTHER, dealer=OTHER_DEALER)
    assert [event.vehicle_id for event in await office.told(OTHER_DEALER)] == [known], (
        "the third is not yet known, which is not unknown"
    )
    await office.read(row(VIN), row(OTHER, "CD23456", ident=2))
    assert [event.plate for event in await office.told(OTHER_DEALER)] == ["CD23456"], "the same file, searched again"


async def test_vehicles_of_another_country_are_not_looked_for(office, row) -> None:
    await office.dealer()
    await office.vehicle(1, vin=VIN, country="DE")
    summary = await office.read(row(VIN))
    assert (summary.wanted, await office.told()) == (0, [])


async def test_a_dealer_heard_of_after_his_vehicles_is_told_then(office, row) -> None:
    await office.dealer(OTHER_DEALER)
    await office.vehicle(9, vin=VIN, dealer=OTHER_DEALER)
    await office.read(row(VIN))
    await office.vehicle(1, vin=VIN)
    assert await office.told() == []
    await office.dealer()
    assert [event.known for event in await office.told()] == [True]


async def test_rows_of_one_vehicle_far_apart_are_one_vehicle(office, row) -> None:
    await office.dealer()
    await office.vehicle(1, vin=VIN)
    others = [row(f"TMBJJ7NE0K{n:07}", f"EF{n:05}", ident=n) for n in range(100, 400)]
    await office.read(
        row(VIN, lease=("2019-04-02+02:00", "2022-04-01+02:00")),
        *others,
        row(VIN, lease=("2024-01-01+01:00", "2027-01-01+01:00")),
    )
    (event,) = await office.told()
    assert event.leasing == (
        LeasingPeriod(from_on=date(2019, 4, 2), to_on=date(2022, 4, 1)),
        LeasingPeriod(from_on=date(2024, 1, 1), to_on=date(2027, 1, 1)),
    )
    assert [sign.on for sign in event.signs if sign.sign == "lease"] == [date(2019, 4, 2), date(2022, 4, 1), date(2024, 1, 1)]


async def test_signs_of_another_owner_are_noticed_between_reads_and_kept(office, row) -> None:
    await office.dealer()
    await office.vehicle(1, vin=VIN)
    await office.read(row(VIN))
    await office.read(row(VIN, "ZZ99999", status_on="2026-11-25T10:00:00+01:00"), day="20261129")
    await office.read(row(VIN, "ZZ99999", status_on="2026-12-02T10:00:00+01:00"), day="20261206")
    signs = [event.signs for event in await office.told()]
    status = OwnershipSign(on=date(2026, 11, 25), sign="status")
    plate = OwnershipSign(on=date(2026, 11, 25), sign="plate")
    assert signs == [(), (plate, status), (plate, status, OwnershipSign(on=date(2026, 12, 2), sign="status"))]


async def test_inspections_of_earlier_reads_are_kept(office, row) -> None:
    await office.dealer()
    await office.vehicle(1, vin=VIN)
    await office.read(row(VIN, inspections=[("2024-11-02+01:00", "PeriodiskSyn", "Godkendt", 70)]))
    failed = [("2026-11-24+01:00", "PeriodiskSyn", "IkkeGodkendt", 90)]
    await office.read(row(VIN, inspections=failed), day="20261129")
    passed = [("2026-12-01+01:00", "PeriodiskSyn", "Betinget godkendt", 90)]
    await office.read(row(VIN, inspections=passed), day="20261206")
    first, second, third = await office.told()
    assert first.next_inspection_on == date(2026, 11, 2)
    assert (second.next_inspection_on, second.next_inspection_because) == (None, "inspection_failed")
    assert (third.next_inspection_on, [each.on.month for each in third.inspections]) == (date(2028, 12, 1), [11, 11, 12])


async def test_a_merged_vehicle_is_told_no_more(office, row) -> None:
    await office.dealer()
    one, two = await office.vehicle(1, vin=VIN), await office.vehicle(2, plate="AB12345")
    await office.rt.deliver(DEALER, VehicleMerged(vehicle_id=two, into_id=one, revision=1))
    await office.read(row(VIN))
    assert [event.vehicle_id for event in await office.told()] == [one]


async def test_a_cut_file_counts_for_nothing(office, row, document, write: Callable[..., Path]) -> None:
    await office.dealer()
    await office.vehicle(1, vin=VIN)
    whole = document(row(VIN), row(OTHER, "CD23456", ident=2))
    for cut, name in (
        (whole[:-60], "ESStatistikListeModtag-20261122.xml"),
        (write(whole).read_bytes()[:-40], "cut-20261122.zip"),
    ):
        path = write(whole, name) if name.endswith(".zip") else write(cut, name)
        path.write_bytes(cut)
        with pytest.raises(Broken, match=r"cut|broken"):
            await reading.read(office.rt, path)
    assert await office.rt.published(DEALER) == []
    assert (
        await office.rt.sql(
            DEALER, "select * from dmr_sync.record union all select null, null, null, null, null from dmr_sync.staged"
        )
        == []
    )
    states = await office.rt.sql(DEALER, "select state, problem from dmr_sync.file")
    assert {state.state for state in states} == {"failed"}
    assert all(state.problem for state in states)


async def test_a_file_with_far_fewer_rows_is_not_believed(office, row) -> None:
    await office.dealer()
    await office.vehicle(1, vin=VIN)
    await office.read(row(VIN), *(row(f"TMBJJ7NE0K{n:07}", None, ident=n) for n in range(100, 110)))
    with pytest.raises(DomainError, match="not believed"):
        await office.read(row(OTHER, "CD23456", ident=2), day="20261129")
    assert [event.known for event in await office.told()] == [True]
    await office.read(row(OTHER, "CD23456", ident=2), day="20261129", force=True)
    assert [event.known for event in await office.told()] == [False]


async def test_an_older_file_than_the_last_is_refused(office, row) -> None:
    await office.dealer()
    await office.read(row(VIN))
    with pytest.raises(DomainError, match="read already"):
        await office.read(row(VIN), day="20261115")


async def test_one_file_is_read_at_a_time(office, row) -> None:
    async with reading._alone(office.rt):
        with pytest.raises(Conflict, match="being read"):
            await office.read(row(VIN))


async def test_rows_of_other_dealers_stay_theirs(office, row) -> None:
    await office.dealer()
    await office.dealer(OTHER_DEALER)
    mine, theirs = await office.vehicle(1, vin=VIN), await office.vehicle(2, vin=VIN, dealer=OTHER_DEALER)
    await office.read(row(VIN))
    assert [event.vehicle_id for event in await office.told()] == [mine]
    await office.vehicle(3, vin=OTHER)
    assert await office.rt.sql(OTHER_DEALER, "select vehicle_id from dmr_sync.vehicle") == [(theirs,)]


class PowerCut(BaseException):
    """Nothing is tidied up by the one who reads."""


@pytest.mark.parametrize("point", ["dmr_sync.searched", "dmr_sync.told_slice"])
async def test_a_read_that_died_half_way_is_done_by_the_next_and_tells_nothing_twice(point: str, office, row) -> None:
    await office.dealer()
    await office.vehicle(1, vin=VIN)
    await office.vehicle(2, vin=OTHER)

    def die() -> None:
        raise PowerCut

    failpoints.arm(point, die)
    with pytest.raises(PowerCut):
        await office.read(row(VIN))
    await office.read(row(VIN))
    assert sorted((event.known, event.revision) for event in await office.told()) == [(False, 1), (True, 1)]
