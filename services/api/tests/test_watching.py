"""What changed, as it happens: over real connections, with nothing lost between two of them."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
import uvicorn
from api_house import BASE, NOW, PASSWORD, House, email, invitation, of
from hypothesis import given
from hypothesis import strategies as st

from api import watching
from api.domain.changes import Changed, lists_of
from api.domain.watched import Place, read
from api.main import service
from api.watching import TooManyStreams, Watch
from common.events.customers import CustomerChanged
from common.events.messages import MessageOpened
from common.ids import CustomerId, DealerId, MessageId, UserId
from common.testing.runtime import DEALER, OTHER_DEALER, Running

HERE = 10.0  # seconds that something may take to be told
USER = UserId(of("owner"))


@contextlib.asynccontextmanager
async def served(house: House) -> AsyncIterator[str]:
    """The app behind a real server, since a stream does not end."""
    config = uvicorn.Config(house.app, port=0, log_config=None, timeout_graceful_shutdown=5, lifespan="off")
    server = uvicorn.Server(config)
    server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign]
    running = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - it has no event of it
        await asyncio.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        await asyncio.wait_for(running, 10)


class Reader:
    """A stream as a browser reads it."""

    def __init__(self, lines: AsyncIterator[str]) -> None:
        self._lines, self.last_id = lines, ""

    async def next(self) -> tuple[str, Any]:
        """The next event and its data."""
        event, data = "", None
        async with asyncio.timeout(HERE):
            async for line in self._lines:
                name, _, value = line.partition(": ")
                if name == "id":
                    self.last_id = value
                elif name == "event":
                    event = value
                elif name == "data":
                    data = json.loads(value)
                elif not line and event:
                    return event, data
        raise EOFError


@contextlib.asynccontextmanager
async def reading(
    house: House, base: str, dealer: DealerId = DEALER, since: str = "", role: str = "owner"
) -> AsyncIterator[Reader]:
    async with httpx.AsyncClient(base_url=base, headers={"origin": BASE}, trust_env=False, timeout=30) as browser:
        login = await browser.post("/api/v1/session", json={"email": email(dealer, role), "password": PASSWORD})
        assert login.status_code == 204, login.text
        headers = {"last-event-id": since} if since else {}
        async with browser.stream("GET", "/api/v1/events", headers=headers) as answer:
            assert answer.status_code == 200
            assert answer.headers["content-type"].startswith("text/event-stream")
            reader = Reader(answer.aiter_lines())
            assert await reader.next() == ("hello", {})
            yield reader


async def test_what_changes_is_told_to_its_own_dealer_without_anybodys_data(house: House) -> None:
    async with served(house) as base, reading(house, base) as mine, reading(house, base, OTHER_DEALER) as theirs:
        await house.rt.deliver(
            DEALER,
            CustomerChanged(revision=5, customer_id=CustomerId(of("customer")), full_name="Hemmelig", mobile="+4520123456"),
        )
        await house.rt.deliver(OTHER_DEALER, invitation(OTHER_DEALER, revision=9))
        event, data = await mine.next()
        assert (event, data["kind"], data["ids"]) == ("changed", "customer", [str(of("customer"))])
        assert "follow-up" in data["lists"]
        assert "Hemmelig" not in str(data)
        assert (await theirs.next())[1]["ids"] == [str(of("invitation", OTHER_DEALER))]


async def test_a_stream_goes_on_where_it_was(house: House) -> None:
    async with served(house) as base:
        async with reading(house, base) as first:
            await house.rt.deliver(DEALER, invitation(revision=5))
            await first.next()
            place = first.last_id
        await house.rt.deliver(DEALER, invitation(revision=6, name="b"))
        async with house.logged_in() as staff:
            await staff.post(f"/api/v1/invitations/{of('invitation')}/answer", json={"answer": "call_me"})
        async with reading(house, base, since=place) as again:
            missed = [(await again.next())[1]["ids"] for _ in range(2)]
            assert missed == [[str(of("invitationb"))], [str(of("invitation"))]]
            place = again.last_id
        async with reading(house, base, since=place) as once_more:
            await house.rt.deliver(DEALER, CustomerChanged(revision=8, customer_id=CustomerId(of("customer"))))
            assert (await once_more.next())[1]["kind"] == "customer", "what was told is not told again"


@pytest.mark.parametrize("place", ["nonsense", "1-1:1:", f"{int(NOW.timestamp())}-1:999999999:", "x" * 3000])
async def test_a_place_that_nobody_can_go_on_from_reads_everything_again(house: House, place: str) -> None:
    async with served(house) as base, reading(house, base, since=place) as stream:
        assert await stream.next() == ("reset", {})
        await house.rt.deliver(DEALER, invitation(revision=7))
        assert (await stream.next())[0] == "changed"


async def test_a_place_of_long_ago_reads_everything_again(house: House) -> None:
    async with served(house) as base:
        async with reading(house, base) as first:
            await house.rt.deliver(DEALER, invitation(revision=5))
            await first.next()
        house.clock.move_to(NOW + timedelta(hours=2))
        async with reading(house, base, since=first.last_id) as again:
            assert (await again.next())[0] == "reset"


async def test_another_replicas_changes_are_told_too(house: House) -> None:
    async with served(house) as base, reading(house, base) as stream:
        other = Running(service, house.rt.settings, house.clock, house.clock)
        try:
            await other.deliver(DEALER, invitation(revision=5))
        finally:
            await other.close()
        assert (await stream.next())[1]["kind"] == "invitation"


async def test_a_transaction_that_takes_long_is_not_read_past(house: House) -> None:
    """The slow one began first and ends last: what came between must not hide it."""
    watch = Watch(house.rt)
    async with watch.watching(DEALER, USER, None) as stream:
        async with house.rt.work(DEALER) as slow:
            slow.touch(Changed.VEHICLE, of("vehicle"))
            await house.rt.service.settlers.settle(slow)
            await house.rt.deliver(DEALER, invitation(revision=5))
            first = await stream.next(HERE)
        second = await stream.next(HERE)
    assert first is not None
    assert second is not None
    assert [one.kind for told in (first, second) for one in told.changes or ()] == ["invitation", "vehicle"]


async def test_many_changes_of_one_kind_are_one_and_are_not_named(house: House) -> None:
    watch = Watch(house.rt)
    async with watch.watching(DEALER, USER, None) as stream:
        people = [CustomerChanged(revision=1, customer_id=CustomerId(of(f"c{n}"))) for n in range(101)]
        await house.rt.deliver(DEALER, *people)
        told = await stream.next(HERE)
    assert told is not None
    assert told.changes is not None
    assert [(one.kind, one.ids) for one in told.changes] == [("customer", None)]


async def test_messages_are_told_of(house: House) -> None:
    watch = Watch(house.rt)
    async with watch.watching(DEALER, USER, None) as stream:
        opened = MessageOpened(message_id=MessageId(of("message")), channel="email", contacts=(), at=NOW)
        await house.rt.deliver(DEALER, opened)
        told = await stream.next(HERE)
    assert told is not None
    assert told.changes is not None
    assert [(one.kind, one.lists) for one in told.changes] == [("message", ("messages",))]


async def test_a_user_has_few_streams_and_each_is_given_back(house: House) -> None:
    watch = Watch(house.rt)
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(watching.MOST_OF_A_USER):
            await stack.enter_async_context(watch.watching(DEALER, USER, None))
        with pytest.raises(TooManyStreams):
            await stack.enter_async_context(watch.watching(DEALER, USER, None))
        await stack.enter_async_context(watch.watching(DEALER, UserId(of("advisor")), None))
    assert watch.count() == 0
    async with watch.watching(DEALER, USER, None):
        assert watch.count() == 1


async def test_streams_end_when_the_process_stops(house: House) -> None:
    async with served(house) as base, reading(house, base) as stream:
        house.rt.stopping.set()
        with pytest.raises(EOFError):
            await stream.next()


async def test_a_stream_ends_with_its_session_and_keeps_none_alive(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.routes.events.HEARTBEAT_SECONDS", 0.05)
    async with served(house) as base, reading(house, base) as stream:
        house.clock.move_to(NOW + timedelta(minutes=31))
        with pytest.raises(EOFError):
            await stream.next()


@given(st.text(max_size=40) | st.from_regex(r"\d{1,12}-\d{1,19}:\d{1,19}:(\d{1,3}(,\d{1,3}){0,3})?", fullmatch=True))
def test_a_place_is_read_as_it_was_written_or_not_at_all(given_text: str) -> None:
    place = read(given_text)
    assert place is None or (isinstance(place, Place) and read(place.write()) == place)


def test_what_never_left_is_on_few_lists() -> None:
    assert set(lists_of(Changed.INVITATION, "planned")) == {"pending", "owner-changed"}
    assert {"follow-up", "calls", "booked", "no", "pending"} <= set(lists_of(Changed.INVITATION, "closed"))
    assert all(lists_of(kind) for kind in Changed)
