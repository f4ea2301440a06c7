"""Every type, step and channel, about one car, many and a mixture: a whole message in Danish, with nothing left open."""

import re
from collections.abc import Iterator
from datetime import date
from itertools import count, product
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.events.customers import CustomerChanged, VehicleChanged
from common.events.words import InvitationType
from common.ids import VehicleId
from common.testing.nordhavn import SENDER, anne, golf, octavia
from notifier import composing, texts
from notifier.domain.letters import Letter, Part, Places, Written
from notifier.domain.sms import MAX_PARTS, parts, plain

TODAY, DUE = date(2026, 3, 2), date(2026, 4, 2)
TYPES = list(InvitationType)
WHEELS = {InvitationType.WHEEL_WINTER, InvitationType.WHEEL_SUMMER}
OPEN = re.compile(r"{{|}}|{%|%}|None|undefined|\s[,.]|\(\)|  ")
LONG = "Volkswagen Multivan Comfortline Langt Akselafstand Firehjulstraekker 2.0 TDI"


def part(number: int, kind: str, step: int, car: VehicleChanged, due_on: date | None = DUE) -> Part:
    """Invitation `number` of a type; wheels have no day of their own."""
    due_on = None if kind in WHEELS else due_on
    return Part(UUID(int=number), step, kind, f"abcdefgh{number:02}", due_on, car)


def written(channel: str, *found: Part, customer: CustomerChanged | None = None, name: str | None = None) -> Written:
    tokens = (f"t{number}" for number in count())
    places = Places("https://svar.nordhavn.example", "https://klik.nordhavn.example", lambda: next(tokens))
    sender = SENDER.model_copy(update={"name": name}) if name else SENDER
    letter = Letter(channel, customer or anne(), found, sender, "da", TODAY)
    message = composing.write(letter, places, pixel=True)
    assert message is not None
    return message


def messages() -> Iterator[Any]:
    """What a message may be about: a type on one car and on two, with its day and without, and each pair of types on one and two."""
    for kind, step in product(TYPES, (1, 2)):
        for due_on in (DUE, None):
            dated = "" if due_on else "-no-day"
            yield pytest.param([part(1, kind, step, octavia(), due_on)], id=f"{kind}-{step}-one{dated}")
            two = [part(1, kind, step, octavia(), due_on), part(2, kind, step, golf(), due_on)]
            yield pytest.param(two, id=f"{kind}-{step}-many{dated}")
    for first, second, step in product(TYPES, TYPES, (1, 2)):
        if first < second:
            yield pytest.param([part(1, first, step, octavia()), part(2, second, step, octavia())], id=f"{first}+{second}-{step}")
            yield pytest.param(
                [part(1, first, step, octavia()), part(2, second, 3 - step, golf())], id=f"{first}|{second}-{step}"
            )


MESSAGES = list(messages())


@pytest.mark.parametrize("about", MESSAGES)
def test_a_mail_is_whole(about: list[Part]) -> None:
    mail = written("email", *about)
    assert mail.subject is not None
    assert mail.html is not None
    assert len(mail.subject) <= 78
    for text in (mail.subject, mail.text):
        assert not OPEN.search(text), text
    assert not re.search(r"{{|}}|{%|%}|None|undefined|</?mj-", mail.html)
    assert [link.kind for link in mail.links] == [*(["book", "call", "no"] * len(about)), "unsubscribe", "pixel"]
    for link in mail.links[:-1]:
        for text in (mail.html, mail.text):
            assert f"https://klik.nordhavn.example/r/{link.token}" in text
    for one in about:
        assert {link.path for link in mail.links if link.reference == one.reference} > {f"/a/{one.code}?svar=nej"}
    for words in ("Hej Anne", "Nordhavn Auto ApS · Havnevej 1, 2150 Nordhavn · CVR-nr. 12345678", "Du får denne mail, fordi"):
        assert words in mail.text


