"""How many vehicles are decided a second, facts gathered and decisions stored: in slices as the service does it, against one vehicle
at a time, and against only reading the same facts. And what a tick costs where nothing is due, and where some is.

A real PostgreSQL of its own is filled with vehicles of several years' history; contenders run by turns.
"""

import asyncio
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from pydantic import SecretStr
from sqlalchemy import insert, select, text

from common.benches import Measured, Speed
from common.clock import FixedClock
from common.cluster import Cluster
from common.events import State
from common.events.customers import CustomerChanged, VehicleChanged
from common.events.settings import DealerChanged
from common.events.visits import Evidence, TagRead, VisitClassified
from common.events.work_orders import WorkOrderChanged
from common.ids import CustomerId, DealerId, OrderId, SourceId, VehicleId
from common.migrate import prepare, upgrade
from common.service import Runtime, Service
from scheduler import store
from scheduler.settling import SLICE, decided
from scheduler.tables import FactRow

VEHICLES, RUNS, TODAY = 2_000, 5, date(2026, 2, 10)
ONE_BY_ONE = 200  # vehicles; enough to know their pace
DEALER = DealerId(UUID(int=0xBE7C))
_AT = datetime(2026, 2, 10, 8, tzinfo=UTC)
_fact: Any = FactRow.__table__  # type: ignore[attr-defined]  # sqlmodel does not type it


def measure(service: Service, vehicles: int = VEHICLES, runs: int = RUNS) -> Measured:
    """Fill a database and decide its vehicles by turns."""
    with tempfile.TemporaryDirectory(prefix="autoflows-bench-") as folder:
        cluster = Cluster(Path(folder) / "pgdata", safe=False)
        cluster.start()
        try:
            return asyncio.run(_measured(service, cluster, vehicles, runs))
        finally:
            cluster.destroy()


async def _measured(service: Service, cluster: Cluster, vehicles: int, runs: int) -> Measured:
    settings = service.settings(
        database_url=f"postgresql://127.0.0.1:{cluster.port}/postgres", database_secret=SecretStr("a secret of this benchmark")
    )
    await prepare(cluster.dsn(), settings, [service.schema])
    await upgrade(settings, [service.schema])
    runtime = Runtime(service, settings, clock=FixedClock(_AT), listen=False)
    try:
        cars = await _fill(runtime, vehicles)
        pace: dict[str, list[float]] = {"ours": [], "peer": [], "limit": []}
        for _ in range(runs):
            pace["ours"].append(len(cars) / await _decide(runtime, cars, SLICE))
            pace["peer"].append(ONE_BY_ONE / await _decide(runtime, cars[:ONE_BY_ONE], 1))
            pace["limit"].append(len(cars) / await _read(runtime, cars))
        due = await _due(runtime)
        idle_ms, due_ms = await _tick(runtime, TODAY - timedelta(days=40)), await _tick(runtime, TODAY)
    finally:
        await runtime.close()
    return Measured(
        "decide", "vehicles/s", Speed(tuple(pace["ours"])), Speed(tuple(pace["peer"])), Speed(tuple(pace["limit"])),
        {"peer": "the same, one vehicle at a time", "limit": "only reading the facts"},
        {"vehicles": vehicles, "due": due, "tick_ms_nothing_due": round(idle_ms), "tick_ms_with_due": round(due_ms)},
    )  # fmt: skip


async def _fill(runtime: Runtime, vehicles: int) -> list[UUID]:
    """A dealer with so many vehicles, each with a customer and four finished orders that were read."""
    dealer = DealerChanged(
        dealer_id=DEALER, revision=1, slug="bench", title="Bench", country="DK", language="da", timezone="Europe/Copenhagen"
    )
    rows = [_row(dealer)]
    cars = [UUID(int=0xCA_0000_0000 + n) for n in range(vehicles)]
    for n, car in enumerate(cars):
        rows += [_row(event) for event in _story(n, car)]
    async with runtime.work(DEALER) as work:
        for start in range(0, len(rows), 1000):
            await work.session.execute(insert(_fact), rows[start : start + 1000])
    return cars


