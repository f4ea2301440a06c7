"""Bookings that came by webhook become appointments; what cannot be used is kept."""

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from common.events.appointments import AppointmentChanged
from common.events.customers import CustomerChanged, SourceChanged, VehicleChanged
from common.events.webhooks import WebhookAccepted
from common.ids import new_id
from common.testing.runtime import DEALER
from ingest import store
from ingest.domain.snapshots import CustomerSnapshot, OrderSnapshot
from ingest.identity import bookings

START = "2026-03-10T09:00:00+01:00"


def webhook(source: str = "booking", raw: str | None = None, **body: Any) -> WebhookAccepted:
    told = {"booking_id": "b1", "starts_at": START, "plate": "AB 12 345", "text": "Service", **body}
    body_ = raw if raw is not None else json.dumps({name: value for name, value in told.items() if value is not None})
    return WebhookAccepted(source=source, delivery_id=str(new_id()), body=body_, at=datetime(2026, 3, 2, 8, tzinfo=UTC))


async def appointments(office: Any, *webhooks: WebhookAccepted) -> list[AppointmentChanged]:
    await office.rt.deliver(DEALER, *webhooks)
    return [event for event in await office.rt.published(DEALER) if isinstance(event, AppointmentChanged)]


async def test_a_booking_is_an_appointment_of_the_vehicle_that_it_names(office: Any) -> None:
    await office.connect()
    await office.read()
    invitation = new_id()
    [told] = await appointments(office, webhook(invitation_id=str(invitation), more="than we know"))
    vehicle = next(one for one in await office.told(VehicleChanged) if one.plate == "AB12345")
    assert (told.vehicle_id, told.status, told.text, told.invitation_id) == (vehicle.vehicle_id, "booked", "Service", invitation)
    assert (told.starts_at, told.made_at) == (datetime(2026, 3, 10, 8, tzinfo=UTC), office.rt.clock.now())
    source = next(one for one in await office.told(SourceChanged) if one.kind == "webhook")
    assert (source.gives, source.polled) == (("appointments",), False)


async def test_a_booking_delivered_twice_is_told_once(office: Any) -> None:
    assert len(await appointments(office, webhook(), webhook())) == 1
    office.rt.later(hours=1)
    assert await appointments(office, webhook()) == []


async def test_a_booking_that_moves_or_is_cancelled_stays_the_same_appointment(office: Any) -> None:
    [booked] = await appointments(office, webhook())
    office.rt.later(days=1)
    [moved] = await appointments(office, webhook(status="moved", starts_at="2026-03-12T09:00:00Z", text=None, plate=None))
    assert (moved.appointment_id, moved.made_at, moved.vehicle_id) == (booked.appointment_id, booked.made_at, booked.vehicle_id)
    assert (moved.text, moved.revision) == ("Service", 2)
    [cancelled] = await appointments(office, webhook(status="cancelled"))
    assert cancelled.status == "cancelled"


async def test_a_time_without_a_zone_is_the_dealers(office: Any) -> None:
    await office.connect()
    [told] = await appointments(office, webhook(starts_at="2026-07-10T09:00:00"))
    assert told.starts_at == datetime(2026, 7, 10, 7, tzinfo=UTC)


async def test_a_booking_of_a_vehicle_nobody_knew_makes_it_known(office: Any) -> None:
    [told] = await appointments(office, webhook(plate="XY98765", customer_number="77"))
    [vehicle] = await office.told(VehicleChanged)
    assert (vehicle.vehicle_id, vehicle.customer_id) == (told.vehicle_id, told.customer_id)


async def test_a_booking_that_names_a_customer_by_his_number_is_that_customers(office: Any) -> None:
    await office.connect()
    await office.read()
    anne = next(one for one in await office.told(CustomerChanged) if one.full_name == "Anne Holm")
    [told] = await appointments(office, webhook(customer_number="1"))
    assert told.customer_id == anne.customer_id
    assert len(await office.told(CustomerChanged)) == 3


async def test_a_customer_whom_a_booking_named_first_is_the_one_that_the_books_tell_of_later(office: Any) -> None:
    [told] = await appointments(office, webhook(customer_number="1"))
    await office.connect()
    await office.read()
    anne = next(one for one in await office.told(CustomerChanged) if one.full_name == "Anne Holm")
    assert told.customer_id == anne.customer_id


async def test_a_number_that_two_sources_have_is_nobodys_for_sure(office: Any) -> None:
    await office.connect()
    await office.read()
    await office.record(OrderSnapshot("1", "finished", finished_on=date(2025, 1, 1), customer=CustomerSnapshot("1", "Gert Toft")))
    known = {one.customer_id for one in await office.told(CustomerChanged)}
    [told] = await appointments(office, webhook(customer_number="1"))
    assert told.customer_id not in known
    assert await appointments(office, webhook(customer_number="1")) == []


@pytest.mark.parametrize(
    "raw",
    [
        "", "[]", '{"starts_at": "soon"}', '{"booking_id": "b2"}', json.dumps({"booking_id": "", "starts_at": START}),
        json.dumps({"booking_id": "b2", "starts_at": "0001-01-01T00:00:00"}),
        json.dumps({"booking_id": "b2", "starts_at": "9999-12-31T23:59:00-05:00"}),
    ],
)  # fmt: skip
async def test_a_body_that_cannot_be_used_is_kept_and_stops_nothing(office: Any, raw: str) -> None:
    assert len(await appointments(office, webhook(raw=raw), webhook())) == 1
    async with office.rt.work(DEALER) as work:
        [kept] = await store.kept(work.session, DEALER, bookings(DEALER), 10)
    assert kept.raw == raw
    assert kept.problem


async def test_a_body_that_was_mended_is_kept_no_more(office: Any) -> None:
    assert len(await appointments(office, webhook(raw='{"booking_id": "b1"}'), webhook())) == 1
    async with office.rt.work(DEALER) as work:
        assert await store.kept(work.session, DEALER, bookings(DEALER), 10) == []


async def test_the_dealer_sees_when_bookings_were_heard_of_last_and_is_told_every_six_hours(office: Any) -> None:
    told = []
    for hours in (0, 3, 3):
        office.rt.later(hours=hours)
        await office.rt.deliver(DEALER, webhook(booking_id=str(len(told))))
        told.append([one.fresh_at for one in await office.rt.published(DEALER) if isinstance(one, SourceChanged)])
    now = office.rt.clock.now()
    assert told == [[now - timedelta(hours=6)], [], [now]]


async def test_other_webhooks_are_somebody_elses(office: Any) -> None:
    assert await appointments(office, webhook(source="gatewayapi")) == []
