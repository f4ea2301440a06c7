"""Cycles, contacts and decisions: what was minted, what was handed over, what was decided and why."""

from collections.abc import Iterable
from dataclasses import asdict
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from common.events.invitations import InvitationChanged
from common.events.words import Channel
from scheduler.domain.facts import Decision, Standing, VehicleFacts
from scheduler.tables import ContactRow, CycleRow, DecisionRow

_cycle, _contact, _decision = CycleRow.__table__, ContactRow.__table__, DecisionRow.__table__  # type: ignore[attr-defined]  # sqlmodel


async def save_cycle(
    session: AsyncSession, dealer: UUID, event: InvitationChanged, standing: Standing
) -> InvitationChanged | None:
    """Keep how an invitation stands; what to tell of it, or None when it was told so already."""
    where = (_cycle.c.dealer_id == dealer) & (_cycle.c.invitation_id == event.invitation_id)
    before = (await session.execute(select(_cycle).where(where).with_for_update())).first()
    if before is not None:
        event = event.model_copy(update={"code": before.code, "revision": before.revision})
        if event.model_dump(mode="json") == before.told:
            if before.stood_on != standing.stood_on:
                await session.execute(update(_cycle).where(where).values(stood_on=standing.stood_on))
            return None
    event = event.model_copy(update={"revision": (before.revision if before is not None else 0) + 1})
    values: dict[str, Any] = {
        "dealer_id": dealer, "invitation_id": event.invitation_id, "vehicle_id": event.vehicle_id, "type": event.type,
        "anchor": event.anchor, "code": event.code, "stage": event.stage, "outcome": event.outcome, "closed_on": event.closed_on,
        "stood_on": standing.stood_on, "revision": event.revision, "told": event.model_dump(mode="json"),
    }  # fmt: skip
    write = insert(_cycle).values(values)
    await session.execute(write.on_conflict_do_update(index_elements=["dealer_id", "invitation_id"], set_=values))
    return event


async def save_decision(
    session: AsyncSession, dealer: UUID, facts: VehicleFacts, decision: Decision, invitation: UUID | None, *, decided_on: date
) -> None:
    """Keep the one decision about a vehicle and type."""
    values: dict[str, Any] = {
        "dealer_id": dealer, "vehicle_id": facts.vehicle.vehicle_id, "type": "service", "invitation_id": invitation,
        "look_on": decision.look_on, "decided_on": decided_on, "reasons": [asdict(reason) for reason in decision.reasons],
    }  # fmt: skip
    write = insert(_decision).values(values)
    await session.execute(write.on_conflict_do_update(index_elements=["dealer_id", "vehicle_id", "type"], set_=values))


async def stored_decision(
    session: AsyncSession, dealer: UUID, vehicle: UUID, kind: str
) -> tuple[Any, InvitationChanged | None] | None:
    """The decision about a vehicle and type with its invitation as last told; None when nothing was decided yet."""
    where = (_decision.c.dealer_id == dealer) & (_decision.c.vehicle_id == vehicle) & (_decision.c.type == kind)
    row = (await session.execute(select(_decision).where(where))).first()
    if row is None:
        return None
    told = None
    if row.invitation_id is not None:
        told = await session.scalar(
            select(_cycle.c.told).where(_cycle.c.dealer_id == dealer, _cycle.c.invitation_id == row.invitation_id)
        )
    return row, InvitationChanged.model_validate(told) if told is not None else None


async def decide_alone(session: AsyncSession, dealer: UUID) -> None:
    """From here to the end of the transaction nobody else decides for this dealer: what is read now is still so when stored."""
    await session.execute(text("select pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": f"scheduler {dealer}"})


async def forget_decision(session: AsyncSession, dealer: UUID, vehicle: UUID) -> None:
    """A vehicle that was merged into another is decided no more."""
    await session.execute(delete(_decision).where(_decision.c.dealer_id == dealer, _decision.c.vehicle_id == vehicle))


async def to_look_at(session: AsyncSession, dealer: UUID, on: date) -> list[UUID]:
    """The vehicles whose decision is looked at again by that day."""
    rows = await session.execute(
        select(_decision.c.vehicle_id).distinct().where(_decision.c.dealer_id == dealer, _decision.c.look_on <= on)
    )
    return [row.vehicle_id for row in rows]


async def next_look_on(session: AsyncSession, dealer: UUID) -> date | None:
    """The next day on which some decision is looked at again."""
    found: date | None = await session.scalar(select(func.min(_decision.c.look_on)).where(_decision.c.dealer_id == dealer))
    return found


async def hand_over(
    session: AsyncSession,
    dealer: UUID,
    parts: Iterable[tuple[VehicleFacts, Standing, int]],
    *,
    message: UUID,
    channel: str,
    today: date,
) -> list[UUID]:
    """Mark these steps as handed to the notifier; the invitations that were not handed over before."""
    taken = []
    for facts, standing, step in parts:
        customer = facts.customers[standing.customer_id] if standing.customer_id else None
        if customer is None or standing.cycle.invitation_id is None:
            continue
        values: dict[str, Any] = {
            "dealer_id": dealer, "invitation_id": standing.cycle.invitation_id, "step": step,
            "vehicle_id": facts.vehicle.vehicle_id, "customer_id": customer.customer_id, "message_id": message, "state": "due",
            "channel": channel, "email": customer.email, "mobile": customer.mobile,
            "single_channel": len(customer.channels()) == 1, "refused": [], "handed_on": today,
        }  # fmt: skip
        write = insert(_contact).values(values)
        again = {name: value for name, value in values.items() if name != "refused"}
        result = await session.execute(
            write.on_conflict_do_update(
                index_elements=["dealer_id", "invitation_id", "step"], set_=again, where=_contact.c.state == "refused"
            ).returning(_contact.c.invitation_id)
        )
        taken += [row.invitation_id for row in result]
    return taken


async def record_left(session: AsyncSession, dealer: UUID, message: UUID, state: str, local_on: date, at: datetime) -> None:
    """These contacts left (or may have): they count from that local day."""
    await session.execute(
        update(_contact)
        .where(_contact.c.dealer_id == dealer, _contact.c.message_id == message, _contact.c.state.in_(("due", "unknown")))
        .values(state=state, on_day=local_on, at=at)
    )


async def record_refused(session: AsyncSession, dealer: UUID, message: UUID, channel: str) -> None:
    """The provider refused it for certain: the same contact may leave to another address."""
    address = _contact.c.email if channel == Channel.EMAIL else _contact.c.mobile
    await session.execute(
        update(_contact)
        .where(_contact.c.dealer_id == dealer, _contact.c.message_id == message, _contact.c.state == "due")
        .values(state="refused", refused=func.array_append(_contact.c.refused, address))
    )


async def record_withdrawn(session: AsyncSession, dealer: UUID, message: UUID, invitation: UUID, step: int) -> None:
    """It was never sent: the step is free again."""
    same_step = (_contact.c.invitation_id == invitation) & (_contact.c.step == step) & (_contact.c.state == "due")
    await session.execute(delete(_contact).where(_contact.c.dealer_id == dealer, _contact.c.message_id == message, same_step))
