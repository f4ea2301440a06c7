"""Cycles, contacts and decisions: what was minted, what was handed over, what was decided and why."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from common.events.invitations import InvitationChanged
from common.events.words import Because, Channel
from scheduler.domain.facts import Decision, Standing, VehicleFacts
from scheduler.tables import ContactRow, CycleRow, DecisionRow

_WRITE_CYCLES = text("""
insert into scheduler.cycle
    (dealer_id, invitation_id, vehicle_id, type, anchor, code, stage, outcome, closed_on, stood_on, revision, told)
select dealer_id, invitation_id, vehicle_id, type, anchor, code, stage, outcome, closed_on, stood_on, revision, told
from jsonb_populate_recordset(cast(null as scheduler.cycle), cast(:rows as jsonb))
on conflict (dealer_id, invitation_id) do update set vehicle_id = excluded.vehicle_id, type = excluded.type,
    anchor = excluded.anchor, code = excluded.code, stage = excluded.stage, outcome = excluded.outcome,
    closed_on = excluded.closed_on, stood_on = excluded.stood_on, revision = excluded.revision, told = excluded.told
""")
_WRITE_DECISIONS = text("""
insert into scheduler.decision (dealer_id, vehicle_id, type, invitation_id, look_on, decided_on, reasons)
select dealer_id, vehicle_id, type, invitation_id, look_on, decided_on, reasons
from jsonb_populate_recordset(cast(null as scheduler.decision), cast(:rows as jsonb))
on conflict (dealer_id, vehicle_id, type) do update set invitation_id = excluded.invitation_id, look_on = excluded.look_on,
    decided_on = excluded.decided_on, reasons = excluded.reasons
""")
_cycle, _contact, _decision = CycleRow.__table__, ContactRow.__table__, DecisionRow.__table__  # type: ignore[attr-defined]  # sqlmodel


async def _write(session: AsyncSession, statement: Any, rows: list[dict[str, Any]]) -> None:
    """Write rows in one statement: as JSON, for a statement with a value for each field takes longer to make than to run."""
    if rows:
        await session.execute(statement, {"rows": json.dumps(rows, default=str)})


async def save_cycles(
    session: AsyncSession, dealer: UUID, stand: Sequence[tuple[InvitationChanged, Standing]]
) -> list[InvitationChanged]:
    """Keep how these invitations stand; of each that was not told so already, what to tell."""
    where = (_cycle.c.dealer_id == dealer) & _cycle.c.invitation_id.in_([event.invitation_id for event, _ in stand])
    before = {row.invitation_id: row for row in await session.execute(select(_cycle).where(where))} if stand else {}
    told, values = [], []
    for event, standing in stand:
        known = before.get(event.invitation_id)
        if known is not None:
            event = event.model_copy(update={"code": known.code, "revision": known.revision})
        is_told = known is not None and event.model_dump(mode="json") == known.told
        if known is not None and is_told and known.stood_on == standing.stood_on:
            continue
        if not is_told:
            event = event.model_copy(update={"revision": (known.revision if known is not None else 0) + 1})
            told.append(event)
        values.append(
            {
                "dealer_id": dealer, "invitation_id": event.invitation_id, "vehicle_id": event.vehicle_id, "type": event.type,
                "anchor": event.anchor, "code": event.code, "stage": event.stage, "outcome": event.outcome,
                "closed_on": event.closed_on, "stood_on": standing.stood_on, "revision": event.revision,
                "told": event.model_dump(mode="json"),
            }
        )  # fmt: skip
    await _write(session, _WRITE_CYCLES, values)
    return told


async def save_decisions(
    session: AsyncSession, dealer: UUID, found: Iterable[tuple[UUID, str, Decision, UUID | None, date]]
) -> None:
    """Keep the one decision about each vehicle and type: which, what, its invitation, and the day it was decided on.

    What says the same as before is not written again; of a type that is off nothing is kept that was not.
    """
    found = list(found)
    vehicles = {vehicle for vehicle, *_ in found}
    where = (_decision.c.dealer_id == dealer) & _decision.c.vehicle_id.in_(list(vehicles))
    before = {(row.vehicle_id, row.type): row for row in await session.execute(select(_decision).where(where))} if found else {}
    values = []
    for vehicle, kind, decision, invitation, decided_on in found:
        reasons = [asdict(reason) for reason in decision.reasons]
        known = before.get((vehicle, kind))
        is_off = [reason["code"] for reason in reasons] == [Because.TYPE_OFF]
        if (known is None and is_off) or (
            known is not None
            and (known.reasons, known.look_on, known.invitation_id) == (reasons, decision.look_on, invitation)
            and (known.decided_on == decided_on or invitation is None)
        ):
            continue
        values.append(
            {
                "dealer_id": dealer, "vehicle_id": vehicle, "type": str(kind), "invitation_id": invitation,
                "look_on": decision.look_on, "decided_on": decided_on, "reasons": reasons,
            }
        )  # fmt: skip
    await _write(session, _WRITE_DECISIONS, values)


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
