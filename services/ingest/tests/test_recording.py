"""What is recorded: one vehicle under all its names, credit notes whichever comes first, and nothing told twice."""

from dataclasses import replace
from datetime import date
from typing import Any

from common.events.customers import CustomerChanged, CustomerMerged, VehicleChanged, VehicleMerged
from common.events.work_orders import OrderLine, WorkOrderChanged
from common.testing.runtime import DEALER
from ingest import commands
from ingest.domain.snapshots import CustomerSnapshot, OrderSnapshot, VehicleSnapshot
from ingest.recording import Recorder

V1, V2 = "WVWZZZ1KZAW000001", "WVWZZZ1KZAW000002"
ANNE = CustomerSnapshot("1", "Anne Holm", "anne@example.com")
BO = CustomerSnapshot("2", "Bo Ravn")


def job(
    number: str, on: str, vehicle: VehicleSnapshot, *, amount: int = 1000, customer: CustomerSnapshot = ANNE, **more: Any
) -> OrderSnapshot:
    return OrderSnapshot(
        number, more.pop("status", "finished"), finished_on=date.fromisoformat(on), customer=customer, vehicle=vehicle,
        lines=(OrderLine(text="work", amount=amount),), **more,
    )  # fmt: skip


def car(plate: str | None = None, vin: str | None = None, **more: Any) -> VehicleSnapshot:
    return VehicleSnapshot(plate=plate, vin=vin, **more)


async def test_recording_the_same_twice_tells_nothing(office: Any) -> None:
    orders = [
        job("1", "2025-01-01", car("AB12345")),
        job("2", "2025-02-01", car("AB12345", V1), customer=BO),
        job("3", "2025-03-01", car(vin=V2)),
    ]
    assert await office.record(*orders)
    assert await office.record(*orders) == []
    assert await office.record(*reversed(orders)) == []


async def test_a_plate_and_a_vin_that_turn_out_to_be_one_are_merged_and_their_orders_move(office: Any) -> None:
    await office.record(
        job("1", "2025-01-01", car("AB12345", make="Skoda")), job("2", "2025-02-01", car(vin=V1, model="Octavia"), customer=BO)
    )
    older, newer = (order.vehicle_id for order in (await office.orders()).values())
    events = await office.record(job("3", "2025-01-15", car("AB12345", V1)))
    assert [(event.vehicle_id, event.into_id) for event in events if isinstance(event, VehicleMerged)] == [(newer, older)]
    assert {order.vehicle_id for order in (await office.orders()).values()} == {older}
    told = [event for event in events if isinstance(event, VehicleChanged)][-1]
    assert (told.vehicle_id, told.plate, told.vin, told.make, told.model) == (older, "AB12345", V1, "Skoda", "Octavia")
    bo = next(one for one in await office.told(CustomerChanged) if one.number == "2")
    assert told.customer_id == bo.customer_id  # of the latest order of both


async def test_a_plate_on_another_vin_is_another_vehicle_and_the_first_has_it_no_more(office: Any) -> None:
    await office.record(job("1", "2025-01-01", car("AB12345", V1)), job("2", "2026-01-01", car("AB12345", V2), customer=BO))
    orders = await office.orders()
    assert orders["1"].vehicle_id != orders["2"].vehicle_id
    plates = {vehicle.vin: vehicle.plate for vehicle in await office.told(VehicleChanged)}
    assert plates == {V1: None, V2: "AB12345"}
    await office.record(job("3", "2026-02-01", car("AB12345")))
    assert (await office.orders())["3"].vehicle_id == orders["2"].vehicle_id


async def test_an_older_order_read_later_takes_no_plate_back(office: Any) -> None:
    await office.record(job("2", "2026-01-01", car("AB12345", V2)), job("1", "2025-01-01", car("AB12345", V1)))
    assert {vehicle.vin: vehicle.plate for vehicle in await office.told(VehicleChanged)} == {V1: None, V2: "AB12345"}


async def test_a_vehicle_with_a_new_plate_stays_one_vehicle(office: Any) -> None:
    await office.record(job("2", "2026-01-01", car("CD23456", V1)), job("1", "2025-01-01", car("AB12345", V1)))
    [vehicle] = await office.told(VehicleChanged)
    assert vehicle.plate == "CD23456"
    await office.record(job("3", "2026-02-01", car("AB12345")))
    assert len(await office.told(VehicleChanged)) == 1


async def test_a_vehicle_belongs_to_the_customer_of_its_latest_order(office: Any) -> None:
    await office.record(job("2", "2026-01-01", car("AB12345"), customer=BO), job("1", "2025-01-01", car("AB12345")))
    [vehicle] = await office.told(VehicleChanged)
    names = {customer.customer_id: customer.full_name for customer in await office.told(CustomerChanged)}
    assert names[vehicle.customer_id] == "Bo Ravn"


