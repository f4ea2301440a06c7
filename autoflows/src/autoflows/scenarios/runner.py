"""Running a story: facts arrive, the clock jumps from one thing to the next, and everything that leaves is written down."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from autoflows.scenarios import world as worlds
from autoflows.scenarios.facts import Arrival, Facts, vehicle_id
from autoflows.scenarios.report import Report, tell_report
from autoflows.scenarios.story import Story
from common.bus.consumer import Disorder
from common.clock import local_day
from common.events import Event
from common.service import Service

_DAY = timedelta(days=1)


class Outside(Protocol):
    """The world beyond the services: it takes mails and SMS, and refuses or loses those that the story says."""

    def settings(self) -> dict[str, Any]:
        """What the services must be told to reach it."""

    def comes_back(self, seen: Iterable[Event | None]) -> Iterable[Event]:
        """What providers report of accepted messages later on."""

    def play(self, story: Story) -> None:
        """From now on treat messages as this story's `deliveries` say."""


async def run(
    story: Story,
    services: Sequence[Service],
    outside: Outside,
    settings: dict[str, Any],
    *,
    disorder: Disorder | None = None,
    watch: Callable[[worlds.World], None] = lambda _: None,
) -> Report:
    """Run one story on the (empty, migrated) database that `settings` name."""
    facts = Facts(story)
    start, end = facts.instant(story.run.from_), facts.instant(story.run.to + _DAY)
    arrivals = facts.arrivals()
    outside.play(story)
    async with worlds.opened(services, settings | outside.settings(), start, disorder) as world:
        watch(world)
        for arrival in arrivals:
            if arrival.at < start:
                world.clock.move_to(arrival.at)
                await arrival.come(world)
        world.clock.move_to(start)
        explained = Explained(world, story)
        await _play(world, [arrival for arrival in arrivals if arrival.at >= start], facts, end, explained, outside)
        report = tell_report(story, world.seen)
        report.explained = explained.codes
        return report


class Explained:
    """What the stored decisions said at the end of the days on which a story asks "why not"."""

    def __init__(self, world: worlds.World, story: Story) -> None:
        self._world, self._zone = world, ZoneInfo(story.dealer.timezone)
        self._asked = [(wanted.on, wanted.vehicle, wanted.type) for wanted in story.expect.not_]
        self.codes: dict[tuple[date, str, str], list[str]] = {}

    async def before(self, instant: datetime) -> None:
        """The clock is about to move there: answer what is asked of the days until then."""
        today, until = local_day(self._world.clock.now(), self._zone), local_day(instant, self._zone)
        for asked in self._asked:
            if today <= asked[0] < until:
                self.codes[asked] = await self._world.why(vehicle_id(asked[1]), asked[2])


async def _play(
    world: worlds.World, coming: list[Arrival], facts: Facts, end: datetime, explained: Explained, outside: Outside
) -> None:
    downs = [(facts.instant(down.from_), facts.instant(down.to + _DAY)) for down in facts.story.run.down]
    reported = 0
    while True:
        while coming and coming[0].at <= world.clock.now():
            await coming.pop(0).come(world)
        await world.settle()
        await world.tell(*outside.comes_back(envelope.event() for envelope in world.seen[reported:]))
        reported = len(world.seen)
        wanted = [at for at in (await world.next_due(), coming[0].at if coming else None) if at is not None]
        upcoming = max(min(wanted, default=end), world.clock.now())
        upcoming = next((until for since, until in downs if since <= upcoming < until), upcoming)
        await explained.before(min(upcoming, end))
        if upcoming >= end:
            return
        world.clock.move_to(upcoming)
