"""Mails of leads: once, at their hour, with a last look, in words of their own; and the alert when a customer answers."""

import re
from datetime import date, time, timedelta
from typing import Any
from uuid import UUID

import pytest

from common.events import Event
from common.events.answers import ContactSuppressed, CustomerExcluded, LeadAnswered, LeadFollowUpRecorded
from common.events.appointments import AppointmentChanged
from common.events.leads import LeadMessageDue
from common.events.messages import ContactWithdrawn, MessageAccepted, MessageRefused, MessageUnknown
from common.events.words import LeadType
from common.ids import AppointmentId, LeadId, MessageId, derived_id
from common.testing.mail import Fault
from common.testing.nordhavn import ANNE, NINE, OCTAVIA, World, anne, dealer, mia
from notifier import texts

LEAD = LeadId(UUID(int=0x7001))
TEN = NINE + timedelta(hours=1)
LATER = TEN + timedelta(minutes=5)


def lead_due(kind: str = "lease_expiry", **more: Any) -> LeadMessageDue:
    values: dict[str, Any] = {
        "lead_id": LEAD, "customer_id": ANNE, "vehicle_id": OCTAVIA, "type": kind, "due_on": date(2026, 9, 10), "code": "llllllllll",
        "timezone": "Europe/Copenhagen", "send_on": date(2026, 3, 2), "send_at": time(10), "send_to": time(18),
        "not_after": date(2026, 8, 10),
    } | more  # fmt: skip
    return LeadMessageDue(message_id=MessageId(derived_id("lead message", values["lead_id"])), **values)


def lead_answered(answer: str, **more: Any) -> LeadAnswered:
    values: dict[str, Any] = {"type": "lease_expiry", "customer_id": ANNE, "at": LATER} | more
    return LeadAnswered(lead_id=LEAD, vehicle_id=OCTAVIA, answer=answer, **values)


async def sent(world: World, **more: Any) -> Any:
    await world.hear(lead_due(**more))
    world.rt.at(TEN)
    await world.send()
    return world.mails()[-1]


async def test_it_leaves_at_ten_and_not_before(world: World) -> None:
    await world.hear(lead_due())
    assert await world.send() == TEN
    assert world.mails() == []
    world.rt.at(TEN)
    await world.send()
    assert len(world.mails()) == 1
    (accepted,) = await world.told(MessageAccepted)
    assert (accepted.leads(), accepted.invitations(), accepted.local_on) == ([LEAD], {}, date(2026, 3, 2))
    assert [(one.purpose, one.step, one.type) for one in accepted.contacts] == [("lead", 1, "lease_expiry")]


async def test_said_twice_or_by_another_message_it_leaves_once(world: World) -> None:
    await world.hear(lead_due(), lead_due())
    world.rt.at(TEN)
    await world.send()
    other = lead_due().model_copy(update={"message_id": MessageId(UUID(int=0x99))})
    await world.hear(other, lead_due())
    await world.send()
    assert len(world.mails()) == 1
    assert await world.contacts() == {(LEAD, 1): "accepted"}


async def test_an_unknown_end_is_never_sent_again(world: World) -> None:
    world.mail.faults.append(Fault.DROP_AFTER_DOT)
    await world.hear(lead_due())
    world.rt.at(TEN)
    await world.send()
    (unknown,) = await world.told(MessageUnknown)
    assert unknown.leads() == [LEAD]
    await world.hear(lead_due())
    world.rt.later(hours=2)
    await world.send()
    assert len(world.mails()) == 1


@pytest.mark.parametrize("kind", list(LeadType))
async def test_every_type_has_its_own_words_and_leaves_no_place_empty(world: World, kind: str) -> None:
    mail = await sent(world, kind=kind)
    html, text, subject = mail.part("html"), mail.part("plain"), mail.message["Subject"]
    assert "Skoda Octavia" in text
    assert ("10. september 2026" in text) is (kind != LeadType.CONTRACT_NEW_CAR)  # nothing ends there
    assert "Book" not in text
    for words in (
        "Ring til mig: https://klik.example/r/",
        "Nej tak: https://klik.example/r/",
        "Afmeld her: https://klik.example/r/",
    ):
        assert words in text
    for part in (html, text, subject):
        assert not re.search(r"{{|}}|{%|%}|None|</?mj-|undefined", part)
    assert mail.message["List-Unsubscribe"] == "<https://svar.example/u/llllllllll>"
    assert "Nordhavn Auto ApS" in text
    assert set(re.findall(r'(?:href|src)="https?://([^/"]+)', html)) == {"klik.example"}


@pytest.mark.parametrize("kind", list(LeadType))
async def test_without_a_day_the_words_still_fit(world: World, kind: str) -> None:
    mail = await sent(world, kind=kind, due_on=None)
    assert "  " not in mail.message["Subject"]
    assert "den ." not in mail.part("plain")


