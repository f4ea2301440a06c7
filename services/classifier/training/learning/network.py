"""The network: reads the whole text of an order, word by word, and says how likely each tag is. The engine reads with it as it is learned
here (`libs/reader/src/network.rs`): rows of signs, three layers that mix neighbours, the loudest words.

It learns from every order several times, each time with some words and groups hidden and often with another order of the same
language and season behind or before it, so that it cannot learn texts by heart.
"""

import base64
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from numpy.typing import NDArray

from common.events.words import VisitTag
from learning.examples import Example

TAGS = tuple(str(tag) for tag in VisitTag)
WIDTH, TAPS, APART = 64, 5, (1, 2, 4)
SEEN_IN = 4  # a sign of fewer orders tells nothing that could be relied on
MOST_WORDS, MOST_PIECES, MOST_OTHERS = 128, 24, 16
LONG, MANY = 48, 4  # the mean of all words says no more in longer texts, nor do the rules' words on more tags than these
ROUNDS, AT_ONCE, SPEED, SLOWEST, FADING = 7, 64, 3e-3, 0.45e-3, 0.05
KEPT_FROM, KEPT_EVERY, LATELY = 0.3, 10, 0.14  # of all steps: kept is a mean of late weights, for a single step may go astray
SHOWN, GROUPS_SHOWN, NUMBERS_SHOWN, RULES_SHOWN, JOINED = 0.7, 0.8, 0.8, 0.85, 0.5
ROOM = 8192  # rows are made by so many, so that networks are of few sizes, each of which takes a while to prepare
LENGTHS = (24, 48, 96, MOST_WORDS)
PIECE, GROUPS = "piece:", ("begins:", "on:")

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Weights = dict[str, Any]
Batch = dict[str, Any]


@dataclass(frozen=True)
class Signs:
    """What words are made of: the signs that were seen often enough, from 1 on."""

    names: tuple[str, ...]

    @classmethod
    def of(cls, examples: Sequence[Example]) -> "Signs":
        seen = Counter(sign for one in examples for sign in {sign for word in one.signs for sign in word})
        return cls(tuple(sorted(name for name, count in seen.items() if count >= SEEN_IN)))


@dataclass(frozen=True)
class Orders:
    """Orders as the network sees them, one row each."""

    pieces: Ints  # by order and word
    others: Ints
    lengths: Ints
    stated: Ints  # by order and tag: 0 the rules say nothing of it, 1 it counts, 2 it was overruled
    answers: NDArray[np.float32]
    like: tuple[tuple[str, bool, str], ...]  # what orders have in common that may stand in one

    @classmethod
    def of(cls, examples: Sequence[Example], signs: Signs) -> "Orders":
        numbers = {name: number for number, name in enumerate(signs.names, 1)}
        pieces = np.zeros((len(examples), MOST_WORDS, MOST_PIECES), np.int32)
        others = np.zeros((len(examples), MOST_WORDS, MOST_OTHERS), np.int32)
        for at, one in enumerate(examples):
            for place, word in enumerate(one.signs[:MOST_WORDS]):
                known = [(sign.startswith(PIECE), numbers[sign]) for sign in word if sign in numbers]
                of_word = [number for is_piece, number in known if is_piece][:MOST_PIECES]
                beside = [number for is_piece, number in known if not is_piece][:MOST_OTHERS]
                pieces[at, place, : len(of_word)] = of_word
                others[at, place, : len(beside)] = beside
        return cls(
            pieces, others, np.array([min(len(one.signs), MOST_WORDS) for one in examples], np.int32),
            np.array([[state(one, tag) for tag in TAGS] for one in examples], np.int32),
            np.array([[tag in one.labelled.tags for tag in TAGS] for one in examples], np.float32),
            tuple(like(one) for one in examples),
        )  # fmt: skip

    def batch(self, chosen: Ints, length: int) -> Batch:
        words = np.arange(length)[None] < self.lengths[chosen][:, None]
        return {
            "pieces": self.pieces[chosen, :length], "others": self.others[chosen, :length], "words": words.astype(np.float32),
            "stated": self.stated[chosen], "answers": self.answers[chosen],
        }  # fmt: skip


def state(example: Example, tag: str) -> int:
    return 1 if tag in example.rules else 2 if tag in example.overruled else 0


def like(example: Example) -> tuple[str, bool, str]:
    on = example.labelled.order.on
    season = "" if on is None else "winter" if on.month >= 10 else "summer" if on.month in (3, 4, 5) else ""
    return example.language, example.labelled.order.finished, season


