"""Wiring: the scheduler's doors."""

import typer

from common.benches import Measured
from common.events.due import CampaignQuestionDue, MessageDue
from common.events.invitations import InvitationChanged
from common.service import Service
from scheduler import routes
from scheduler.commands import add_commands, why
from scheduler.handlers import handlers
from scheduler.jobs import jobs
from scheduler.settling import settlers


def _add_commands(app: typer.Typer) -> None:
    add_commands(app, service)


def _bench() -> Measured:
    from scheduler.bench import measure  # loaded only where it is measured

    return measure(service)


service = Service(
    name="scheduler",
    migrations="scheduler:migrations",
    handlers=handlers,
    settlers=settlers,
    jobs=jobs,
    publishes=(InvitationChanged, MessageDue, CampaignQuestionDue),
    router=routes.build,
    commands=_add_commands,
    why=why,
    benches={"decide": _bench},
)
