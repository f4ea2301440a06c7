"""`autoflows scenario`: runs files on throw-away databases, prints each contact with its reason, and what differs."""

import contextlib
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console

from autoflows.scenarios import outside, runner
from autoflows.scenarios.report import Contact, Report
from autoflows.scenarios.story import Story, StoryError, read
from common.bus.consumer import Disorder
from common.reasons import sentence
from common.service import Service
from common.testing.postgres import SECRET, Template, throwaway

AS_EXPECTED, DIFFERS, UNREADABLE = 0, 1, 2


class Stage:
    """Where stories are played: a throw-away PostgreSQL with a migrated template, and the world beyond."""

    def __init__(self, services: Sequence[Service], template: Template, beyond: outside.Beyond) -> None:
        self._services, self._template, self._beyond = services, template, beyond

    async def play(self, story: Story, disorder: Disorder | None = None) -> Report:
        """Play one story on a fresh copy of the template."""
        database = await self._template.copy()
        settings: dict[str, Any] = {"database_url": database.url(), "database_secret": SECRET}
        try:
            return await runner.run(story, self._services, self._beyond, settings, disorder=disorder, watch=self._beyond.watch)
        finally:
            await database.drop()


@contextlib.asynccontextmanager
async def stage(services: Sequence[Service]) -> AsyncIterator[Stage]:
    """A stage of its own, gone afterwards."""
    with throwaway() as cluster:
        template = Template(cluster, "template_scenarios", lambda: [service.schema for service in services])
        async with outside.opened() as beyond:
            yield Stage(services, template, beyond)


async def main(files: Sequence[Path], services: Sequence[Service], *, as_json: bool, seed: int | None, console: Console) -> int:
    """Run files; 0 when all came as expected, 1 when one differs, 2 when one cannot be read."""
    worst = AS_EXPECTED
    async with stage(services) as found:
        for file in files:
            try:
                story = read(file)
                report = await found.play(story, Disorder(seed) if seed is not None else None)
            except StoryError as error:
                worst = UNREADABLE
                console.print(
                    json.dumps({"file": str(file), "error": str(error)}) if as_json else str(error), markup=False, highlight=False
                )
                continue
            differences = report.differences()
            worst = max(worst, DIFFERS if differences else AS_EXPECTED)
            tell = _json(file, report, differences) if as_json else _text(file, report, differences)
            console.print(tell, markup=False, highlight=False, soft_wrap=True)
    return worst


def _json(file: Path, report: Report, differences: list[str]) -> str:
    contacts = [
        {**asdict(c), "on": c.on.isoformat(), "reasons": [r.model_dump(mode="json") for r in c.reasons]} for c in report.contacts
    ]
    leads = [
        {"on": c.on.isoformat(), "time": c.time, "vehicle": c.vehicle, "type": c.type, "channel": c.channel} for c in report.leads
    ]
    told = {"file": str(file), "contacts": contacts, "leads": leads, "differences": differences}
    return json.dumps(told, ensure_ascii=False)


def _text(file: Path, report: Report, differences: list[str]) -> str:
    lines = [f"{file}: {report.story.title or ''}".rstrip(": ")]
    lines += [f"  {_contact(c, report.story.dealer.language)}" for c in report.contacts]
    lines += [f"  {_lead(lead, report.story.dealer.language)}" for lead in report.leads]
    lines += [f"  differs: {line}" for line in differences] or ["  as expected"]
    return "\n".join(lines)


def _contact(contact: Contact, language: str) -> str:
    why = " ".join(sentence(reason.code, reason.params, language) for reason in contact.reasons)
    return f"{contact.on} {contact.time}  {contact.vehicle}  {contact.type} step {contact.step} by {contact.channel}  {why}"


def _lead(lead: Contact, language: str) -> str:
    why = " ".join(sentence(reason.code, reason.params, language) for reason in lead.reasons)
    return f"{lead.on} {lead.time}  {lead.vehicle}  {lead.type} by {lead.channel}  {why}"
