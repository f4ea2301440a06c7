"""Door 1: what ingest hears. Dealers for their country and zone; verified webhooks of booking systems."""

from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from common import values
from common.events.settings import DealerChanged
from common.events.webhooks import WebhookAccepted
from common.handling import Handlers
from common.ids import InvitationId, SourceId, VehicleId, derived_id
from common.web import strict_json
from common.work import Work
from ingest import store
from ingest.booking import invited, record_step, source_of
from ingest.domain import bookings as domain_bookings
from ingest.domain.bookings import TITLES
from ingest.domain.jsonl import Instant
from ingest.domain.snapshots import AppointmentSnapshot, CustomerSnapshot, VehicleSnapshot
from ingest.identity import bookings
from ingest.recording import Recorder, told_again

handlers = Handlers()
BOOKINGS = "booking"
GIVES = ("appointments",)


class Booking(BaseModel):
    """The body of a booking system's webhook; what is not known here is passed over."""

    model_config = ConfigDict(extra="ignore")

    booking_id: str = Field(min_length=1, max_length=200)
    status: str = Field(default="booked", pattern="^(booked|moved|cancelled|no_show)$")
    starts_at: Instant
    text: str = Field(default="", max_length=2000)
    plate: str | None = None
    vin: str | None = None
    customer_number: str | None = Field(default=None, max_length=200)
    invitation: str | None = None
    invitation_id: UUID | None = None  # put in by api, which knows the code
    vehicle_id: UUID | None = None  # as above: the vehicle that was invited


@handlers.on(DealerChanged)
async def remember_dealer(event: DealerChanged, work: Work) -> None:
    await store.remember_dealer(work.session, event)


@handlers.on(WebhookAccepted)
async def record_booking(event: WebhookAccepted, work: Work) -> None:
    """A booking becomes an appointment; a body that cannot be used is kept and shown, not lost."""
    if event.source not in (BOOKINGS, *TITLES):
        return
    source = bookings(work.dealer) if event.source == BOOKINGS else source_of(work.dealer, event.source)
    title = TITLES.get(event.source, "Booking")
    recorder = Recorder(work, source, GIVES)
    await store.ensure_source(work.session, work.dealer, source, title=title, kind="webhook", gives=list(GIVES))
    await _say_how_fresh(recorder, source, work)
    try:
        name = await _record(event, work, recorder, source)
    except (ValidationError, ValueError) as error:
        origin = derived_id(event.source, event.delivery_id)
        kept = store.Kept(origin, 0, event.body, _brief(error), _booking_named(event))
        await store.keep(work.session, work.dealer, source, work.now, kept)
        return
    if name is not None:
        await store.mended(work.session, work.dealer, source, [name])


async def _record(event: WebhookAccepted, work: Work, recorder: Recorder, source: SourceId) -> str | None:
    """Record what a body tells, and say of which booking. Raises ValueError, before anything is recorded, for one that cannot be
    used."""
    body = strict_json(event.body.encode())
    dealer = await store.dealer(work.session, work.dealer)
    if event.source in TITLES:
        step = domain_bookings.read(event.source, body, dealer.country if dealer is not None else "DK")
        if step is None:
            return None
        await record_step(work, recorder, source, step, invited(body))
        return step.booking
    booking = Booking.model_validate(body)
    zone = ZoneInfo(dealer.timezone) if dealer is not None else ZoneInfo("UTC")
    starts_at = booking.starts_at if booking.starts_at.tzinfo else booking.starts_at.replace(tzinfo=zone)
    await recorder.appointment(
        AppointmentSnapshot(
            booking.booking_id, starts_at, booking.status, booking.text,
            VehicleSnapshot(plate=values.plate(booking.plate), vin=values.vin(booking.vin)),
            CustomerSnapshot(booking.customer_number) if booking.customer_number else None,
        ),
        InvitationId(booking.invitation_id) if booking.invitation_id else None,
        vehicle=VehicleId(booking.vehicle_id) if booking.vehicle_id else None,
    )  # fmt: skip
    return booking.booking_id


async def _say_how_fresh(recorder: Recorder, source: SourceId, work: Work) -> None:
    """That it was heard of just now; told at most every six hours."""
    row = await store.source(work.session, work.dealer, source)
    assert row is not None
    cursor = row.cursor
    if told_again(cursor, work.now):
        cursor = cursor | {"told_at": work.now.isoformat()}
        await recorder.source(title=row.title, kind=row.kind, fresh_at=work.now, polled=False)
    await store.change_source(work.session, work.dealer, source, fresh_at=work.now, cursor=cursor)


def _booking_named(event: WebhookAccepted) -> str | None:
    """Of which booking a body tells, where that can be read: when it is told again and well, nothing is left to mend."""
    try:
        given = strict_json(event.body.encode())
    except ValueError:
        return None
    if event.source in TITLES:
        return domain_bookings.name_in(event.source, given)
    number = given.get("booking_id") if isinstance(given, dict) else None
    return number if isinstance(number, str) and number else None


def _brief(error: Exception) -> str:
    if isinstance(error, ValidationError):
        return "; ".join(f"{'.'.join(map(str, found['loc'])) or 'body'}: {found['msg']}" for found in error.errors()[:10])
    return str(error)