def test_words_about_a_lead_say_what_it_is_about() -> None:
    named = [texts.about("da", kind) for kind in LeadType]
    assert len({found["what"] for found in named if found}) == len(LeadType)


async def test_the_links_lead_to_the_answer_page_of_the_lead(world: World) -> None:
    await sent(world)
    rows = await world.rt.sql(world.dealer, "select kind, path, reference from notifier.link order by kind")
    assert [(row.kind, row.path, row.reference) for row in rows] == [
        ("call", "/a/llllllllll?svar=ring", LEAD), ("no", "/a/llllllllll?svar=nej", LEAD), ("pixel", "", None),
        ("unsubscribe", "/a/llllllllll?svar=afmeld", LEAD),
    ]  # fmt: skip


def moved(**more: Any) -> AppointmentChanged:
    values: dict[str, Any] = {
        "vehicle_id": OCTAVIA,
        "starts_at": NINE + timedelta(days=9),
        "made_at": NINE,
        "status": "moved",
    } | more
    return AppointmentChanged(revision=1, appointment_id=AppointmentId(ANNE), **values)


SINCE: list[tuple[str, Event, str]] = [
    ("lease_expiry", lead_answered("call_me"), "answered"),
    ("lease_expiry", lead_answered("no", reason="price"), "answered"),
    ("lease_expiry", lead_answered("unsubscribe"), "suppressed"),
    ("lease_expiry", ContactSuppressed(customer_id=ANNE, at=LATER), "suppressed"),
    ("lease_expiry", CustomerExcluded(vehicle_id=OCTAVIA, at=LATER), "excluded"),
    ("lease_expiry", LeadFollowUpRecorded(lead_id=LEAD, vehicle_id=OCTAVIA, outcome="booked", at=LATER), "answered"),
    ("visit", moved(), "appointment_ahead"),
]


@pytest.mark.parametrize(("kind", "said", "because"), SINCE)
async def test_what_was_said_since_withdraws_it(world: World, kind: str, said: Event, because: str) -> None:
    await world.hear(lead_due(kind))
    world.rt.at(LATER)
    await world.hear(said)
    await world.send()
    assert world.mails() == []
    (withdrawn,) = await world.told(ContactWithdrawn)
    assert (withdrawn.because, withdrawn.leads()) == (because, [LEAD])


async def test_an_appointment_made_since_stops_no_other_lead(world: World) -> None:
    await world.hear(lead_due("lease_expiry"))
    world.rt.at(LATER)
    await world.hear(moved())
    await world.send()
    assert len(world.mails()) == 1


async def test_it_never_leaves_after_its_last_day_and_goes_back(world: World) -> None:
    await world.hear(lead_due(not_after=date(2026, 3, 2)))
    world.rt.at(TEN + timedelta(days=1))
    await world.send()
    assert world.mails() == []
    (withdrawn,) = await world.told(ContactWithdrawn)
    assert (withdrawn.because, withdrawn.leads()) == ("too_late", [LEAD])


async def test_without_a_legal_sender_nothing_leaves(world: World) -> None:
    await world.hear(dealer(2, sender=dealer().sender.model_copy(update={"legal_name": None})), lead_due())
    world.rt.at(TEN)
    await world.send()
    assert world.mails() == []
    assert (await world.row()).waits == "sender_incomplete"


async def test_a_customer_without_an_address_is_refused(world: World) -> None:
    await world.hear(anne(2, email=None), lead_due())
    world.rt.at(TEN)
    await world.send()
    (refused,) = await world.told(MessageRefused)
    assert (refused.because, refused.leads()) == ("no_address", [LEAD])


async def test_who_wants_a_call_is_in_a_mail_to_staff_that_says_about_what(world: World) -> None:
    await world.hear(mia("call_me"), lead_answered("call_me"))
    await world.send()
    (mail,) = world.mails()
    assert mail.message["Subject"] == "Ring til Anne Holm om ny bil efter leasingaftalen"
    assert "»Leads – Ring op«" in mail.part("plain")


async def test_a_no_says_why_and_where_it_stands(world: World) -> None:
    await world.hear(mia("no"), lead_answered("no", reason="price", type="visit"))
    await world.send()
    (mail,) = world.mails()
    assert mail.message["Subject"] == "Anne Holm siger nej tak til en snak med en sælger under værkstedsbesøget"
    assert "Grunden: prisen." in mail.part("plain")
    assert "»Leads – Besvaret«" in mail.part("plain")


async def test_an_unsubscribe_told_in_two_events_is_one_alert(world: World) -> None:
    await world.hear(mia("unsubscribe"), ContactSuppressed(customer_id=ANNE, at=LATER), lead_answered("unsubscribe"))
    await world.send()
    assert len(world.mails()) == 1