async def test_what_an_older_order_says_of_a_customer_only_fills_gaps(office: Any) -> None:
    newer = CustomerSnapshot("1", "Anne Ravn", None)
    await office.record(job("2", "2026-01-01", car("AB12345"), customer=newer), job("1", "2025-01-01", car("AB12345")))
    [customer] = await office.told(CustomerChanged)
    assert (customer.full_name, customer.email) == ("Anne Ravn", "anne@example.com")


async def test_sources_have_customers_of_their_own_unless_they_share_their_numbers(office: Any) -> None:
    await office.record(job("1", "2025-01-01", car("AB12345")), source="planner")
    await office.record(job("7", "2025-02-01", car("CD23456")), source="accounts")
    assert len(await office.told(CustomerChanged)) == 2
    await office.record(job("8", "2025-02-01", car("EF34567"), customer=BO), source="accounts", numbers_of="planner")
    await office.record(job("2", "2025-03-01", car("EF34567"), customer=BO), source="planner")
    assert len([one for one in await office.told(CustomerChanged) if one.number == "2"]) == 1


async def test_customers_who_turn_out_to_be_one_are_merged_and_what_they_had_moves(office: Any) -> None:
    await office.record(job("1", "2025-01-01", car("AB12345")), source="planner")
    mobile = CustomerSnapshot("1", mobile="+4520123456", groups=("5",))
    await office.record(job("7", "2025-02-01", car("CD23456"), customer=mobile), source="accounts")
    older, newer = (order.customer_id for order in (await office.orders()).values())
    again = job("7", "2025-02-01", car("CD23456"), customer=mobile)
    events = await office.record(again, source="accounts", numbers_of="planner")
    assert [(one.customer_id, one.into_id) for one in events if isinstance(one, CustomerMerged)] == [(newer, older)]
    assert {order.customer_id for order in (await office.orders()).values()} == {older}
    assert {vehicle.customer_id for vehicle in await office.told(VehicleChanged)} == {older}
    kept = next(one for one in await office.told(CustomerChanged) if one.customer_id == older)
    assert (kept.full_name, kept.email, kept.mobile, kept.groups) == ("Anne Holm", "anne@example.com", "+4520123456", ("5",))
    assert await office.record(again, source="accounts", numbers_of="planner") == []


async def test_a_vehicle_is_known_again_by_its_sources_key_and_takes_a_plate_later(office: Any) -> None:
    await office.record(job("1", "2025-01-01", car(key="77")), job("2", "2025-02-01", car("AB12345", key="77")))
    await office.record(job("3", "2025-03-01", car("AB12345")), job("4", "2025-03-01", car(key="77")), source="files")
    await office.record(job("5", "2025-03-01", car(key="77")), source="other")
    orders = await office.orders()
    assert len({orders[number].vehicle_id for number in "1234"}) == 1
    assert orders["5"].vehicle_id != orders["1"].vehicle_id


async def test_an_order_that_names_no_vehicle_has_none(office: Any) -> None:
    await office.record(job("1", "2025-01-01", car()))
    assert (await office.orders())["1"].vehicle_id is None
    assert await office.told(VehicleChanged) == []


async def test_a_credit_note_takes_back_the_order_it_names(office: Any) -> None:
    await office.record(job("1", "2025-01-01", car("AB12345")), job("2", "2025-01-02", car("AB12345")))
    await office.record(job("3", "2025-01-03", car(), amount=-1000, credits="1"))
    assert {number: order.status for number, order in (await office.orders()).items()} == {
        "1": "credited",
        "2": "finished",
        "3": "credited",
    }


async def test_a_credit_note_that_names_nothing_takes_back_one_mirrored_order_and_only_one(office: Any) -> None:
    orders = [
        job("1", "2025-01-01", car("AB12345")),
        job("2", "2025-02-01", car("AB12345")),
        job("3", "2025-03-01", car("AB12345"), amount=-1000),
    ]
    await office.record(*orders)
    wanted = {"1": "finished", "2": "credited", "3": "credited"}
    assert {number: order.status for number, order in (await office.orders()).items()} == wanted
    assert await office.record(*orders, *orders) == []


async def test_a_number_in_a_credit_notes_text_counts_only_where_it_is_an_order_of_that_customer(office: Any) -> None:
    await office.record(
        job("2024", "2025-01-01", car("CD23456"), customer=BO), job("1", "2025-01-01", car("AB12345")),
        job("2", "2025-02-01", car("AB12345")),
    )  # fmt: skip
    await office.record(job("3", "2025-03-01", car("AB12345"), amount=-1000, seems_to_credit="2024"))
    assert [number for number, one in (await office.orders()).items() if one.status == "credited"] == ["2", "3"]
    await office.record(job("4", "2025-03-02", car("AB12345"), amount=-1000, seems_to_credit="1"))
    assert {number for number, one in (await office.orders()).items() if one.status == "finished"} == {"2024"}


