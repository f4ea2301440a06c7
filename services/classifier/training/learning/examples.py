"""Labelled orders, each read by the rules with the lexicon as it was before it was learned from: what they say of new text."""

import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from classifier.corpus import Labelled, load
from classifier.domain import Matcher, parse_lexicon
from learning.history import History
from learning.lexicons import made_whole

NEVER = frozenset({"final", "sixth"})  # kept to judge by


class NotToLearnFrom(ValueError):
    """A file that is kept to judge by."""


@dataclass(frozen=True, eq=False)
class Example:
    """A labelled order, read by a lexicon that has not learned from it."""

    file: str  # da_own: language and part
    labelled: Labelled
    matcher: Matcher
    holds: tuple[str, ...]  # the features of its text
    rules: frozenset[str]  # the tags that the rules read

    @property
    def name(self) -> str:
        return f"{self.file}/{self.labelled.id}"

    @property
    def language(self) -> str:
        return self.labelled.language


class Matchers:
    """Matchers of lexicons as they once were, each made once; they read by rules alone."""

    def __init__(self, lexicons: Path, history: History) -> None:
        """`lexicons`: the folder of today's."""
        self._folder = lexicons
        self._history = history
        self._made: dict[str, Matcher] = {}

    def __len__(self) -> int:
        return len(self._made)

    def before(self, commit: str, language: str) -> Matcher | None:
        """The lexicon of a language before a commit; None where there was none yet."""
        return self._at(f"{commit}~1", language)

    def latest(self, language: str) -> Matcher | None:
        """The lexicon of a language that was committed last."""
        return self._at("HEAD", language)

    def _at(self, commit: str, language: str) -> Matcher | None:
        path = self._folder / f"{language}.toml"
        text = self._history.file(commit, path)
        if text is not None and text not in self._made:
            today = tomllib.loads(path.read_text(encoding="utf-8"))
            self._made[text] = Matcher(parse_lexicon(made_whole(tomllib.loads(text), today)))
        return None if text is None else self._made[text]


def part(file: str) -> str:
    """`own` of `da_own`."""
    return file.partition("_")[2]


def corpora(folder: Path) -> list[Path]:
    """The files of a folder that may be learned from."""
    return sorted(path for path in folder.glob("*_*.jsonl") if part(path.stem) not in NEVER)


def examples(paths: Iterable[Path], history: History, matchers: Matchers) -> Iterator[Example]:
    """The orders of files to learn from, each read with the lexicon as it was before the commit that brought it, or with the last one where
    no commit did yet. What came together with the first lexicon of its language is left out. Raises NotToLearnFrom."""
    for path in paths:
        if part(path.stem) in NEVER:
            raise NotToLearnFrom(f"{path.name} is kept to judge by, not to learn from.")
        brought = history.brought(path)
        for labelled in load(path):
            commit, language = brought.get(labelled.id), labelled.language
            matcher = matchers.before(commit, language) if commit else matchers.latest(language)
            if matcher is not None:
                yield _read(path, labelled, matcher)


def as_of_now(path: Path, matchers: Matchers) -> Iterator[Example]:
    """The orders of a file to judge by, read with the last lexicon."""
    for labelled in load(path):
        if (matcher := matchers.latest(labelled.language)) is not None:
            yield _read(path, labelled, matcher)


def _read(path: Path, labelled: Labelled, matcher: Matcher) -> Example:
    rules = frozenset(tag for tag, _ in matcher.engine.read(labelled.order)[0])
    return Example(path.stem, labelled, matcher, tuple(sorted(matcher.engine.text_features(labelled.order))), rules)
