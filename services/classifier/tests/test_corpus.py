"""How well the rules read orders that they were not tuned on. A fall below these figures is a regression."""

from collections import Counter
from collections.abc import Iterable

import pytest

from classifier.domain import read
from classifier.lexicons import matcher
from conftest import Labelled, corpus

JUDGED = ("report", "wild")
SURE = ("service", "inspection_check", "wheel_change_winter", "wheel_change_summer", "wheel_change")


class Score:
    """Hits, false hits and misses by tag."""

    def __init__(self, orders: Iterable[Labelled]) -> None:
        self.right, self.wrong, self.missed = Counter[str](), Counter[str](), Counter[str]()
        self.said: list[str] = []
        for labelled in orders:
            got = read(labelled.order, matcher("da")).names()
            self.right.update(got & labelled.tags)
            self.wrong.update(got - labelled.tags)
            self.missed.update(labelled.tags - got)
            if got != labelled.tags:
                self.said.append(f"{labelled.id}: read {sorted(got)}, expected {sorted(labelled.tags)}")

    def precision(self, *tags: str) -> float:
        right, wrong = (sum(count[tag] for tag in tags or count) for count in (self.right, self.wrong))
        return right / (right + wrong) if right + wrong else 1.0

    def f1(self) -> float:
        right, wrong, missed = (sum(count.values()) for count in (self.right, self.wrong, self.missed))
        return 2 * right / (2 * right + wrong + missed)

    def __str__(self) -> str:
        return "\n".join(self.said)


def judged() -> list[Labelled]:
    return [labelled for part in JUDGED for labelled in corpus(part)]


def test_orders_that_were_not_tuned_on_are_read_well() -> None:
    score = Score(judged())
    assert score.f1() >= 0.95, str(score)


def test_hard_orders_are_read_well() -> None:
    score = Score(labelled for labelled in judged() if labelled.hard)
    assert score.f1() >= 0.92, str(score)


def test_the_tags_that_invite_are_hardly_ever_read_where_they_are_not() -> None:
    score = Score(judged())
    assert score.precision(*SURE) >= 0.97, str(score)


def test_the_part_that_the_rules_were_tuned_on_is_read_without_a_fault() -> None:
    score = Score(corpus("tune"))
    assert not score.said, str(score)


@pytest.mark.parametrize("labelled", [one for part in ("tune", *JUDGED) for one in corpus(part) if len(one.expect) > 1], ids=str)
def test_what_else_the_text_tells_is_read(labelled: Labelled) -> None:
    found = read(labelled.order, matcher("da"))
    told = {
        "inspection_result": found.inspection_result,
        "next_service": found.next_service_on.isoformat() if found.next_service_on else None,
    }
    assert {key: told[key] for key in labelled.expect if key != "tags"} == {k: v for k, v in labelled.expect.items() if k != "tags"}


def test_at_least_half_of_the_corpus_is_hard() -> None:
    everything = [labelled for part in ("tune", *JUDGED) for labelled in corpus(part)]
    assert len(everything) >= 120
    assert sum(labelled.hard for labelled in everything) * 2 >= len(everything)
