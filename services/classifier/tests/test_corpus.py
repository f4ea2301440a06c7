"""How well the rules read orders that they were not tuned on. A fall below these figures is a regression."""

from pathlib import Path

import pytest

from classifier.corpus import Labelled, Score, load
from classifier.domain import read
from classifier.lexicons import matcher

CORPUS = Path(__file__).parent / "corpus"

JUDGED = ("report", "fresh", "blind", "late")
SURE = ("service", "inspection_check", "wheel_change_winter", "wheel_change_summer", "wheel_change")


def judged() -> list[Labelled]:
    return [labelled for part in JUDGED for labelled in load(CORPUS / f"da_{part}.jsonl")]


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
    score = Score(load(CORPUS / "da_tune.jsonl"))
    assert not score.said, str(score)


TOLD_MORE = [one for part in ("tune", *JUDGED) for one in load(CORPUS / f"da_{part}.jsonl") if len(one.expect) > 1]


@pytest.mark.parametrize("labelled", TOLD_MORE, ids=[one.id for one in TOLD_MORE])
def test_what_else_the_text_tells_is_read(labelled: Labelled) -> None:
    found = read(labelled.order, matcher("da"))
    told = {
        "inspection_result": found.inspection_result,
        "next_service": found.next_service_on.isoformat() if found.next_service_on else None,
    }
    expected = {key: value for key, value in labelled.expect.items() if key != "tags"}
    assert {key: told[key] for key in expected} == expected


def test_at_least_half_of_the_corpus_is_hard() -> None:
    everything = [labelled for part in ("tune", *JUDGED) for labelled in load(CORPUS / f"da_{part}.jsonl")]
    assert len(everything) >= 120
    assert sum(labelled.hard for labelled in everything) * 2 >= len(everything)
