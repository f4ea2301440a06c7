"""What was set aside is listed with its reason, and handled again when its cause is mended."""

from uuid import UUID

import pytest

from autoflows import repairs
from common.clock import FixedClock, SystemClock
from common.cluster import Cluster
from common.ids import DealerId
from common.testing import probes
from common.testing.postgres import SECRET, Template
from common.testing.runtime import running

DEALER, ITEM = DealerId(UUID(int=7)), UUID(int=1)


async def test_parked_events_are_listed_in_order_and_replayed(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    faults = probes.Faults(poison={2})
    prober, listener = probes.prober(), probes.listener(faults)
    database = await Template(cluster, "template_repairs", lambda: [prober.schema, listener.schema]).copy()
    monkeypatch.setenv("AUTOFLOWS_DATABASE_URL", database.url())
    monkeypatch.setenv("AUTOFLOWS_DATABASE_SECRET", SECRET.get_secret_value())
    clock = FixedClock(SystemClock().now())
    async with running(prober, database, clock=clock) as saying, saying.work(DEALER) as work:
        work.publish(*(probes.ProbeSeen(item=ITEM, number=number) for number in (1, 2, 3)))
    async with running(listener, database, clock=clock) as hearing:
        while await hearing.consumer.step():
            """Until all is heard."""

    found = await repairs.find([listener])
    assert [(name, row.tries > 0, row.error) for name, row in found] == [
        ("listener", True, "ValueError: number 2 cannot be handled"),
        ("listener", False, "waits behind an earlier event of its key"),
    ]
    assert await repairs.find([listener], [found[0][1].id]) == found[:1]
    assert await repairs.handle_again([listener], None) == (0, 2)
    faults.poison.clear()
    assert await repairs.handle_again([listener], None) == (2, 0)
    assert await repairs.find([listener]) == []
    await database.drop()