@pytest.mark.parametrize("about", MESSAGES)
def test_each_part_of_a_mail_is_called_by_its_name(about: list[Part]) -> None:
    text = written("email", *about).text
    for one in about:
        own = texts.of_invitation("da", one.type)
        assert own is not None
        what = str(own["what"])
        car = "Skoda Octavia (AB 12 345)" if one.vehicle.plate == "AB12345" else "VW Golf (CD 67 890)"
        assert re.search(rf"\n{what[0].upper()}{what[1:]} (på|i|af) din {re.escape(car)}\n", text)


@pytest.mark.parametrize("about", MESSAGES)
def test_an_sms_is_whole(about: list[Part]) -> None:
    text = written("sms", *about).text
    assert not OPEN.search(text), text
    assert plain(text) == text
    assert parts(text).count <= MAX_PARTS
    assert "afmeld" in text.lower()
    assert "Nordhavn Auto" in text
    for one in about:
        assert text.count(f"https://svar.nordhavn.example/s/{one.code}") == 1
    if len(about) == 1 or len({one.type for one in about}) == 1:
        assert all(words in text.lower() for words in ("book", "bed os ringe", "sig nej tak"))


@given(
    st.sampled_from(TYPES),
    st.sampled_from(TYPES),
    st.sampled_from((1, 2)),
    st.booleans(),
    st.text(max_size=200),
    st.text(max_size=90),
    st.text(max_size=90),
    st.text(max_size=120),
)
def test_an_sms_keeps_to_two_parts_whatever_things_are_called(
    first: str, second: str, step: int, same_car: bool, customer: str, make: str, model: str, workshop: str
) -> None:
    car = octavia(make=make, model=model)
    other = car if same_car else car.model_copy(update={"vehicle_id": VehicleId(UUID(int=9)), "plate": "W" * 12})
    about = [part(1, first, step, car), part(2, second, step, other)]
    for found in (about[:1], about):
        text = written("sms", *found, customer=anne(full_name=customer), name=workshop).text
        assert parts(text).count <= MAX_PARTS
        assert parts(text).encoding == "GSM7"
        assert all(f"https://svar.nordhavn.example/s/{one.code}" in text for one in found)
        assert "afmeld" in text.lower()


@pytest.mark.parametrize(("kind", "step"), list(product(TYPES, (1, 2))))
def test_a_long_name_costs_the_greeting_before_the_meaning(kind: str, step: int) -> None:
    car = octavia(make=LONG, model="")
    text = written("sms", part(1, kind, step, car), name="Nordhavns Bilcenter og Autoværksted ved Havnen").text
    assert parts(text).count <= MAX_PARTS
    assert "Nordhavns Bilcenter" in text
    assert "bed os ringe" in text.lower()


SUBJECTS = [
    ("service", "Tid til service på din Skoda Octavia", "Husk service på din Skoda Octavia"),
    ("service_mileage", "Tid til service på din Skoda Octavia", "Husk service på din Skoda Octavia"),
    ("service_winback", "Er det tid til service på din Skoda Octavia?", "Skal din Skoda Octavia have service?"),
    ("inspection_check", "Tid til synstjek på din Skoda Octavia", "Husk synstjek, før din Skoda Octavia skal til syn"),
    ("wheel_winter", "Tid til vinterhjul på din Skoda Octavia", "Husk vinterhjul på din Skoda Octavia"),
    ("wheel_summer", "Tid til sommerhjul på din Skoda Octavia", "Husk sommerhjul på din Skoda Octavia"),
    ("timing_belt", "Tid til ny tandrem i din Skoda Octavia", "Husk ny tandrem i din Skoda Octavia"),
    ("underbody", "Tid til undervognsbehandling af din Skoda Octavia", "Husk undervognsbehandling af din Skoda Octavia"),
    ("body_inspection", "Tid til karrosserieftersyn af din Skoda Octavia", "Husk karrosserieftersyn af din Skoda Octavia"),
]


@pytest.mark.parametrize(("kind", "first", "second"), SUBJECTS)
def test_what_stands_in_the_subject(kind: str, first: str, second: str) -> None:
    assert [written("email", part(1, kind, step, octavia())).subject for step in (1, 2)] == [first, second]


