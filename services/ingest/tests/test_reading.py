"""Reading e-conomic over HTTP: what is told of it, that nothing is told twice, and that no oddity loses or invents anything."""

from collections import Counter
from datetime import date
from typing import Any
from uuid import UUID

import pytest

from autoflows.demo import holm
from common.events import Event, State
from common.events.customers import CustomerChanged, SourceChanged, VehicleChanged
from common.events.work_orders import WorkOrderChanged
from common.ids import DealerId, new_id
from common.testing.runtime import DEALER
from ingest.clients import economic as client


def of(kind: type[Event], events: list[Event]) -> list[Any]:
    return [event for event in events if isinstance(event, kind)]


async def test_customers_orders_and_vehicles_are_told_with_what_stands_in_texts(office: Any) -> None:
    await office.connect()
    events = await office.read()
    customers = {one.number: one for one in of(CustomerChanged, events)}
    assert (customers["1"].full_name, customers["1"].mobile, customers["1"].kind) == ("Anne Holm", "+4520123456", "private")
    assert (customers["2"].email, customers["3"].kind) == ("bo@example.com", "business")
    orders = {one.number: one for one in of(WorkOrderChanged, events)}
    assert (orders["101"].status, orders["101"].odometer_km, str(orders["101"].finished_on)) == ("finished", 61_120, "2025-03-01")
    assert orders["101"].lines[0].amount == 149_500
    assert orders["101"].vehicle_id == orders["104"].vehicle_id
    assert orders["101"].customer_id == customers["1"].customer_id
    assert (orders["order-7001"].status, orders["order-7001"].vehicle_id) == ("open", orders["102"].vehicle_id)
    assert {one.plate for one in of(VehicleChanged, events)} == {"AB12345", "CD23456", "EF34567"}
    [source] = of(SourceChanged, events)
    assert (source.gives, source.fresh_at, source.polled) == (("orders", "open_orders"), office.rt.clock.now(), True)


async def test_reading_again_tells_nothing_and_asks_only_for_what_is_new(office: Any) -> None:
    await office.connect()
    await office.read()
    office.books.calls.clear()
    assert await office.read() == []
    assert not [call for call in office.books.calls if call.startswith("invoices/booked/")]


async def test_a_new_invoice_and_a_changed_customer_are_told_at_the_next_reading(office: Any) -> None:
    await office.connect()
    await office.read()
    office.books.invoice(105, "2026-03-02", 2, "CD23456", ("Serviceeftersyn", 1200.0))
    office.books.customer(1, "Anne Holm", email="anne.holm@example.com", changed_at="2026-03-02T09:30:00Z")
    office.books.drafts = []
    events = await office.read()
    assert {(one.number, one.status) for one in of(WorkOrderChanged, events)} == {
        ("105", "finished"),
        ("order-7001", "cancelled"),
    }
    assert [(one.email, one.mobile) for one in of(CustomerChanged, events)] == [
        ("anne.holm@example.com", None)
    ]  # the whole customer is told: what is not there is no more


async def test_it_is_not_asked_before_its_interval_is_over(office: Any) -> None:
    await office.connect()
    await office.read()
    office.books.calls.clear()
    await office.read(hours=0.5)
    assert office.books.calls == []


async def test_how_fresh_a_source_is_is_told_every_six_hours(office: Any) -> None:
    await office.connect()
    told = [len(of(SourceChanged, await office.read())) for _ in range(13)]
    assert told == [1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1]


async def test_orders_are_read_only_where_the_dealer_says_that_they_are_jobs(office: Any) -> None:
    await office.connect(gives=["orders"])
    events = await office.read()
    assert not [one for one in of(WorkOrderChanged, events) if one.status == "open"]
    assert not [call for call in office.books.calls if call.startswith("orders/")]


@pytest.mark.parametrize("oddity", ["too_many", "truncated", "failing", "slow"])
async def test_an_answer_that_fails_is_asked_for_again(office: Any, oddity: str) -> None:
    setattr(office.books.oddities, oddity, 2)
    await office.connect()
    events = await office.read()
    assert len(of(WorkOrderChanged, events)) == 5
    assert (await office.source()).state == "fine"


