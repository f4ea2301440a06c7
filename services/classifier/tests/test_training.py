"""What the judge's weights are learned from, and that the same orders always teach the same."""

import dataclasses
import json
import math
import os
import subprocess
import sys
import tomllib
from collections.abc import Container, Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import teach

from classifier.corpus import Labelled, load
from classifier.domain import Line, Order
from classifier.lexicons import readable
from learning import network
from learning.examples import Edition, Example, corpora, part
from learning.figures import Answer, Figures, table
from learning.folds import FOLDS, folds
from learning.lesson import Learned, Lesson
from learning.linear import NEVER, Columns, fit
from learning.network import TAGS, Network
from learning.stages import STATES
from learning.weights import written

CORPUS = Path(__file__).parent / "corpus"
MOST_WORDS = 32
network.LENGTHS = (MOST_WORDS,)  # each length takes a while to prepare
LEXICONS = Path(__file__).parents[1] / "src" / "classifier" / "lexicon"
TRAINING = Path(__file__).parents[1] / "training"


@cache
def edition(language: str) -> Edition:
    """A lexicon without every fourth rule and the words of every other cue: it must read wrongly, for something to be learned."""
    table = tomllib.loads((LEXICONS / f"{language}.toml").read_text(encoding="utf-8"))
    rules = [rule for at, rule in enumerate(table["rules"]) if at % 4]
    cues = {
        name: {**cue, "words": cue.get("words", []) if at % 2 else []} for at, (name, cue) in enumerate(table["cues"].items())
    }
    return Edition({**table, "rules": rules, "cues": cues})


@cache
def few() -> tuple[Example, ...]:
    """A few short orders of two languages and several hands."""
    told = {"da_own": 60, "da_fresh": 54, "da_phrases": 60, "en_tune": 60, "en_phrases": 40}
    return tuple(one for file, most in told.items() for one in of_file(file, most) if len(one.signs) <= MOST_WORDS)


def of_file(file: str, most: int) -> list[Example]:
    orders = list(load(CORPUS / f"{file}.jsonl"))[:most]
    return [Example.read(file, one, edition(one.language)) for one in orders]


def example(file: str, number: int, *, tags: Iterable[str] = (), rules: Iterable[str] = (), hard: bool = False) -> Example:
    """An order of a file that holds no text."""
    labelled = Labelled(str(number), Order((Line("x"),)), file.partition("_")[0], frozenset(tags), hard, {})
    return Example(file, labelled, edition("da"), frozenset(rules))


SCRIPT = """
import hashlib, sys
sys.path[:0] = sys.argv[1:]
from learning.network import Network
from learning.weights import written
from test_training import few
print(hashlib.sha256(written(Network.learned(few()).told()).encode()).hexdigest())
"""


def test_the_same_orders_teach_the_same_to_the_byte() -> None:
    folders = (str(TRAINING), str(Path(__file__).parent))

    def taught(seed: str) -> list[str]:
        command = [sys.executable, "-c", SCRIPT, *folders]
        done = subprocess.run(command, env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True)
        return done.stdout.split()

    first = taught("1")
    assert len(first) == 1
    assert taught("2") == first


@cache
def lesson() -> Lesson:
    return Lesson.of(few())


@cache
def learned() -> Learned:
    return lesson().learned()


def test_a_file_of_weights_has_one_feature_a_line_in_order_and_says_what_was_learned() -> None:
    told = learned().weights["da"]
    text = written(told)
    assert json.loads(text) == json.loads(json.dumps(told))
    names = list(json.loads(text)["judge"]["yes"]["features"])
    assert names == sorted(names)
    assert sum(line.startswith('"rule:') for line in text.splitlines()) >= sum(name.startswith("rule:") for name in names) > 0


def test_a_language_keeps_what_was_seen_in_it() -> None:
    for language, other in (("da", "lang:en"), ("en", "lang:da")):
        features = learned().weights[language]["judge"]["yes"]["features"]
        assert f"lang:{language}" in features
        assert other not in features


def test_the_engine_reads_with_the_network_as_it_was_learned() -> None:
    added = dropped = 0
    by_heart = Network.learned(few() * 6)  # so often that it knows them
    believing = {"judge": {state: {"bias": 0.0, "features": {"z": 0.9, "len:len0": 0.1}} for state in STATES}}
    for language in ("da", "en"):
        engine = edition(language).weighing((believing, readable(by_heart.told())))
        orders = [one for one in few() if one.language == language]
        for one, sums in zip(orders, by_heart.sums(orders), strict=True):
            tags, overruled = engine.read(one.labelled.order)[:2]
            likely = weighed(one, dict(zip(TAGS, map(float, sums), strict=True)), believing)
            for tag, evidence in tags:
                if tag not in one.rules:
                    assert evidence[0].strength == pytest.approx(likely[tag], abs=0.006), one.name
                    added += 1
            for tag, _, _, because in overruled:
                if because.rule == "cue.weights":
                    assert because.strength == pytest.approx(1 - likely[tag], abs=0.006), one.name
                    dropped += 1
    assert min(added, dropped) > 0  # else nothing was weighed


