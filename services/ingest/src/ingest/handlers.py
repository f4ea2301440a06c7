"""Door 1: what ingest hears. Dealers for their country and zone; verified webhooks of booking systems."""

from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from common import values
from common.events.settings import DealerChanged
from common.events.webhooks import WebhookAccepted
from common.handling import Handlers
from common.ids import InvitationId, SourceId, derived_id
from common.web import strict_json
from common.work import Work
from ingest import store
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


@handlers.on(DealerChanged)
async def remember_dealer(event: DealerChanged, work: Work) -> None:
    await store.remember_dealer(work.session, event)


@handlers.on(WebhookAccepted)
async def record_booking(event: WebhookAccepted, work: Work) -> None:
    """A booking becomes an appointment; a body that cannot be used is kept and shown, not lost."""
    if event.source != BOOKINGS:
        return
    source = bookings(work.dealer)
    recorder = Recorder(work, source, GIVES)
    await store.ensure_source(work.session, work.dealer, source, title="Booking", kind="webhook", gives=list(GIVES))
    await _say_how_fresh(recorder, source, work)
    try:
        booking = Booking.model_validate(strict_json(event.body.encode()))
    except (ValidationError, ValueError) as error:
        origin = derived_id(event.source, event.delivery_id)
        kept = store.Kept(origin, 0, event.body, _brief(error), _booking_named(event.body))
        await store.keep(work.session, work.dealer, source, work.now, kept)
        return
    dealer = await store.dealer(work.session, work.dealer)
    zone = ZoneInfo(dealer.timezone) if dealer is not None else ZoneInfo("UTC")
    starts_at = booking.starts_at if booking.starts_at.tzinfo else booking.starts_at.replace(tzinfo=zone)
    await recorder.appointment(
        AppointmentSnapshot(
            booking.booking_id, starts_at, booking.status, booking.text,
            VehicleSnapshot(plate=values.plate(booking.plate), vin=values.vin(booking.vin)),
            CustomerSnapshot(booking.customer_number) if booking.customer_number else None,
        ),
        InvitationId(booking.invitation_id) if booking.invitation_id else None,
    )  # fmt: skip
    await store.mended(work.session, work.dealer, source, [booking.booking_id])


async def _say_how_fresh(recorder: Recorder, source: SourceId, work: Work) -> None:
    """That it was heard of just now; told at most every six hours."""
    row = await store.source(work.session, work.dealer, source)
    assert row is not None
    cursor = row.cursor
    if told_again(cursor, work.now):
        cursor = cursor | {"told_at": work.now.isoformat()}
        await recorder.source(title=row.title, kind=row.kind, fresh_at=work.now, polled=False)
    await store.change_source(work.session, work.dealer, source, fresh_at=work.now, cursor=cursor)


def _booking_named(body: str) -> str | None:
    """Of which booking a body tells, where that can be read: when it is told again and well, nothing is left to mend."""
    try:
        given = strict_json(body.encode())
    except ValueError:
        return None
    number = given.get("booking_id") if isinstance(given, dict) else None
    return number if isinstance(number, str) and number else None


def _brief(error: Exception) -> str:
    if isinstance(error, ValidationError):
        return "; ".join(f"{'.'.join(map(str, found['loc'])) or 'body'}: {found['msg']}" for found in error.errors()[:10])
    return str(error)
