"""Writing the mail of a lead: about one car, with a call and a no to press. None where there are no words for it (yet)."""

from dataclasses import replace

from notifier import texts
from notifier.composing import hello, legal, redirect
from notifier.domain import names
from notifier.domain.letters import Letter, Link, Places, Written, answer_link, car_of


def write(letter: Letter, places: Places, *, pixel: bool) -> Written | None:
    """Write the mail of a lead to a customer."""
    (part,) = letter.parts
    wording = texts.words(letter.language, f"lead_{part.type}")
    if wording is None:
        return None
    shared = texts.words(letter.language, "words") or {}
    own = {kind: answer_link(part, kind, places) for kind in ("call", "no")}
    links: list[Link] = [*own.values(), leave := answer_link(part, "unsubscribe", places)]
    if pixel:
        links.append(seen := Link(places.mint(), "pixel", ""))
    car = car_of(part, unknown=shared["car_unknown"], places=places)
    car = replace(car, links={kind: redirect(link, places) for kind, link in own.items()})
    phone = names.phone(letter.sender.phone)
    values = {
        "language": letter.language,
        "subject": names.one_line(texts.fill(wording["mail"]["subject"], car=car)),
        "preview": texts.fill(wording["mail"]["preview"], car=car),
        "hello": hello(letter, shared),
        "paragraphs": [texts.fill(paragraph, car=car) for paragraph in wording["mail"]["paragraphs"]],
        "car": car,
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
    html, text = texts.lay_out("lead", values)
    return Written(
        address=str(letter.customer.email), subject=str(values["subject"]), html=html, text=text, links=tuple(links),
        unsubscribe_url=f"{places.public_url}/u/{part.code}",
    )  # fmt: skip
