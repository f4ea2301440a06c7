"""What is learned of examples: the weights of all of them, and of each fold those that have not seen it."""

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from learning.examples import Example
from learning.folds import FOLDS, folds
from learning.stages import TAGS, Judge, Pair, Text, pairs
from learning.weights import Weights, weights


class Lesson:
    """Orders to learn from. The second model learns from what the first one says of orders that it has not seen, as it will have to."""

    def __init__(self, examples: Sequence[Example]) -> None:
        self.examples = examples
        self.fold_of = folds(examples)

    def weights(self, unseen: int | None = None) -> dict[str, Weights]:
        """The weights of each language, learned from all folds but one."""
        seen = [one for one, fold in zip(self.examples, self.fold_of, strict=True) if fold != unseen]
        text = Text.learned(seen) if unseen is None else self._texts[unseen]
        weighed = [pair for pair in self._pairs if pair.fold != unseen]
        judge = Judge.learned(weighed)
        return {
            language: weights(
                text,
                judge,
                [one for one in seen if one.language == language],
                [pair for pair in weighed if pair.language == language],
            )
            for language in sorted({one.language for one in seen})
        }

    def in_fold(self, fold: int) -> list[Example]:
        return [one for one, of in zip(self.examples, self.fold_of, strict=True) if of == fold]

    @cached_property
    def _texts(self) -> list[Text]:
        """The first model as it is without each fold."""
        told = list(zip(self.examples, self.fold_of, strict=True))
        return [Text.learned([one for one, fold in told if fold != unseen]) for unseen in range(FOLDS)]

    @cached_property
    def _pairs(self) -> list[Pair]:
        sums = np.zeros((len(self.examples), len(TAGS)))
        for fold, text in enumerate(self._texts):
            unseen = [number for number, of in enumerate(self.fold_of) if of == fold]
            if unseen:
                sums[unseen] = text.sums([self.examples[number] for number in unseen])
        told = zip(self.examples, self.fold_of, sums, strict=True)
        return [pair for one, fold, row in told for pair in pairs(one, fold, row)]
