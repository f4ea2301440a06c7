"""What the scheduler adds to the command line: `explain`, which reads the stored decision."""

import asyncio
import json
from datetime import UTC, date, datetime, time
from typing import Annotated, Any
from uuid import UUID

import typer
from rich.console import Console

from common.clock import FixedClock
from common.errors import NotFound
from common.events.invitations import InvitationChanged
from common.ids import DealerId, dealer_named
from common.reasons import sentence
from common.service import Runtime, Service, opened
from scheduler import store
from scheduler.domain.deciding import decide
from scheduler.settling import reasons

_out = Console(soft_wrap=True, highlight=False, markup=False)


def add_commands(app: typer.Typer, service: Service) -> None:
    """Add the scheduler's commands to the command line."""

    @app.command()
    def explain(
        dealer: Annotated[str, typer.Option(help="The dealer's short name.")],
        plate: Annotated[str, typer.Option(help="The vehicle's plate.")],
        kind: Annotated[str, typer.Option("--type", help="The type of invitation.")] = "service",
        on: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="As it would be decided on that day.")] = None,
        as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON.")] = False,
    ) -> None:
        """Say why a vehicle is invited, or why not, and when it is looked at next."""
        asyncio.run(_explain(service, dealer, plate, kind, on.date() if on else None, as_json))


async def _explain(service: Service, slug: str, plate: str, kind: str, on: date | None, as_json: bool) -> None:
    async with opened(service) as runtime:
        told, found = await explained(runtime, slug, plate, kind, on)
    if as_json:
        print(json.dumps({"dealer": slug, "plate": plate, "type": kind, "decisions": found}, ensure_ascii=False))  # noqa: T201
        return
    for one in found:
        _out.print(text(one, told))


async def explained(runtime: Runtime, slug: str, plate: str, kind: str, on: date | None) -> tuple[str, list[dict[str, Any]]]:
    """The dealer's language, and what is decided about each vehicle of that plate. Raises NotFound."""
    dealer = dealer_named(slug)
    async with runtime.work(dealer) as work:
        house = await store.dealer(work.session, dealer)
        if house is None:
            raise NotFound(f"There is no dealer {slug!r} here yet.")
        vehicles = await store.vehicles_by_plate(work.session, dealer, plate)
        if not vehicles:
            raise NotFound(f"{house.title} has no vehicle with the plate {plate}.")
        if on is None:
            stored = [await store.stored_decision(work.session, dealer, vehicle, kind) for vehicle in vehicles]
            found = [_stored(*one) for one in stored if one is not None]
            if not found:
                raise NotFound(f"Nothing is decided about {plate} and {kind} yet.")
            return house.language, found
        noon = datetime.combine(on, time(12), UTC)
        gathered = await store.vehicle_facts(work.session, dealer, vehicles, now=FixedClock(noon).now())
        decisions = [decide(facts, today=on) for facts in gathered]
        return house.language, [
            {
                "on": on.isoformat(),
                "look_on": _iso(d.look_on),
                "invitation": None,
                "reasons": [r.model_dump() for r in reasons(d.reasons)],
            }
            for d in decisions
        ]


async def why(runtime: Runtime, dealer: DealerId, vehicle: UUID, kind: str) -> list[str]:
    """The codes of the stored decision about a vehicle, its invitation's included."""
    async with runtime.work(dealer) as work:
        stored = await store.stored_decision(work.session, dealer, vehicle, kind)
    if stored is None:
        return []
    row, invitation = stored
    return [reason["code"] for reason in row.reasons] + ([reason.code for reason in invitation.reasons] if invitation else [])


def _stored(row: Any, invitation: InvitationChanged | None) -> dict[str, Any]:
    return {
        "on": _iso(row.decided_on),
        "look_on": _iso(row.look_on),
        "reasons": row.reasons,
        "invitation": invitation.model_dump(mode="json", exclude={"reasons", "revision", "code"}) if invitation else None,
    }


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


def text(decision: dict[str, Any], language: str) -> str:
    """A decision as a person reads it."""
    lines = [f"Decided on {decision['on']}:" if language != "da" else f"Besluttet {decision['on']}:"]
    for reason in decision["reasons"]:
        lines.append(f"  {sentence(reason['code'], reason['params'], language)}")
        if words := reason["params"].get("words"):
            lines.append(f"    ({words})")
    if (invitation := decision["invitation"]) is not None:
        shown = ("stage", "step", "invite_on", "send_on", "blocked", "call_from_on", "closes_on", "outcome", "closed_on")
        lines += [f"  {name}: {invitation[name]}" for name in shown if invitation.get(name) is not None]
    if decision["look_on"]:
        lines.append(
            f"  Looked at next on {decision['look_on']}." if language != "da" else f"  Ses på igen {decision['look_on']}."
        )
    return "\n".join(lines)
