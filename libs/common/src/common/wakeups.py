"""Running jobs and errands when they are due. Who wants to be woken when is a row, so a restart forgets nothing."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy import text

from common import failpoints
from common.bus.consumer import is_transient
from common.errands import Errand
from common.ids import DealerId
from common.jobs import Job
from common.service import Runtime

_log = structlog.get_logger(__name__)
ERRANDS_AT_ONCE = 4
_LOOK_SECONDS, _LOOKS = 0.1, 30  # a moved clock is seen within the first, what other processes did after all of them
_AFTER_FAILURE = timedelta(seconds=5)

_DUE_JOBS = """
select name, dealer_id from {schema}.wakeup where name = any(:names) and at <= :now
    and not (name || ' ' || dealer_id = any(:resting)) order by at, dealer_id limit 100
"""
_LOCK_JOB = """
select at from {schema}.wakeup where name = :name and dealer_id = :dealer and at <= :now for update skip locked
"""
_SET_JOB = "update {schema}.wakeup set at = :at where name = :name and dealer_id = :dealer"
_TAKE_ERRANDS = """
update {schema}.wakeup w set at = null, leased_until = clock_timestamp() + cast(:lease as interval)
from (
    select name, dealer_id from {schema}.wakeup
    where name = any(:names) and (at <= :now or (at is null and leased_until is not null))
        and (leased_until is null or leased_until < clock_timestamp())
        and not (name || ' ' || dealer_id = any(:resting))
    order by at, dealer_id limit 1 for update skip locked
) due
where w.name = due.name and w.dealer_id = due.dealer_id returning w.name, w.dealer_id
"""
_RENEW = "update {schema}.wakeup set leased_until = clock_timestamp() + cast(:lease as interval) where name = :name and dealer_id = :dealer"
_DONE_ERRAND = """
update {schema}.wakeup set leased_until = null,
    at = case when cast(:at as timestamptz) is null then at else least(coalesce(at, 'infinity'), :at) end
