"""What staff does to a customer, a vehicle or a campaign as a whole: api's own fact and an event, in one transaction."""

import unicodedata
from datetime import date
from typing import Literal, TypeVar
from uuid import UUID

from api import store
from api.answering import note, restore_all, undoable
from api.domain.changes import Changed
from common.errors import Conflict, NotFound
from common.events import State
from common.events.answers import CampaignAnswered, ContactSuppressed, CustomerExcluded, InvitationRequested, OwnerReleased
from common.events.customers import CustomerChanged, VehicleChanged
from common.events.words import InvitationType
from common.ids import CampaignId, UserId
from common.work import Work

S = TypeVar("S", bound=State)


async def customer(work: Work, customer_id: UUID) -> CustomerChanged:
    """A customer of this dealer. Raises NotFound."""
    return await _known(work, CustomerChanged, customer_id, "customer")


async def vehicle(work: Work, vehicle_id: UUID) -> VehicleChanged:
    """A vehicle of this dealer. Raises NotFound."""
    return await _known(work, VehicleChanged, vehicle_id, "vehicle")


async def _known(work: Work, kind: type[S], entity: UUID, noun: str) -> S:
    found = await store.told(work.session, work.dealer, kind, entity)
    if found is None:
        raise NotFound(f"There is no such {noun}.")
    return found


async def exclude_vehicle(work: Work, vehicle_id: UUID, reason: str | None, user: UserId) -> None:
    """Leave a vehicle out of all invitations; again changes nothing."""
    car = await vehicle(work, vehicle_id)
    if await _is_excluded(work, vehicle_id):
        return
    await note(work, vehicle_id, "excluded", reason, user)
    work.publish(CustomerExcluded(vehicle_id=car.vehicle_id, reason=reason, user_id=user, at=work.now))
    work.touch(Changed.VEHICLE, vehicle_id)


async def exclude_customer(work: Work, customer_id: UUID, reason: str | None, user: UserId) -> None:
    """Leave a customer out of all invitations; again changes nothing."""
    person = await customer(work, customer_id)
    if await _is_excluded(work, customer_id):
        return
    await note(work, customer_id, "excluded", reason, user)
    work.publish(CustomerExcluded(customer_id=person.customer_id, reason=reason, user_id=user, at=work.now))
    work.touch(Changed.CUSTOMER, customer_id)


async def include_vehicle(work: Work, vehicle_id: UUID, user: UserId) -> None:
    """Undo every hold and exclusion of a vehicle, and its customer's."""
    car = await vehicle(work, vehicle_id)
    await restore_all(work, vehicle_id, car.customer_id, user)
    work.touch(Changed.VEHICLE, vehicle_id)


async def include_customer(work: Work, customer_id: UUID, user: UserId) -> None:
    """Undo every hold and exclusion of a customer and of the customer's vehicles. Raises Conflict where no vehicle is known."""
    await customer(work, customer_id)
    cars = {car.vehicle_id for car in await store.vehicles_of(work.session, work.dealer, [customer_id])}
    invited = await store.invitations_of(work.session, work.dealer, customers=[customer_id])
    for one in sorted(cars | {found.vehicle_id for found in invited}):
        await restore_all(work, one, customer_id, user)
    if not cars and not invited:
        raise Conflict("No vehicle of this customer is known, so nothing is sent to undo this for.", code="no_vehicle")
    work.touch(Changed.CUSTOMER, customer_id)


async def _is_excluded(work: Work, subject: UUID) -> bool:
    acts = await undoable(work, [subject])
    return bool(acts) and acts[subject][-1].kind == "excluded"


async def suppress(work: Work, name: str, number: str, channel: Literal["email", "sms"] | None, user: UserId) -> list[UUID]:
    """Never contact a customer again, by name and number as on the request; both must be this customer's.

    Returns who that is: more than one where several of the dealer's systems know the customer. Raises NotFound.
    """
    found = [
        one
        for one in await store.customers_numbered(work.session, work.dealer, number.strip())
        if _letters(one.full_name or "") == _letters(name)
    ]
    if not found or not _letters(name):
        raise NotFound(
            "No customer has this name and this number.",
            code="no_such_customer",
            advice="Look the customer up and give the name and the number as the dealer's system has them.",
        )
    acts = await store.acts_of(work.session, work.dealer, [one.customer_id for one in found])
    kind = f"suppressed:{channel}" if channel else "suppressed"
    for one in found:
        if any(act.kind in ("suppressed", kind) for act in acts.get(one.customer_id, ())):
            continue
        await note(work, one.customer_id, kind, None, user)
        work.publish(ContactSuppressed(customer_id=one.customer_id, channel=channel, by="staff", at=work.now))
        work.touch(Changed.CUSTOMER, one.customer_id)
    return [one.customer_id for one in found]


def _letters(name: str) -> str:
    """A name as people compare it: letters' case, spaces and points do not matter."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().replace(".", " ").replace(",", " ").split())


async def release_owner(work: Work, vehicle_id: UUID, user: UserId) -> None:
    """The vehicle's owner is still its customer: changes known until now no longer count."""
    car = await vehicle(work, vehicle_id)
    await note(work, vehicle_id, "owner_released", None, user)
    work.publish(OwnerReleased(vehicle_id=car.vehicle_id, customer_id=car.customer_id, user_id=user, at=work.now))
    work.touch(Changed.VEHICLE, vehicle_id)


async def request_invitation(work: Work, vehicle_id: UUID, kind: InvitationType, user: UserId) -> None:
    """Ask for one invitation by hand; the scheduler decides, by the same blocks, whether and when it leaves."""
    car = await vehicle(work, vehicle_id)
    await note(work, vehicle_id, "requested", kind, user)
    work.publish(InvitationRequested(vehicle_id=car.vehicle_id, type=kind, user_id=user, at=work.now))
    work.touch(Changed.VEHICLE, vehicle_id)


async def answer_campaign(
    work: Work,
    campaign_id: UUID,
    user: UserId,
    *,
    from_on: date | None,
    to_on: date | None,
    audience: tuple[str, ...] | None,
    capacity_per_day: int | None,
    deal_again: bool,
    stopped: bool,
) -> None:
    """Say how a wheel season is to run; what is None stays as it is."""
    await note(work, campaign_id, "campaign_answered", None, user)
    work.publish(
        CampaignAnswered(
            campaign_id=CampaignId(campaign_id), from_on=from_on, to_on=to_on, audience=audience,
            capacity_per_day=capacity_per_day, deal_again=deal_again, stopped=stopped, user_id=user, at=work.now,
        )
    )  # fmt: skip
    work.touch(Changed.CAMPAIGN, campaign_id)
