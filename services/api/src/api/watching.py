"""Those who watch: what changed for a dealer, told as it happens, in every process that serves api.

One task asks the database for the dealers that somebody watches here: at once when api's bell rings, and every second anyway.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from api import store
from api.domain.watched import Place, read
from api.store.changes import KEPT, Change
from common.bus.bell import Ear
from common.bus.consumer import is_transient
from common.errors import DomainError
from common.ids import DealerId, UserId
from common.service import Runtime

_log = structlog.get_logger(__name__)
LOOK_SECONDS = 1.0
MOST_OF_A_USER, MOST_HERE = 5, 500  # streams in this process
MOST_CHANGES = 500  # in one look; of more it is said that everything is to be read again
MOST_WAITING = 100  # looks that a slow reader may be behind


class TooManyStreams(DomainError):
    code = "too_many_streams"
    status = 429


@dataclass(frozen=True)
class Told:
    """What one look found: the place to go on from, and what changed (None: read everything again)."""

    place: Place
    changes: tuple[Change, ...] | None


@dataclass(eq=False)
class _Watcher:
    """A stream: from where on it wants to hear, and what it has not taken yet."""

    user: UserId
    queue: "asyncio.Queue[Told | None]" = field(default_factory=lambda: asyncio.Queue(MOST_WAITING))

    def end(self) -> None:
        """Tell nothing more: its reader comes again, from where it was."""
        while not self.queue.empty():
            self.queue.get_nowait()
        self.queue.put_nowait(None)


class Watch:
    """All streams of this process."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._watchers: dict[DealerId, set[_Watcher]] = {}
        self._seen: dict[DealerId, str] = {}
        self._users: Counter[UserId] = Counter()
        self._task: asyncio.Task[None] | None = None
        self._opening = asyncio.Lock()

    def count(self) -> int:
        """How many streams there are here."""
        return sum(self._users.values())

    @contextlib.asynccontextmanager
    async def watching(self, dealer: DealerId, user: UserId, since: str | None) -> AsyncIterator["Stream"]:
        """A stream of what changes for a dealer from a place on (None: from now). Raises TooManyStreams."""
        if self._users[user] >= MOST_OF_A_USER or self.count() >= MOST_HERE:
            raise TooManyStreams(
                f"A user has {MOST_OF_A_USER} streams at most.", advice="Close one, or share one between tabs.", retry_after=30
            )
        self._users[user] += 1
        watcher = _Watcher(user)
        self._watchers.setdefault(dealer, set()).add(watcher)  # before it looks itself, so that nothing falls between
        try:
            async with self._opening:
                first = await self._first(dealer, since)
                self._seen.setdefault(dealer, first.place.snapshot)
            self._begin()
            yield Stream(watcher.queue, first, self._runtime.stopping)
        finally:
            self._users[user] -= 1
            mine = self._watchers.get(dealer, set())
            mine.discard(watcher)
            if not mine:
                self._watchers.pop(dealer, None)
                self._seen.pop(dealer, None)

    async def _first(self, dealer: DealerId, since: str | None) -> Told:
        """What changed since a place that a stream was at before; a place that nobody can go on from reads everything again."""
        place = read(since)
        now = self._runtime.clock.now()
        async with self._runtime.work(dealer) as work:
            snapshot = await store.changes.snapshot(work.session)
            if since is None:
                return Told(Place(now, snapshot), ())
            if place is None or place.is_ahead_of(snapshot) or now - place.at > KEPT:
                return Told(Place(now, snapshot), None)
            return await self._look(work.session, dealer, place.snapshot, now)

    async def _look(self, session: AsyncSession, dealer: DealerId, seen: str, now: datetime) -> Told:
        snapshot, found = await store.changes.since(session, dealer, seen, limit=MOST_CHANGES)
        return Told(Place(now, snapshot), tuple(found) if len(found) < MOST_CHANGES else None)

    def _begin(self) -> None:
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run(), name="api watch")

    async def _run(self) -> None:
        ear = Ear(self._runtime.settings, ["api"])
        ear.start()
        try:
            while self._watchers and not self._runtime.stopping.is_set():
                await ear.wait(LOOK_SECONDS)
                for dealer in list(self._watchers):
                    await self._tell(dealer)
        finally:
            await ear.close()

    async def _tell(self, dealer: DealerId) -> None:
        if (seen := self._seen.get(dealer)) is None:
            return  # nobody has begun yet, or nobody watches any more
        try:
            async with self._runtime.work(dealer) as work:
                told = await self._look(work.session, dealer, seen, self._runtime.clock.now())
        except (OSError, SQLAlchemyError) as error:
            if not is_transient(error):
                _log.error("watch.failed", error=type(error).__name__)
                self._end(dealer)
            return  # the next look finds it
        if dealer in self._seen:
            self._seen[dealer] = told.place.snapshot
        if told.changes == ():
            return
        for watcher in list(self._watchers.get(dealer, ())):
            try:
                watcher.queue.put_nowait(told)
            except asyncio.QueueFull:
                _log.info("watch.slow")
                watcher.end()

    def _end(self, dealer: DealerId) -> None:
        for watcher in self._watchers.get(dealer, ()):
            watcher.end()


class Stream:
    """One reader's side: what there is, or None when nothing came in time or the stream has to end."""

    def __init__(self, queue: "asyncio.Queue[Told | None]", first: Told, stopping: asyncio.Event) -> None:
        self._queue, self.first, self._stopping = queue, first, stopping
        self.ended = False

    async def next(self, within: float) -> Told | None:
        """The next thing told; None when nothing was, or when it `ended`."""
        taking = asyncio.ensure_future(self._queue.get())
        stopping = asyncio.ensure_future(self._stopping.wait())
        try:
            done, _ = await asyncio.wait([taking, stopping], timeout=within, return_when=asyncio.FIRST_COMPLETED)
            if taking in done and (told := taking.result()) is not None:
                return told
            self.ended = bool(done)
            return None
        finally:
            taking.cancel()
            stopping.cancel()