where name = :name and dealer_id = :dealer
"""
_NEXT = "select min(case when leased_until is not null then :now else at end) as at from {schema}.wakeup where name = any(:names)"


class Wakeups:
    """Runs a service's due jobs and errands; one at a time per name and dealer, across all processes."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._schema = runtime.service.schema.name
        self._jobs = runtime.service.jobs.by_name
        self._errands = {errand.name: errand for errand in runtime.errands}
        self._lease_time = timedelta(seconds=runtime.settings.lease_seconds)
        self._resting: dict[tuple[str, UUID], datetime] = {}  # failed a moment ago (system time)

    async def step(self) -> bool:
        """Run what is due now, one after the other; False when nothing was."""
        ran = await self._run_due_jobs()
        while due := await self._take_errand():
            await self._run_errand(*due)
            ran = True
        return ran

    async def run(self, stop: asyncio.Event) -> None:
        """Run what is due until told to stop; then let errands that are out come back."""
        out: set[asyncio.Task[None]] = set()
        while not stop.is_set():
            try:
                self._runtime.stirred.clear()
                ran = await self._run_due_jobs()
                while len(out) < ERRANDS_AT_ONCE and (due := await self._take_errand()):
                    out.add(task := asyncio.create_task(self._run_errand(*due)))
                    task.add_done_callback(out.discard)
                    task.add_done_callback(lambda _: self._runtime.stirred.set())
                if not ran:
                    await self._wait(stop, await self.next_due())
            except Exception as error:  # the edge of background work: what is away comes back, a bug is shown and retried
                _log.error("wakeups.failed", service=self._schema, error=type(error).__name__, exc_info=not is_transient(error))
                await _first(stop, timeout=_AFTER_FAILURE.total_seconds())
        if out:
            await asyncio.wait(out)

    async def _wait(self, stop: asyncio.Event, next_due: datetime | None) -> None:
        """Until something is due, was stirred, or it is time to look for what other processes did."""
        for _ in range(_LOOKS):
            if await _first(stop, self._runtime.stirred, timeout=_LOOK_SECONDS):
                return
            if next_due is not None and next_due <= self._runtime.clock.now() and not self._resting:
                return

    async def next_due(self) -> datetime | None:
        """The business time at which something next wants to run; now, while an errand is out."""
        async with self._runtime.sessions() as session, session.begin():
            found: datetime | None = await session.scalar(
                text(_NEXT.format(schema=self._schema)), {"names": self._names(), "now": self._runtime.clock.now()}
            )
            return found

    def _names(self) -> list[str]:
        return [*self._jobs, *self._errands]

    async def _run_due_jobs(self) -> bool:
        if not self._jobs:
            return False
        async with self._runtime.sessions() as session, session.begin():
            rows = await session.execute(
                text(_DUE_JOBS.format(schema=self._schema)),
                {"names": list(self._jobs), "now": self._runtime.clock.now(), "resting": self._resting_now()},
            )
            due = [(row.name, row.dealer_id) for row in rows]
        ran = False
        for name, dealer in due:
            try:
                ran |= await self.run_job(self._jobs[name], dealer)
            except Exception as error:  # one dealer's failing job must not keep the others from theirs
                self._rest(name, dealer)
                _log.error(
                    "job.failed",
                    job=name,
                    dealer=str(dealer),
                    error=type(error).__name__,
                    exc_info=not is_transient(error),
                )
        return ran

    async def run_job(self, job: Job, dealer: DealerId) -> bool:
        """Run one due job of one dealer; False when it was not due (any more), is running elsewhere, or must wait."""
        if job.caught_up and not await self._runtime.caught_up():
            self._rest(job.name, dealer)
            return False
        where = {"name": job.name, "dealer": dealer}
        async with self._runtime.work(dealer) as work:
            locked = await work.session.execute(
                text(_LOCK_JOB.format(schema=self._schema)), where | {"now": self._runtime.clock.now()}
            )
            if locked.first() is None:
                return False
            await work.session.execute(text(_SET_JOB.format(schema=self._schema)), where | {"at": await job.run(work)})
            failpoints.hit(f"{self._schema}.in_job")
        return True

    async def _take_errand(self) -> tuple[Errand, DealerId] | None:
        if not self._errands:
            return None
        async with self._runtime.sessions() as session, session.begin():
            taken = await session.execute(
                text(_TAKE_ERRANDS.format(schema=self._schema)),
                {
                    "names": list(self._errands), "now": self._runtime.clock.now(), "lease": self._lease_time,
                    "resting": self._resting_now(),
                },
            )  # fmt: skip
            row = taken.first()
        return (self._errands[row.name], DealerId(row.dealer_id)) if row else None

    async def _run_errand(self, errand: Errand, dealer: DealerId) -> None:
        where = {"name": errand.name, "dealer": dealer}
        again: datetime | None = self._runtime.clock.now()  # after a failure: as soon as it has rested
        try:
            async with self._lease(where):
                again = await errand.run(dealer)
        except Exception as error:  # one dealer's failing errand must not keep the others from theirs
            self._rest(errand.name, dealer)
            _log.error(
                "errand.failed",
                errand=errand.name,
                dealer=str(dealer),
                error=type(error).__name__,
                exc_info=not is_transient(error),
            )
        finally:
            async with self._runtime.sessions() as session, session.begin():
                await session.execute(text(_DONE_ERRAND.format(schema=self._schema)), where | {"at": again})

    @contextlib.asynccontextmanager
    async def _lease(self, where: dict[str, object]) -> AsyncIterator[None]:
        """Keep the errand ours while it runs, however long that takes."""

        async def renew() -> None:
            while True:
                await asyncio.sleep(self._lease_time.total_seconds() / 3)
                async with self._runtime.sessions() as session, session.begin():
                    await session.execute(text(_RENEW.format(schema=self._schema)), where | {"lease": self._lease_time})

        renewing = asyncio.create_task(renew())
        try:
            yield
        finally:
            renewing.cancel()

    def _rest(self, name: str, dealer: UUID) -> None:
        self._resting[name, dealer] = self._runtime.system.now() + _AFTER_FAILURE

    def _resting_now(self) -> list[str]:
        return [f"{name} {dealer}" for name, dealer in list(self._resting) if self._rests(name, dealer)]

    def _rests(self, name: str, dealer: UUID) -> bool:
        if (until := self._resting.get((name, dealer))) is None:
            return False
        if until <= self._runtime.system.now():
            del self._resting[name, dealer]
            return False
        return True


async def _first(*events: asyncio.Event, timeout: float) -> bool:
    """Wait until one of these is set; False when time is up before."""
    waiting = [asyncio.create_task(event.wait()) for event in events]
    done, _ = await asyncio.wait(waiting, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
    for task in waiting:
        task.cancel()
    return bool(done)
