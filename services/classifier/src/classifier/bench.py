"""How many orders a second are read, evidence and all: against tools that only look for the same words, and against the bare automaton.

Orders have 15 lines and 300 letters of remarks, made of the lexicon's own words. As in workshops, lines repeat (drawn from a stock, some
far more often than others) and remarks do not; `all_new` is our speed where no line was ever met before. Contenders run by turns.
"""

import random
import time
import tomllib
from collections.abc import Callable, Sequence
from datetime import date
from importlib.resources import files
from typing import TypeVar

import ahocorasick
from reading_engine import fold

from classifier import lexicons
from classifier.domain import Line, Order, read
from common.benches import Measured, Speed
from common.errors import DomainError

LINES, LETTERS, STOCK, ORDERS, RUNS = 15, 300, 3_000, 300, 5
T = TypeVar("T")
_ASIDE = (
    "iht.",
    "v/h",
    "stk",
    "udført",
    "2 stk",
    "kontrol",
    "pos. 4",
    "kunden",
    "orig.",
    "i dag",
    "12.450 km",
    "0,5 t",
    "nr. 331",
    "samt",
)


def measure(language: str = lexicons.DEFAULT, orders: int = ORDERS, runs: int = RUNS) -> Measured:
    """Read orders by turns with everybody. Raises DomainError where spaCy or flashtext2 is not installed."""
    words = _words(language)
    chance = random.Random(42)  # noqa: S311 - the same texts in every run
    stock = [_text(chance, words, 40) for _ in range(STOCK)]
    usual = [_order(chance, words, lambda: stock[int(STOCK * chance.random() ** 3)]) for _ in range(orders)]
    new = [[_order(chance, words, lambda: _text(chance, words, 40)) for _ in range(orders)] for _ in range(runs)]
    matcher = lexicons.matcher(language)
    others = _others(language, words)
    texts = ["\n".join((*(line.text for line in order.lines), order.remarks)) for order in usual]
    folded = [fold(text) for text in texts]
    pace: dict[str, list[float]] = {who: [] for who in ("ours", "all_new", *others)}
    for unseen in new:
        pace["ours"].append(_pace(lambda order: read(order, matcher), usual))
        pace["all_new"].append(_pace(lambda order: read(order, matcher), unseen))
        for who, look in others.items():
            pace[who].append(_pace(look, folded if who == "automaton" else texts))
    speeds = {who: Speed(tuple(found)) for who, found in pace.items()}
    return Measured(
        "classify", "orders/s", speeds["ours"], speeds["spacy"], speeds["automaton"],
        {"peer": "spaCy's PhraseMatcher, looking for the same words", "limit": "one pass of the bare automaton, hits only counted"},
        {
            "all_new": round(speeds["all_new"].median, 1), "flashtext2": round(speeds["flashtext2"].median, 1),
            "naive": round(speeds["naive"].median, 1), "words": len(words), "orders": orders,
            "letters": round(sum(map(len, texts)) / len(texts)), "hits": _hits(usual, language),
        },
    )  # fmt: skip


def _hits(orders: Sequence[Order], language: str) -> float:
    """How many groups of words are found in an order on average."""
    matcher = lexicons.matcher(language)
    texts = [matcher.engine.text(order) for order in orders]
    return round(sum(len(matcher.engine.hits(text)) for text in texts) / len(texts), 1)


def _words(language: str) -> list[str]:
    """The words of a lexicon as they are written in it, without those that are made from sets."""
    data = tomllib.loads((files("classifier") / "lexicon" / f"{language}.toml").read_text(encoding="utf-8"))
    told = [word for words in data["groups"].values() for word in words]
    told += [word for cue in data["cues"].values() for word in cue.get("words", ())]
    plain = (word.strip("=!*").replace("_", " ") for word in told if "{" not in word)
    return sorted({word for word in plain if len(word) > 2})


def _text(chance: random.Random, words: Sequence[str], letters: int) -> str:
    parts: list[str] = []
    while len(" ".join(parts)) < letters:
        parts.append(chance.choice(words) if len(parts) % 3 == 0 else chance.choice(_ASIDE))
    text = " ".join(parts)[:letters]
    return text.upper() if chance.random() < 0.2 else text.capitalize()


def _order(chance: random.Random, words: Sequence[str], line: Callable[[], str]) -> Order:
    remarks = _text(chance, words, LETTERS)
    return Order(lines=tuple(Line(line()) for _ in range(LINES)), remarks=remarks, on=date(2025, 3, 11))


def _pace(look: Callable[[T], object], texts: Sequence[T]) -> float:
    began = time.perf_counter()
    for text in texts:
        look(text)
    return len(texts) / (time.perf_counter() - began)


def _others(language: str, words: Sequence[str]) -> dict[str, Callable[[str], object]]:
    """Everybody else: what they do with a text."""
    try:
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
    for term in lexicons.matcher(language).lexicon.terms:
        automaton.add_word(term.letters, True)
    automaton.make_automaton()
    return {
        "spacy": lambda text: phrases(nlp.make_doc(text)),
        "flashtext2": keywords.extract_keywords,
        "naive": lambda text: [word for word in lowered if word in text.lower()],
        "automaton": lambda text: sum(1 for _ in automaton.iter(text)),
    }
