"""Wiring: dmr-sync's doors."""

from collections.abc import Sequence

import typer

from common.benches import Measured
from common.errands import Errand
from common.events.registry import RegistryRead, VehicleRegistryChanged
from common.service import Runtime, Service
from dmr_sync.commands import add_commands
from dmr_sync.errands import Sync
from dmr_sync.given import give_row
from dmr_sync.handlers import handlers
from dmr_sync.settings import Settings
from dmr_sync.settling import settlers


def _errands(runtime: Runtime) -> Sequence[Errand]:
    assert isinstance(runtime.settings, Settings)
    return [Sync(runtime, runtime.settings)]


def _bench() -> Measured:
    from dmr_sync.bench import measure  # loaded only where it is measured

    return measure()


def _add_commands(app: typer.Typer) -> None:
    add_commands(app, service)


service = Service(
    name="dmr-sync",
    migrations="dmr_sync:migrations",
    handlers=handlers,
    settlers=settlers,
    publishes=(VehicleRegistryChanged, RegistryRead),
    errands=_errands,
    commands=_add_commands,
    facts={"registry": give_row},
    benches={"registry": _bench},
    settings=Settings,
)
