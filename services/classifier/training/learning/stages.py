"""The two models: what a text holds says how likely each tag is; then, tag by tag, that is weighed beside what the rules say."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from common.events.words import VisitTag
from learning.examples import Example
from learning.linear import Columns, Floats, Model, fit

TAGS = tuple(str(tag) for tag in VisitTag)
STATES = ("none", "over", "yes")  # what the rules say of a tag


@dataclass(frozen=True)
class Text:
    """The first model: a sum a tag, of the features that a text holds."""

    columns: Columns
    models: tuple[Model, ...]  # one a tag

    @classmethod
    def learned(cls, examples: Sequence[Example]) -> "Text":
        columns = Columns.of([one.holds for one in examples])
        matrix = _evened(columns, examples)
        answers = ([tag in one.labelled.tags for one in examples] for tag in TAGS)
        return cls(columns, tuple(fit(matrix, answer, boldness=10, exactness=1e-2) for answer in answers))

    def sums(self, examples: Sequence[Example]) -> Floats:
        """One row an order, one column a tag."""
        matrix = _evened(self.columns, examples)
        return np.stack([model.sums(matrix) for model in self.models], axis=1)


def _evened(columns: Columns, examples: Sequence[Example]) -> sparse.csr_matrix:
    """What texts hold; the rarer it is the more it counts, and long texts count as much as short ones. Each time that something is said
    makes a text longer by as much, so that what a word weighs is the same in any text."""
    held = columns.matrix([one.holds for one in examples])
    lengths = np.sqrt(held @ columns.rarity**2)
    return sparse.diags(1 / np.where(lengths > 0, lengths, 1)) @ held @ sparse.diags(columns.rarity)


@dataclass(frozen=True)
class Pair:
    """A tag of an order, as the second model sees it."""

    state: str
    features: Mapping[str, float]
    is_right: bool


def pairs(example: Example, sums: Floats) -> Iterator[Pair]:
    """Every tag that is weighed of an order, with what the first model says of it."""
    logits = dict(zip(TAGS, map(float, sums), strict=True))
    for tag, state, features in example.edition.engine.tag_features(example.labelled.order, logits):
        yield Pair(state, features, tag in example.labelled.tags)


@dataclass(frozen=True)
class Judge:
    """The second model: whether a tag counts, by what the rules say of it."""

    states: Mapping[str, tuple[Columns, Model]]

    @classmethod
    def learned(cls, pairs: Sequence[Pair]) -> "Judge":
        return cls({state: _learned([pair for pair in pairs if pair.state == state]) for state in STATES})


def _learned(pairs: Sequence[Pair]) -> tuple[Columns, Model]:
    columns = Columns.of([pair.features for pair in pairs])
    matrix = columns.matrix([pair.features for pair in pairs])
    return columns, fit(matrix, [pair.is_right for pair in pairs], boldness=0.3, exactness=1e-4)