def test_every_type_has_its_subject_above() -> None:
    assert [kind for kind, _, _ in SUBJECTS] == TYPES


@pytest.mark.parametrize(
    ("about", "subject"),
    [
        (["service", "inspection_check"], "Tid til service og synstjek på din Skoda Octavia"),
        (["service_winback", "wheel_winter"], "Tid til service og skift til vinterhjul på din Skoda Octavia"),
        (["service", "inspection_check", "underbody"], "Tid til service, synstjek og undervognsbehandling på din Skoda Octavia"),
        (["service", "inspection_check", "underbody", "wheel_winter"], "Tid til flere ting på din Skoda Octavia"),
    ],
)
def test_the_subject_of_several_things_on_one_car(about: list[str], subject: str) -> None:
    found = [part(number, kind, 1, octavia()) for number, kind in enumerate(about, 1)]
    assert written("email", *found).subject == subject
    assert written("email", *(part(n, kind, 2, octavia()) for n, kind in enumerate(about, 1))).subject == subject.replace(
        "Tid til", "Husk"
    )


@pytest.mark.parametrize(
    ("first", "second", "subject"),
    [
        ("service", "service", "Tid til service på dine 2 biler"),
        ("service", "service_mileage", "Tid til service på dine 2 biler"),
        ("service", "inspection_check", "Tid til flere ting på dine 2 biler"),
        ("wheel_winter", "wheel_winter", "Tid til vinterhjul på dine 2 biler"),
    ],
)
def test_the_subject_of_two_cars(first: str, second: str, subject: str) -> None:
    assert written("email", part(1, first, 1, octavia()), part(2, second, 1, golf())).subject == subject


def test_one_thing_asked_twice_of_one_car_is_named_once_and_each_can_be_answered() -> None:
    about = part(1, "service", 1, octavia()), part(2, "service", 1, octavia())
    assert written("email", *about).subject == "Tid til service på din Skoda Octavia"
    text = written("sms", *about).text
    assert all(f"/s/{one.code}" in text for one in about)


def test_an_invitation_among_reminders_makes_it_an_invitation() -> None:
    mail = written("email", part(1, "service", 2, octavia()), part(2, "inspection_check", 1, golf()))
    assert mail.subject == "Tid til flere ting på dine 2 biler"
    assert "påmindelse" not in mail.text


def test_the_day_of_an_inspection_is_said_to_be_an_estimate_wherever_it_stands() -> None:
    alone = [written(channel, part(1, "inspection_check", step, octavia())) for channel in ("email", "sms") for step in (1, 2)]
    mixed = written("email", part(1, "service", 1, octavia()), part(2, "inspection_check", 1, octavia()))
    for message in (*alone, mixed):
        assert "omkring den 2. april" in message.text
        assert "skøn" in message.text
        assert "indkaldelse" in message.text


def test_a_mail_of_wheels_claims_no_wheels_in_our_tyre_hotel() -> None:
    for kind in sorted(WHEELS):
        text = written("email", part(1, kind, 1, octavia())).text
        assert "Har du" in text
        assert "du vælger selv" in text


@pytest.mark.parametrize("kind", [kind for kind in TYPES if kind not in WHEELS])
@pytest.mark.parametrize("channel", ["email", "sms"])
def test_a_day_that_went_by_is_not_told_as_one_that_comes(kind: str, channel: str) -> None:
    assert "1. marts" not in written(channel, part(1, kind, 1, octavia(), date(2026, 3, 1))).text
    told = "2. marts" in written(channel, part(1, kind, 1, octavia(), TODAY)).text
    assert told == (kind != InvitationType.SERVICE_WINBACK)


@pytest.mark.parametrize("unknown", ["recall", "words", "mixed", "alerts", "lead_visit", "../da/service", ""])
def test_a_type_without_words_writes_nothing(unknown: str) -> None:
    letter = Letter("email", anne(), (part(1, unknown, 1, octavia()),), SENDER, "da", TODAY)
    assert composing.write(letter, Places("https://a.example", "https://b.example", lambda: "t"), pixel=False) is None
