"""Explaining what is decided about a vehicle: from the stored decision, or as it would be decided on another day."""

from datetime import UTC, date, datetime, time
from typing import Any
from uuid import UUID

from common.errors import DomainError, NotFound
from common.events.words import Because, InvitationType
from common.reasons import changed_by, sentence
from common.work import Work
from scheduler import store
from scheduler.domain.deciding import decide
from scheduler.domain.explaining import Explanation, explain
from scheduler.domain.facts import Why

SHOWN = ("stage", "step", "due_on", "invite_on", "send_on", "blocked", "permanent", "contacted_on", "call_from_on", "closes_on",
         "outcome", "closed_on", "anchor")  # fmt: skip


async def explained(
    work: Work,
    *,
    kind: str,
    plate: str | None = None,
    vehicle: UUID | None = None,
    on: date | None = None,
    language: str | None = None,
) -> tuple[str, list[dict[str, Any]]]:
    """The language, and what is decided about each vehicle of that plate (or that one): what it rests on, each block that was
    looked at, what would change it, and when it is looked at next. Raises NotFound, or DomainError for an unknown type."""
    if kind not in set(InvitationType):
        raise DomainError(f"There is no invitation of the type {kind!r}.", code="unknown_type")
    house = await store.dealer(work.session, work.dealer)
    if house is None:
        raise NotFound("There is no such dealer here yet.")
    language = language or house.language
    vehicles = [vehicle] if vehicle else await store.vehicles_by_plate(work.session, work.dealer, plate or "")
    if not vehicles:
        raise NotFound(f"{house.title} has no vehicle with the plate {plate}.")
    now = datetime.combine(on, time(12), UTC) if on is not None else work.now
    found = []
    for facts in await store.vehicle_facts(work.session, work.dealer, vehicles, now=now):
        facts = facts.at_workshop(kind)
        stored = await store.stored_decision(work.session, work.dealer, facts.vehicle.vehicle_id, kind) if on is None else None
        day = on or (stored[0].decided_on if stored is not None else work.today(facts.timezone))
        told = _told(explain(facts, decide(facts, today=day, kind=kind), day), day, language)
        if stored is not None:
            told = _as_stored(told, *stored, language)
        found.append({"vehicle_id": str(facts.vehicle.vehicle_id), "plate": facts.vehicle.plate, "type": kind, **told})
    if not found:
        raise NotFound(f"Nothing is known about {plate or vehicle} yet.")
    return language, found


def _told(one: Explanation, day: date, language: str) -> dict[str, Any]:
    return {
        "on": day.isoformat(),
        "look_on": one.look_on.isoformat() if one.look_on else None,
        "reasons": [_reason(why.code, dict(why.params), language) for why in one.reasons],
        "checks": [
            {"code": check.code, "passed": check.passed, "sentence": _sentence(check.why, language)} for check in one.checks
        ],
        "would_change": _changes([why.code for why in one.reasons], language),
        "invitation": None,
    }


def _as_stored(told: dict[str, Any], row: Any, invitation: Any, language: str) -> dict[str, Any]:
    """What was decided and told is what counts; the checks are those of that day."""
    reasons = [_reason(reason["code"], reason["params"], language) for reason in row.reasons]
    shown = None
    if invitation is not None:
        body = invitation.model_dump(mode="json")
        shown = {"invitation_id": body["invitation_id"], **{name: body[name] for name in SHOWN}}
    return told | {
        "on": row.decided_on.isoformat(), "look_on": row.look_on.isoformat() if row.look_on else None, "reasons": reasons,
        "would_change": _changes([reason["code"] for reason in reasons], language), "invitation": shown,
    }  # fmt: skip


def _reason(code: str, params: dict[str, Any], language: str) -> dict[str, Any]:
    return {"code": code, "params": params, "sentence": sentence(code, params, language)}


def _sentence(why: Why | None, language: str) -> str | None:
    return sentence(why.code, dict(why.params), language) if why is not None else None


def _changes(codes: list[str], language: str) -> list[str]:
    found = (changed_by(code, language) for code in codes if code != Because.DUE)
    return [change for change in found if change is not None]