async def test_when_it_asks_for_a_long_rest_it_gets_one(office: Any) -> None:
    office.books.oddities.too_many, office.books.oddities.retry_after = 99, "7200"
    await office.connect()
    await office.read()
    found = await office.source()
    assert (found.state, len(office.books.calls)) == ("waits", 1)
    office.books.oddities.too_many = 0
    assert await office.read(hours=1.5) == []
    assert await office.read(hours=1)


async def test_wrong_tokens_are_shown_and_mended_by_connecting_again(office: Any) -> None:
    await office.connect(grant="wrong")
    assert await office.read() == []
    found = await office.source()
    assert found.state == "fails"
    assert "tokens" in found.problem
    assert "wrong" not in found.problem
    await office.connect()
    assert of(WorkOrderChanged, await office.read(hours=0))
    assert (await office.source()).problem is None


async def test_the_days_calls_are_a_limit_and_tomorrow_it_goes_on(office: Any) -> None:
    await office.connect(calls_a_day=4)
    await office.read()
    assert len(office.books.calls) == 4
    assert "used up" in (await office.source()).problem
    for _ in range(5):
        await office.read(hours=24)
    assert set(await office.orders()) == {"101", "102", "103", "104"}


async def test_an_invoice_booked_while_pages_are_read_is_not_missed(office: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "PAGE", 2)
    meanwhile = office.books.invoice(105, "2026-03-02", 3, "EF34567", ("Bremser", 800.0))
    office.books.invoices = office.books.invoices[:-1]
    office.books.oddities.shift = [meanwhile]
    await office.connect()
    assert {one.number for one in of(WorkOrderChanged, await office.read())} >= {"101", "102", "103", "104", "105"}


async def test_an_order_that_ends_while_pages_are_read_takes_no_other_with_it(
    office: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "PAGE", 2)
    for number in (7002, 7003, 7004):
        office.books.order(number, "2026-02-28", 1, "AB12345", (f"Job {number}", 100.0))
    await office.connect()
    await office.read()
    office.books.oddities.ended = [7001]
    told = of(WorkOrderChanged, await office.read())
    assert [one.number for one in told] in ([], ["order-7001"])
    await office.read()
    assert {number for number, one in (await office.orders()).items() if one.status == "open"} == {
        "order-7002", "order-7003", "order-7004",
    }  # fmt: skip


async def test_a_body_that_cannot_be_read_is_kept_and_the_rest_goes_in(office: Any) -> None:
    office.books.invoices[1]["lines"][0]["quantity"] = "many"
    office.books.invoices[2]["lines"][0]["description"] = "Olie\x00skift \ud800"
    await office.connect()
    await office.read()
    assert set(await office.orders()) == {"101", "103", "104", "order-7001"}
    office.books.customer(102, "\x00", mobilePhone=3, changed_at="2026-03-02T09:30:00Z")
    await office.read()
    kept = await office.rt.sql(DEALER, "select number, problem from ingest.kept order by number")
    assert [one.number for one in kept] == ["102", "customer-102"]


async def test_half_a_list_that_is_sound_json_ends_no_open_order(office: Any) -> None:
    await office.connect()
    await office.read()
    for half in ("{}", '{"collection": [{"orderNumber": 7001}]}', '{"collection": [3], "pagination": {}}'):
        office.books.oddities.instead["orders/drafts"] = half
        assert await office.read() == []
        assert (await office.source()).state == "waits"
    office.books.oddities.instead.clear()
    await office.read()
    assert (await office.orders())["order-7001"].status == "open"


async def test_an_open_order_that_cannot_be_read_stands_all_the_same(office: Any) -> None:
    await office.connect()
    await office.read()
    office.books.drafts[0]["lines"][0]["quantity"] = "many"
    assert of(WorkOrderChanged, await office.read()) == []


