"""How well orders were read: micro-F1 over the tags, of all and of the hard ones, and the precision of the tags that invite."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from classifier.corpus import INVITING
from learning.examples import Edition, Example
from learning.lesson import Learned

Tags = frozenset[str]


@dataclass(frozen=True)
class Answer:
    """What was read of an order, by the rules and by the judge."""

    example: Example
    judged: Tags

    def by_rules(self) -> "Answer":
        return Answer(self.example, self.example.rules)


def judged(examples: Iterable[Example], learned: Learned) -> Iterator[Answer]:
    """Read orders as the service does, with weights."""
    told = learned.by_language()
    by_edition = dict[Edition, list[Example]]()
    for one in examples:
        by_edition.setdefault(one.edition, []).append(one)
    for edition, orders in by_edition.items():
        engine = edition.weighing(told.get(orders[0].language))
        for one in orders:
            yield Answer(one, frozenset(tag for tag, _ in engine.read(one.labelled.order)[0]))


@dataclass(frozen=True)
class Figures:
    """Shares, from 0 to 1."""

    f1: float
    hard: float
    sure: float  # precision of service, inspection check and the wheel changes

    @classmethod
    def of(cls, answers: Sequence[Answer]) -> "Figures":
        return cls(_f1(answers), _f1([one for one in answers if one.example.labelled.hard]), _sure(answers))

    def __str__(self) -> str:
        return f"{self.f1:.3f} {self.hard:.3f} {self.sure:.3f}"


def _f1(answers: Sequence[Answer]) -> float:
    right = sum(len(one.judged & one.example.labelled.tags) for one in answers)
    said = sum(len(one.judged) + len(one.example.labelled.tags) for one in answers)
    return 2 * right / said if said else 1.0


def _sure(answers: Sequence[Answer]) -> float:
    inviting = [(one.judged & set(INVITING), one.example.labelled.tags) for one in answers]
    said = sum(len(tags) for tags, _ in inviting)
    return sum(len(tags & right) for tags, right in inviting) / said if said else 1.0


def table(answers: Sequence[Answer]) -> Iterator[str]:
    """Lines of figures: file by file, language by language, and of all."""
    yield f"{'':16}{'orders':>7}   rules: all, hard, inviting   judged"
    files = sorted({one.example.file for one in answers})
    languages = sorted({one.example.language for one in answers})
    for file in files:
        yield _line(file, [one for one in answers if one.example.file == file])
    for language in languages:
        yield _line(language, [one for one in answers if one.example.language == language])
    yield _line("all", answers)


def _line(name: str, answers: Sequence[Answer]) -> str:
    rules = Figures.of([one.by_rules() for one in answers])
    return f"{name:16}{len(answers):7}   {rules}          {Figures.of(answers)}"
