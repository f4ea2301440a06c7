"""Wiring: the doors of leads."""

import typer

from common.events.leads import LeadChanged, LeadMessageDue
from common.service import Service
from leads.commands import add_commands, why
from leads.handlers import handlers
from leads.jobs import jobs
from leads.settling import settlers


def _add_commands(app: typer.Typer) -> None:
    add_commands(app, service)


service = Service(
    name="leads",
    migrations="leads:migrations",
    handlers=handlers,
    settlers=settlers,
    jobs=jobs,
    publishes=(LeadChanged, LeadMessageDue),
    commands=_add_commands,
    why=why,
)
