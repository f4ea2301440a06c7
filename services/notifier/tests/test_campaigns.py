"""The mail about a wheel season: everyone who wants to be asked, once each, at work, and not once it is answered."""

import re
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest

from common.events.answers import CampaignAnswered
from common.events.due import CampaignQuestionDue
from common.events.messages import ContactWithdrawn, MessageAccepted
from common.events.settings import Sender, UserAlertsChanged, WorkshopChanged
from common.ids import CampaignId, UserId, WorkshopId, new_id
from common.testing.mail import Fault, Received
from common.testing.nordhavn import MIA, NINE, World, dealer, mia

CAMPAIGN = CampaignId(UUID(int=0x5EA))
SYDHAVN = WorkshopId(UUID(int=77))
MIDNIGHT = NINE - timedelta(hours=8, minutes=55)  # the tick of that day


def asked(question: str = "ask", **more: Any) -> CampaignQuestionDue:
    values: dict[str, Any] = {
        "campaign_id": CAMPAIGN, "type": "wheel_summer", "from_on": date(2026, 4, 13), "to_on": date(2026, 5, 29),
        "audience": ("changed", "hotel"), "capacity_per_day": 12, "vehicles": 140, "timezone": "Europe/Copenhagen",
        "send_on": date(2026, 3, 2),
    } | more  # fmt: skip
    return CampaignQuestionDue(question=question, **values)


def user(email: str, *alerts: str, **more: Any) -> UserAlertsChanged:
    return UserAlertsChanged(revision=1, user_id=UserId(new_id()), email=email, alerts=alerts, **more)


async def mail_for(world: World, *events: Any) -> Received:
    await world.hear(*events)
    await world.send()
    (mail,) = world.mails()
    return mail


async def test_it_says_when_who_how_many_and_where_to_answer(world: World) -> None:
    mail = await mail_for(world, mia("campaigns"), asked())
    assert mail.to == ("mia@nordhavn.example",)
    assert mail.message["Subject"] == "Sommerhjul: Hvornår skal kunderne indkaldes?"
    text = mail.part("plain")
    for words in (
        "indkaldelserne til sommerhjul",
        "Periode: 13. april 2026 til 29. maj 2026",
        "Målgruppe: kunder med tidligere hjulskifte og kunder med dækhotel",
        "Kapacitet: højst 12 kunder om dagen",
        "Biler: 140",
        "Svarer I ikke, kører indkaldelserne med dem.",
    ):
        assert words in text
    url = f"https://svar.example/campaigns/{CAMPAIGN}"
    assert f"Svar på spørgsmålet: {url}" in text
    assert re.findall(r'href="([^"]+)"', mail.part("html")) == [url]
    (accepted,) = await world.told(MessageAccepted)
    assert (accepted.user_id, accepted.contacts[0].purpose, accepted.invitations(), accepted.leads()) == (MIA, "alert", {}, [])


@pytest.mark.parametrize("kind", ["wheel_winter", "wheel_summer"])
@pytest.mark.parametrize("question", ["ask", "ask_again", "tell", "a word of later"])
@pytest.mark.parametrize("more", [{}, {"capacity_per_day": None, "audience": (), "vehicles": 1, "workshop_id": SYDHAVN}])
async def test_nothing_is_left_open(world: World, kind: str, question: str, more: dict[str, Any]) -> None:
    workshop = WorkshopChanged(revision=1, workshop_id=SYDHAVN, title="Sydhavn")
    mail = await mail_for(world, workshop, mia("campaigns"), asked(question, type=kind, **more))
    text, season = mail.part("plain"), "vinterhjul" if kind == "wheel_winter" else "sommerhjul"
    for part in (mail.part("html"), text, mail.message["Subject"]):
        assert not re.search(r"{{|}}|{%|%}|None|</?mj-|undefined", part)
    assert season in mail.message["Subject"].lower()
    assert f"indkaldelserne til {season}" in text
    assert ("Sydhavn" in text) == ("workshop_id" in more)
    assert ("ingen grænse" in text) == ("workshop_id" in more)
    assert ("I behøver ikke gøre noget" in text) == (question == "tell")


async def test_it_waits_until_people_are_at_work(world: World) -> None:
    world.rt.at(MIDNIGHT)
    await world.hear(mia("campaigns"), asked())
    assert (await world.rt.wakes(world.dealer))["send"] == NINE
    assert await world.send() == NINE
    assert world.mails() == []
    world.rt.at(NINE)
    await world.send()
    assert len(world.mails()) == 1


