"""Staff alerts: who wants one gets one mail that says what to do, and never two."""

from datetime import timedelta

import pytest

from common.events.answers import ContactSuppressed
from common.events.messages import MessageAccepted
from common.events.settings import Sender, UserAlertsChanged
from common.events.words import InvitationType
from common.ids import UserId, new_id
from common.testing.mail import Fault
from common.testing.nordhavn import ANNE, MIA, NINE, World, anne, answered, dealer, mia, octavia
from notifier import composing_alerts


async def test_a_customer_who_wants_a_call_is_in_the_mail_with_what_to_do(world: World) -> None:
    await world.hear(mia("call_me"), answered("call_me"))
    await world.send()
    (mail,) = world.mails()
    assert mail.to == ("mia@nordhavn.example",)
    assert mail.message["Subject"] == "Ring til Anne Holm om service"
    text = mail.part("plain")
    assert text.startswith("Ring til Anne Holm på 20 12 34 56.")
    assert "Skoda Octavia (AB 12 345)" in text
    (accepted,) = await world.told(MessageAccepted)
    assert (accepted.user_id, accepted.contacts[0].purpose) == (MIA, "alert")
    assert accepted.invitations() == {}


async def test_an_answer_wakes_the_errand(world: World) -> None:
    await world.hear(mia("call_me"), answered("call_me"))
    assert (await world.rt.wakes(world.dealer))["send"] <= NINE


async def test_an_answer_said_twice_is_one_alert(world: World) -> None:
    await world.hear(mia("call_me"), answered("call_me"), answered("call_me"))
    await world.send()
    await world.hear(answered("call_me", at=NINE + timedelta(minutes=3)))
    await world.send()
    assert len(world.mails()) == 1


async def test_asking_for_a_call_again_on_another_day_is_asking_again(world: World) -> None:
    await world.hear(mia("call_me"), answered("call_me"))
    await world.send()
    world.rt.later(days=1)
    await world.hear(answered("call_me", at=NINE + timedelta(days=1)))
    await world.send()
    assert len(world.mails()) == 2


@pytest.mark.parametrize("wants", [(), ("no",), ("booked", "unsubscribe")])
async def test_who_does_not_want_it_gets_none(world: World, wants: tuple[str, ...]) -> None:
    await world.hear(mia(*wants), answered("call_me"))
    await world.send()
    assert world.mails() == []


async def test_who_left_gets_none(world: World) -> None:
    await world.hear(mia("call_me", active=False), answered("call_me"))
    await world.send()
    assert world.mails() == []


async def test_what_staff_did_themselves_alerts_nobody(world: World) -> None:
    await world.hear(mia("booked", "unsubscribe"), answered("booked", by="staff"))
    await world.hear(ContactSuppressed(customer_id=ANNE, by="staff", at=NINE))
    await world.send()
    assert world.mails() == []


async def test_an_unsubscribe_told_in_two_events_is_one_alert(world: World) -> None:
    await world.hear(mia("unsubscribe"), answered("unsubscribe"), ContactSuppressed(customer_id=ANNE, at=NINE))
    await world.send()
    (mail,) = world.mails()
    assert mail.message["Subject"] == "Anne Holm har afmeldt beskeder"


async def test_a_no_says_why(world: World) -> None:
    await world.hear(mia("no"), answered("no", reason="sold"))
    await world.send()
    assert "Grunden: bilen er solgt." in world.mails()[0].part("plain")


async def test_everyone_who_wants_it_gets_one(world: World) -> None:
    other = UserAlertsChanged(revision=1, user_id=UserId(new_id()), email="bo@nordhavn.example", alerts=("call_me",))
    await world.hear(mia("call_me"), other, answered("call_me"))
    await world.send()
    assert sorted(mail.to[0] for mail in world.mails()) == ["bo@nordhavn.example", "mia@nordhavn.example"]


async def test_alerts_leave_at_any_hour_and_before_the_sender_is_complete(world: World) -> None:
    world.rt.later(hours=14)
    await world.hear(dealer(2, sender=Sender()), mia("call_me"), answered("call_me", at=world.rt.clock.now()))
    await world.send()
    assert len(world.mails()) == 1


async def test_an_answer_from_long_ago_alerts_nobody(world: World) -> None:
    await world.hear(mia("call_me"), answered("call_me", at=NINE - timedelta(days=30)))
    await world.send()
    assert world.mails() == []


async def test_an_alert_of_which_nobody_knows_whether_it_left_is_not_sent_again(world: World) -> None:
    world.mail.faults.append(Fault.DROP_AFTER_DOT)
    await world.hear(mia("call_me"), answered("call_me"))
    await world.send()
    world.rt.later(hours=1)
    await world.send()
    assert len(world.mails()) == 1
    assert await world.states() == ["unknown"]


WORK = [
    ("service", "service"),
    ("service_mileage", "service"),
    ("service_winback", "service"),
    ("inspection_check", "synstjek"),
    ("wheel_winter", "skift til vinterhjul"),
    ("wheel_summer", "skift til sommerhjul"),
    ("timing_belt", "skift af tandrem"),
    ("underbody", "undervognsbehandling"),
    ("body_inspection", "karrosserieftersyn"),
]


@pytest.mark.parametrize(("kind", "what"), WORK)
def test_every_alert_names_the_work_it_is_about(kind: str, what: str) -> None:
    def said(answer: str, **more: str) -> str:
        written = composing_alerts.write(
            composing_alerts.Alert(answer, "mia@nordhavn.example", "da", "Nordhavn Auto", anne(), octavia(), kind, **more)
        )
        return f"{written.subject}\n{written.text}"

    assert f"Ring til Anne Holm om {what}\n" in said("call_me")
    assert f"ringet op om {what} på Skoda Octavia (AB 12 345)" in said("call_me")
    assert f"Anne Holm siger nej tak til {what}\n" in said("no", reason="price")
    assert f"Anne Holm har booket tid til {what}\n" in said("booked")


def test_every_type_has_its_work_above() -> None:
    assert [kind for kind, _ in WORK] == list(InvitationType)


async def test_a_customer_we_know_nothing_of_is_still_told_of(world: World) -> None:
    unknown = answered("call_me").model_copy(update={"customer_id": None, "vehicle_id": new_id()})
    await world.hear(mia("call_me"), unknown)
    await world.send()
    assert "Vi har ikke noget telefonnummer" in world.mails()[0].part("plain")
