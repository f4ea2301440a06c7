"""What leads adds to the command line: `explain-lead`, which reads the stored decisions."""

import asyncio
import json
from datetime import date
from typing import Annotated, Any
from uuid import UUID

import typer
from rich.console import Console

from common.errors import NotFound
from common.events.leads import LeadChanged
from common.events.words import LeadType
from common.ids import DealerId, dealer_named
from common.reasons import sentence
from common.service import Runtime, Service, opened
from leads import store

_out = Console(soft_wrap=True, highlight=False, markup=False)
SHOWN = ("stage", "due_on", "send_on", "blocked", "contacted_on", "call_from_on", "closes_on", "outcome", "closed_on")


def add_commands(app: typer.Typer, service: Service) -> None:
    """Add the commands of leads to the command line."""

    @app.command("explain-lead")
    def explain_lead(
        dealer: Annotated[str, typer.Option(help="The dealer's short name.")],
        plate: Annotated[str, typer.Option(help="The vehicle's plate.")],
        kind: Annotated[LeadType | None, typer.Option("--type", help="The type of lead; without one, all.")] = None,
        as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON.")] = False,
    ) -> None:
        """Say why a vehicle is a sales lead, or why not, and when it is looked at next."""
        asyncio.run(_explain(service, dealer, plate, kind, as_json))


async def _explain(service: Service, slug: str, plate: str, kind: LeadType | None, as_json: bool) -> None:
    async with opened(service) as runtime:
        language, found = await explained(runtime, slug, plate, [kind] if kind else list(LeadType))
    if as_json:
        print(json.dumps({"dealer": slug, "plate": plate, "decisions": found}, ensure_ascii=False))  # noqa: T201
        return
    for one in found:
        _out.print(text(one, language))


async def explained(runtime: Runtime, slug: str, plate: str, kinds: list[LeadType]) -> tuple[str, list[dict[str, Any]]]:
    """The dealer's language, and what is decided about each vehicle of that plate and type. Raises NotFound."""
    dealer = dealer_named(slug)
    async with runtime.work(dealer) as work:
        house = await store.dealer(work.session, dealer)
        if house is None:
            raise NotFound(f"There is no dealer {slug!r} here yet.")
        vehicles = await store.vehicles_by_plate(work.session, dealer, plate)
        if not vehicles:
            raise NotFound(f"{house.title} has no vehicle with the plate {plate}.")
        stored = [await store.stored_decision(work.session, dealer, vehicle, kind) for vehicle in vehicles for kind in kinds]
    return house.language, [_shown(*one) for one in stored if one is not None]


async def why(runtime: Runtime, dealer: DealerId, vehicle: UUID, kind: str) -> list[str]:
    """The codes of the stored decision about a vehicle, its lead's included."""
    async with runtime.work(dealer) as work:
        stored = await store.stored_decision(work.session, dealer, vehicle, kind)
    if stored is None:
        return []
    row, lead = stored
    return [reason["code"] for reason in row.reasons] + ([reason.code for reason in lead.reasons] if lead else [])


def _shown(row: Any, lead: LeadChanged | None) -> dict[str, Any]:
    return {
        "type": row.type,
        "on": row.decided_on.isoformat(),
        "look_on": row.look_on.isoformat() if isinstance(row.look_on, date) else None,
        "reasons": row.reasons,
        "lead": lead.model_dump(mode="json", include=set(SHOWN)) if lead else None,
    }


def text(decision: dict[str, Any], language: str) -> str:
    """A decision as a person reads it."""
    danish = language == "da"
    lines = [f"{decision['type']}, {'besluttet' if danish else 'decided on'} {decision['on']}:"]
    lines += [f"  {sentence(reason['code'], reason['params'], language)}" for reason in decision["reasons"]]
    if (lead := decision["lead"]) is not None:
        lines += [f"  {name}: {lead[name]}" for name in SHOWN if lead.get(name) is not None]
    if decision["look_on"]:
        lines.append(f"  {'Ses på igen' if danish else 'Looked at next on'} {decision['look_on']}.")
    return "\n".join(lines)
