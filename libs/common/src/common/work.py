"""One transaction of one dealer: the facts it remembers, what it touched, what it tells, and when it wants to be woken."""

from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from common.bus import log, states
from common.bus.envelope import Envelope, seal
from common.clock import Clock, local_day
from common.events import Event, State
from common.ids import DealerId
from common.settings import schema_name

_WAKE = """
insert into {schema}.wakeup as w (name, dealer_id, at) values (:name, :dealer, :at)
on conflict (name, dealer_id) do update set at = least(coalesce(w.at, 'infinity'), excluded.at)
where w.at is null or w.at > excluded.at
"""


class Work:
    """What a door or a settler gets. It commits at the edge, with the consumer's position and the events in it."""

    def __init__(self, session: AsyncSession, schema: str, dealer: DealerId, clock: Clock) -> None:
        self.session = session
        self.dealer = dealer
        self.clock = clock
        self.cause: Envelope | None = None
        self._schema = schema
        self._published: list[Envelope] = []
        self._states: dict[tuple[str, UUID], tuple[State, Envelope]] = {}
        self._touched: dict[object, set[UUID]] = {}
        self._wakes: dict[str, datetime] = {}
        self._stirred = False

    @property
    def now(self) -> datetime:
        """The business time, in UTC."""
        return self.clock.now()

    def today(self, zone: str) -> date:
        """The business date on the wall of that IANA zone."""
        return local_day(self.now, ZoneInfo(zone))

    def publish(self, *events: Event) -> None:
        """Tell the others, inside this transaction's COMMIT. Raises EventTooLarge."""
        for event in events:
            if schema_name(event.topic.writer) != self._schema:
                raise PermissionError(f"{self._schema} may not write {event.name}: {event.topic.writer} does")
            self._published.append(envelope := seal(event, self.dealer, self.now, self.cause))
            if isinstance(event, State):
                self._states[event.name, event.entity()] = (event, envelope)

    def publish_again(self, envelope: Envelope) -> None:
        """Tell a state once more as it was told last (`common.republish`)."""
        self._published.append(envelope)

    def touch(self, kind: object, *ids: UUID) -> None:
        """Have these settled at the end of the batch."""
        self._touched.setdefault(kind, set()).update(ids)

    def wake(self, name: str, at: datetime) -> None:
        """Have the job or errand of that name run for this dealer at that business time; the earliest wish wins."""
        self._wakes[name] = min(at, self._wakes.get(name, at))

    def stir(self) -> None:
        """Have those who follow this service look after the commit, though it may publish nothing."""
        self._stirred = True

    def take_touched(self) -> dict[object, set[UUID]]:
        """What was touched since this was last asked."""
        touched, self._touched = self._touched, {}
        return touched

    async def begin(self) -> None:
        """Name the dealer to the database; this is the transaction's first statement."""
        await self.session.execute(text("select set_config('app.dealer', :dealer, true)"), {"dealer": str(self.dealer)})

    async def finish(self) -> bool:
        """Write what was published and wished; True when others have something new to look at."""
        await self.session.flush()
        for name, at in sorted(self._wakes.items()):
            await self.session.execute(text(_WAKE.format(schema=self._schema)), {"name": name, "dealer": self.dealer, "at": at})
        await log.append(self.session, self._schema, self._published)
        await states.keep(self.session, self._schema, self.dealer, self._states.values())
        stirred = self._stirred or bool(self._published or self._wakes)
        self._published, self._states, self._wakes, self._stirred = [], {}, {}, False
        return stirred
