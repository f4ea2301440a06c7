"""What the scheduler adds to the command line: `explain`, which reads the stored decision."""

import asyncio
import json
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

import typer
from rich.console import Console

from common.errors import NotFound
from common.events.words import InvitationType
from common.ids import DealerId, dealer_named
from common.service import Runtime, Service, opened
from scheduler.explaining import explained

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
        dealer = dealer_named(slug)
        async with runtime.work(dealer) as work:
            language, found = await explained(work, plate=plate, kind=kind, on=on)
    if as_json:
        print(json.dumps({"dealer": slug, "plate": plate, "type": kind, "decisions": found}, ensure_ascii=False))  # noqa: T201
        return
    for one in found:
        _out.print(text(one, language))


async def why(runtime: Runtime, dealer: DealerId, vehicle: UUID, kind: str) -> list[str]:
    """The codes of the stored decision about a vehicle, its invitation's included; none for a type that others decide."""
    if kind not in set(InvitationType):
        return []
    async with runtime.work(dealer) as work:
        try:
            _, (found,) = await explained(work, vehicle=vehicle, kind=kind, language="en")
        except NotFound:
            return []
    return [reason["code"] for reason in found["reasons"]]


_LABELS = {
    "da": {"on": "Besluttet {}:", "words": "(ordene: {})", "passed": "Intet hindrer: {}", "change": "Det ændrer sig: {}",
           "look": "Ses på igen {}.", "never": "Ses på igen, når der sker noget nyt."},
    "en": {"on": "Decided on {}:", "words": "(words: {})", "passed": "Nothing stops it: {}", "change": "What would change it: {}",
           "look": "Looked at next on {}.", "never": "Looked at again when something new happens."},
}  # fmt: skip


def text(decision: dict[str, Any], language: str) -> str:
    """A decision as a person reads it."""
    labels = _LABELS.get(language, _LABELS["en"])
    lines = [labels["on"].format(decision["on"])]
    for reason in decision["reasons"]:
        lines.append(f"  {reason['sentence']}")
        if words := reason["params"].get("words"):
            lines.append(f"    {labels['words'].format(words)}")
    if (invitation := decision["invitation"]) is not None:
        shown = ("stage", "step", "invite_on", "send_on", "blocked", "call_from_on", "closes_on", "outcome", "closed_on")
        lines += [f"  {name}: {invitation[name]}" for name in shown if invitation.get(name) is not None]
    passed = [check["code"] for check in decision["checks"] if check["passed"]]
    if passed:
        lines.append(f"  {labels['passed'].format(', '.join(passed))}")
    lines += [f"  {labels['change'].format(change)}" for change in decision["would_change"]]
    lines.append("  " + (labels["look"].format(decision["look_on"]) if decision["look_on"] else labels["never"]))
    return "\n".join(lines)
