"""Labelled orders, and how well the rules read them: what tests hold the lexicon to."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from classifier import lexicons
from classifier.domain import Order, Read, read
from classifier.given import GivenOrder, as_json
from common import values

INVITING = ("service", "inspection_check", "wheel_change_winter", "wheel_change_summer", "wheel_change")


@dataclass(frozen=True)
class Labelled:
    """One order with what a careful reader says of it."""

    id: str
    order: Order
    language: str
    tags: frozenset[str]
    hard: bool
    expect: dict[str, Any]

    @cached_property
    def read(self) -> Read:
        """As the service reads it."""
        return read(self.order, lexicons.matcher(self.language))


def load(path: Path) -> Iterator[Labelled]:
    """Orders as `classify --file` takes them, each with `expect` (tags and more) and `hard`."""
    for line in path.read_text(encoding="utf-8").splitlines():
        raw = json.loads(line)
        expect = raw["expect"]
        tags = frozenset(expect["tags"])
        yield Labelled(str(raw["id"]), GivenOrder.model_validate(raw).order(), raw["lang"], tags, bool(raw["hard"]), expect)


class Score:
    """Tags read rightly, wrongly and not at all, with the orders that were read otherwise."""

    def __init__(self, orders: Iterable[Labelled]) -> None:
        self.right, self.wrong, self.missed = Counter[str](), Counter[str](), Counter[str]()
        self.said: list[str] = []
        for labelled in orders:
            got = labelled.read.names()
            self.right.update(got & labelled.tags)
            self.wrong.update(got - labelled.tags)
            self.missed.update(labelled.tags - got)
            if got != labelled.tags:
                self.said.append(f"{labelled.id}: read {sorted(got)}, expected {sorted(labelled.tags)}")

    def precision(self, *tags: str) -> float:
        """How much of what was read is right, of these tags or of all."""
        right, wrong = (sum(count[tag] for tag in tags or count) for count in (self.right, self.wrong))
        return right / (right + wrong) if right + wrong else 1.0

    def f1(self) -> float:
        """Precision and recall over all tags, every reading counted alike."""
        right, wrong, missed = (sum(count.values()) for count in (self.right, self.wrong, self.missed))
        return 2 * right / (2 * right + wrong + missed) if right + wrong + missed else 1.0

    def __str__(self) -> str:
        return "\n".join(self.said)


class Told:
    """What else the labels say (result, next service, kilometres, names), and where it was read otherwise."""

    def __init__(self, orders: Iterable[Labelled]) -> None:
        self.right = self.all = 0
        self.said: list[str] = []
        for labelled in orders:
            found = as_json(labelled.read, labelled.language)
            for key, expected in labelled.expect.items():
                if key == "tags":
                    continue
                expected = values.plate(expected) if key == "plate" else expected
                self.all += 1
                self.right += found[key] == expected
                if found[key] != expected:
                    self.said.append(f"{labelled.id}: {key} read as {found[key]!r}, expected {expected!r}")

    def share(self) -> float:
        return self.right / self.all if self.all else 1.0

    def __str__(self) -> str:
        return "\n".join(self.said)
