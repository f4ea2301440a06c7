"""Wiring of the classifier."""

import typer

from classifier import routes
from classifier.commands import add_commands
from classifier.handlers import handlers
from classifier.jobs import jobs
from classifier.settling import settlers
from common.benches import Measured
from common.events.visits import AppointmentClassified, OpenOrderClassified, VisitClassified
from common.service import Service


def _bench() -> Measured:
    from classifier.bench import measure  # loaded only where it is measured

    return measure()


def _add_commands(app: typer.Typer) -> None:
    add_commands(app, service)


service = Service(
    name="classifier",
    migrations="classifier:migrations",
    handlers=handlers,
    settlers=settlers,
    jobs=jobs,
    publishes=(VisitClassified, OpenOrderClassified, AppointmentClassified),
    router=routes.build,
    commands=_add_commands,
    benches={"classify": _bench},
)