async def test_a_question_said_twice_is_asked_once_and_each_question_is_its_own(world: World) -> None:
    await world.hear(mia("campaigns"), asked(), asked())
    await world.send()
    await world.hear(asked(), asked(vehicles=150))
    world.rt.later(hours=1)
    await world.send()
    assert len(world.mails()) == 1
    world.rt.later(days=21)
    await world.hear(asked("ask_again", send_on=date(2026, 3, 23)))
    await world.send()
    assert [mail.message["Subject"].split(":")[0] for mail in world.mails()] == ["Sommerhjul", "Påmindelse"]


async def test_one_of_which_nobody_knows_whether_it_left_is_not_sent_again(world: World) -> None:
    world.mail.faults.append(Fault.DROP_AFTER_DOT)
    await world.hear(mia("campaigns"), asked())
    await world.send()
    world.rt.later(hours=1)
    await world.hear(asked())
    await world.send()
    assert len(world.mails()) == 1
    assert await world.states() == ["unknown"]


async def test_everyone_who_wants_to_be_asked_is_and_nobody_else(world: World) -> None:
    await world.hear(
        mia("campaigns"),
        user("bo@nordhavn.example", "campaigns", "call_me"),
        user("ida@nordhavn.example", "call_me"),
        user("gone@nordhavn.example", "campaigns", active=False),
        asked(),
    )
    await world.send()
    assert sorted(mail.to[0] for mail in world.mails()) == ["bo@nordhavn.example", "mia@nordhavn.example"]
    assert "Hvilke beskeder du får" in world.mails()[0].part("plain")


async def test_where_nobody_wants_it_the_dealers_own_address_is_asked_and_told_why(world: World) -> None:
    mail = await mail_for(world, mia("call_me"), asked())
    assert mail.to == ("kunde@nordhavn.example",)
    assert "ingen medarbejder har valgt" in mail.part("plain")
    await world.hear(asked())
    await world.send()
    assert len(world.mails()) == 1


async def test_a_workshop_of_its_own_is_asked_at_its_own_address(world: World) -> None:
    workshop = WorkshopChanged(revision=1, workshop_id=SYDHAVN, title="Sydhavn", sender=Sender(reply_to="syd@nordhavn.example"))
    mail = await mail_for(world, workshop, asked(workshop_id=SYDHAVN))
    assert mail.to == ("syd@nordhavn.example",)


async def test_a_dealer_without_any_address_is_shown_as_not_reached(world: World) -> None:
    await world.hear(dealer(2, sender=Sender()), asked())
    await world.send()
    assert world.mails() == []
    row = await world.row()
    assert (row.state, row.because) == ("refused", "no_address")


@pytest.mark.parametrize("before", [True, False], ids=["answered-before", "answered-after"])
async def test_what_was_answered_meanwhile_is_not_asked(world: World, before: bool) -> None:
    answer = CampaignAnswered(campaign_id=CAMPAIGN, audience=("hotel",), at=NINE - timedelta(hours=1))
    world.rt.at(MIDNIGHT)
    await world.hear(mia("campaigns"), *((answer, asked()) if before else (asked(),)))
    await world.send()
    if not before:
        await world.hear(answer)
    world.rt.at(NINE)
    await world.send()
    assert world.mails() == []
    assert (await world.row()).because == "answered"
    (withdrawn,) = await world.told(ContactWithdrawn)
    assert withdrawn.invitations() == {}


async def test_an_answer_to_another_season_stops_nothing(world: World) -> None:
    other = CampaignAnswered(campaign_id=CampaignId(UUID(int=0x5EB)), at=NINE)
    await mail_for(world, mia("campaigns"), other, asked())


@pytest.mark.parametrize("more", [{"send_on": date(2026, 2, 20)}, {"from_on": date(2026, 3, 2)}], ids=["long-ago", "begun"])
async def test_what_is_no_question_any_more_is_not_asked(world: World, more: dict[str, Any]) -> None:
    await world.hear(mia("campaigns"), asked(**more))
    await world.send()
    assert world.mails() == []
    assert await world.states() == []


async def test_two_copies_of_the_service_ask_once(world: World, another: Any) -> None:
    await world.hear(mia("campaigns"), asked())
    async with another() as other:
        await world.send()
        await other.run_errand("send", world.dealer)
    assert len(world.mails()) == 1
