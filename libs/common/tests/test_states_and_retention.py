"""States can be told again when the log has forgotten them; the log forgets only what nobody needs."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from common.bus.retention import forget
from common.clock import FixedClock
from common.errors import DomainError
from common.republish import republish
from common.testing.postgres import Database
from common.testing.probes import STATES, TOPIC, ProbeSeen, ProbeStands, prober
from common.testing.runtime import DEALER, OTHER_DEALER, Running, running

MORNING = datetime(2026, 3, 2, 8, tzinfo=UTC)
ITEM = uuid4()


async def tell(runtime: Running, *revisions: int) -> None:
    for revision in revisions:
        async with runtime.work(DEALER) as work:
            work.publish(ProbeStands(item=ITEM, revision=revision, note=f"at {revision}"))


async def test_the_newest_state_is_told_again_and_only_that_dealers(probe_database: Database) -> None:
    async with running(prober(), probe_database) as runtime:
        await tell(runtime, 1, 3, 2)
        async with runtime.work(OTHER_DEALER) as work:
            work.publish(ProbeStands(item=uuid4(), revision=1))
        await runtime.published()
        counts = [count async for count in republish(runtime, "probe_states", DEALER)]
        assert counts == [1]
        assert await runtime.published() == [ProbeStands(item=ITEM, revision=3, note="at 3")]


async def test_what_happened_is_never_told_again(probe_database: Database) -> None:
    async with running(prober(), probe_database) as runtime:
        with pytest.raises(DomainError, match="never told twice"):
            await anext(republish(runtime, "probes", DEALER))


async def test_old_events_are_forgotten_once_every_reader_has_passed_them(probe_database: Database) -> None:
    clock = FixedClock(MORNING)
    async with running(prober(), probe_database, clock=clock) as runtime:
        async with runtime.work(DEALER) as work:
            work.publish(*(ProbeSeen(item=ITEM, number=n) for n in range(5)))
        place = next(place for place, head in (await runtime.reader.heads(["probes"])).items() if head == 5)
        await runtime.reader.report("someone", {place: 3})
        runtime.later(days=2)
        assert await forget(runtime.sessions, "prober", TOPIC, now=clock.now()) == 3
        await runtime.reader.report("someone", {place: 5})
        assert await forget(runtime.sessions, "prober", TOPIC, now=clock.now()) == 2
        assert (await runtime.reader.oldest([place]))[place] == 5  # offsets go on where they were


async def test_young_events_are_kept(probe_database: Database) -> None:
    async with running(prober(), probe_database, clock=FixedClock(MORNING)) as runtime:
        await tell(runtime, 1)
        assert await forget(runtime.sessions, "prober", STATES, now=MORNING + timedelta(hours=20)) == 0


async def test_a_reader_that_was_silent_for_14_days_is_given_up(probe_database: Database) -> None:
    clock = FixedClock(MORNING)
    async with running(prober(), probe_database, clock=clock) as runtime:
        await tell(runtime, 1)
        place = next(place for place, head in (await runtime.reader.heads(["probe_states"])).items() if head)
        await runtime.reader.report("the lost", {place: 0})
        pool = await runtime.reader.pool("prober")
        await pool.execute("update prober.reader set seen_at = now() - interval '15 days'")
        assert await forget(runtime.sessions, "prober", STATES, now=MORNING + timedelta(days=2)) == 1
