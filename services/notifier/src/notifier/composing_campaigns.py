"""Writing the mail that asks the dealer how a wheel season is to run, or tells how it does: what to do, then the settings."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from common.events.due import CampaignQuestionDue
from notifier import texts
from notifier.domain import names
from notifier.domain.letters import Written, listed

QUESTIONS = frozenset({"ask", "ask_again", "tell"})


@dataclass(frozen=True)
class Question:
    """What the mail is written from; `workshop` where the season is only of one, `by_name` where an employee chose to be asked."""

    asked: CampaignQuestionDue
    address: str
    language: str
    dealer: str
    workshop: str | None = None
    by_name: bool = True


def write(question: Question, url: str) -> Written:
    """Write the mail. `url` leads to the page where the season is answered, behind login."""
    words = texts.words(question.language, "campaigns") or {}
    asked = question.asked
    about = texts.of_invitation(question.language, asked.type)
    values = {
        "what": about["what"] if about else names.one_line(asked.type),
        "season": words["seasons"].get(asked.type, names.one_line(asked.type)),
        "from_on": names.day(asked.from_on),
        "workshop": names.one_line(question.workshop) or None,
        "dealer": names.one_line(question.dealer),
    }
    kind = words[asked.question] if asked.question in QUESTIONS else words["ask"]
    subject = names.one_line(texts.fill(kind["subject"], **values))
    html, text = texts.lay_out(
        "alert",
        {
            "language": question.language,
            "subject": subject,
            "todo": texts.fill(kind["todo"], **values),
            "detail": texts.fill(kind["detail"], **values),
            "lines": _settings(question, words),
            "link": {"text": kind["link"], "url": url},
            "signature": texts.fill(words["signature" if question.by_name else "signature_of_dealer"], **values),
        },
    )
    return Written(address=question.address, subject=subject, html=html, text=text)


def _settings(question: Question, words: Mapping[str, Any]) -> list[tuple[str, str]]:
    asked, labels = question.asked, words["labels"]
    audience = [words["audience"][name] for name in asked.audience if name in words["audience"]]
    lines = [
        (labels["workshop"], names.one_line(question.workshop)),
        (labels["period"], texts.fill(words["period"], from_on=names.day(asked.from_on), to_on=names.day(asked.to_on))),
        (labels["audience"], listed(audience, words["and"]) if audience else ""),
        (labels["capacity"], texts.fill(words["capacity"], capacity=asked.capacity_per_day)),
        (labels["vehicles"], texts.fill(words["vehicles"], vehicles=asked.vehicles)),
    ]
    return [(label, value) for label, value in lines if value]
