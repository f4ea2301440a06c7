"""What was learned as the engine reads it: a file for the network, and one a language with the weights of what was seen in it."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from learning.linear import Columns, Model
from learning.stages import STATES, Judge, Pair

Weights = Mapping[str, Any]
_LEAST = 0.02  # what weighs less changes next to nothing


def weights(judge: Judge, pairs: Sequence[Pair]) -> Weights:
    """The weights of a language, of which these pairs are."""
    weighed = {state: frozenset(name for pair in pairs if pair.state == state for name in pair.features) for state in STATES}
    return {"judge": {state: _state(*judge.states[state], weighed[state]) for state in STATES}}


def _state(columns: Columns, model: Model, weighed: frozenset[str]) -> dict[str, Any]:
    told = ((name, float(model.weights[column])) for name, column in columns.numbers.items() if name in weighed)
    features = {name: _rounded(weight, 2) for name, weight in told if abs(weight) >= _LEAST}
    return {"bias": _rounded(model.bias, 3), "features": features}


def _rounded(number: float, digits: int) -> float:
    return round(number, digits) + 0.0  # -0.0 is 0.0


def written(weights: Weights) -> str:
    """The text of a file of weights; the same weights, the same text."""
    return _lines(weights) + "\n"


def _lines(value: Any) -> str:
    if not isinstance(value, Mapping):
        return json.dumps(value, ensure_ascii=False, sort_keys=True)
    told = (f"{json.dumps(name, ensure_ascii=False)}: {_lines(part)}" for name, part in sorted(value.items()))
    return "{\n" + ",\n".join(told) + "\n}"
