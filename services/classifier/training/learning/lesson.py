"""What is learned of examples: the weights of each language."""

from collections.abc import Iterator, Sequence

import numpy as np

from learning.examples import Example
from learning.folds import folds
from learning.linear import Floats
from learning.stages import TAGS, Judge, Text, pairs
from learning.weights import Weights, weights


def learned(examples: Sequence[Example]) -> dict[str, Weights]:
    """The weights of each language. The languages learn together; each keeps what was seen in it."""
    told = [list(pairs(one, sums)) for one, sums in zip(examples, unseen_sums(examples), strict=True)]
    text, judge = Text.learned(examples), Judge.learned([pair for of_order in told for pair in of_order])
    found = dict[str, Weights]()
    for language in sorted({one.language for one in examples}):
        mine = [at for at, one in enumerate(examples) if one.language == language]
        found[language] = weights(text, judge, [examples[at] for at in mine], [pair for at in mine for pair in told[at]])
    return found


def unseen_sums(examples: Sequence[Example]) -> Floats:
    """What the first model says of each order, learned from the other folds. The second model learns from that, for it will have to weigh
    what the first one says of orders that nobody has seen."""
    sums = np.zeros((len(examples), len(TAGS)))
    for fold, others in _folded(examples):
        sums[fold] = Text.learned([examples[at] for at in others]).sums([examples[at] for at in fold])
    return sums


def by_fold(examples: Sequence[Example]) -> Iterator[tuple[list[Example], dict[str, Weights]]]:
    """The orders of each fold, with what is learned from the others."""
    for fold, others in _folded(examples):
        yield [examples[at] for at in fold], learned([examples[at] for at in others])


def _folded(examples: Sequence[Example]) -> Iterator[tuple[list[int], list[int]]]:
    """The numbers of the orders in each fold, and of those that are not."""
    fold_of = folds(examples)
    for fold in sorted(set(fold_of)):
        yield [at for at, of in enumerate(fold_of) if of == fold], [at for at, of in enumerate(fold_of) if of != fold]
