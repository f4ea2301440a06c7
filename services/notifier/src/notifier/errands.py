"""Door 4: claim → last look → call → record. No call inside a transaction, none without its claim, none twice."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

import stamina
import structlog

from common import failpoints
from common.bus.consumer import is_transient
from common.ids import DealerId
from common.service import Runtime
from common.work import Work
from notifier import claiming, recording, telling
from notifier.claiming import Claimed, Ready, Ways
from notifier.clients import Mailer, Texter
from notifier.domain.due import SEND
from notifier.domain.outcomes import PROVIDER_PAUSE, Accepted, Away, Outcome, Unknown, pause_before_next
from notifier.domain.states import State, Waits
from notifier.store import ledger

_log = structlog.get_logger(__name__)
_LOOK_AT = ("answers", "appointments")
_ALERT_NEEDS = ("settings", "customers")
_TRY_SOON = timedelta(seconds=2)
_LEASES = 3  # an errand takes many messages, and a message may be under way when its errand is taken up


class Pace:
    """Lets through so many a second, evenly, over all dealers of this process."""

    def __init__(self, per_second: float) -> None:
        self._gap = 1 / per_second if per_second > 0 else 0.0
        self._next = 0.0

    async def wait(self, calls: int) -> None:
        """Wait for a turn in which that many calls may be made side by side."""
        loop = asyncio.get_running_loop()
        turn = max(loop.time(), self._next)
        self._next = turn + self._gap * calls
        if (left := turn - loop.time()) > 0:
            await asyncio.sleep(left)


class Send:
    """Sends what is due for one dealer."""

    name = SEND

    def __init__(self, runtime: Runtime, *, mailer: Mailer, texter: Texter, ways: Ways, at_once: int, per_second: float) -> None:
        self.runtime = runtime
        self._mailer, self._texter, self._ways = mailer, texter, ways
        self._lease = timedelta(seconds=_LEASES * runtime.settings.lease_seconds)
        self._at_once, self._pace = at_once, Pace(per_second)

    async def run(self, dealer: DealerId) -> datetime | None:
        """Send until nothing is due; returns when something next is."""
        if not await self._tell_employees(dealer):
            return self.runtime.clock.now() + _TRY_SOON
        await self._settle_lost(dealer)
        away: frozenset[str] = frozenset()
        while claimed := await self._claim(dealer, away):
            failpoints.hit("notifier.after_claim")
            await self._pace.wait(len(claimed))
            if not await self.runtime.caught_up(_LOOK_AT):
                await self._release(dealer, claimed)
                return self.runtime.clock.now() + _TRY_SOON
            away |= await self._send_all(dealer, claimed)
        async with self.runtime.work(dealer) as work:
            return await ledger.next_look(work.session, dealer, now=work.now)

    async def close(self) -> None:
        await self._mailer.close()
        await self._texter.close()

    async def _claim(self, dealer: DealerId, away: frozenset[str]) -> list[Claimed]:
        """A batch; asked again as long as what is due only moved on (to a later hour, back to the scheduler)."""
        claimed: list[Claimed] | None = []
        while claimed == []:
            async with self.runtime.work(dealer) as work:
                claimed = await claiming.claim(work, limit=self._at_once, without=away, lasting=self._lease)
        return claimed or []

    async def _release(self, dealer: DealerId, claimed: Sequence[Claimed]) -> None:
        async with self.runtime.work(dealer) as work:
            for one in claimed:
                await claiming.release(work, one, Waits.NOT_CAUGHT_UP, work.now + _TRY_SOON)

    async def _send_all(self, dealer: DealerId, claimed: Sequence[Claimed]) -> frozenset[str]:
        """Send these side by side; returns the channels whose provider is away. One that fails keeps none of the others."""
        done = await asyncio.gather(*(self._send(dealer, one) for one in claimed), return_exceptions=True)
        for failure in done:
            if isinstance(failure, BaseException):
                raise failure
        return frozenset(channel for channel in done if isinstance(channel, str))

    async def _send(self, dealer: DealerId, claimed: Claimed) -> str | None:
        if (ready := await self._look(dealer, claimed)) is None:
            return None
        failpoints.hit("notifier.after_look")
        outcome = await self._call(ready)
        failpoints.hit("notifier.after_call")
        async for attempt in stamina.retry_context(on=_worth_another_try, attempts=8, timeout=60, wait_initial=0.2):
            with attempt:
                async with self.runtime.work(dealer) as work:
                    await record(work, claimed, outcome)
        failpoints.hit("notifier.after_record")
        return ready.channel if isinstance(outcome, Away) else None

    async def _look(self, dealer: DealerId, claimed: Claimed) -> Ready | None:
        try:
            async with self.runtime.work(dealer) as work:
                return await claiming.last_look(work, claimed, self._ways)
        except Exception as error:  # a message that we cannot write must keep no other from leaving; it waits, visibly
            if is_transient(error):
                raise
            _log.exception("message.cannot_be_written", message=str(claimed.message_id))
        async with self.runtime.work(dealer) as work:
            await claiming.release(work, claimed, Waits.CANNOT_BE_WRITTEN, work.now + claiming.LATER)
        return None

    async def _call(self, ready: Ready) -> Outcome:
        if ready.sms is not None:
            return await self._texter.send(ready.sms)
        assert ready.mail is not None
        return await self._mailer.send(ready.mail)

    async def _settle_lost(self, dealer: DealerId) -> None:
        """A claim whose sender was not heard of again: before its last look nothing was sent; after it, nobody knows."""
        async with self.runtime.work(dealer) as work:
            for row in await ledger.lost(work.session, dealer):
                if row.looked:
                    await recording.unknown(work, row, "sender_lost")
                else:
                    await recording.put_back(work, row, None, work.now)

    async def _tell_employees(self, dealer: DealerId) -> bool:
        """Make an alert due for each employee who wants one; False when we must first hear more of who they are."""
        async with self.runtime.work(dealer) as work:
            if not await telling.has_any(work):
                return True
        if not await self.runtime.caught_up(_ALERT_NEEDS):
            return False
        waiting = True
        while waiting:
            async with self.runtime.work(dealer) as work:
                await telling.make_due(work)
            async with self.runtime.work(dealer) as work:
                waiting = await telling.has_any(work)
        return True


async def record(work: Work, claimed: Claimed, outcome: Outcome) -> None:
    """What the call came to. A claim that was lost meanwhile is settled; only that it was accepted still adds to it."""
    row = await ledger.lock(work.session, work.dealer, claimed.message_id)
    if row is None or row.claim != claimed.claim:
        return
    if isinstance(outcome, Accepted):
        await recording.accepted(work, row, outcome.provider_ref)
    elif row.state != State.CLAIMED:
        return
    elif isinstance(outcome, Unknown):
        await recording.unknown(work, row, outcome.because)
    elif isinstance(outcome, Away):
        row.attempts -= 1
        until = work.now + max(outcome.retry_after or PROVIDER_PAUSE, PROVIDER_PAUSE)
        await recording.put_back(work, row, Waits.PROVIDER_AWAY, until, detail=outcome.because)
        await ledger.postpone(work.session, work.dealer, row.channel, now=work.now, until=until)
    elif outcome.again and (pause := pause_before_next(row.attempts)):
        await recording.put_back(work, row, Waits.REFUSED_FOR_NOW, work.now + pause, detail=outcome.because)
    else:
        await recording.refused(work, row, outcome.because)


def _worth_another_try(error: Exception) -> bool:
    return is_transient(error)
