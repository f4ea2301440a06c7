"""Undeliverable mail, from the mailbox that it comes back to, to what the dealer is told: over real TLS, on a real database."""

import asyncio
import contextlib
import re
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from common.clock import FixedClock
from common.errors import DomainError
from common.events.messages import MessageAccepted, MessageBounced, MessageUnknown
from common.ids import DealerId
from common.testing.kafka.certificates import make
from common.testing.mail import Fault, MailServer
from common.testing.nordhavn import NINE, World, anne, contact, dealer, due, octavia
from common.testing.postgres import Database
from common.testing.runtime import DEALER, OTHER_DEALER, running
from notifier.bouncing import EVERY, NOBODY, SOON
from notifier.clients.imap import place
from notifier.domain.bounces import MOST_BYTES, mail_id
from notifier.main import service

USER, PASSWORD = "retur@autoflows.example", 'with "quotes" and \\'


class Trouble(StrEnum):
    """What may go wrong with a mailbox."""

    BUSY = "busy"  # BYE instead of a greeting
    NO_FOLDER = "no_folder"
    DROPS = "drops"  # hangs up in the middle of a mail
    SILENT = "silent"  # never answers a FETCH
    ENDLESS = "endless"  # announces a mail of many gigabytes
    STORES_NOTHING = "stores_nothing"  # NO to STORE


@dataclass
class Kept:
    """One mail in the folder."""

    content: bytes
    flags: set[str] = field(default_factory=set)


