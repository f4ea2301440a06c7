"""Calendly's and Cal.com's bookings: what moved is one appointment, whatever the order, and however often it was told."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.events.appointments import AppointmentChanged
from common.events.customers import CustomerChanged, SourceChanged, VehicleChanged
from common.events.webhooks import WebhookAccepted
from common.ids import new_id
from common.testing.runtime import DEALER
from ingest import booking, store
from ingest.domain import bookings
from ingest.domain.bookings import CALCOM, CALENDLY, BadBooking, Details, Facts, Step

REAL = Path(__file__).parents[3].parent / "shared" / "fixtures"
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
Body = dict[str, Any]


def uri(name: str) -> str:
    return f"https://api.calendly.com/scheduled_events/E/invitees/{name}"


def invitee(event: str, who: str, minute: int = 0, start: str = "2026-03-10T08:00:00.000000Z", **more: Any) -> Body:
    payload = {
        "uri": uri(who), "email": "Anne@example.com", "name": "Anne Holm", "rescheduled": False, "old_invitee": None,
        "new_invitee": None, "status": "active", "timezone": "Europe/Copenhagen", "text_reminder_number": None,
        "questions_and_answers": [{"question": "Hvad er din nummerplade?", "answer": "ab 12 345", "position": 0},
                                  {"question": "Hvad skal laves?", "answer": "Bremserne hviner", "position": 1}],
        "tracking": {"utm_campaign": None, "utm_content": None}, "scheduled_event": {"name": "Service", "start_time": start},
        **more,
    }  # fmt: skip
    at = (NOON + timedelta(minutes=minute)).isoformat().replace("+00:00", ".000000Z")
    return {"event": event, "created_at": at, "payload": payload}


def calcom(trigger: str, uid: str, minute: int = 0, start: str = "2026-03-10T08:00:00Z", **more: Any) -> Body:
    payload = {
        "uid": uid, "startTime": start, "eventTitle": "Service", "type": "service", "title": "Service mellem os og Anne Holm",
        "attendees": [{"name": "Anne Holm", "email": "anne@example.com", "phoneNumber": None}],
        "responses": {"name": {"label": "your_name", "value": "Anne Holm"}, "notes": {"label": "notes", "value": "Bremserne hviner"},
                      "attendeePhoneNumber": {"label": "phone", "value": "+45 20 12 34 56"}, "guests": {"label": "g", "value": []}},
        "userFieldsResponses": {"nummerplade": {"label": "Nummerplade", "value": "AB12345"}}, "customInputs": {}, **more,
    }  # fmt: skip
    at = (NOON + timedelta(minutes=minute)).isoformat().replace("+00:00", ".000Z")
    return {"triggerEvent": trigger, "createdAt": at, "payload": payload}


MOVED_CALENDLY = [
    invitee("invitee.created", "a"),
    invitee("invitee.canceled", "a", 5, rescheduled=True, new_invitee=uri("b"), status="canceled"),
    invitee("invitee.created", "b", 5, "2026-03-12T08:00:00.000000Z", old_invitee=uri("a")),
]
MOVED_CALCOM = [
    calcom("BOOKING_CREATED", "a"),
    calcom("BOOKING_CANCELLED", "a", 5),
    calcom("BOOKING_RESCHEDULED", "b", 5, "2026-03-12T08:00:00Z", rescheduleUid="a", rescheduleId=1),
]


class Desk:
    """Webhooks of booking systems as ingest hears them."""

    def __init__(self, office: Any) -> None:
        self.office = office

    async def hear(self, system: str, *bodies: Body | str, **ours: Any) -> None:
        for body in bodies:
            text = body if isinstance(body, str) else json.dumps(body | ours)
            event = WebhookAccepted(source=system, delivery_id=str(new_id()), body=text, at=NOON)
            await self.office.rt.deliver(DEALER, event)

    async def standing(self) -> list[tuple[str, str]]:
        """The appointments that anybody expects, with their status."""
        told: list[AppointmentChanged] = await self.office.told(AppointmentChanged)
        return sorted((f"{one.starts_at:%m-%d %H:%M}", one.status) for one in told)

    async def kept(self, system: str) -> list[Any]:
        async with self.office.rt.work(DEALER) as work:
            return await store.kept(work.session, DEALER, booking.source_of(DEALER, system), 10)


@pytest.fixture
async def desk(office: Any) -> Desk:
    await office.connect()
    await office.read()
    return Desk(office)


@pytest.mark.parametrize(("system", "steps"), [(CALENDLY, MOVED_CALENDLY), (CALCOM, MOVED_CALCOM)])
@pytest.mark.parametrize("order", list(permutations(range(3))))
async def test_a_booking_that_moved_is_one_appointment_in_any_order(
    desk: Desk, system: str, steps: Sequence[Body], order: Sequence[int]
) -> None:
    await desk.hear(system, *(steps[place] for place in order))
    assert [one for one in await desk.standing() if one[1] != "cancelled"] == [("03-12 08:00", "moved")]
    assert len(await desk.standing()) == 1 or (system == CALCOM and order[-1] == 2)
    await desk.office.rt.published(DEALER)
    await desk.hear(system, *steps, *reversed(steps))
    again = [event for event in await desk.office.rt.published(DEALER) if isinstance(event, AppointmentChanged)]
    assert again == []


@pytest.mark.parametrize(
    ("system", "steps", "status"),
    [
        (CALENDLY, [invitee("invitee.created", "a"), invitee("invitee.canceled", "a", 5)], "cancelled"),
        (CALENDLY, [*MOVED_CALENDLY, invitee("invitee.canceled", "b", 9, old_invitee=uri("a"))], "cancelled"),
        (CALENDLY, [invitee("invitee.created", "a"),
                    {"event": "invitee_no_show.created", "created_at": "2026-03-11T08:00:00Z", "payload": {"invitee": uri("a")}}],
         "no_show"),
        (CALCOM, [calcom("BOOKING_REQUESTED", "a")], "booked"),
        (CALCOM, [calcom("BOOKING_REQUESTED", "a"), calcom("BOOKING_REJECTED", "a", 5)], "cancelled"),
        (CALCOM, [calcom("BOOKING_CREATED", "a"), calcom("BOOKING_CANCELLED", "a", 5)], "cancelled"),
        (CALCOM, [*MOVED_CALCOM, calcom("BOOKING_CANCELLED", "b", 9)], "cancelled"),
        (CALCOM, [calcom("BOOKING_CREATED", "a"), calcom("BOOKING_PAID", "a", 5), calcom("MEETING_ENDED", "a", 9)], "booked"),
        (CALCOM, [calcom("BOOKING_CREATED", "a"),
                  {"triggerEvent": "BOOKING_NO_SHOW_UPDATED", "createdAt": "2026-03-11T08:00:00Z",
                   "payload": {"bookingUid": "a", "attendees": [{"email": "anne@example.com", "noShow": True}]}}], "no_show"),
    ],
)  # fmt: skip
async def test_what_becomes_of_a_booking(desk: Desk, system: str, steps: Sequence[Body], status: str) -> None:
    for told in (steps, list(reversed(steps))):
        await desk.hear(system, *told)
        assert [one[1] for one in await desk.standing() if one[1] == status or status != "cancelled"] == [status]


@pytest.mark.parametrize(
    ("system", "body"), [(CALENDLY, invitee("invitee.created", "a")), (CALCOM, calcom("BOOKING_CREATED", "a"))]
)
async def test_a_booking_is_the_known_customers_and_the_vehicles_of_the_answer(desk: Desk, system: str, body: Body) -> None:
    invitation = new_id()
    await desk.hear(system, body, invitation_id=str(invitation))
    [told] = await desk.office.told(AppointmentChanged)
    anne = next(one for one in await desk.office.told(CustomerChanged) if one.number == "1")
    vehicle = next(one for one in await desk.office.told(VehicleChanged) if one.plate == "AB12345")
    assert (told.customer_id, told.vehicle_id, told.invitation_id) == (anne.customer_id, vehicle.vehicle_id, invitation)
    assert told.text.splitlines()[0] == "Service"
    assert "AB" not in told.text.upper().replace(" ", "")
    assert len(await desk.office.told(CustomerChanged)) == 3
    source = next(one for one in await desk.office.told(SourceChanged) if one.kind == "webhook")
    assert (source.title, source.gives) == (bookings.TITLES[system], ("appointments",))


async def test_a_customer_is_known_by_his_number_too_and_of_two_the_owner_is_meant(desk: Desk) -> None:
    await desk.hear(CALCOM, calcom("BOOKING_CREATED", "a", attendees=[{"email": "other@example.com"}]))
    [told] = await desk.office.told(AppointmentChanged)
    people = {one.number: one.customer_id for one in await desk.office.told(CustomerChanged)}
    assert told.customer_id == people["1"]
    desk.office.books.customer(4, "Anders Holm", email="anne@example.com", changed_at="2026-03-02T09:00:00Z")
    await desk.office.read()
    await desk.hear(CALENDLY, invitee("invitee.created", "a"), invitee("invitee.created", "b", questions_and_answers=[]))
    told = {one.customer_id for one in await desk.office.told(AppointmentChanged)}
    assert told == {people["1"], None}, "of two with one address it is the owner's; without a plate nobody knows"


async def test_somebody_new_becomes_a_customer_once(desk: Desk) -> None:
    more = {"email": "ny@example.com", "name": "Ny Kunde", "questions_and_answers": []}
    await desk.hear(CALENDLY, invitee("invitee.created", "a", **more), invitee("invitee.created", "b", **more))
    new = [one for one in await desk.office.told(CustomerChanged) if one.email == "ny@example.com"]
    assert [(one.number, one.full_name) for one in new] == [(None, "Ny Kunde")]
    assert {one.customer_id for one in await desk.office.told(AppointmentChanged)} == {new[0].customer_id}


async def test_whom_we_invited_is_meant_where_the_booking_names_nobody_we_know(desk: Desk) -> None:
    vehicle = next(one for one in await desk.office.told(VehicleChanged) if one.plate == "CD23456")
    more = {"email": "anden@example.com", "questions_and_answers": []}
    ours = {"invitation_id": new_id(), "vehicle_id": vehicle.vehicle_id, "customer_id": vehicle.customer_id}
    await desk.hear(CALENDLY, invitee("invitee.created", "a", **more), **{name: str(value) for name, value in ours.items()})
    [told] = await desk.office.told(AppointmentChanged)
    assert (told.vehicle_id, told.customer_id) == (vehicle.vehicle_id, vehicle.customer_id)


@pytest.mark.parametrize(
    ("system", "body", "said"),
    [
        (CALENDLY, invitee("invitee.created", "a", scheduled_event=None), "start_time"),
        (CALENDLY, invitee("invitee.created", "a", start="soon"), "start_time"),
        (CALENDLY, invitee("invitee.created", "a", start="2026-03-10T08:00:00"), "zone"),
        (CALENDLY, invitee("invitee.created", "a", start="9999-12-31T23:59:00-05:00"), "age"),
        (CALENDLY, invitee("invitee.created", "a") | {"created_at": None}, "created_at"),
        (CALENDLY, invitee("invitee.created", "x" * 400), "uri"),
        (CALENDLY, {"event": "invitee_no_show.created", "created_at": "2026-03-10T08:00:00Z"}, "invitee"),
        (CALCOM, calcom("BOOKING_CREATED", ""), "uid"),
        (CALCOM, calcom("BOOKING_CREATED", "a", startTime=None), "startTime"),
        (CALCOM, {"triggerEvent": "BOOKING_CANCELLED"}, "createdAt"),
        (CALCOM, "[" * 30_000, "nested"),
    ],
)
async def test_a_body_that_cannot_be_used_is_kept_until_it_comes_well(
    desk: Desk, system: str, body: Body | str, said: str
) -> None:
    await desk.hear(system, body)
    [kept] = await desk.kept(system)
    assert said in kept.problem
    assert await desk.office.told(AppointmentChanged) == []
    if kept.number:
        well = invitee("invitee.created", "a") if system == CALENDLY else calcom("BOOKING_CREATED", "a")
        await desk.hear(system, well)
        assert await desk.kept(system) == []


async def test_what_tells_of_no_booking_is_passed_over(desk: Desk) -> None:
    await desk.hear(CALENDLY, {"event": "routing_form_submission.created", "payload": {}}, "[]")
    await desk.hear(CALCOM, {"triggerEvent": "PING", "createdAt": "2026-03-10T08:00:00Z"}, {"triggerEvent": ["x"]})
    assert (await desk.kept(CALENDLY), await desk.kept(CALCOM)) == ([], [])


# --- the sum of what was heard

STEPS = st.builds(
    Step,
    booking=st.just("a"),
    what=st.sampled_from(["stands", "cancelled", "no_show", "showed", "moved_away"]),
    at=st.integers(0, 4).map(lambda minute: NOON + timedelta(minutes=minute)),
    details=st.builds(Details, starts_at=st.none() | st.just(NOON), text=st.sampled_from(["", "x", "y"])),
    before=st.sampled_from([None, "b", "c"]),
    after=st.sampled_from([None, "d"]),
)


@given(st.lists(STEPS, max_size=6), st.data())
def test_order_and_repetition_change_nothing(steps: list[Step], data: Any) -> None:
    def total(told: Sequence[Step]) -> Facts:
        facts = Facts()
        for step in told:
            facts = bookings.added(facts, step)
        return facts

    assert total(data.draw(st.permutations(steps))) == total([*steps, *data.draw(st.permutations(steps))])


SHAPES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.just("2026-03-10T08:00:00Z"),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["uid", "uri", "value", "attendees", "responses", "scheduled_event", "start_time"]), inner
        )
    ),
    max_leaves=15,
)


@given(st.sampled_from([CALENDLY, CALCOM]), st.sampled_from(["invitee.created", "BOOKING_CREATED"]), SHAPES)
def test_no_shape_of_a_body_breaks_the_reader(system: str, what: str, payload: Any) -> None:
    body = {"event": what, "triggerEvent": what, "created_at": "2026-03-10T08:00:00Z", "createdAt": "2026-03-10T08:00:00Z"}
    try:
        step = bookings.read(system, body | {"payload": payload}, "DK")
    except BadBooking:
        return
    assert step is None or step.booking


@pytest.mark.skipif(not REAL.exists(), reason="the shared samples are not here")
def test_real_bodies_are_read() -> None:
    told = {path.stem: json.loads(path.read_text()) for path in (*REAL.glob("calcom/*.json"), *REAL.glob("calendly/*.json"))}
    created = bookings.read(CALCOM, told["docs_v2021-10-20_booking_created"], "DK")
    moved = bookings.read(CALCOM, told["docs_v2021-10-20_booking_rescheduled"], "DK")
    cancelled = bookings.read(CALCOM, told["docs_v2021-10-20_booking_cancelled"], "DK")
    showed = bookings.read(CALCOM, told["docs_v2021-10-20_booking_no_show_updated"], "DK")
    assert created is not None
    assert (created.what, created.details.starts_at, created.details.email) == (
        "stands", datetime(2024, 1, 1, 10, tzinfo=UTC), "guest@example.com",
    )  # fmt: skip
    assert moved is not None
    assert (moved.booking, moved.before) == ("new-booking-unique-id", "previous-booking-unique-id")
    assert (cancelled and cancelled.what, showed and showed.what) == ("cancelled", "showed")
    gone = bookings.read(CALENDLY, told["invitee_canceled"], "DK")
    assert (gone and gone.what) == "cancelled"
    with pytest.raises(BadBooking, match="start_time"):  # recorded before Calendly put the event into the body
        bookings.read(CALENDLY, told["invitee_created"], "DK")
