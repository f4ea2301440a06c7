"""How well labelled orders are read, by rules and weights, file by file: `corpus/<language>.toml` says how well that must be, per file.

A new file needs a line there: `<part> = {f1, hard, sure, told}`; `sure` is the precision of the tags that invite, `told` the share
of what else the text tells (result, dates, kilometres, names).
"""

import tomllib
from functools import cache
from pathlib import Path

import pytest

from classifier import lexicons
from classifier.corpus import INVITING, Labelled, Score, Told, load
from classifier.domain import Line, Order, read

CORPUS = Path(__file__).parent / "corpus"
FILES = sorted(path.stem for path in CORPUS.glob("*.jsonl") if path.stem.partition("_")[0] in lexicons.languages())


@cache
def orders(name: str) -> list[Labelled]:
    return list(load(CORPUS / f"{name}.jsonl"))


def expected(name: str) -> dict[str, float]:
    """What is expected of a file: at least these shares."""
    language, _, part = name.partition("_")
    told = tomllib.loads((CORPUS / f"{language}.toml").read_text(encoding="utf-8"))
    assert part in told, f"{language}.toml does not say how well {name} must be read"
    return {key: float(value) for key, value in told[part].items()}


@pytest.mark.parametrize("name", FILES)
def test_labelled_orders_are_read_as_well_as_before(name: str) -> None:
    score, hard = Score(orders(name)), Score(one for one in orders(name) if one.hard)
    assert score.f1() >= expected(name)["f1"], str(score)
    assert hard.f1() >= expected(name)["hard"], str(hard)
    assert score.precision(*INVITING) >= expected(name)["sure"], str(score)


@pytest.mark.parametrize("name", FILES)
def test_what_else_the_text_tells_is_read_as_well_as_before(name: str) -> None:
    told = Told(orders(name))
    assert told.share() >= expected(name)["told"], str(told)


@pytest.mark.parametrize("count", [10, 30])
@pytest.mark.parametrize("language", lexicons.languages())
def test_long_orders_are_read_as_well_as_short_ones(language: str, count: int) -> None:
    """Nobody labelled such long ones: here they are put together from short ones without wheels, whose season is the order's."""
    told = [one for part in ("final", "sixth", "seventh", "eighth", "ninth") for one in orders(f"{language}_{part}")]
    plain = [one for one in told if one.order.finished and not one.hard and not any("wheel" in tag for tag in one.tags)]
    found = wanted = right = 0
    for at in range(0, len(plain) - count, count):
        some = plain[at : at + count]
        lines = [line for one in some for line in (*one.order.lines, Line(one.order.remarks))]
        tags = read(Order(tuple(lines), on=some[0].order.on), lexicons.matcher(language)).names()
        labels = frozenset[str]().union(*(one.tags for one in some))
        found, wanted, right = found + len(tags), wanted + len(labels), right + len(tags & labels)
    assert right / wanted >= 0.88
    assert right / found >= 0.95


@pytest.mark.parametrize("language", lexicons.languages())
def test_at_least_half_of_a_corpus_is_hard(language: str) -> None:
    everything = [one for name in FILES if name.startswith(f"{language}_") for one in orders(name)]
    assert len(everything) >= 120
    assert sum(one.hard for one in everything) * 2 >= len(everything)