def _story(n: int, car: UUID) -> Sequence[State]:
    person, first = CustomerId(UUID(int=0xC0_0000_0000 + n)), TODAY - timedelta(days=300 + n % 330)
    found: list[State] = [
        CustomerChanged(customer_id=person, revision=1, full_name=f"Kunde {n}", email=f"k{n}@example.com", mobile=f"+4520{n:06}"),
        VehicleChanged(
            vehicle_id=VehicleId(car), revision=1, customer_id=person, plate=f"BE{n:05}", make="Skoda", model="Octavia"
        ),
    ]
    for place, (days, tag) in enumerate(
        ((0, "service"), (160, "wheel_change_winter"), (340, "wheel_change_summer"), (350, "service"))
    ):
        order, on = OrderId(UUID(int=(0x0D_0000_0000 + n) * 8 + place)), first + timedelta(days=days - 350)
        found.append(
            WorkOrderChanged(
                order_id=order, source_id=SourceId(UUID(int=1)), revision=1, number=f"{n}-{place}", vehicle_id=VehicleId(car),
                customer_id=person, status="finished", finished_on=on, odometer_km=40_000 + 40 * days,
            )
        )  # fmt: skip
        read = TagRead(tag=tag, evidence=(Evidence(words="serviceeftersyn", place="line 1", rule="lexicon"),))
        found.append(
            VisitClassified(
                order_id=order,
                revision=1,
                text_revision=1,
                vehicle_id=VehicleId(car),
                customer_id=person,
                visited_on=on,
                tags=(read,),
            )
        )
    return found


def _row(event: State) -> dict[str, Any]:
    return {
        "dealer_id": DEALER, "name": event.name, "entity": event.entity(), "revision": 1,
        "vehicle_id": getattr(event, "vehicle_id", None), "customer_id": getattr(event, "customer_id", None), "at": _AT,
        "body": event.model_dump(mode="json") | {"came_at": _AT.isoformat()},
    }  # fmt: skip


async def _decide(runtime: Runtime, cars: Sequence[UUID], at_once: int) -> float:
    """Seconds to decide these vehicles as if for the first time, so many in a transaction."""
    async with runtime.work(DEALER) as work:
        for table in ("decision", "cycle"):
            await work.session.execute(text(f"delete from scheduler.{table} where dealer_id = :dealer"), {"dealer": DEALER})  # noqa: S608
    began = time.perf_counter()
    for start in range(0, len(cars), at_once):
        async with runtime.work(DEALER) as work:
            await store.decide_alone(work.session, work.dealer)
            await decided(cars[start : start + at_once], work)
    return time.perf_counter() - began


async def _read(runtime: Runtime, cars: Sequence[UUID]) -> float:
    began = time.perf_counter()
    for start in range(0, len(cars), SLICE):
        async with runtime.work(DEALER) as work:
            mine = (_fact.c.dealer_id == DEALER) & _fact.c.vehicle_id.in_(list(cars[start : start + SLICE]))
            (await work.session.execute(select(_fact).where(mine))).all()
    return time.perf_counter() - began


async def _due(runtime: Runtime) -> int:
    async with runtime.work(DEALER) as work:
        return len(await store.to_look_at(work.session, DEALER, TODAY))


async def _tick(runtime: Runtime, day: date) -> float:
    """Milliseconds of one tick on a day."""
    assert isinstance(runtime.clock, FixedClock)
    runtime.clock.move_to(datetime(day.year, day.month, day.day, 8, tzinfo=UTC))
    began = time.perf_counter()
    async with runtime.work(DEALER) as work:
        await runtime.service.jobs.by_name["tick"].run(work)
    return (time.perf_counter() - began) * 1000
