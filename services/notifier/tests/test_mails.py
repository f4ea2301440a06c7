"""Mails as customers get them: every place filled, every link ours, in both parts, and nothing foreign."""

import re
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import pytest

from common.events.settings import Sender, WorkshopChanged
from common.ids import WorkshopId
from common.testing.mail import Received
from common.testing.nordhavn import GOLF, World, anne, answered, contact, dealer, due, mia, octavia
from notifier.domain import names

OURS = {"svar.example", "klik.example"}
_FETCHED = re.compile(r"url\(|@import|<link|<script", re.IGNORECASE)


class Addresses(HTMLParser):
    """Every address that a mail program could follow or fetch."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.images: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "href":
                self.links.append(value or "")
            elif name in {"src", "srcset", "background", "action", "data", "poster"}:
                self.images.append(value or "")


def links_of(mail: Received) -> list[str]:
    return Addresses(mail.part("html")).links


async def mail_for(world: World, *contacts: Any, **more: Any) -> Received:
    await world.hear(due(*contacts, **more))
    await world.send()
    return world.mails()[-1]


@pytest.mark.parametrize("step", [1, 2])
@pytest.mark.parametrize("cars", [1, 2])
async def test_no_mail_names_a_foreign_host_or_leaves_a_place_empty(world: World, step: int, cars: int) -> None:
    contacts = [contact(1, step=step), contact(2, step=step, vehicle=GOLF)][:cars]
    mail = await mail_for(world, *contacts)
    html, text = mail.part("html"), mail.part("plain")
    found = Addresses(html)
    hosts = {urlsplit(address).hostname for address in found.links + found.images}
    assert hosts == {"klik.example"}
    assert not _FETCHED.search(html)
    assert {urlsplit(address).hostname for address in re.findall(r"https?://\S+", text)} == {"klik.example"}
    for part in (html, text, mail.message["Subject"]):
        assert not re.search(r"{{|}}|{%|%}|None|</?mj-|undefined", part)


async def test_each_vehicle_has_its_own_buttons_and_the_text_part_has_every_link(world: World) -> None:
    mail = await mail_for(world, contact(1), contact(2, vehicle=GOLF))
    links = links_of(mail)
    assert len(links) == len(set(links)) == 3 * 2 + 1
    text = mail.part("plain")
    assert all(link in text for link in links)
    for words in ("Book tid", "Ring til mig", "Nej tak", "Afmeld her"):
        assert words in mail.part("html")
        assert words in text


async def test_what_an_invitation_says(world: World) -> None:
    mail = await mail_for(world)
    assert mail.message["Subject"] == "Tid til service på din Skoda Octavia"
    text = mail.part("plain")
    assert text.startswith("Hej Anne\n")
    assert "din Skoda Octavia (AB 12 345)" in text
    assert "2. april 2026" in text
    assert "Nordhavn Auto\nTelefon 33 11 22 33" in text
    assert "Nordhavn Auto ApS · Havnevej 1, 2150 Nordhavn · CVR-nr. 12345678" in text


async def test_a_reminder_says_that_it_is_the_only_one(world: World) -> None:
    mail = await mail_for(world, contact(step=2))
    assert mail.message["Subject"] == "Husk service på din Skoda Octavia"
    assert "den eneste påmindelse" in mail.part("plain")


async def test_the_headers_are_the_dealers_and_unsubscribing_takes_one_click(world: World) -> None:
    mail = await mail_for(world)
    message = mail.message
    assert message["From"] == "Nordhavn Auto <post@nordhavn.example>"
    assert message["Reply-To"] == "kunde@nordhavn.example"
    assert message["List-Unsubscribe"] == "<https://svar.example/u/abcdefgh01>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert re.fullmatch(r"<[0-9a-f-]{36}\.[0-9a-f]{32}@nordhavn\.example>", message["Message-ID"])
    assert mail.sender == "post@nordhavn.example"
    assert b"List-Unsubscribe: <https://svar.example/u/abcdefgh01>\r\n" in mail.content.replace(b"\n", b"\r\n").replace(
        b"\r\r", b"\r"
    )


async def test_a_workshops_own_sender_goes_before_the_dealers(world: World) -> None:
    workshop = WorkshopId(UUID(int=77))
    await world.hear(
        WorkshopChanged(
            revision=1, workshop_id=workshop, title="Sydhavn", sender=Sender(name="Sydhavn Auto", phone="+4544112233")
        )
    )
    mail = await mail_for(world, workshop_id=workshop)
    assert mail.message["From"] == "Sydhavn Auto <post@nordhavn.example>"
    assert "44 11 22 33" in mail.part("plain")


NASTY = "Eve\r\nBcc: all@example.com <b>\"&'</b> {{ 7*7 }}"


async def test_what_a_source_wrote_cannot_break_out_of_its_place(world: World) -> None:
    await world.hear(anne(2, full_name=NASTY), octavia(2, make=NASTY, model="x\r\ny"))
    await world.hear(dealer(2, sender=Sender(**(dealer().sender.model_dump() | {"name": NASTY}))))
    mail = await mail_for(world)
    assert mail.to == ("anne@example.com",)
    assert mail.message["Bcc"] is None
    html = mail.part("html")
    assert '<b>"' not in html
    assert "{{ 7*7 }}" in mail.part("plain")  # as text, not worked out
    assert "49" not in mail.part("plain").split("CVR")[0].replace("33 11 22 33", "")


async def test_opens_can_be_switched_off_by_the_dealer(world: World) -> None:
    assert "/o/" in (await mail_for(world)).part("html")
    await world.hear(dealer(2, settings={"open_tracking": False}))
    assert "/o/" not in (await mail_for(world, contact(2))).part("html")


@pytest.mark.parametrize("kind", ["call_me", "no", "booked", "unsubscribe"])
async def test_no_alert_names_any_host_or_leaves_a_place_empty(world: World, kind: str) -> None:
    await world.hear(mia("call_me", "no", "booked", "unsubscribe"), answered(kind, reason="price" if kind == "no" else None))
    await world.send()
    (mail,) = world.mails()
    html = mail.part("html")
    assert "http" not in mail.part("plain")
    assert Addresses(html).links == Addresses(html).images == []
    for part in (html, mail.part("plain"), mail.message["Subject"]):
        assert not re.search(r"{{|}}|{%|%}|None|</?mj-|undefined", part)


@pytest.mark.parametrize(
    ("full_name", "business", "greeted"),
    [
        ("Anne Holm", False, "Anne"),
        ("ANNE HOLM", False, "Anne"),
        ("Holm, Anne", False, "Anne"),
        ("A. Holm", False, "A. Holm"),
        (", ", False, None),
        ("Nordisk Byg ApS", True, "Nordisk Byg ApS"),
        ("  ", False, None),
        (None, False, None),
    ],
)
def test_people_are_greeted_by_first_name_and_firms_by_their_whole_one(
    full_name: str | None, business: bool, greeted: str | None
) -> None:
    assert names.first_name(full_name, business=business) == greeted


def test_cars_plates_and_numbers_are_written_as_danes_do() -> None:
    assert names.car_name("SKODA", "OCTAVIA") == "Skoda Octavia"
    assert names.car_name("VW", None) == "VW"
    assert names.car_name(None, None) is None
    assert (names.plate("ab12345"), names.plate("MINBIL")) == ("AB 12 345", "MINBIL")
    assert (names.phone("+4520123456"), names.phone("+4915112345678")) == ("20 12 34 56", "+4915112345678")
