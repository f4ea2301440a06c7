"""Wiring: ingest's doors and the client it reads sources with."""

from collections.abc import Sequence

import httpx
import typer

from common.errands import Errand
from common.events.appointments import AppointmentChanged
from common.events.customers import (
    ContractChanged,
    CustomerChanged,
    CustomerMerged,
    SourceChanged,
    VehicleChanged,
    VehicleMerged,
)
from common.events.work_orders import WorkOrderChanged
from common.service import Runtime, Service
from ingest import routes
from ingest.clients.sealing import Sealer
from ingest.commands import add_commands
from ingest.errands import Poll
from ingest.handlers import handlers
from ingest.imports import Imports


def _build_errands(runtime: Runtime) -> Sequence[Errand]:
    http = httpx.AsyncClient(timeout=httpx.Timeout(30, connect=10), follow_redirects=False)
    return [Poll(runtime, http, Sealer(runtime.settings)), Imports(runtime)]


def _add_commands(app: typer.Typer) -> None:
    add_commands(app, service)


service = Service(
    name="ingest",
    migrations="ingest:migrations",
    handlers=handlers,
    publishes=(
        CustomerChanged,
        CustomerMerged,
        VehicleChanged,
        ContractChanged,
        VehicleMerged,
        SourceChanged,
        WorkOrderChanged,
        AppointmentChanged,
    ),
    errands=_build_errands,
    router=routes.build,
    commands=_add_commands,
)
