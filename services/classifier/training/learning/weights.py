"""Weights as the engine reads them: one file a language, with what was seen in it, one feature a line."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from learning.examples import Example
from learning.linear import Columns, Model
from learning.stages import STATES, TAGS, Judge, Pair, Text

Weights = Mapping[str, Any]
_LEAST_OF_TEXT = 0.6  # what weighs less changes next to nothing
_LEAST = 0.02


def weights(text: Text, judge: Judge, orders: Sequence[Example], pairs: Sequence[Pair]) -> Weights:
    """The weights of a language, of whose orders and pairs these are."""
    held = frozenset(name for one in orders for name in one.holds)
    weighed = {state: frozenset(name for pair in pairs if pair.state == state for name in pair.features) for state in STATES}
    return {
        "tags": list(TAGS),
        "text": {"bias": [_rounded(model.bias, 3) for model in text.models], "features": _text(text, held)},
        "judge": {state: _state(*judge.states[state], weighed[state]) for state in STATES},
    }


def _text(text: Text, held: frozenset[str]) -> dict[str, Any]:
    """How rare each feature is, and what it weighs, by the tag's number; also what weighs nothing: it makes a text longer."""
    found = dict[str, Any]()
    for name, column in text.columns.numbers.items():
        if name in held:
            rarity = float(text.columns.rarity[column])
            of_tags = [(number, float(model.weights[column]) * rarity) for number, model in enumerate(text.models)]
            heavy = {str(number): _rounded(weight, 1) for number, weight in of_tags if abs(weight) >= _LEAST_OF_TEXT}
            found[name] = (_rounded(rarity, 2), heavy)
    return found


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
