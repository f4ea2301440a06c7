"""Logistic regressions over features with names."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.linear_model import LogisticRegression

SEEN_IN = 3  # a feature of fewer examples tells nothing that could be relied on
FEWEST = 3  # of fewer examples nothing is learned
NEVER = -8.0  # the sum of what was hardly ever seen

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Columns:
    """Features that were seen often enough, in the order of their names."""

    numbers: Mapping[str, int]

    @classmethod
    def of(cls, examples: Sequence[Iterable[str]]) -> "Columns":
        seen = Counter(name for one in examples for name in one)
        names = sorted(name for name, count in seen.items() if count >= SEEN_IN)
        return cls({name: number for number, name in enumerate(names)})

    def matrix(self, examples: Sequence[Mapping[str, float]]) -> sparse.csr_matrix:
        """One row an example; features that are not known are left out."""
        ends, columns, values = [0], list[int](), list[float]()
        for one in examples:
            known = sorted((self.numbers[name], value) for name, value in one.items() if name in self.numbers and value)
            columns += [column for column, _ in known]
            values += [value for _, value in known]
            ends.append(len(columns))
        return sparse.csr_matrix((values, columns, ends), shape=(len(examples), len(self.numbers)), dtype=float)


@dataclass(frozen=True)
class Model:
    """What was learned of one question: the sum of a yes is above zero."""

    bias: float
    weights: Floats

    def sums(self, matrix: sparse.csr_matrix) -> Floats:
        return np.asarray(matrix @ self.weights + self.bias, dtype=float)


def fit(matrix: sparse.csr_matrix, answers: Sequence[bool], *, boldness: float, exactness: float) -> Model:
    """Learn when the answer is yes. The bolder, the larger weights may be; weights are right to within `exactness`."""
    yes = sum(answers)
    if yes < FEWEST or len(answers) - yes < FEWEST:
        return Model(-NEVER if yes > len(answers) - yes else NEVER, np.zeros(matrix.shape[1]))
    learned = LogisticRegression(C=boldness, tol=exactness, solver="liblinear", max_iter=300, random_state=0)
    learned.fit(matrix, np.array(answers, dtype=int))
    return Model(float(learned.intercept_[0]), np.asarray(learned.coef_[0], dtype=float))