@dataclass
class ImapServer:
    """One folder by IMAP4rev1: what it is asked is written down."""

    mails: dict[int, Kept] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    trouble: Trouble | None = None

    def put(self, content: bytes, *flags: str) -> Kept:
        kept = Kept(content.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"), set(flags))
        self.mails[len(self.mails) + 1] = kept
        return kept

    @contextlib.asynccontextmanager
    async def serving(self, keystore: Path) -> AsyncIterator[int]:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(keystore)
        server = await asyncio.start_server(self._session, "127.0.0.1", 0, ssl=context)
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            server.close()

    async def _session(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            writer.write(b"* BYE too busy\r\n" if self.trouble == Trouble.BUSY else b"* OK [CAPABILITY IMAP4rev1] ready\r\n")
            state = "out"
            while self.trouble != Trouble.BUSY and (line := await reader.readline()):
                tag, _, command = line.decode().strip().partition(" ")
                self.asked.append(command)
                if self.trouble == Trouble.SILENT and "FETCH" in command:
                    await reader.read()
                    break
                state, answer = self._answer(state, command)
                writer.write(answer.replace(b"TAG ", f"{tag} ".encode()))
                await writer.drain()
                if not answer.endswith(b"\r\n") or state == "bye":
                    break
            writer.close()

    def _answer(self, state: str, command: str) -> tuple[str, bytes]:
        word, _, rest = command.partition(" ")
        if word == "CAPABILITY":
            return state, b"* CAPABILITY IMAP4rev1\r\nTAG OK done\r\n"
        if word == "LOGIN":
            quoted = PASSWORD.replace("\\", "\\\\").replace('"', '\\"')
            good = rest == f'"{USER}" "{quoted}"'
            return ("in", b"TAG OK welcome\r\n") if good else (state, b"TAG NO [AUTHENTICATIONFAILED] no\r\n")
        if word == "LOGOUT":
            return "bye", b"* BYE then\r\nTAG OK done\r\n"
        if word == "SELECT" and state == "in":
            if self.trouble == Trouble.NO_FOLDER or rest != '"Retur"':
                return state, b"TAG NO no such folder\r\n"
            return "folder", b"* %d EXISTS\r\nTAG OK [READ-WRITE] opened\r\n" % len(self.mails)
        if word == "UID" and state == "folder":
            return state, self._uid(rest)
        return state, b"TAG BAD not now\r\n"

    def _uid(self, command: str) -> bytes:
        word, _, rest = command.partition(" ")
        if word == "SEARCH":
            without = {"\\" + name[2:].capitalize() for name in rest.split() if name.startswith("UN")}
            found = [str(number) for number, kept in self.mails.items() if not kept.flags & without]
            return f"* SEARCH {' '.join(found)}".strip().encode() + b"\r\nTAG OK done\r\n"
        number, _, rest = rest.partition(" ")
        kept = self.mails.get(int(number))
        if kept is None:
            return b"TAG OK done\r\n"
        if word == "FETCH" and (most := re.fullmatch(r"\(BODY\.PEEK\[\]<0\.(\d+)>\)", rest)):
            content = kept.content[: int(most[1])]
            size = 50_000_000_000 if self.trouble == Trouble.ENDLESS else len(content)
            head = b"* %d FETCH (UID %d BODY[]<0> {%d}\r\n" % (int(number), int(number), size)
            if self.trouble == Trouble.DROPS:
                return head + content[:20]
            return head + content + b")\r\nTAG OK done\r\n"
        if word == "STORE" and (flag := re.fullmatch(r"\+FLAGS\.SILENT \((\\\w+)\)", rest)):
            if self.trouble == Trouble.STORES_NOTHING:
                return b"TAG NO read-only\r\n"
            kept.flags.add(flag[1])
            return b"TAG OK done\r\n"
        return b"TAG BAD not understood\r\n"


@dataclass
class Office(World):
    """A dealer's notifier, with the mailbox that mail comes back to."""

    box: ImapServer = field(default_factory=ImapServer)

    async def read(self) -> Any:
        return await self.rt.run_errand("bounces", NOBODY)

    async def sent(self, *, whose: DealerId = DEALER, message: int = 7, fault: Fault | None = None) -> UUID:
        """Send one mail to Anne; returns its message."""
        if fault:
            self.mail.faults.append(fault)
        await self.rt.deliver(whose, due(contact(message), message_id=UUID(int=message)))
        await self.rt.run_errand("send", whose)
        return UUID(int=message)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return make(tmp_path_factory.mktemp("imap"))


@pytest.fixture
async def office(database: Database, certificates: tuple[Path, Path]) -> AsyncIterator[Office]:
    trusted, keystore = certificates
    mail, box = MailServer(), ImapServer()
    async with mail.serving() as port, box.serving(keystore) as imap:
        settings: dict[str, Any] = {
            "smtp_host": "127.0.0.1", "smtp_port": port, "smtp_tls": "none", "smtp_timeout": 0.4, "send_per_second": 0,
            "bounce_imap_url": f"imaps://127.0.0.1:{imap}/Retur", "bounce_imap_username": USER, "bounce_imap_ca_file": trusted,
            "bounce_imap_password": PASSWORD, "bounce_imap_timeout": 0.5, "bounce_address": "retur@autoflows.example",
        }  # fmt: skip
        async with running(service, database, clock=FixedClock(NINE), **settings) as rt:
            found = Office(rt, mail, None, settings=settings, box=box)
            await found.hear(dealer(), anne(), octavia())
            yield found


def came_back(
    message: UUID, *, whose: DealerId = DEALER, to: str = "anne@example.com", action: str = "failed", status: str = "5.1.1"
) -> bytes:
    return f"""Return-Path: <>
From: MAILER-DAEMON@mx.example.net
Content-Type: multipart/report; report-type=delivery-status; boundary=cut

--cut

It could not be delivered.
--cut
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.net

Final-Recipient: rfc822; {to}
Action: {action}
Status: {status}
Diagnostic-Code: smtp; 550 {status} No such user

--cut
Content-Type: message/rfc822

From: Nordhavn Auto <post@nordhavn.example>
Message-ID: {mail_id(whose, message, "nordhavn.example")}

Hej Anne
--cut--
""".encode()


async def history(office: Office, what: str) -> list[str | None]:
    rows = await office.rt.sql(DEALER, "select detail from notifier.history where what = :what order by number", what=what)
    return [row.detail for row in rows]


async def test_a_mail_that_came_back_is_told_once(office: Office) -> None:
    message = await office.sent()
    first = office.box.put(came_back(message))
    assert await office.read() == NINE + EVERY
    row = await office.row()
    assert (row.state, row.because) == ("bounced", "5.1.1 550 5.1.1 No such user")
    assert first.flags == {"\\Seen"}
    (told,) = await office.told(MessageBounced)
    assert (told.message_id, told.customer_id, len(told.contacts)) == (message, row.customer_id, 1)
    again = office.box.put(came_back(message))
    await office.read()
    assert again.flags == {"\\Seen"}
    assert await office.told() == []
    assert await history(office, "bounced") == ["5.1.1"]


async def test_the_notification_of_our_own_mail_as_it_left_is_found(office: Office) -> None:
    """The id in the mail that went out is the one that is looked for."""
    message = await office.sent()
    (mail,) = office.mails()
    assert mail.sender == "retur@autoflows.example"
    ours = mail_id(DEALER, message, "nordhavn.example")
    assert mail.message["Message-ID"] == ours
    whole = came_back(message).replace(f"Message-ID: {ours}\n\nHej Anne\n".encode(), b"X-More: 1\n" + mail.content)
    assert b"Hej Anne\n--cut" not in whole
    office.box.put(whole)
    await office.read()
    assert await office.states() == ["bounced"]


async def test_an_unknown_message_that_comes_back_is_known_to_have_left(office: Office) -> None:
    message = await office.sent(fault=Fault.DROP_AFTER_DOT)
    assert await office.states() == ["unknown"]
    office.box.put(came_back(message))
    await office.read()
    told = [type(event) for event in await office.told(MessageUnknown, MessageAccepted, MessageBounced)]
    assert told == [MessageUnknown, MessageAccepted, MessageBounced]


async def test_one_that_is_late_is_noted_once_and_changes_nothing(office: Office) -> None:
    message = await office.sent()
    await office.told()
    late = [office.box.put(came_back(message, action="delayed", status="4.4.1")) for _ in range(2)]
    await office.read()
    assert [kept.flags for kept in late] == [{"\\Seen"}] * 2
    assert await office.states() == ["accepted"]
    assert await history(office, "delayed") == ["4.4.1 550 4.4.1 No such user"]
    assert await office.told() == []
    office.box.put(came_back(message, status="4.4.7"))
    await office.read()
    assert await office.states() == ["bounced"]


async def test_what_a_stranger_writes_bounces_nothing_and_is_left_to_people(office: Office) -> None:
    message = await office.sent()
    await office.hear(due(contact(2), message_id=UUID(int=8), send_on=NINE.date() + timedelta(days=1)))  # not handed in yet
    strange = [
        office.box.put(content)
        for content in (
            came_back(message, to="bo@example.com"),
            came_back(message, whose=OTHER_DEALER),
            came_back(message, whose=NOBODY),
            came_back(UUID(int=8)),
            came_back(UUID(int=9)),
            b"From: anne@example.com\nSubject: SV: Service\n\nJa tak, mandag.\n",
            b"",
            b"\xff\x00" * 100,
        )
    ]
    await office.read()
    assert [kept.flags for kept in strange] == [{"\\Flagged"}] * len(strange)
    assert sorted(await office.states()) == ["accepted", "due"]
    assert await office.told(MessageBounced) == []
    fetched = [command for command in office.box.asked if "FETCH" in command]
    await office.read()
    assert [command for command in office.box.asked if "FETCH" in command] == fetched  # nothing is looked at twice


async def test_a_message_that_was_put_back_and_then_withdrawn_cannot_come_back(office: Office) -> None:
    message = await office.sent(fault=Fault.CONTENT_REFUSED)
    await office.rt.sql(DEALER, "update notifier.message set state = 'withdrawn'")
    kept = office.box.put(came_back(message))
    await office.read()
    assert await office.states() == ["withdrawn"]
    assert kept.flags == {"\\Flagged"}


async def test_each_message_comes_back_to_its_own_dealer(office: Office) -> None:
    await office.rt.deliver(OTHER_DEALER, dealer().model_copy(update={"dealer_id": OTHER_DEALER}), anne(), octavia())
    await office.sent()  # even were both of the same id
    message = await office.sent(whose=OTHER_DEALER)
    office.box.put(came_back(message, whose=OTHER_DEALER))
    await office.read()
    assert await office.states() == ["accepted"]
    assert len(await office.rt.published(OTHER_DEALER)) == 2  # accepted, bounced
    assert [row.state for row in await office.rt.sql(OTHER_DEALER, "select state from notifier.message")] == ["bounced"]


async def test_what_was_read_or_deleted_by_others_is_left_alone(office: Office) -> None:
    message = await office.sent()
    for flag in ("\\Seen", "\\Flagged", "\\Deleted"):
        office.box.put(came_back(message), flag)
    await office.read()
    assert await office.states() == ["accepted"]
    assert not any("FETCH" in command or "STORE" in command for command in office.box.asked)


async def test_many_are_read_in_rounds_and_a_huge_one_is_cut(office: Office) -> None:
    message = await office.sent()
    for number in range(50):
        office.box.put(b"Subject: %d\n\nhej\n" % number)
    office.box.put(came_back(message) + b"x" * 2 * MOST_BYTES)
    assert await office.read() == NINE + SOON
    assert await office.states() == ["accepted"]
    assert await office.read() == NINE + EVERY
    assert await office.states() == ["bounced"]


@pytest.mark.parametrize("trouble", list(Trouble))
async def test_a_mailbox_in_trouble_is_tried_again_later_and_nothing_is_lost(office: Office, trouble: Trouble) -> None:
    message = await office.sent()
    kept = office.box.put(came_back(message))
    office.box.trouble = trouble
    assert await office.read() == NINE + EVERY
    assert await office.states() == ["bounced" if trouble == Trouble.STORES_NOTHING else "accepted"]
    assert kept.flags == set()
    office.box.trouble = None
    await office.read()
    assert await office.states() == ["bounced"]
    assert kept.flags == {"\\Seen"}
    assert len(await office.told(MessageBounced)) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"bounce_imap_password": "guessed"},
        {"bounce_imap_ca_file": None},  # a certificate of nobody whom this machine trusts
        {"bounce_imap_url": "imaps://127.0.0.1:1/Retur"},
        {"bounce_imap_url": "imap://127.0.0.1/Retur"},
    ],
)
async def test_wrong_settings_read_nothing_and_end_nothing(office: Office, database: Database, wrong: dict[str, Any]) -> None:
    office.box.put(came_back(await office.sent()))
    async with running(service, database, clock=office.rt.clock, **(office.settings | wrong)) as rt:
        assert await rt.run_errand("bounces", NOBODY) == NINE + EVERY
    assert await office.states() == ["accepted"]


