"""Labelled orders, each read by the rules with the lexicon as it was before it was learned from: what they say of new text."""

import random
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from reading_engine import Engine, Network

from classifier.corpus import Labelled, load
from classifier.domain import Line, Matcher, Order, parse_lexicon
from learning.history import History
from learning.lexicons import made_whole

Signs = Sequence[Sequence[str]]
LETTERS, FIGURES = "eeeaaiioutnrsdlgkmhvfpbcjwyzxq", "0123456789"
MOST_NONSENSE = 300  # orders of each language
NEVER = frozenset({"final", "sixth", "seventh", "eighth", "ninth"})  # kept to judge by


class NotToLearnFrom(ValueError):
    """A file that is kept to judge by."""


class Edition:
    """A lexicon as it was at one time."""

    def __init__(self, table: Mapping[str, Any]) -> None:
        self.engine = Matcher(parse_lexicon(table)).engine

    def weighing(self, learned: tuple[Mapping[str, Any], Network] | None) -> Engine:
        """Reads with what was learned; without it the rules alone do."""
        return self.engine.with_weights(learned)


class Editions:
    """The lexicons of a folder as they once were."""

    def __init__(self, folder: Path, history: History) -> None:
        self._folder = folder
        self._history = history
        self._made = dict[str, Edition]()  # by their text
        self._at_commit = dict[tuple[str, str], Edition | None]()

    def __len__(self) -> int:
        return len(self._made)

    def before(self, commit: str, language: str) -> Edition | None:
        """The lexicon of a language before a commit; None where there was none yet."""
        return self._at(f"{commit}~1", language)

    def last(self, language: str) -> Edition | None:
        """The lexicon of a language that was committed last."""
        return self._at("HEAD", language)

    def _at(self, commit: str, language: str) -> Edition | None:
        if (commit, language) not in self._at_commit:
            path = self._folder / f"{language}.toml"
            text = self._history.file(commit, path)
            self._at_commit[commit, language] = None if text is None else self._edition(text, path)
        return self._at_commit[commit, language]

    def _edition(self, text: str, path: Path) -> Edition:
        if text not in self._made:
            today = tomllib.loads(path.read_text(encoding="utf-8"))
            self._made[text] = Edition(made_whole(tomllib.loads(text), today))
        return self._made[text]


@dataclass(frozen=True, eq=False)
class Example:
    """A labelled order, read by a lexicon that has not learned from it."""

    file: str  # da_own: language and part
    labelled: Labelled
    edition: Edition
    rules: frozenset[str]  # the tags that the rules read
    overruled: frozenset[str] = frozenset()  # those that something speaks against
    signs: Signs = ()  # what the network sees of each word

    @classmethod
    def read(cls, file: str, labelled: Labelled, edition: Edition) -> "Example":
        """Let the rules read an order."""
        signs = tuple(tuple(map(sys.intern, word)) for word in edition.engine.signs(labelled.order))
        tags, overruled = edition.engine.read(labelled.order)[:2]
        return cls(file, labelled, edition, frozenset(tag for tag, _ in tags), frozenset(one[0] for one in overruled), signs)

    @property
    def name(self) -> str:
        return f"{self.file}/{self.labelled.id}"

    @property
    def language(self) -> str:
        return self.labelled.language


def part(file: str) -> str:
    """`own` of `da_own`."""
    return file.partition("_")[2]


def corpora(folder: Path) -> list[Path]:
    """The files of a folder that may be learned from."""
    return sorted(path for path in folder.glob("*_*.jsonl") if part(path.stem) not in NEVER)


def examples(paths: Sequence[Path], history: History, editions: Editions) -> Iterator[Example]:
    """The orders of files to learn from, each read with the lexicon as it was before the commit that brought it, or with the last one where
    no commit did yet. What came together with the first lexicon of its language is left out. Raises NotToLearnFrom."""
    if kept := [path.name for path in paths if part(path.stem) in NEVER]:
        raise NotToLearnFrom(f"{', '.join(kept)}: kept to judge by, not to learn from.")
    for path in paths:
        brought = history.brought(path)
        for labelled in load(path):
            commit, language = brought.get(labelled.id), labelled.language
            edition = editions.before(commit, language) if commit else editions.last(language)
            if edition is not None:
                yield Example.read(path.stem, labelled, edition)


def as_of_now(path: Path, editions: Editions) -> Iterator[Example]:
    """The orders of a file to judge by, read with the last lexicon."""
    for labelled in load(path):
        if (edition := editions.last(labelled.language)) is not None:
            yield Example.read(path.stem, labelled, edition)


def nonsense(language: str, editions: Editions) -> Iterator[Example]:
    """Orders that say nothing, letters and figures by chance: whoever learns only from what means something finds something in these."""
    edition = editions.last(language)
    if edition is None:
        return
    chance = random.Random(language)  # noqa: S311 - nothing secret
    for number in range(MOST_NONSENSE):
        lines = tuple(Line(_babble(chance)) for _ in range(chance.choice((1, 1, 1, 2, 3))))
        order = Order(lines, on=date(2023, 1, 1) + timedelta(days=chance.randrange(1400)))
        labelled = Labelled(f"nonsense-{number}", order, language, frozenset(), False, {})
        yield Example.read(f"{language}_nonsense", labelled, edition)


def _babble(chance: random.Random) -> str:
    signs = (LETTERS, LETTERS, LETTERS, FIGURES)
    words = ("".join(chance.choices(chance.choice(signs), k=chance.randint(2, 14))) for _ in range(chance.randint(1, 5)))
    return " ".join(chance.choice((word, word, word.upper(), word.capitalize())) for word in words)
