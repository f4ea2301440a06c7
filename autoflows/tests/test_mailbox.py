"""What the demo catches is kept, found and shown, and can do no harm in the page."""

import asyncio
import smtplib
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from autoflows.demo import mailbox
from autoflows.demo.mailbox import Mailbox
from common.clock import FixedClock

NOON = datetime(2026, 2, 10, 12, tzinfo=UTC)


@pytest.fixture
def caught(tmp_path: Path) -> Mailbox:
    return Mailbox(tmp_path / "caught", FixedClock(NOON))


@pytest.fixture
async def browser(caught: Mailbox) -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    app.include_router(mailbox.pages(caught))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://mail") as client:
        yield client


def invitation() -> EmailMessage:
    mail = EmailMessage()
    mail["From"] = "Holm Auto <service@example.com>"
    mail["To"] = "anne@example.com"
    mail["Subject"] = "Tid til service på din Škoda"
    mail.set_content("Kære Anne\nBook her: https://booking.example/x")
    mail.add_alternative('<p>Kære Anne <a href="https://booking.example/x">Book</a></p><script>alert(1)</script>', subtype="html")
    return mail


async def test_a_mail_sent_by_smtp_is_shown_as_it_looks_and_as_text(caught: Mailbox, browser: httpx.AsyncClient) -> None:
    server = await asyncio.get_running_loop().create_server(lambda: mailbox.smtp(caught), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]

    def send() -> None:
        with smtplib.SMTP("127.0.0.1", port) as client:
            client.send_message(invitation())

    await asyncio.to_thread(send)
    server.close()
    (mail,) = caught.all()
    listing, page, html = [(await browser.get(path)).text for path in ("/", f"/{mail.id}", f"/{mail.id}/html")]
    assert "Tid til service på din Škoda" in listing
    assert "2026-02-10 12:00" in listing
    assert 'href="https://booking.example/x"' in page
    assert "Kære Anne <a" in html
    assert "List-Unsubscribe" not in (await browser.get(f"/{mail.id}/source")).text


async def test_a_mail_cannot_run_scripts_in_the_page(caught: Mailbox, browser: httpx.AsyncClient) -> None:
    mail = caught.mail(invitation().as_bytes(), "service@example.com", "<script>alert(1)</script>")
    policy = (await browser.get(f"/{mail.id}/html")).headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "sandbox" in policy
    assert "allow-scripts" not in policy
    assert "<script>" not in (await browser.get(f"/{mail.id}")).text
    assert "<script>" not in (await browser.get("/")).text


async def test_search_finds_every_word_in_mails_and_sms(caught: Mailbox, browser: httpx.AsyncClient) -> None:
    caught.mail(invitation().as_bytes(), "service@example.com", "anne@example.com")
    caught.sms("HolmAuto", "+4520123456", "Husk service på din bil")
    assert [found.kind for found in caught.all(words="SERVICE din")] == ["sms", "mail"]
    assert [found.kind for found in caught.all(words="service anne")] == ["mail"]
    assert len((await browser.get("/messages.json", params={"kind": "sms"})).json()["messages"]) == 1
    assert "0 found" in (await browser.get("/", params={"q": "ukendt"})).text


async def test_what_was_caught_is_still_there_after_a_restart(caught: Mailbox, tmp_path: Path) -> None:
    caught.sms("HolmAuto", "+4520123456", "Husk service")
    assert Mailbox(tmp_path / "caught", FixedClock(NOON)).all() == caught.all()


async def test_an_unknown_message_is_not_found(browser: httpx.AsyncClient) -> None:
    for path in ("/no-such", "/no-such/html", "/no-such/source", "/..%2fsecret/source"):
        assert (await browser.get(path)).status_code == 404