async def test_it_is_woken_from_the_beginning_and_only_where_there_is_a_mailbox(office: Office, database: Database) -> None:
    office.box.put(came_back(await office.sent()))
    office.rt.at(datetime(2100, 1, 1, tzinfo=UTC))  # the migration woke it at the machine's time
    assert await office.rt.wakeups.step()
    assert await office.states() == ["bounced"]
    assert await office.rt.wakes(NOBODY) == {"bounces": datetime(2100, 1, 1, 0, 5, tzinfo=UTC)}
    async with running(service, database, clock=office.rt.clock, **(office.settings | {"bounce_imap_url": ""})) as rt:
        assert [errand.name for errand in rt.errands] == ["send"]


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("imaps://mail.example", "imaps://mail.example:993/INBOX"),
        ("imaps://mail.example:1993/Retur%20post", "imaps://mail.example:1993/Retur post"),
        ("imap://mail.example/INBOX", None),
        ("imaps:///INBOX", None),
        ("imaps://me:secret@mail.example/INBOX", None),
        ("imaps://mail.example:none/INBOX", None),
        ("imaps://mail.example/a%0d%0ab", None),
        ("mail.example", None),
    ],
)
def test_the_address_of_a_folder(url: str, found: str | None) -> None:
    if found is None:
        with pytest.raises(DomainError, match="imaps://host"):
            place(url, user="u", password="p", timeout=1)
    else:
        assert repr(place(url, user="u", password="p", timeout=1)) == found