@dataclass(frozen=True)
class Network:
    """What was learned."""

    signs: Signs
    weights: Weights

    @classmethod
    def learned(cls, examples: Sequence[Example], seed: int = 0) -> "Network":
        signs = Signs.of(examples)
        orders = Orders.of(examples, signs)
        hidden = np.zeros(-(-(len(signs.names) + 1) // ROOM) * ROOM, dtype=bool)
        hidden[1 : len(signs.names) + 1] = [name.startswith(GROUPS) for name in signs.names]
        weights = _learned(orders, hidden, seed)
        return cls(signs, {**weights, "rows": _rounded(weights["rows"])})

    def sums(self, examples: Sequence[Example]) -> Floats:
        """How likely each tag is (log odds): one row an order, one column a tag."""
        orders = Orders.of(examples, self.signs)
        found = np.zeros((len(examples), len(TAGS)))
        for chosen, length in _batches(orders, np.arange(len(examples), dtype=np.int32)):
            full = np.resize(chosen, AT_ONCE)
            found[chosen] = np.asarray(_said(self.weights, orders.batch(full, length)))[: len(chosen)]
        return found

    def told(self) -> dict[str, Any]:
        """As it is kept in a file."""
        rows = np.asarray(self.weights["rows"])[1 : len(self.signs.names) + 1]
        scales = _scales(rows)
        small = np.rint(rows / scales[:, None]).astype(np.int8)
        flat = {name: _flat(self.weights[name]) for name in ("mean", "bias", "stated", "beside", "loud")}
        layers = [
            {"apart": apart, **{name: _flat(self.weights[f"{name}{at}"]) for name in ("near", "mix", "bias", "share")}}
            for at, apart in enumerate(APART)
        ]
        return {
            "tags": list(TAGS), "signs": list(self.signs.names), "scales": _flat(scales),
            "rows": base64.b64encode(small.tobytes()).decode(), "layers": layers, **flat,
        }  # fmt: skip


def _scales(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """What a step of a row's numbers is, of which there are 127 to both sides."""
    return np.asarray(np.maximum(np.abs(rows).max(axis=1, initial=0), 1e-6) / 127)


def _rounded(rows: Any) -> NDArray[np.float32]:
    """Rows in whole steps, as a file keeps them."""
    exact = np.asarray(rows)
    steps = _scales(exact)[:, None]
    return np.asarray(np.rint(exact / steps) * steps)


def _flat(numbers: Any) -> list[float]:
    return [float(f"{number:.5g}") for number in np.asarray(numbers).ravel()]


def _fresh(chance: Any, rows: int) -> Weights:
    keys = iter(jax.random.split(chance, 16))

    def spread(by: float, *shape: int) -> Any:
        return jax.random.normal(next(keys), shape) * by

    tags = len(TAGS)
    weights: Weights = {"rows": spread(0.02, rows, WIDTH), "loud": spread(0.05, tags, WIDTH), "mean": spread(0.02, tags, WIDTH)}
    for at, _ in enumerate(APART):
        weights |= {
            f"near{at}": spread((1 / TAPS) ** 0.5, TAPS, WIDTH), f"mix{at}": spread((2 / WIDTH) ** 0.5, WIDTH, WIDTH),
            f"bias{at}": jnp.zeros(WIDTH), f"share{at}": jnp.full(WIDTH, 0.5),
        }  # fmt: skip
    stated = jnp.tile(jnp.array([[0.0], [3.0], [0.0]]), (1, tags))
    return weights | {"bias": jnp.full(tags, -3.0), "stated": stated, "beside": spread(0.01, 2 * tags, tags)}


def _forward(weights: Weights, batch: Batch, shown: Callable[[float, tuple[int, ...]], Any] | None, hidden: Any) -> Any:
    """How likely each tag is. `shown` draws what is shown (1) and what is hidden (0) while it learns."""

    def thinned(numbers: Any) -> Any:
        return numbers if shown is None else numbers * shown(NUMBERS_SHOWN, numbers.shape) / NUMBERS_SHOWN

    pieces, others, words = batch["pieces"], batch["others"], batch["words"][..., None]
    known = (pieces > 0)[..., None]
    share = jnp.sqrt(jnp.maximum(known.sum(2), 1))
    of_pieces = (weights["rows"][pieces] * known).sum(2) / share
    beside = (others > 0) * 1.0
    if shown is not None:
        of_pieces = of_pieces * shown(SHOWN, (*words.shape[:2], 1))
        beside = beside * jnp.where(hidden[others], shown(GROUPS_SHOWN, others.shape), 1.0)
    numbers = of_pieces + (weights["rows"][others] * beside[..., None]).sum(2)
    for at, apart in enumerate(APART):
        near = jax.lax.conv_general_dilated(
            thinned(_evened(numbers) * words), weights[f"near{at}"][:, None, :], (1,), [(TAPS // 2 * apart,) * 2],
            rhs_dilation=(apart,), dimension_numbers=("NWC", "WIO", "NWC"), feature_group_count=WIDTH,
        )  # fmt: skip
        numbers = numbers + jax.nn.relu(near @ weights[f"mix{at}"] + weights[f"bias{at}"]) * weights[f"share{at}"]
    numbers = thinned(_evened(numbers) * words)
    loud = jnp.where(words > 0, numbers @ weights["loud"].T, -1e9)
    count = jnp.maximum(words.sum(1), 1)
    mean = numbers.sum(1) * jnp.sqrt(jnp.minimum(count, LONG)) / count
    stated = batch["stated"]
    by_rules = weights["stated"][stated, jnp.arange(len(TAGS))[None]]
    tags = (stated > 0).sum(1, keepdims=True)
    by_others = jnp.concatenate([stated == 1, stated == 2], axis=1) @ weights["beside"]
    by_others = by_others * jnp.minimum(tags, MANY) / jnp.maximum(tags, 1)
    if shown is not None:
        told = shown(RULES_SHOWN, (len(stated), 1))
        by_rules, by_others = by_rules * told, by_others * told
    return jax.nn.logsumexp(loud, axis=1) + mean @ weights["mean"].T + weights["bias"] + by_rules + by_others


def _evened(numbers: Any) -> Any:
    return (numbers - numbers.mean(-1, keepdims=True)) / jnp.sqrt(numbers.var(-1, keepdims=True) + 1e-5)


@jax.jit
def _said(weights: Weights, batch: Batch) -> Any:
    return _forward(weights, batch, None, None)


_DESCENT = optax.scale_by_adam()


@jax.jit
def _step(weights: Weights, memory: Any, batch: Batch, key: Any, hidden: Any, pace: float) -> tuple[Weights, Any]:
    keys = iter(jax.random.split(key, 16))

    def shown(share: float, shape: tuple[int, ...]) -> Any:
        return jax.random.bernoulli(next(keys), share, shape)

    def missed(weights: Weights) -> Any:
        said = _forward(weights, batch, shown, hidden)
        return optax.sigmoid_binary_cross_entropy(said, batch["answers"]).sum(1).mean()

    steepest, memory = _DESCENT.update(jax.grad(missed)(weights), memory)
    return jax.tree.map(lambda weight, way: weight - pace * (way + FADING * weight), weights, steepest), memory


def _learned(orders: Orders, hidden: NDArray[np.bool_], seed: int) -> Weights:
    chance = np.random.default_rng(seed)
    everything = np.flatnonzero(orders.lengths).astype(np.int32)
    alike = {kind: [at for at in everything.tolist() if orders.like[at] == kind] for kind in set(orders.like)}
    steps = ROUNDS * sum(1 for _ in _batches(orders, everything))
    pace = optax.warmup_cosine_decay_schedule(0, SPEED, min(100, steps // 4), steps, SLOWEST)
    weights = _fresh(jax.random.PRNGKey(seed), len(hidden))
    kept = weights
    memory = _DESCENT.init(weights)
    step = 0
    key = jax.random.PRNGKey(seed + 1)
    for _ in range(ROUNDS):
        for chosen, length in _batches(orders, everything, chance):
            key, drawn = jax.random.split(key)
            batch = _joined(orders, chosen, length, alike, chance)
            weights, memory = _step(weights, memory, batch, drawn, hidden, float(pace(step)))
            step += 1
            if step <= KEPT_FROM * steps:
                kept = weights
            elif step % KEPT_EVERY == 0:
                kept = _nearer(kept, weights, min(KEPT_EVERY / (LATELY * steps), 1.0))
    return kept


@jax.jit
def _nearer(kept: Weights, weights: Weights, by: float) -> Weights:
    nearer: Weights = jax.tree.map(lambda before, now: before + by * (now - before), kept, weights)
    return nearer


def _batches(orders: Orders, chosen: Ints, chance: np.random.Generator | None = None) -> Iterator[tuple[Ints, int]]:
    """Orders of about the same length together; by chance and with room for as many words again, while it learns."""
    if chance is not None:
        chosen = chance.permutation(chosen)
    told = list[tuple[Ints, int]]()
    shortest = 0
    for length in LENGTHS:
        here = chosen[(orders.lengths[chosen] <= length) & (orders.lengths[chosen] >= shortest)]
        shortest = length + 1
        told += [(here[at : at + AT_ONCE], length) for at in range(0, len(here), AT_ONCE)]
    if chance is None:
        yield from told
        return
    for at in chance.permutation(len(told)):
        batch, length = told[at]
        yield np.resize(batch, AT_ONCE), min(2 * length, MOST_WORDS)


def _joined(orders: Orders, chosen: Ints, length: int, alike: Mapping[Any, Sequence[int]], chance: np.random.Generator) -> Batch:
    """Orders to learn from, many of them with another one before or behind."""
    batch = orders.batch(chosen, length)
    for at, one in enumerate(chosen.tolist()):
        others = alike[orders.like[one]]
        other = others[int(chance.integers(len(others)))]
        words, more = int(orders.lengths[one]), int(orders.lengths[other])
        if chance.random() >= JOINED or words + more > length:
            continue
        first, second = (one, other) if chance.random() < 0.5 else (other, one)
        parted = int(orders.lengths[first])
        for name, told in (("pieces", orders.pieces), ("others", orders.others)):
            batch[name][at, :parted] = told[first, :parted]
            batch[name][at, parted : words + more] = told[second, : words + more - parted]
        batch["words"][at, : words + more] = 1
        batch["answers"][at] = np.maximum(orders.answers[one], orders.answers[other])
        counts = (orders.stated[one] == 1) | (orders.stated[other] == 1)
        batch["stated"][at] = np.where(counts, 1, np.maximum(orders.stated[one], orders.stated[other]))
    return batch
