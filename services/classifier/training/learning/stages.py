"""The second stage: whether a tag counts, by what the network says of it and what the rules say."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from learning.examples import Example
from learning.linear import Columns, Floats, Model, fit
from learning.network import TAGS

STATES = ("none", "over", "yes")  # what the rules say of a tag


@dataclass(frozen=True)
class Pair:
    """A tag of an order, as the judge sees it."""

    state: str
    features: Mapping[str, float]
    is_right: bool


def pairs(example: Example, sums: Floats) -> Iterator[Pair]:
    """Every tag that is weighed of an order, with what the network says of it."""
    logits = dict(zip(TAGS, map(float, sums), strict=True))
    for tag, state, features in example.edition.engine.tag_features(example.labelled.order, logits):
        yield Pair(state, features, tag in example.labelled.tags)


@dataclass(frozen=True)
class Judge:
    """Whether a tag counts, by what the rules say of it."""

    states: Mapping[str, tuple[Columns, Model]]

    @classmethod
    def learned(cls, pairs: Sequence[Pair]) -> "Judge":
        return cls({state: _learned([pair for pair in pairs if pair.state == state]) for state in STATES})


def _learned(pairs: Sequence[Pair]) -> tuple[Columns, Model]:
    columns = Columns.of([pair.features for pair in pairs])
    matrix = columns.matrix([pair.features for pair in pairs])
    return columns, fit(matrix, [pair.is_right for pair in pairs], boldness=0.3, exactness=1e-4)
