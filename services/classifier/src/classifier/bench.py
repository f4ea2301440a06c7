"""How many orders a second are read, evidence and all: against tools that only look for the same words, and against the bare automaton.

Orders have 15 lines and 300 letters of remarks, put together by chance from the lines and remarks of the labelled orders in `tests/corpus`,
which are written as workshops write. Every run has orders of its own; contenders run by turns.
"""

import json
import random
import time
import tomllib
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeVar

from reading_engine import fold

from classifier import lexicons
from classifier.domain import Line, Order, read
from common.benches import Measured, Speed
from common.errors import DomainError

LINES, LETTERS, ORDERS, RUNS = 15, 300, 300, 5
CORPUS = Path(__file__).parents[2] / "tests" / "corpus"
T = TypeVar("T")


def measure(language: str = lexicons.DEFAULT, orders: int = ORDERS, runs: int = RUNS) -> Measured:
    """Read orders by turns with everybody. Raises DomainError outside the repository, or where spaCy or flashtext2 is not installed."""
    chance = random.Random(42)  # noqa: S311 - the same texts in every run
    lines, remarks = _written(language)
    rounds = [[_order(chance, lines, remarks) for _ in range(orders)] for _ in range(runs)]
    words = _words(language)
    matcher = lexicons.matcher(language)
    others = _others(language, words)
    pace: dict[str, list[float]] = {who: [] for who in ("ours", *others)}
    for given in rounds:
        texts = ["\n".join((*(line.text for line in order.lines), order.remarks)) for order in given]
        folded = [fold(text) for text in texts]
        pace["ours"].append(_pace(lambda order: read(order, matcher), given))
        for who, look in others.items():
            pace[who].append(_pace(look, folded if who == "automaton" else texts))
    speeds = {who: Speed(tuple(found)) for who, found in pace.items()}
    return Measured(
        "classify", "orders/s", speeds["ours"], speeds["spacy"], speeds["automaton"],
        {"peer": "spaCy's PhraseMatcher, looking for the same words", "limit": "one pass of the bare automaton, hits only counted"},
        {
            "flashtext2": round(speeds["flashtext2"].median, 1), "naive": round(speeds["naive"].median, 1),
            "words": len(words), "orders": orders, "letters": round(_mean(len(text) for text in texts)),
            "hits": round(_mean(_hits(order, language) for order in given), 1),
        },
    )  # fmt: skip


def _mean(figures: Iterable[float]) -> float:
    told = list(figures)
    return sum(told) / len(told)


def _written(language: str) -> tuple[list[dict[str, Any]], list[str]]:
    """The lines and the remarks of all labelled orders of a language."""
    if not CORPUS.is_dir():
        said = "This benchmark reads the labelled orders of the repository, which are not installed: run it in a clone, after make setup."
        raise DomainError(said, code="no_corpus")
    told = [
        json.loads(row) for path in sorted(CORPUS.glob(f"{language}_*.jsonl")) for row in path.read_text("utf-8").splitlines()
    ]
    return [line for order in told for line in order["lines"]], [order["remarks"] for order in told if order.get("remarks")]


def _order(chance: random.Random, lines: Sequence[dict[str, Any]], remarks: Sequence[str]) -> Order:
    told = ""
    while len(told) < LETTERS:
        told += f"{chance.choice(remarks)} "
    chosen = (chance.choice(lines) for _ in range(LINES))
    made = (
        Line(line["text"], line.get("code"), line.get("qty"), line.get("unit"), round(line.get("amount", 0) * 100))
        for line in chosen
    )
    return Order(lines=tuple(made), remarks=told[:LETTERS], on=date(2025, 3, 11))


def _hits(order: Order, language: str) -> int:
    """How many groups of words are found in an order."""
    engine = lexicons.matcher(language).engine
    return len(engine.hits(engine.text(order)))


def _words(language: str) -> list[str]:
    """The words of a lexicon as they are written in it, without those that are made from sets."""
    data = tomllib.loads((files("classifier") / "lexicon" / f"{language}.toml").read_text(encoding="utf-8"))
    told = [word for words in data["groups"].values() for word in words]
    told += [word for cue in data["cues"].values() for word in cue.get("words", ())]
    plain = (word.strip("=!*").replace("_", " ") for word in told if "{" not in word)
    return sorted({word for word in plain if len(word) > 2})


def _pace(look: Callable[[T], object], texts: Sequence[T]) -> float:
    began = time.perf_counter()
    for text in texts:
        look(text)
    return len(texts) / (time.perf_counter() - began)


def _others(language: str, words: Sequence[str]) -> dict[str, Callable[[str], object]]:
    """Everybody else: what they do with a text."""
    try:
        import ahocorasick
        import flashtext2
        import spacy
        from spacy.matcher import PhraseMatcher
    except ImportError as error:
        said = f"This benchmark needs spacy and flashtext2 ({error.name} is not installed): make setup installs both."
        raise DomainError(said, code="no_peer") from None
    nlp = spacy.blank(language)
    phrases = PhraseMatcher(nlp.vocab, attr="LOWER")
    phrases.add("words", [nlp.make_doc(word) for word in words])
    keywords = flashtext2.KeywordProcessor(case_sensitive=False)
    keywords.add_keywords_from_iter(words)
    lowered = [word.lower() for word in words]
    automaton = ahocorasick.Automaton()
    for term in lexicons.lexicon(language).terms:
        automaton.add_word(term.letters, True)
    automaton.make_automaton()
    return {
        "spacy": lambda text: phrases(nlp.make_doc(text)),
        "flashtext2": keywords.extract_keywords,
        "naive": lambda text: [word for word in lowered if word in text.lower()],
        "automaton": lambda text: sum(1 for _ in automaton.iter(text)),
    }
