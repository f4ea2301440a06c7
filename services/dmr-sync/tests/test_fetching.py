"""The newest file is fetched whole from a real server that stalls, breaks off, lies and forgets; then it is read."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from pydantic import SecretStr

from common.errors import DomainError, TransientError
from common.testing.postgres import Database
from common.testing.runtime import DEALER, running
from dmr_sync import errands, fetching
from dmr_sync.clients import ftp
from dmr_sync.errands import Sync
from dmr_sync.fetching import Fetching, NoRoom
from dmr_sync.main import service
from dmr_sync.store import NOBODY

USER, PASSWORD = "reader", "secret"
NEWEST, OLDER = "ESStatistikListeModtag-20261122-193000.zip", "ESStatistikListeModtag-20261115-200000.zip"
CONTENT = random.Random(7).randbytes(300_000)


class Server:
    """A small FTP server over real sockets. What it does wrong is a list: one entry for each RETR, then it behaves."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = files
        self.wrongs: list[tuple[str, int]] = []  # (what, after how many bytes)
        self.sizes: dict[str, list[int]] = {}  # what SIZE says, one after the other; then the truth
        self.unknown: set[str] = set()  # commands that it does not know
        self.asked: list[str] = []
        self.port = 0

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncIterator["Server"]:
        self._tasks: set[asyncio.Task[None]] = set()
        server = await asyncio.start_server(self._session, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def retrieved(self) -> list[str]:
        return [line for line in self.asked if line.split()[0] in ("REST", "RETR")]

    async def _session(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        with contextlib.suppress(OSError, asyncio.CancelledError):
            await self._talk(reader, writer)
        writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        def say(text: str) -> None:
            writer.write(f"{text}\r\n".encode())

        say("220 registry")
        offset, data, user = 0, None, ""
        while line := (await reader.readline()).decode().strip():
            self.asked.append(line)
            command, _, rest = line.partition(" ")
            name = rest.rpartition("/")[2]
            if command in self.unknown:
                say("502 not known")
            elif command == "USER":
                user = rest
                say("331 password")
            elif command == "PASS":
                say("230 in" if (user, rest) == (USER, PASSWORD) else "530 no")
            elif command == "TYPE":
                say("200 fine")
            elif command in ("EPSV", "PASV"):
                data = await self._listen()
                port = data[0].sockets[0].getsockname()[1]
                say(f"229 here (|||{port}|)" if command == "EPSV" else f"227 here (10,9,8,7,{port // 256},{port % 256})")
            elif command == "SIZE":
                said = self.sizes.get(name)
                say(f"213 {said.pop(0) if said else len(self.files[name])}")
            elif command == "REST":
                offset = int(rest)
                say("350 from there")
            elif command in ("MLSD", "LIST"):
                assert data is not None
                say("150 coming")
                await self._send(data, self._listed(command).encode())
                say("226 done")
            elif command == "RETR":
                assert data is not None
                say("150 coming")
                if not await self._retrieve(data, self.files[name][offset:], writer):
                    return
                offset = 0
                say("226 done")
            elif command == "QUIT":
                say("221 bye")
                return
            else:
                say("502 not known")

    def _listed(self, command: str) -> str:
        lines = []
        for name, content in {**self.files, "readme.txt": b"x"}.items():
            if command == "MLSD":
                lines.append(f"type=file;size={len(content)};modify=20261122193000; {name}\r\n")
            else:
                lines.append(f"-rw-r--r-- 1 ftp ftp {len(content):>12} Nov 22 19:30 {name}\r\n")
        return "".join(lines)

    async def _retrieve(self, data, content: bytes, control: asyncio.StreamWriter) -> bool:
        what, after = self.wrongs.pop(0) if self.wrongs else ("", len(content))
        if what == "more":
            content += bytes(after)
        sent = content if what in ("", "more", "control") else content[:after]
        writer = await self._send(data, sent, close=what != "stall")
        if what == "stall":
            await asyncio.sleep(3600)
        if what == "reset":
            writer.transport.abort()
        if what == "control":
            control.transport.abort()
        return what not in ("control",)

    async def _listen(self):
        come: asyncio.Queue[asyncio.StreamWriter] = asyncio.Queue()

        async def accept(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await come.put(writer)

        return await asyncio.start_server(accept, "127.0.0.1", 0), come

    async def _send(self, data, content: bytes, *, close: bool = True) -> asyncio.StreamWriter:
        server, come = data
        writer = await come.get()
        server.close()
        writer.write(content)
        await writer.drain()
        if close:
            writer.close()
        return writer


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with Server({OLDER: b"older", NEWEST: CONTENT}).serving() as found:
        yield found


@pytest.fixture
def paused() -> list[float]:
    return []


@pytest.fixture
def fetch(server: Server, tmp_path: Path, paused: list[float]) -> Callable[..., Fetching]:
    async def pause(seconds: float) -> None:
        paused.append(seconds)

    def fetch(password: str = PASSWORD, spare_bytes: int = 0) -> Fetching:
        where = ftp.place(
            f"ftp://127.0.0.1:{server.port}/ESStatistikListeModtag/", user=USER, password=password, stall_seconds=1.5
        )
        return Fetching(where, tmp_path / "registry", tries=3, spare_bytes=spare_bytes, pause=pause)

    return fetch


@pytest.mark.parametrize("unknown", [set(), {"MLSD"}, {"EPSV"}, {"MLSD", "EPSV"}])
async def test_the_newest_file_is_fetched_whatever_the_server_knows(unknown: set[str], server: Server, fetch, paused) -> None:
    server.unknown = unknown
    remote = await fetch().newest()
    assert (remote.name, remote.bytes) == (NEWEST, len(CONTENT))
    path = await fetch().fetch(remote)
    assert path.read_bytes() == CONTENT
    assert [each.name for each in path.parent.iterdir()] == [NEWEST]
    assert paused == []


@pytest.mark.parametrize("what", ["cut", "reset", "stall"])
async def test_it_goes_on_where_it_broke_off(what: str, server: Server, fetch, paused) -> None:
    server.wrongs = [(what, 100_000), (what, 150_000)]
    path = await fetch().fetch(ftp.Remote(NEWEST, len(CONTENT)))
    assert path.read_bytes() == CONTENT
    offsets = [int(line.split()[1]) for line in server.retrieved() if line.startswith("REST")]
    assert offsets == sorted(offsets)
    assert 0 < offsets[0] <= 100_000 < offsets[1] <= 250_000
    assert paused == [2.0, 2.0], "it got on each time, so it is not tried more slowly"


async def test_silence_just_before_the_end_costs_the_last_bytes_only(server: Server, fetch) -> None:
    server.wrongs = [("stall", len(CONTENT) - 3)]
    path = await fetch().fetch(ftp.Remote(NEWEST, len(CONTENT)))
    assert path.read_bytes() == CONTENT
    assert f"REST {len(CONTENT) - 3}" in server.asked


async def test_a_control_connection_that_is_gone_after_the_last_byte_is_no_trouble(server: Server, fetch) -> None:
    server.wrongs = [("control", 0)]
    path = await fetch().fetch(ftp.Remote(NEWEST, len(CONTENT)))
    assert path.read_bytes() == CONTENT
    assert len(server.retrieved()) == 1


async def test_what_the_last_night_left_is_gone_on_with(server: Server, fetch, tmp_path: Path) -> None:
    (folder := tmp_path / "registry").mkdir()
    (folder / f"{NEWEST}.part").write_bytes(CONTENT[:200_000])
    (folder / f"{OLDER}.part").write_bytes(b"of another file")
    path = await fetch().fetch(ftp.Remote(NEWEST, len(CONTENT)))
    assert path.read_bytes() == CONTENT
    assert server.retrieved()[0] == "REST 200000"
    assert [each.name for each in folder.iterdir()] == [NEWEST]


async def test_a_file_that_still_grows_is_waited_for(server: Server, fetch) -> None:
    server.sizes = {NEWEST: [100_000]}
    server.wrongs = [("cut", 100_000)]
    path = await fetch().fetch(ftp.Remote(NEWEST, 100_000))
    assert path.read_bytes() == CONTENT


async def test_a_size_that_is_never_reached_is_given_up(server: Server, fetch, paused) -> None:
    server.sizes = {NEWEST: [400_000] * 50}
    with pytest.raises(TransientError, match="broke off at 300,000 bytes"):
        await fetch().fetch(ftp.Remote(NEWEST, 400_000))
    assert paused == [2.0, 4.0], "the first try got on, the others did not"
    assert not (fetch().folder / NEWEST).exists()


async def test_more_bytes_than_announced_are_not_believed(server: Server, fetch) -> None:
    server.wrongs = [("more", 5_000)]
    with pytest.raises(DomainError, match="by its own word"):
        await fetch().fetch(ftp.Remote(NEWEST, len(CONTENT)))
    assert list(fetch().folder.iterdir()) == []


async def test_a_server_that_cannot_resume_is_read_from_the_start(server: Server, fetch) -> None:
    server.unknown = {"REST"}
    server.wrongs = [("cut", 100_000)]
    path = await fetch().fetch(ftp.Remote(NEWEST, len(CONTENT)))
    assert path.read_bytes() == CONTENT


async def test_without_room_nothing_is_begun(server: Server, fetch) -> None:
    with pytest.raises(NoRoom, match="AUTOFLOWS_DMR_FOLDER"):
        await fetch(spare_bytes=10**18).fetch(ftp.Remote(NEWEST, len(CONTENT)))
    assert server.retrieved() == []


async def test_a_refused_password_is_no_passing_trouble(fetch, paused) -> None:
    with pytest.raises(DomainError, match="refuses the user or the password"):
        await fetch("wrong").newest()
    assert paused == []


async def test_a_server_that_is_away_is_tried_again_more_and_more_slowly(server: Server, fetch, paused) -> None:
    found = fetch()
    away = Fetching(
        ftp.place("ftp://127.0.0.1:1/x", user="", password="", stall_seconds=0.3), found.folder, tries=3, pause=found.pause
    )
    with pytest.raises(TransientError, match="fails"):
        await away.newest()
    assert paused == [2.0, 4.0]


async def test_a_folder_without_a_file_of_the_registry_is_said(server: Server, fetch) -> None:
    server.files = {}
    with pytest.raises(TransientError, match="lists no file of the registry"):
        await fetch().newest()


@pytest.mark.parametrize("url", ["http://x/y", "ftp:///x", "ftp://user:secret@x/y", "x"])
def test_an_address_is_checked(url: str) -> None:
    with pytest.raises(DomainError, match="AUTOFLOWS_DMR_FTP_URL"):
        ftp.place(url, user="", password="", stall_seconds=1)


VIN = "TMBJJ7NE0K0000001"


@pytest.fixture
async def night(database: Database, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, office_of):
    """Lets the errand run once a night, against the server."""
    monkeypatch.setattr(fetching, "SPARE_BYTES", 0)
    settings = {
        "dmr_ftp_url": f"ftp://127.0.0.1:{server.port}/x", "dmr_ftp_user": USER, "dmr_ftp_password": SecretStr(PASSWORD),
        "dmr_stall_seconds": 0.5, "data": tmp_path / "data", "dmr_tries": 2,
    }  # fmt: skip
    async with running(service, database, clock=office_of.clock(), **settings) as rt:
        yield office_of(rt)


async def test_each_night_what_is_new_is_fetched_and_read_once(
    night, server: Server, row, document, write, tmp_path: Path
) -> None:
    server.files = {NEWEST: write(document(row(VIN))).read_bytes()}
    await night.dealer()
    await night.vehicle(1, vin=VIN)
    wakes = await night.rt.sql(DEALER, "select name, dealer_id, at from dmr_sync.wakeup")
    assert [(wake.name, wake.dealer_id) for wake in wakes] == [("registry", NOBODY)]
    again_at = await night.rt.run_errand("registry", NOBODY)
    assert (again_at.hour, len(await night.told())) == (3, 1)
    await night.rt.run_errand("registry", NOBODY)
    assert len(server.retrieved()) == 1, "it was read already"
    newer = "ESStatistikListeModtag-20261129-193000.zip"
    server.files[newer] = write(document(row(VIN, "ZZ99999")), newer).read_bytes()
    await night.rt.run_errand("registry", NOBODY)
    assert [event.plate for event in await night.told()] == ["ZZ99999"]
    assert [each.name for each in (tmp_path / "data" / "registry").iterdir()] == [newer], "the one before is not needed any more"


async def test_the_last_file_is_read_again_for_vehicles_got_since(night, server: Server, row, document, write) -> None:
    server.files = {NEWEST: write(document(row(VIN))).read_bytes()}
    await night.dealer()
    await night.rt.run_errand("registry", NOBODY)
    await night.vehicle(1, vin=VIN)
    await night.vehicle(2, plate="CD23456")
    assert await night.told() == []
    await night.rt.run_errand("registry", NOBODY)
    assert {event.known for event in await night.told()} == {True, False}
    assert len(server.retrieved()) == 1


async def test_a_broken_file_is_fetched_afresh(night, server: Server, row, document, write) -> None:
    whole = write(document(row(VIN))).read_bytes()
    server.files = {NEWEST: whole[:-30]}
    await night.dealer()
    await night.vehicle(1, vin=VIN)
    assert (await night.rt.run_errand("registry", NOBODY)).hour == 3
    assert await night.told() == []
    server.files = {NEWEST: whole}
    await night.rt.run_errand("registry", NOBODY)
    assert [event.known for event in await night.told()] == [True]


async def test_a_server_that_is_away_is_asked_again_in_an_hour(night, server: Server) -> None:
    server.files = {}
    sync = Sync(night.rt, night.rt.settings, pause=lambda _: asyncio.sleep(0))
    assert await sync.run(NOBODY) == night.rt.clock.now() + errands.AFTER_TROUBLE


async def test_where_nothing_is_fetched_and_nothing_was_read_nothing_is_due(office) -> None:
    await office.dealer()
    assert await office.rt.run_errand("registry", NOBODY) is None
