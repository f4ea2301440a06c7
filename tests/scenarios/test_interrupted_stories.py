"""Stories in which a part of the product stands still, or everything is told once more: nobody hears of it."""

from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from autoflows import installed
from autoflows.scenarios import outside, runner
from autoflows.scenarios.report import Report
from autoflows.scenarios.story import Story, read
from autoflows.scenarios.world import World
from common.events import topics
from common.events.invitations import InvitationChanged
from common.republish import republish
from common.testing.postgres import SECRET, Template

HERE = Path(__file__).parent
EachTime = Callable[[World], Awaitable[None]]


async def play(story: Story, template: Template, each_time: EachTime) -> Report:
    """Play a story, doing something of the test's own before everything is settled each time."""
    database = await template.copy()

    def watch(world: World) -> None:
        beyond.watch(world)
        settle = world.settle

        async def settle_after() -> None:
            await each_time(world)
            await settle()

        world.settle = settle_after  # type: ignore[method-assign]

    settings = {"database_url": database.url(), "database_secret": SECRET}
    try:
        async with outside.opened() as beyond:
            return await runner.run(story, installed.load(), beyond, settings, watch=watch)
    finally:
        await database.drop()


async def test_while_the_classifier_stands_still_nobody_who_was_serviced_is_invited(template: Template) -> None:
    story = read(HERE / "later_visit_closes.yaml")
    serviced = story.work_orders[1].model_copy(update={"at": date(2026, 2, 8), "finished_on": date(2026, 2, 8)})
    story = story.model_copy(update={"work_orders": (story.work_orders[0], serviced)})
    stands_from, goes_on = datetime(2026, 2, 7, tzinfo=UTC), datetime(2026, 2, 12, 12, tzinfo=UTC)

    async def stand_still(world: World) -> None:
        classifier = world.runtimes["classifier"]
        if not hasattr(classifier, "hears"):
            classifier.hears = classifier.consumer.step  # type: ignore[attr-defined]
        stands = stands_from <= world.clock.now() < goes_on

        async def nothing() -> int:
            return 0

        classifier.consumer.step = nothing if stands else classifier.hears  # type: ignore[method-assign, attr-defined]
        classifier.behind = not stands

    report = await play(story, template, stand_still)
    assert report.contacts == []
    blocked = {told.invitation.blocked for told in report.history["v1", "service"] if told.at < goes_on}
    assert "order_unread" in blocked


@pytest.mark.parametrize("name", ["two_vehicles_one_message", "cancelled_booking_is_called", "hold_and_restore"])
async def test_telling_every_state_once_more_contacts_nobody_and_changes_no_invitation(name: str, template: Template) -> None:
    story = read(HERE / f"{name}.yaml")
    newest: dict[object, int] = {}
    told_again = 0

    async def tell_again(world: World) -> None:
        nonlocal told_again
        for envelope in world.seen:
            event = envelope.event() if "republished" in envelope.headers else None
            if isinstance(event, InvitationChanged):
                assert event.revision <= newest[event.invitation_id]
        for envelope in world.seen:
            event = envelope.event()
            if isinstance(event, InvitationChanged):
                newest[event.invitation_id] = max(event.revision, newest.get(event.invitation_id, 0))
        if world.clock.now() < datetime(2026, 2, 11, tzinfo=UTC) or told_again:
            return
        for runtime in world.runtimes.values():
            for topic in topics().values():
                if topic.writer == runtime.service.name and topic.kind == "state":
                    async for count in republish(runtime, topic.name, world.dealer):
                        told_again += count

    report = await play(story, template, tell_again)
    assert told_again >= 5
    assert report.differences() == []
