"""Running a story: facts arrive, the clock jumps from one thing to the next, and everything that leaves is written down."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

from autoflows.scenarios import world as worlds
from autoflows.scenarios.facts import Arrival, Facts
from autoflows.scenarios.report import Report, tell_report
from autoflows.scenarios.story import Story
from common.bus.consumer import Disorder
from common.service import Service

_DAY = timedelta(days=1)


class Outside(Protocol):
    """The world beyond the services: it takes mails and SMS, and refuses or loses those that the story says."""

    def settings(self) -> dict[str, Any]:
        """What the services must be told to reach it."""

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
                await world.tell(*arrival.events(world))
        world.clock.move_to(start)
        await _play(world, [arrival for arrival in arrivals if arrival.at >= start], facts, end)
        return tell_report(story, world.seen)


async def _play(world: worlds.World, coming: list[Arrival], facts: Facts, end: datetime) -> None:
    downs = [(facts.instant(down.from_), facts.instant(down.to + _DAY)) for down in facts.story.run.down]
    while True:
        while coming and coming[0].at <= world.clock.now():
            await world.tell(*coming.pop(0).events(world))
        await world.settle()
        wanted = [at for at in (await world.next_due(), coming[0].at if coming else None) if at is not None]
        upcoming = max(min(wanted, default=end), world.clock.now())
        upcoming = next((until for since, until in downs if since <= upcoming < until), upcoming)
        if upcoming >= end:
            return
        world.clock.move_to(upcoming)
