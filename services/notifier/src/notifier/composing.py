"""Writing a message: facts and words in, mail or SMS out. None where there are no words for it (yet).

A message about one kind of work, once on each vehicle, has that type's own words. Any other has the words of `mixed`, in which each part
is called by its own name, with its own line and its own answers.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from common.events.words import Channel
from notifier import texts
from notifier.domain import names, sms
from notifier.domain.letters import Car, Letter, Link, Places, Written, answer_link, car_of, listed, vehicles_of

MIXED = "mixed"
_NAMED_AT_MOST = 3  # kinds of work in a subject


@dataclass(frozen=True)
class Wording:
    """The words that a message is written with: those all share, those of the whole, and those of each part's type."""

    shared: Mapping[str, Any]
    whole: Mapping[str, Any]
    parts: tuple[Mapping[str, Any], ...]

    def names(self) -> list[str]:
        """What the work is called, each kind once."""
        return list(dict.fromkeys(own["what"] for own in self.parts))

    def why_you(self) -> str:
        """Why the customer is written to: as the types say, if they say the same."""
        said = {own["why_you"] for own in self.parts}
        return str(said.pop() if len(said) == 1 else self.whole["why_you"])


def write(letter: Letter, places: Places, *, pixel: bool) -> Written | None:
    """Write a message to a customer on its channel."""
    if (wording := _wording(letter)) is None:
        return None
    cars = [
        car_of(part, what=own["what"], unknown=wording.shared["car_unknown"], places=places, on=letter.on)
        for part, own in zip(letter.parts, wording.parts, strict=True)
    ]
    if letter.channel == Channel.EMAIL:
        return _mail(letter, wording, cars, places, pixel=pixel)
    return _sms(letter, wording, cars)


def _wording(letter: Letter) -> Wording | None:
    own = [texts.of_invitation(letter.language, part.type) for part in letter.parts]
    found = tuple(words for words in own if words is not None)
    shared, mixed = texts.words(letter.language, "words"), texts.words(letter.language, MIXED)
    if len(found) < len(own) or shared is None or mixed is None:
        return None
    alike = len({part.type for part in letter.parts}) == 1 and vehicles_of(letter) == len(letter.parts)
    return Wording(shared, found[0] if alike else mixed, found)


def _values(letter: Letter, wording: Wording, cars: list[Car]) -> dict[str, Any]:
    """What every line may name: the first car, all of them, how many vehicles they are, and the work."""
    kinds, count = wording.names(), vehicles_of(letter)
    if len(kinds) > (_NAMED_AT_MOST if count == 1 else 1):
        kinds = [wording.whole["several"]]
    return {
        "hello": hello(letter, wording.shared), "workshop": names.one_line(letter.sender.name),
        "car": cars[0], "cars": cars, "count": count, "what": listed(kinds, wording.shared["and"]),
    }  # fmt: skip


def _step(letter: Letter) -> str:
    """An invitation among reminders makes the whole an invitation."""
    return str(min(part.step for part in letter.parts))


def hello(letter: Letter, shared: Any) -> str:
    name = names.first_name(letter.customer.full_name, business=letter.customer.kind == "business")
    return texts.fill(shared["hello"], name=name) if name else str(shared["hello_unknown"])


def _mail(letter: Letter, wording: Wording, plain: list[Car], places: Places, *, pixel: bool) -> Written:
    shared = wording.shared
    step = {**shared["mail"][_step(letter)], **wording.whole["mail"][_step(letter)]}
    links: list[Link] = []
    cars = []
    for part, own, car in zip(letter.parts, wording.parts, plain, strict=True):
        answers = {kind: answer_link(part, kind, places) for kind in ("book", "call", "no")}
        links += answers.values()
        heading = texts.fill(own.get("heading", shared["heading"]), car=car)
        detail = texts.fill(own["detail"], car=car)
        cars.append(
            replace(car, heading=heading, detail=detail, links={kind: redirect(link, places) for kind, link in answers.items()})
        )
    links.append(leave := answer_link(letter.parts[0], "unsubscribe", places))
    if pixel:
        links.append(seen := Link(places.mint(), "pixel", ""))
    filled = _values(letter, wording, cars)
    one = filled["count"] == 1
    phone = names.phone(letter.sender.phone)
    values = filled | {
        "language": letter.language,
        "subject": names.one_line(texts.fill(step["subject" if one else "subject_many"], **filled)),
        "preview": texts.fill(step["preview"], **filled),
        "opening": texts.fill(step["opening" if one else "opening_many"], **filled),
        "middle": texts.fill(step["middle"], **filled),
        "buttons": shared["buttons"],
        "questions": texts.fill(shared["questions_mail"], phone=phone),
        "regards": shared["regards"],
        "phone": texts.fill(shared["phone"], phone=phone) if phone else None,
        "why_you": wording.why_you(),
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


def _sms(letter: Letter, wording: Wording, cars: list[Car]) -> Written:
    """A type says its sentences, from long to short, and what follows them is the same for all; `mixed` says the whole."""
    values, said = _values(letter, wording, cars), wording.whole["sms"][_step(letter)]
    frames = said if "one" in said else wording.shared["sms"]
    about = {name: texts.fill(text, **values) for name, text in said.items() if isinstance(text, str)}
    wordings = frames["one" if values["count"] == 1 else "many"]
    text = sms.fitting(texts.fill(frame, text=about, **values) for frame in wordings)
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