@pytest.mark.parametrize(
    "body",
    ["{}", "[" * 100_000, '{"bookedInvoiceNumber": 103, "date": "2026-01-01", "lines": [7]}'],
    ids=["empty", "deep", "odd"],
)
async def test_an_invoice_that_is_none_stops_no_other(office: Any, body: str) -> None:
    office.books.oddities.instead["invoices/booked/103"] = body
    await office.connect()
    await office.read()
    office.books.oddities.instead.clear()
    await office.read()
    assert {"101", "102", "104"} <= set(await office.orders())
    await office.read(hours=24)
    assert {"101", "102", "103", "104"} <= set(await office.orders())
    assert await office.rt.sql(DEALER, "select 1 from ingest.kept") == []


async def test_an_invoice_too_large_to_be_told_is_kept_and_stops_nothing(office: Any) -> None:
    office.books.invoice(105, "2026-03-01", 2, "CD23456", *[("x" * 2500, 1.0)] * 400)
    office.books.invoice(106, "2026-03-01", 2, "CD23456", ("Service", 1.0))
    await office.connect()
    await office.read()
    assert {"104", "106"} <= set(await office.orders())
    [kept] = await office.rt.sql(DEALER, "select line, problem from ingest.kept")
    assert (kept.line, "400 lines" in kept.problem) == (105, True)


async def test_reading_interrupted_at_any_call_goes_on_and_ends_the_same(office: Any) -> None:
    await office.connect()
    await office.read()
    wanted, calls = facts(await all_told(office, DEALER)), len(office.books.calls)
    for interrupted_at in range(1, calls):
        dealer = DealerId(UUID(int=new_id().int))
        await office.connect(dealer=dealer)
        office.books.oddities.down_after = interrupted_at
        before = await office.read(dealer=dealer)
        assert (await office.source(dealer)).state == "waits"
        office.books.oddities.down_after = None
        after = await office.read(dealer=dealer)
        assert facts(await all_told(office, dealer)) == wanted
        revisions = Counter((type(one), one.entity(), one.revision) for one in [*before, *after] if isinstance(one, State))
        assert max(revisions.values()) == 1


async def all_told(office: Any, dealer: DealerId) -> list[Any]:
    return [
        *await office.told(CustomerChanged, dealer),
        *await office.told(VehicleChanged, dealer),
        *await office.told(WorkOrderChanged, dealer),
    ]


def facts(told: list[Any]) -> list[str]:
    """What was told, without the ids that each dealer has of its own."""
    ids = {"customer_id", "vehicle_id", "order_id", "source_id", "revision"}
    return sorted(str(one.model_dump(exclude=ids)) for one in told)


async def test_the_demos_dealer_is_read_whole(office: Any) -> None:
    began_on = date(2026, 3, 2)
    office.books.customers, office.books.invoices = holm.customers(began_on), holm.invoices(began_on)
    office.books.drafts, office.books.now = holm.orders(began_on), office.rt.clock.now
    await office.connect()
    events = await office.read()
    vehicles = {one.vehicle_id: one for one in of(VehicleChanged, events)}
    assert {one.plate for one in vehicles.values()} == {owner.plate for owner in holm.owners()}
    orders = of(WorkOrderChanged, events)
    assert all(one.vehicle_id and one.customer_id and one.odometer_km for one in orders)
    assert sum(one.status == "open" for one in orders) == 2
    booked = [one for one in holm.invoices(began_on) if one["date"] <= "2026-03-02"]
    assert sum(one.status == "finished" for one in orders) == len(booked)
    office.books.calls.clear()
    later = of(WorkOrderChanged, await office.read(hours=24 * 20))
    assert 0 < len(later) == len([call for call in office.books.calls if call.startswith("invoices/booked/")])


async def test_tokens_sealed_with_another_secret_are_asked_for_again(office: Any) -> None:
    await office.connect()
    await office.rt.sql(DEALER, "update ingest.source set secrets = 'sealed elsewhere'::bytea")
    assert await office.read() == []
    assert "connect it again" in (await office.source()).problem