async def test_a_credit_note_for_a_part_leaves_the_visit(office: Any) -> None:
    await office.record(job("1", "2025-01-01", car("AB12345")), job("2", "2025-01-03", car("AB12345"), amount=-400, credits="1"))
    assert (await office.orders())["1"].status == "finished"
    await office.record(job("3", "2025-01-04", car("AB12345"), amount=-600, credits="1"))
    assert (await office.orders())["1"].status == "credited"


async def test_credit_notes_may_come_before_their_orders(office: Any) -> None:
    await office.record(
        job("8", "2025-02-01", car("AB12345"), amount=-1000, credits="1"), job("9", "2025-02-01", car("CD23456"), amount=-700)
    )
    await office.record(job("1", "2025-01-01", car("AB12345")), job("2", "2025-01-01", car("CD23456"), amount=700))
    assert {order.status for order in (await office.orders()).values()} == {"credited"}


async def test_a_corrected_order_is_told_with_its_next_revision(office: Any) -> None:
    first = job("1", "2025-01-01", car("AB12345"))
    await office.record(first)
    events = await office.record(replace(first, odometer_km=61_000))
    assert [(type(event), event.revision) for event in events] == [(WorkOrderChanged, 2)]


async def owners(office: Any) -> dict[str | None, str | None]:
    """Whose each vehicle is, by plate and the customer's number."""
    people = {one.customer_id: one.number for one in await office.told(CustomerChanged)}
    return {one.plate: people.get(one.customer_id) for one in await office.told(VehicleChanged)}


async def test_an_order_that_was_credited_gives_the_vehicle_back(office: Any) -> None:
    await office.record(job("1", "2025-01-01", car("AB12345"), customer=BO), job("2", "2025-06-01", car("AB12345")))
    assert await owners(office) == {"AB12345": "1"}
    await office.record(job("3", "2025-06-02", car("AB12345"), amount=-1000, status="credited", credits="2"))
    assert await owners(office) == {"AB12345": "2"}


async def test_an_order_whose_plate_was_corrected_gives_the_vehicle_back(office: Any) -> None:
    await office.record(job("1", "2025-01-01", car("AB12345"), customer=BO), job("2", "2025-06-01", car("AB12345")))
    await office.record(job("2", "2025-06-01", car("CD12345")))
    assert await owners(office) == {"AB12345": "2", "CD12345": "1"}


async def test_an_open_orders_customer_has_the_vehicle_only_while_nothing_is_finished(office: Any) -> None:
    await office.record(job("1", "2025-06-01", car("AB12345"), status="open"))
    assert await owners(office) == {"AB12345": "1"}
    await office.record(job("2", "2025-01-01", car("AB12345"), customer=BO))
    assert await owners(office) == {"AB12345": "2"}


async def test_a_vehicle_whose_only_order_was_credited_belongs_to_nobody_that_we_know(office: Any) -> None:
    await office.record(job("1", "2025-01-01", car("AB12345")), job("2", "2025-01-02", car(), amount=-1000, credits="1"))
    assert await owners(office) == {"AB12345": None}


async def test_an_open_order_that_ended_gives_the_vehicle_back(office: Any) -> None:
    await office.record(
        job("1", "2025-06-01", car("AB12345"), status="open"), job("2", "2025-01-01", car("AB12345"), status="open", customer=BO)
    )
    async with office.rt.work(DEALER) as work:
        await Recorder(work, commands.source_id(DEALER, "files"), ("orders",)).end_open_orders_but({"2"})
    assert await owners(office) == {"AB12345": "2"}


async def test_an_order_is_recorded_without_reading_its_customers_others_however_many(office: Any) -> None:
    await office.record(*(job(str(number), "2025-01-01", car(f"AB1234{number}"), amount=100 + number) for number in range(3)))
    await office.rt.sql(
        DEALER, "update ingest.entity set told = '{}' where kind = 'work_order.changed.v1'"
    )  # who reads them fails
    await office.record(job("8", "2025-02-01", car("CD23456")), job("9", "2025-02-02", car("CD23456"), amount=-1000))
    rows = await office.rt.sql(
        DEALER, "select told ->> 'number' as number, status from ingest.entity where told ? 'number' and status is not null"
    )
    assert {row.number: row.status for row in rows} == {"8": "credited", "9": "credited"}
