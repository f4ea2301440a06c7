"""What a customer or staff says to an invitation becomes api's own fact and an event, in one transaction, once."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from api import store
from api.domain.changes import Changed
from common.errors import Conflict, NotFound
from common.events.answers import (
    ContactSuppressed,
    CustomerAnswered,
    CustomerExcluded,
    FollowUpRecorded,
    InvitationHeld,
    InvitationRestored,
    OwnerReleased,
)
from common.events.invitations import InvitationChanged
from common.events.words import Answer, NoReason, Outcome
from common.ids import CustomerId, UserId, VehicleId, new_id
from common.work import Work

MOST_ANSWERS = 20  # by link, of one invitation: somebody who clicks on and on fills no table; unsubscribing always works


async def find(work: Work, invitation_id: UUID, *, allowed: frozenset[UUID] | None = None) -> InvitationChanged:
    """An invitation of this dealer (of the workshops that are allowed, and of none), locked so that two clicks come one
    after the other. Raises NotFound."""
    found = await store.invitation(work.session, work.dealer, invitation_id, lock=True)
    if found is None or (allowed is not None and found.workshop_id is not None and found.workshop_id not in allowed):
        raise NotFound("There is no such invitation.")
    return found


async def answer(
    work: Work,
    invitation: InvitationChanged,
    said: Answer,
    reason: NoReason | None,
    *,
    by: str,
    user: UserId | None = None,
) -> bool:
    """Record an answer, the customer's own or one that staff heard; the same one again changes nothing.

    A later, different answer is one more.
    """
    reason = reason if said == Answer.NO else None
    before = (await store.answers_of(work.session, work.dealer, [invitation.invitation_id])).get(invitation.invitation_id, [])
    answers = [row for row in before if row.kind in {*Answer, "follow_up"}]
    if answers and (answers[-1].kind, answers[-1].reason) == (said, reason):
        return False
    if by == "link" and said != Answer.UNSUBSCRIBE and len(answers) >= MOST_ANSWERS:
        raise Conflict("This invitation was answered too often.", code="answered_too_often")
    await _keep(work, invitation, said, reason, by, user)
    if said == Answer.UNSUBSCRIBE and invitation.customer_id is not None:
        work.publish(ContactSuppressed(customer_id=invitation.customer_id, by=by, at=work.now))
    work.publish(
        CustomerAnswered(
            invitation_id=invitation.invitation_id, vehicle_id=invitation.vehicle_id, customer_id=invitation.customer_id,
            type=invitation.type, answer=said, reason=reason, by=by, at=work.now,
        )
    )  # fmt: skip
    return True


async def hold(work: Work, invitation_id: UUID, reason: str | None, user: UserId) -> None:
    """Keep an invitation from leaving. Raises NotFound, Conflict once it is closed."""
    invitation = await find(work, invitation_id)
    if invitation.stage == "closed":
        raise Conflict("This invitation is closed already.", code="closed")
    if await _state(work, invitation_id) == "held":
        return
    await _keep(work, invitation, "held", reason, "staff", user)
    work.publish(
        InvitationHeld(
            invitation_id=invitation.invitation_id, vehicle_id=invitation.vehicle_id, reason=reason, user_id=user, at=work.now
        )
    )


async def restore(work: Work, invitation_id: UUID, user: UserId) -> None:
    """Undo a hold."""
    invitation = await find(work, invitation_id)
    if await _state(work, invitation_id) != "held":
        return
    await _keep(work, invitation, "restored", None, "staff", user)
    work.publish(
        InvitationRestored(
            invitation_id=invitation.invitation_id, vehicle_id=invitation.vehicle_id, customer_id=invitation.customer_id,
            user_id=user, at=work.now,
        )
    )  # fmt: skip


async def exclude(work: Work, invitation_id: UUID, reason: str | None, user: UserId) -> None:
    """Leave the vehicle of an invitation out of all invitations."""
    invitation = await find(work, invitation_id)
    if await _state(work, invitation_id) == "excluded":
        return
    await _keep(work, invitation, "excluded", reason, "staff", user)
    await note(work, invitation.vehicle_id, "excluded", reason, user)
    work.publish(CustomerExcluded(vehicle_id=invitation.vehicle_id, reason=reason, user_id=user, at=work.now))


async def include(work: Work, invitation_id: UUID, user: UserId) -> None:
    """Undo every hold and exclusion of that vehicle and customer."""
    invitation = await find(work, invitation_id)
    subjects = [invitation.vehicle_id, *([invitation.customer_id] if invitation.customer_id else [])]
    excluded = any(acts[-1].kind == "excluded" for acts in (await undoable(work, subjects)).values())
    if excluded or await _state(work, invitation_id) in ("held", "excluded"):
        await restore_all(work, invitation.vehicle_id, invitation.customer_id, user)


async def restore_all(work: Work, vehicle: UUID, customer: UUID | None, user: UserId) -> None:
    """Undo, and say so once, what holds and excludes stand of a vehicle and of a customer."""
    subjects = [vehicle, *([customer] if customer else [])]
    for subject, acts in (await undoable(work, subjects)).items():
        if acts[-1].kind == "excluded":
            await note(work, subject, "restored", None, user)
    open_ = await store.invitations_of(work.session, work.dealer, vehicles=[vehicle], customers=subjects[1:])
    for one in open_:
        if await _state(work, one.invitation_id) in ("held", "excluded"):
            await _keep(work, one, "restored", None, "staff", user)
    work.publish(
        InvitationRestored(
            vehicle_id=VehicleId(vehicle), customer_id=CustomerId(customer) if customer else None, user_id=user, at=work.now
        )
    )


async def release_owner(work: Work, invitation_id: UUID, user: UserId) -> None:
    """The owner is still this customer: changes known until now no longer count."""
    invitation = await find(work, invitation_id)
    await _keep(work, invitation, "owner_released", None, "staff", user)
    await note(work, invitation.vehicle_id, "owner_released", None, user)
    work.publish(OwnerReleased(vehicle_id=invitation.vehicle_id, customer_id=invitation.customer_id, user_id=user, at=work.now))


async def follow_up(work: Work, invitation_id: UUID, outcome: Outcome, note: str | None, user: UserId) -> None:
    """Record how a follow-up or call ended; the same again changes nothing."""
    invitation = await find(work, invitation_id)
    told = f"{outcome}: {note}" if note else str(outcome)
    said = (await store.answers_of(work.session, work.dealer, [invitation_id])).get(invitation_id, [])
    if said and (said[-1].kind, said[-1].reason) == ("follow_up", told):
        return
    await _keep(work, invitation, "follow_up", told, "staff", user)
    work.publish(
        FollowUpRecorded(
            invitation_id=invitation.invitation_id, vehicle_id=invitation.vehicle_id, outcome=outcome, note=note, user_id=user,
            at=work.now,
        )
    )  # fmt: skip


async def _state(work: Work, invitation_id: UUID) -> str | None:
    """The last of held, restored and excluded that staff said."""
    said = (await store.answers_of(work.session, work.dealer, [invitation_id])).get(invitation_id, [])
    staff = [row.kind for row in said if row.kind in ("held", "restored", "excluded")]
    return staff[-1] if staff else None


async def undoable(work: Work, subjects: Collection[UUID]) -> dict[UUID, list[Any]]:
    """The exclusions and restorations of these customers and vehicles, oldest first."""
    acts = await store.acts_of(work.session, work.dealer, subjects)
    told = {subject: [row for row in rows if row.kind in ("excluded", "restored")] for subject, rows in acts.items()}
    return {subject: rows for subject, rows in told.items() if rows}


async def note(work: Work, subject: UUID, kind: str, reason: str | None, user: UserId) -> None:
    """Keep what staff did to a customer, a vehicle or a campaign as a whole."""
    await store.add_act(
        work.session, work.dealer, new_id(), subject_id=subject, kind=kind, reason=reason, user_id=user, at=work.now
    )


async def _keep(
    work: Work, invitation: InvitationChanged, kind: str, reason: str | None, by: str, user: UserId | None = None
) -> None:
    await store.add_answer(
        work.session, work.dealer, new_id(), invitation_id=invitation.invitation_id, vehicle_id=invitation.vehicle_id,
        customer_id=invitation.customer_id, kind=kind, reason=reason, by=by, user_id=user, at=work.now,
    )  # fmt: skip
    work.touch(Changed.INVITATION, invitation.invitation_id)
