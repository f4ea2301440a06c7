"""Jobs and errands run when they are due, one at a time per dealer, and a failing one keeps nobody else from theirs."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from common.clock import FixedClock
from common.ids import DealerId
from common.jobs import Jobs
from common.service import Runtime
from common.testing.postgres import Database
from common.testing.probes import ProbeEchoed, ProbeSeen, prober
from common.testing.runtime import DEALER, OTHER_DEALER, running
from common.wakeups import Wakeups
from common.work import Work

MORNING = datetime(2026, 3, 2, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)


@dataclass
class Calls:
    """A job and an errand that write down when they ran and do what a test wants."""

    clock: Callable[[], datetime]
    ran: list[tuple[DealerId, datetime]] = field(default_factory=list)
    again: timedelta | None = None
    fails_for: DealerId | None = None
    name: str = "ring"
    once: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self, dealer: DealerId) -> datetime | None:
        if dealer == self.fails_for:
            raise ValueError("this dealer's errand fails")
        self.ran.append((dealer, self.clock()))
        self.once.set()
        return self.clock() + self.again if self.again else None

    async def job(self, work: Work) -> datetime | None:
        return await self.run(work.dealer)

    def jobs(self) -> Jobs:
        jobs = Jobs()
        jobs.named("tick")(self.job)
        return jobs


async def wish(runtime: Runtime, name: str, at: datetime, dealer: DealerId = DEALER) -> None:
    async with runtime.work(dealer) as work:
        work.wake(name, at)


async def test_a_job_runs_when_its_time_has_come_and_not_before(probe_database: Database) -> None:
    clock = FixedClock(MORNING)
    calls = Calls(clock.now)
    async with running(prober(calls.jobs()), probe_database, clock=clock) as runtime:
        await wish(runtime, "tick", MORNING + HOUR)
        assert not await runtime.wakeups.step()
        runtime.later(hours=1)
        assert await runtime.wakeups.step()
        assert not await runtime.wakeups.step()
    assert calls.ran == [(DEALER, MORNING + HOUR)]


async def test_the_earliest_wish_wins_and_a_job_may_wish_itself_back(probe_database: Database) -> None:
    clock = FixedClock(MORNING)
    calls = Calls(clock.now, again=2 * HOUR)
    async with running(prober(calls.jobs()), probe_database, clock=clock) as runtime:
        await wish(runtime, "tick", MORNING + 3 * HOUR)
        await wish(runtime, "tick", MORNING + HOUR)
        await wish(runtime, "tick", MORNING + 2 * HOUR)
        assert await runtime.wakeups.next_due() == MORNING + HOUR
        runtime.later(hours=1)
        await runtime.wakeups.step()
        assert await runtime.wakeups.next_due() == MORNING + 3 * HOUR


async def test_a_failing_job_changes_nothing_and_other_dealers_get_theirs(probe_database: Database) -> None:
    calls = Calls(FixedClock(MORNING).now, fails_for=DEALER)
    async with running(prober(calls.jobs()), probe_database) as runtime:
        await wish(runtime, "tick", MORNING)
        await wish(runtime, "tick", MORNING, OTHER_DEALER)
        await runtime.wakeups.step()
        assert [dealer for dealer, _ in calls.ran] == [OTHER_DEALER]
        assert await runtime.wakeups.next_due() == MORNING  # still wanted, after a rest


async def test_two_processes_run_a_due_job_once(probe_database: Database) -> None:
    clock = FixedClock(MORNING)
    calls = Calls(clock.now)
    async with (
        running(prober(calls.jobs()), probe_database, clock=clock) as one,
        running(prober(calls.jobs()), probe_database, clock=clock) as two,
    ):
        for dealer in (DEALER, OTHER_DEALER):
            await wish(one, "tick", MORNING, dealer)
        await asyncio.gather(one.wakeups.step(), two.wakeups.step())
    assert sorted(dealer.int for dealer, _ in calls.ran) == [DEALER.int, OTHER_DEALER.int]


async def test_an_errand_woken_while_it_runs_runs_again(probe_database: Database) -> None:
    clock = FixedClock(MORNING)
    calls = Calls(clock.now)
    async with running(prober(errands=lambda _: [calls]), probe_database, clock=clock) as runtime:
        ring = calls.run

        async def run_and_be_woken(dealer: DealerId) -> datetime | None:
            if not calls.ran:
                await wish(runtime, "ring", MORNING)
            return await ring(dealer)

        calls.run = run_and_be_woken  # type: ignore[method-assign]
        await wish(runtime, "ring", MORNING)
        await runtime.wakeups.step()
    assert len(calls.ran) == 2


async def test_an_errand_whose_process_died_is_taken_up_by_another(probe_database: Database) -> None:
    clock = FixedClock(MORNING)
    calls = Calls(clock.now)
    async with running(prober(errands=lambda _: [calls]), probe_database, clock=clock) as runtime:
        await wish(runtime, "ring", MORNING)
        taken = "update prober.wakeup set at = null, leased_until = clock_timestamp() + interval '1 hour'"
        await runtime.sql(DEALER, taken)
        assert not await runtime.wakeups.step()  # someone has it
        await runtime.sql(DEALER, "update prober.wakeup set leased_until = clock_timestamp() - interval '1 second'")
        assert await runtime.wakeups.step()
    assert len(calls.ran) == 1


async def test_background_work_sees_a_clock_that_moves(probe_database: Database) -> None:
    clock = FixedClock(MORNING)
    calls = Calls(clock.now)
    async with running(prober(calls.jobs()), probe_database, clock=clock) as runtime:
        await wish(runtime, "tick", MORNING + HOUR)
        stop = asyncio.Event()
        background = asyncio.create_task(Wakeups(runtime).run(stop))
        runtime.later(hours=2)
        async with asyncio.timeout(10):
            await calls.once.wait()
        stop.set()
        await background
    assert calls.ran == [(DEALER, MORNING + 2 * HOUR)]


async def test_a_service_may_not_write_another_services_topic(probe_database: Database) -> None:
    async with running(prober(), probe_database) as runtime, runtime.work(DEALER) as work:
        work.publish(ProbeSeen(item=DEALER, number=0))
        with pytest.raises(PermissionError, match="listener"):
            work.publish(ProbeEchoed(item=DEALER, number=0))
