"""Door 4, the other way round: mails that came back are fetched from their mailbox, and said of the message that each is about.

The mailbox belongs to the installation, not to a dealer, so this errand runs for nobody. Each notification names its dealer by the
id of the mail that came back, and is looked up and recorded as that dealer, who sees no other's messages.
"""

import asyncio
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from common.bus.consumer import is_transient
from common.errors import DomainError, TransientError
from common.events.words import Channel
from common.ids import DealerId
from common.service import Runtime
from common.work import Work
from notifier import recording
from notifier.clients import imap
from notifier.domain import bounces, delivery
from notifier.domain.bounces import Bounce
from notifier.domain.states import State
from notifier.settings import Settings
from notifier.store import ledger, reading

_log = structlog.get_logger(__name__)
NOBODY = DealerId(UUID(int=0))  # whose the errand is; the migration wakes it once
EVERY = timedelta(minutes=5)
SOON = timedelta(seconds=5)
DELAYED = "delayed"
_MOST_MAILS = 50  # a round


class Bounces:
    """Reads the mailbox that undeliverable mail comes back to."""

    name = "bounces"

    def __init__(self, runtime: Runtime, settings: Settings) -> None:
        self._runtime, self._settings = runtime, settings

    async def run(self, _: DealerId) -> datetime | None:
        """Read what came; returns when to look again."""
        try:
            more = await self._round()
        except TransientError as error:
            _log.warning("bounces.later", trouble=str(error))
        except DomainError as error:  # somebody has to change a setting
            _log.error("bounces.failed", trouble=str(error))
        else:
            return self._runtime.clock.now() + (SOON if more else EVERY)
        return self._runtime.clock.now() + EVERY

    async def _round(self) -> bool:
        """Read the oldest mails, each recorded before it is marked; True when there are more."""
        settings = self._settings
        where = imap.place(
            settings.bounce_imap_url, user=settings.bounce_imap_username, timeout=settings.bounce_imap_timeout,
            password=settings.bounce_imap_password.get_secret_value(), ca_file=settings.bounce_imap_ca_file,
        )  # fmt: skip
        async with imap.opened(where, most=bounces.MOST_BYTES) as mailbox:
            waiting = await mailbox.unread()
            for number in waiting[:_MOST_MAILS]:
                raw = await mailbox.fetch(number, most=bounces.MOST_BYTES)
                if await self._take(number, raw):
                    await mailbox.mark_read(number)
                else:
                    await mailbox.flag(number)
        return len(waiting) > _MOST_MAILS

    async def _take(self, number: str, raw: bytes) -> bool:
        """Record what a mail says; False when it says nothing of a message of ours, and is left to people."""
        ours = False
        try:
            for bounce in await asyncio.to_thread(bounces.read, raw):
                async with self._runtime.work(bounce.dealer) as work:
                    ours |= await record(work, bounce)
        except Exception as error:  # a mail that we cannot take must keep no other from being read
            if is_transient(error):
                raise
            _log.exception("bounce.not_taken", mail=number)
            return False
        return ours


async def record(work: Work, bounce: Bounce) -> bool:
    """What a notification says of its message, once; False when it is about none that we handed in for that address."""
    row = await ledger.lock(work.session, work.dealer, bounce.message_id)
    if row is None or row.channel != Channel.EMAIL or not delivery.was_handed_in(State(row.state), row.attempts):
        return False
    if not bounces.is_about(bounce, row.address):
        return False
    if bounce.permanent:
        if delivery.moves(State(row.state), State.BOUNCED):
            await recording.reported(work, row, State.BOUNCED, None, status=bounce.status, because=bounce.because)
    elif not await reading.happened(work.session, work.dealer, row.message_id, DELAYED):
        await ledger.note(work.session, row, DELAYED, at=work.now, detail=bounce.because)
    return True
