"""Writing a message: facts and words in, mail or SMS out. None where there are no words for it (yet)."""

from dataclasses import replace
from typing import Any

from common.events.words import Channel
from notifier import texts
from notifier.domain import names, sms
from notifier.domain.letters import Car, Letter, Link, Places, Written, answer_link, car_of


def write(letter: Letter, places: Places, *, pixel: bool) -> Written | None:
    """Write a message to a customer on its channel."""
    wording = texts.words(letter.language, letter.parts[0].type)
    if wording is None or any(texts.words(letter.language, part.type) is None for part in letter.parts):
        return None
    return _mail(letter, wording, places, pixel=pixel) if letter.channel == Channel.EMAIL else _sms(letter, wording, places)


def hello(letter: Letter, shared: Any) -> str:
    name = names.first_name(letter.customer.full_name, business=letter.customer.kind == "business")
    return texts.fill(shared["hello"], name=name) if name else str(shared["hello_unknown"])


def _cars(letter: Letter, shared: Any, places: Places) -> list[Car]:
    return [car_of(part, unknown=shared["car_unknown"], places=places) for part in letter.parts]


def _mail(letter: Letter, wording: Any, places: Places, *, pixel: bool) -> Written:
    shared = texts.words(letter.language, "words") or {}
    step = wording["mail"][str(letter.parts[0].step)]
    links: list[Link] = []
    cars = []
    for part, car in zip(letter.parts, _cars(letter, shared, places), strict=True):
        own = {kind: answer_link(part, kind, places) for kind in ("book", "call", "no")}
        links += own.values()
        detail = texts.fill(step["car"], car=car)
        cars.append(replace(car, detail=detail, links={kind: redirect(link, places) for kind, link in own.items()}))
    links.append(leave := answer_link(letter.parts[0], "unsubscribe", places))
    if pixel:
        links.append(seen := Link(places.mint(), "pixel", ""))
    filled = {"car": cars[0], "cars": cars}
    one = len(cars) == 1
    phone = names.phone(letter.sender.phone)
    values = {
        "language": letter.language,
        "subject": names.one_line(texts.fill(step["subject" if one else "subject_many"], **filled)),
        "preview": texts.fill(step["preview"], **filled),
        "hello": hello(letter, shared),
        "opening": texts.fill(step["opening" if one else "opening_many"], **filled),
        "middle": texts.fill(step["middle"], **filled),
        "cars": cars,
        "buttons": shared["buttons"],
        "questions": texts.fill(shared["questions_mail"], phone=phone),
        "regards": shared["regards"],
        "workshop": names.one_line(letter.sender.name),
        "phone": texts.fill(shared["phone"], phone=phone) if phone else None,
        "why_you": wording["why_you"],
        "legal": legal(letter, shared),
        "unsubscribe": redirect(leave, places),
        "unsubscribe_text": shared["footer"]["unsubscribe"],
        "pixel": f"{places.notifier_url}/o/{seen.token}.gif" if pixel else None,
    }
    html, text = texts.lay_out("mail", values)
    return Written(
        address=str(letter.customer.email), subject=str(values["subject"]), html=html, text=text, links=tuple(links),
        unsubscribe_url=f"{places.public_url}/u/{letter.parts[0].code}",
    )  # fmt: skip


def _sms(letter: Letter, wording: Any, places: Places) -> Written:
    shared = texts.words(letter.language, "words") or {}
    step = wording["sms"][str(letter.parts[0].step)]
    cars = _cars(letter, shared, places)
    values = {
        "hello": hello(letter, shared),
        "car": cars[0],
        "cars": cars,
        "workshop": names.one_line(letter.sender.name),
    }
    wordings = step["wordings" if len(cars) == 1 else "wordings_many"]
    text = sms.fitting(texts.fill(found, **values) for found in wordings)
    return Written(address=str(letter.customer.mobile), text=text)


def redirect(link: Link, places: Places) -> str:
    return f"{places.notifier_url}/r/{link.token}"


def legal(letter: Letter, shared: Any) -> str:
    sender = letter.sender
    registration = names.one_line(sender.registration)
    if registration.replace(" ", "").isdigit():
        registration = texts.fill(shared["footer"]["registration"], registration=registration)
    found = (names.one_line(text) for text in (sender.legal_name, sender.address, registration))
    return " · ".join(text for text in found if text)