def weighed(one: Example, sums: Mapping[str, float], weights: Mapping[str, Any]) -> dict[str, float]:
    """How likely each tag of an order is, by the book."""
    likely = dict[str, float]()
    for tag, state, features in one.edition.engine.tag_features(one.labelled.order, sums):
        told = weights["judge"][state]
        total = told["bias"] + sum(told["features"].get(name, 0.0) * value for name, value in features.items())
        likely[tag] = 1 / (1 + math.exp(-total))
    return likely


def turned(orders: Sequence[Example], some: Container[int]) -> list[Example]:
    """Orders of which some have the contrary of their labels."""
    return [
        dataclasses.replace(one, labelled=dataclasses.replace(one.labelled, tags=frozenset(TAGS) - one.labelled.tags))
        if at in some
        else one
        for at, one in enumerate(orders)
    ]


def test_no_fold_is_read_by_what_was_learned_from_it() -> None:
    first = [at for at, fold in enumerate(folds(few())) if fold == 0]
    other_lesson = Lesson.of(turned(few(), first))
    (orders, before), *others = lesson().by_fold()
    (_, after), *others_after = other_lesson.by_fold()
    assert [one.name for one in orders] == [few()[at].name for at in first]
    assert after.network.told() == before.network.told()
    assert all(one.network.told() != other.network.told() for (_, one), (_, other) in zip(others_after, others, strict=True))
    for at in first:  # nor does the judge learn from what a network says of orders that it has seen
        assert [one.features for one in other_lesson.pairs[at]] == [one.features for one in lesson().pairs[at]]


def test_a_file_is_in_one_fold_short_texts_in_all_and_each_language_in_several() -> None:
    sizes = {"da_own": 30, "da_late": 12, "da_third": 10, "da_second": 9, "da_fifth": 3, "en_own": 5, "en_late": 4}
    orders = [example(file, number) for file, size in sizes.items() for number in range(size)]
    orders += [example("da_phrases", number) for number in range(40)]
    of = {
        file: {fold for one, fold in zip(orders, folds(orders), strict=True) if one.file == file}
        for file in (*sizes, "da_phrases")
    }
    assert all(len(of[file]) == 1 for file in sizes)
    assert len(set.union(*(of[file] for file in ("da_own", "da_late", "da_third", "da_second")))) == FOLDS
    assert of["da_fifth"] == of["da_late"]  # the emptiest
    assert of["en_own"] != of["en_late"]
    assert len(of["da_phrases"]) == FOLDS
    assert folds(orders[::-1]) == folds(orders)[::-1]


@pytest.mark.parametrize(
    ("answers", "bias"),
    [([True, True] + [False] * 8, NEVER), ([False] + [True] * 9, -NEVER)],
)
def test_of_hardly_any_examples_nothing_is_learned(answers: list[bool], bias: float) -> None:
    columns = Columns.of([{"a": 1.0}] * 10)
    model = fit(columns.matrix([{"a": 1.0}] * 10), answers, boldness=1, exactness=1e-4)
    assert (model.bias, list(model.weights)) == (bias, [0.0])


def test_a_feature_of_fewer_than_three_orders_is_not_known() -> None:
    columns = Columns.of([{"often": 1.0, "twice": 1.0}, {"often": 1.0, "twice": 1.0}, {"often": 1.0}, {}])
    assert list(columns.numbers) == ["often"]
    assert columns.matrix([{"twice": 1.0, "often": 2.0}, {}]).toarray().tolist() == [[2.0], [0.0]]


def test_figures_count_every_tag_alike() -> None:
    answers = [
        Answer(example("da_own", 1, tags=["service", "brakes"], rules=["service"]), frozenset({"service", "brakes"})),
        Answer(example("da_own", 2, tags=["recall"], rules=["service"], hard=True), frozenset({"recall", "wheel_change"})),
        Answer(example("da_own", 3), frozenset()),
    ]
    assert Figures.of(answers) == Figures(f1=6 / 7, hard=2 / 3, sure=1 / 2)
    assert Figures.of([one.by_rules() for one in answers]) == Figures(f1=2 / 5, hard=0.0, sure=1 / 2)
    assert Figures.of([]) == Figures(1.0, 1.0, 1.0)
    assert [line.split()[:2] for line in table(answers)][1:] == [["da_own", "3"], ["da", "3"], ["all", "3"]]


def test_what_is_kept_to_judge_by_is_never_learned_from() -> None:
    assert {"own", "tune"} <= {part(path.stem) for path in corpora(CORPUS)}
    assert not {part(path.stem) for path in corpora(CORPUS)} & {"final", "sixth", "seventh", "eighth", "ninth"}


def test_who_teaches_counsel_without_what_it_begins_with_is_told_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr("learning.pretrained.find_spec", lambda _: None)
    assert teach.main(["--write", str(tmp_path / "counsel.bin")]) == 1
    said = capsys.readouterr().err
    (asked,) = (word for word in said.split() if word.endswith("counsel.txt"))
    assert (TRAINING.parents[2] / asked).is_file()
    assert not (tmp_path / "counsel.bin").exists()
