"""Leads, mails and decisions: what was minted, what was handed over, what was decided and why."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from common.events.leads import LeadChanged
from leads.domain.facts import Customer, Decision, Lead
from leads.tables import DecisionRow, LeadRow, MailRow

_lead, _mail, _decision = LeadRow.__table__, MailRow.__table__, DecisionRow.__table__  # type: ignore[attr-defined]  # sqlmodel


_SAVE_LEADS = text(
    """insert into leads.lead
        (dealer_id, lead_id, vehicle_id, type, anchor, code, stage, outcome, closed_on, revision, told)
    select :dealer, r.* from jsonb_to_recordset(cast(:rows as jsonb)) as r (
        lead_id uuid, vehicle_id uuid, type text, anchor date, code text, stage text, outcome text, closed_on date,
        revision bigint, told jsonb)
    on conflict (dealer_id, lead_id) do update set vehicle_id = excluded.vehicle_id, anchor = excluded.anchor,
        stage = excluded.stage, outcome = excluded.outcome, closed_on = excluded.closed_on, revision = excluded.revision,
        told = excluded.told"""
)
_SAVE_DECISIONS = text(
    """insert into leads.decision (dealer_id, vehicle_id, type, lead_id, look_on, decided_on, reasons)
    select :dealer, r.* from jsonb_to_recordset(cast(:rows as jsonb)) as r (
        vehicle_id uuid, type text, lead_id uuid, look_on date, decided_on date, reasons jsonb)
    on conflict (dealer_id, vehicle_id, type) do update set lead_id = excluded.lead_id, look_on = excluded.look_on,
        decided_on = excluded.decided_on, reasons = excluded.reasons"""
)
_COLUMNS = ("lead_id", "vehicle_id", "type", "anchor", "code", "stage", "outcome", "closed_on", "revision")


@dataclass(frozen=True)
class Decided:
    """A decision about a vehicle on a day, with the lead that it is about."""

    vehicle_id: UUID
    decision: Decision
    lead_id: UUID | None
    on: date


async def save_leads(session: AsyncSession, dealer: UUID, events: Sequence[LeadChanged]) -> list[LeadChanged]:
    """Keep how leads stand; what to tell of them: those that were not told so already, with their next revision."""
    ids = [event.lead_id for event in events]
    mine = (_lead.c.dealer_id == dealer) & _lead.c.lead_id.in_(ids)
    rows = await session.execute(select(_lead.c.lead_id, _lead.c.code, _lead.c.revision, _lead.c.told).where(mine))
    before = {row.lead_id: row for row in rows}
    changed = []
    for event in events:
        known = before.get(event.lead_id)
        if known is not None:
            event = event.model_copy(update={"code": known.code, "revision": known.revision})
            if event.model_dump(mode="json") == known.told:
                continue
        changed.append(event.model_copy(update={"revision": (known.revision if known is not None else 0) + 1}))
    if changed:
        told = [event.model_dump(mode="json") for event in changed]
        values = [{name: one[name] for name in _COLUMNS} | {"told": one} for one in told]
        await session.execute(_SAVE_LEADS, {"dealer": dealer, "rows": json.dumps(values)})
    return changed


async def save_decisions(session: AsyncSession, dealer: UUID, decided: Sequence[Decided]) -> None:
    """Keep the one decision about each vehicle and type."""
    values = [
        {
            "vehicle_id": str(one.vehicle_id), "type": one.decision.type, "lead_id": str(one.lead_id) if one.lead_id else None,
            "look_on": one.decision.look_on.isoformat() if one.decision.look_on else None, "decided_on": one.on.isoformat(),
            "reasons": [asdict(reason) for reason in one.decision.reasons],
        }
        for one in decided
    ]  # fmt: skip
    if values:
        await session.execute(_SAVE_DECISIONS, {"dealer": dealer, "rows": json.dumps(values)})


async def stored_decision(session: AsyncSession, dealer: UUID, vehicle: UUID, kind: str) -> tuple[Any, LeadChanged | None] | None:
    """The decision about a vehicle and type with its lead as last told; None when nothing was decided yet."""
    where = (_decision.c.dealer_id == dealer) & (_decision.c.vehicle_id == vehicle) & (_decision.c.type == kind)
    row = (await session.execute(select(_decision).where(where))).first()
    if row is None:
        return None
    told = await session.scalar(select(_lead.c.told).where(_lead.c.dealer_id == dealer, _lead.c.lead_id == row.lead_id))
    return row, LeadChanged.model_validate(told) if told is not None else None


async def decide_alone(session: AsyncSession, dealer: UUID) -> None:
    """From here to the end of the transaction nobody else decides for this dealer: what is read now is still so when stored."""
    await session.execute(text("select pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": f"leads {dealer}"})


async def forget_decisions(session: AsyncSession, dealer: UUID, vehicle: UUID) -> None:
    """A vehicle that was merged into another is decided no more."""
    await session.execute(delete(_decision).where(_decision.c.dealer_id == dealer, _decision.c.vehicle_id == vehicle))


async def to_look_at(session: AsyncSession, dealer: UUID, on: date) -> list[UUID]:
    """The vehicles of which some decision is looked at again by that day."""
    rows = await session.execute(
        select(_decision.c.vehicle_id).distinct().where(_decision.c.dealer_id == dealer, _decision.c.look_on <= on)
    )
    return [row.vehicle_id for row in rows]


async def next_look_on(session: AsyncSession, dealer: UUID) -> date | None:
    """The next day on which some decision is looked at again."""
    found: date | None = await session.scalar(select(func.min(_decision.c.look_on)).where(_decision.c.dealer_id == dealer))
    return found


async def vehicles_of(session: AsyncSession, dealer: UUID, leads: Iterable[UUID]) -> list[UUID]:
    """The vehicles that these leads are about."""
    rows = await session.execute(
        select(_lead.c.vehicle_id).distinct().where(_lead.c.dealer_id == dealer, _lead.c.lead_id.in_(list(leads)))
    )
    return [row.vehicle_id for row in rows]


async def hand_over(session: AsyncSession, dealer: UUID, lead: Lead, customer: Customer, *, message: UUID, today: date) -> bool:
    """Mark the mail of a lead as handed to the notifier; False when it was before. One that was refused may go again."""
    values: dict[str, Any] = {
        "dealer_id": dealer, "lead_id": lead.lead_id, "customer_id": customer.customer_id, "message_id": message, "state": "due",
        "email": customer.email, "refused": [], "handed_on": today,
    }  # fmt: skip
    write = insert(_mail).values(values)
    again = {name: value for name, value in values.items() if name != "refused"}
    result = await session.execute(
        write.on_conflict_do_update(
            index_elements=["dealer_id", "lead_id"], set_=again, where=_mail.c.state == "refused"
        ).returning(_mail.c.lead_id)
    )
    return result.first() is not None


async def record_left(session: AsyncSession, dealer: UUID, message: UUID, state: str, local_on: date) -> None:
    """The mail left (or may have): it counts from that local day."""
    await session.execute(
        update(_mail)
        .where(_mail.c.dealer_id == dealer, _mail.c.message_id == message, _mail.c.state.in_(("due", "unknown")))
        .values(state=state, on_day=local_on)
    )


async def record_refused(session: AsyncSession, dealer: UUID, message: UUID) -> None:
    """The mail server refused it for certain: it may leave to another address."""
    await session.execute(
        update(_mail)
        .where(_mail.c.dealer_id == dealer, _mail.c.message_id == message, _mail.c.state == "due")
        .values(state="refused", refused=func.array_append(_mail.c.refused, _mail.c.email))
    )


async def record_bounced(session: AsyncSession, dealer: UUID, message: UUID, at: datetime) -> None:
    """It came back; of two such reports the earlier counts."""
    await session.execute(
        update(_mail)
        .where(_mail.c.dealer_id == dealer, _mail.c.message_id == message)
        .values(bounced_at=func.least(func.coalesce(_mail.c.bounced_at, at), at))
    )


async def record_withdrawn(session: AsyncSession, dealer: UUID, message: UUID, lead: UUID) -> None:
    """It was never sent: the mail is free again."""
    mine = (_mail.c.dealer_id == dealer) & (_mail.c.message_id == message) & (_mail.c.lead_id == lead)
    await session.execute(delete(_mail).where(mine, _mail.c.state == "due"))
