"""Recording what booking systems post: one appointment for all the bookings that were moved into each other."""

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from pydantic import TypeAdapter

from common.ids import CustomerId, DealerId, InvitationId, SourceId, VehicleId, derived_id, new_id
from common.work import Work
from ingest import store
from ingest.domain import bookings
from ingest.domain.bookings import Facts, Step
from ingest.domain.snapshots import AppointmentSnapshot, VehicleSnapshot
from ingest.recording import Recorder

_FACTS = TypeAdapter(Facts)


class Invited(NamedTuple):
    """Whom our invitation was for, where a booking carries our reference: api knows."""

    invitation: InvitationId | None = None
    vehicle: VehicleId | None = None
    customer: CustomerId | None = None


def source_of(dealer: DealerId, system: str) -> SourceId:
    """The source that a booking system of a dealer is."""
    return SourceId(derived_id("source", dealer, system))


def invited(body: dict[str, Any]) -> Invited:
    """What api put into a body. Raises ValueError."""
    told = [UUID(str(body[name])) if body.get(name) else None for name in ("invitation_id", "vehicle_id", "customer_id")]
    return Invited(*told)  # type: ignore[arg-type]  # in this order


async def record_step(work: Work, recorder: Recorder, source: SourceId, step: Step, for_whom: Invited) -> None:
    """Add a webhook to what is known of its booking, and tell the appointment as it stands now."""
    await store.lock_dealer(work.session, work.dealer)
    names = [name for name in (step.booking, step.before, step.after) if name]
    known = await store.bookings_named(work.session, work.dealer, source, names)
    chains = sorted({row.chain_id for row in known.values()}, key=lambda chain: chain.int)
    chain = chains[0] if chains else new_id()
    for other in chains[1:]:
        await store.move_bookings(work.session, work.dealer, source, other, chain)
        await recorder.forget_appointment(str(other))
    for name in names:
        facts = _FACTS.validate_python(known[name].facts) if name in known else Facts()
        if name == step.booking:
            facts = bookings.added(facts, step)
        kept = for_whom.invitation or (known[name].invitation_id if name in known else None)
        await store.save_booking(work.session, work.dealer, source, name, chain, _FACTS.dump_python(facts, mode="json"), kept)
    rows = await store.bookings_of(work.session, work.dealer, source, chain)
    found = bookings.together({row.name: _FACTS.validate_python(row.facts) for row in rows})
    if found is None:
        return
    details = found.details
    assert isinstance(details.starts_at, datetime)
    invitation = next((row.invitation_id for row in rows if row.invitation_id), None)
    snapshot = AppointmentSnapshot(
        str(chain), details.starts_at, found.status, details.text, VehicleSnapshot(plate=details.plate, vin=details.vin)
    )
    who = await recorder.whoever(details.name, details.email, details.mobile, details.plate, for_whom.customer)
    await recorder.appointment(snapshot, InvitationId(invitation) if invitation else None, customer=who, vehicle=for_whom.vehicle)
