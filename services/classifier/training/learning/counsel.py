"""Counsel: a larger reader that the engine asks where the network is in doubt (`libs/reader/src/counsel.rs`). It begins as the first layers
of a reader of a hundred languages and learns the tags of orders; like the network it learns from each order several times, with pieces
and what the rules say hidden by chance, and often with another order behind or before it.

It needs PyTorch, which nothing else here does (`training/counsel.txt`).
"""

import json
import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from reading_engine import Pieces
from torch import nn
from torch.nn import functional

from learning.examples import Example
from learning.network import TAGS, like, state
from learning.pretrained import Pretrained

LAYERS, WIDTH, HEADS, INNER = 6, 384, 12, 1536  # half of the layers that it could begin with
PLACES = 152  # pieces of a text at most, when it reads
MOST_PIECES, MOST_JOINED, HEAD = (
    200,
    110,
    4,
)  # while it learns; HEAD: language, month, whether the work is done (Dutch has one more)
SPECIAL = ("<s>", "<pad>", "</s>", "<unk>")
EMPTY, HIDDEN = 1, "<mask>"
SEEN_OFTEN = 3  # a piece that is seen less often is cut into smaller ones
SCHEDULES = ((4, 2.5e-4), (4, 1.5e-4))  # rounds through all orders, and how fast it learns at first
AT_ONCE, WARMING, SLOWEST, FADING = 64, 150, 0.02, 0.01
JOINED, HIDE, DROP, RULES_SHOWN = 0.35, 0.12, 0.1, 0.8
KEPT_FROM, KEPT_EVERY, NEARER = 0.6, 20, 0.08  # of all steps: kept is a mean of late weights

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Vocabulary:
    """The pieces that texts are cut into, with their logarithmic likelihood, and the row of each in what was learned before."""

    pieces: tuple[str, ...]
    likely: tuple[float, ...]
    rows: tuple[int, ...]

    @classmethod
    def of(cls, texts: Sequence[str], before: Pretrained) -> "Vocabulary":
        """Those that are seen often enough, all single letters that are seen, and the special ones."""
        cut = Pieces([piece for piece, _ in before.pieces], [likely for _, likely in before.pieces])
        seen = Counter(number for text in texts for number in cut.cut(text))
        special = [number for number, (piece, _) in enumerate(before.pieces) if piece in SPECIAL]
        (hidden,) = (number for number, (piece, _) in enumerate(before.pieces) if piece == HIDDEN)
        often = {number for number, count in seen.items() if count >= SEEN_OFTEN or len(before.pieces[number][0]) == 1}
        rows = (*special, *sorted(often - {*special, hidden}), hidden)
        return cls(tuple(before.pieces[row][0] for row in rows), tuple(round(before.pieces[row][1], 4) for row in rows), rows)

    def cut(self, texts: Sequence[str]) -> list[Ints]:
        pieces = Pieces(list(self.pieces), list(self.likely))
        return [np.array(pieces.cut(text)[:MOST_PIECES]) for text in texts]


@dataclass(frozen=True)
class Texts:
    """Orders in pieces, with what the rules say of each tag and what is right."""

    pieces: Sequence[Ints]
    stated: Ints
    answers: Floats
    like: Sequence[Any]

    @classmethod
    def of(cls, examples: Sequence[Example], vocabulary: Vocabulary) -> "Texts":
        return cls(
            vocabulary.cut([plain(one) for one in examples]),
            np.array([[state(one, tag) for tag in TAGS] for one in examples]),
            np.array([[tag in one.labelled.tags for tag in TAGS] for one in examples], np.float32),
            [like(one) for one in examples],
        )

    def lesson(self, one: int, other: int, chance: np.random.Generator, hidden: int) -> tuple[Ints, Ints, Floats]:
        """An order to learn from, with another one where there is one, some pieces hidden."""
        pieces, stated, answers = self.pieces[one], self.stated[one], self.answers[one]
        if other >= 0:
            first, second = (one, other) if chance.random() < 0.5 else (other, one)
            pieces = np.concatenate([self.pieces[first][:-1], self.pieces[second][HEAD:]])
            counts = (self.stated[one] == 1) | (self.stated[other] == 1)
            stated = np.where(counts, 1, np.maximum(self.stated[one], self.stated[other]))
            answers = np.maximum(self.answers[one], self.answers[other])
        hide = chance.random(len(pieces)) < HIDE
        hide[:HEAD] = False
        return np.where(hide, hidden, pieces), stated, answers


def plain(example: Example) -> str:
    return example.edition.engine.plain(example.labelled.order)


class Dropping:
    """Leaves out numbers by chance, drawn once for all: drawing anew takes longer than learning."""

    def __init__(self, seed: int) -> None:
        kept = torch.rand(40_000_003, generator=torch.Generator().manual_seed(seed)) > DROP
        self._kept = kept.to(torch.bfloat16) / (1 - DROP)
        self._chance = np.random.default_rng(seed)

    def __call__(self, numbers: Any) -> Any:
        at = int(self._chance.integers(0, len(self._kept) - numbers.numel()))
        return numbers * self._kept[at : at + numbers.numel()].view(numbers.shape).to(numbers.dtype)


class Layer(nn.Module):
    """What one layer learned before, and goes on learning."""

    def __init__(self, before: Pretrained, number: int) -> None:
        super().__init__()

        def told(name: str) -> Floats:
            return before.weights[f"l{number}.{name}"]

        def weights(*names: str, rows: int = WIDTH) -> nn.Parameter:
            return nn.Parameter(torch.cat([torch.tensor(told(f"{name}.w")).reshape(rows, -1) for name in names]))

        def numbers(*names: str) -> nn.Parameter:
            return nn.Parameter(torch.cat([torch.tensor(told(name)) for name in names]))

        self.asks, self.asks_bias = weights("q", "k", "v"), numbers("q.b", "k.b", "v.b")
        self.heard, self.heard_bias = weights("ao"), numbers("ao.b")
        self.evened_by, self.evened_off = numbers("aln.w"), numbers("aln.b")
        self.grown, self.grown_bias = weights("fi", rows=INNER), numbers("fi.b")
        self.shrunk, self.shrunk_bias = weights("fo"), numbers("fo.b")
        self.settled_by, self.settled_off = numbers("oln.w"), numbers("oln.b")

    def forward(self, pieces: Any, mask: Any, dropped: Callable[[Any], Any]) -> Any:
        asks, answers, tells = (
            functional.linear(pieces, self.asks, self.asks_bias).unflatten(2, (3, HEADS, -1)).permute(2, 0, 3, 1, 4)
        )
        shares = torch.softmax(asks @ answers.transpose(-1, -2) * (WIDTH / HEADS) ** -0.5 + mask, -1)
        told = functional.linear((shares @ tells).transpose(1, 2).flatten(2), self.heard, self.heard_bias)
        pieces = functional.layer_norm(pieces + dropped(told), (WIDTH,), self.evened_by, self.evened_off)
        grown = functional.gelu(functional.linear(pieces, self.grown, self.grown_bias))
        changed = functional.linear(grown, self.shrunk, self.shrunk_bias)
        return functional.layer_norm(pieces + dropped(changed), (WIDTH,), self.settled_by, self.settled_off)


class Reader(nn.Module):
    """All of counsel, as it learns."""

    def __init__(self, vocabulary: Vocabulary, before: Pretrained, seed: int) -> None:
        super().__init__()
        told, chance, tags = before.weights, torch.Generator().manual_seed(seed), len(TAGS)

        def spread(by: float, *shape: int) -> nn.Parameter:
            return nn.Parameter(torch.randn(shape, generator=chance) * by)

        self.pieces = nn.Parameter(torch.tensor(told["emb.word"].reshape(-1, WIDTH)[list(vocabulary.rows)]))
        self.places = nn.Parameter(torch.tensor(told["emb.pos"].reshape(-1, WIDTH) + told["emb.type"][:WIDTH]))
        self.first_by, self.first_off = (nn.Parameter(torch.tensor(told[f"emb.ln.{of}"])) for of in "wb")
        self.layers = nn.ModuleList(Layer(before, number) for number in range(LAYERS))
        self.loud, self.mean = spread(0.05, tags, WIDTH), spread(0.02, tags, WIDTH)
        self.bias = nn.Parameter(torch.full((tags,), -3.0))
        self.stated = nn.Parameter(torch.tensor([[0.0], [2.0], [0.0]]).repeat(1, tags))
        self.beside = spread(0.01, 2 * tags, tags)

    def forward(self, numbers: Any, stated: Any, told: Any, dropped: Callable[[Any], Any]) -> Any:
        words = (numbers != EMPTY)[..., None]
        mask = torch.zeros(words.shape).masked_fill(~words, -1e4).bfloat16().transpose(1, 2)[:, None]
        pieces = functional.embedding(numbers, self.pieces) + self.places[: numbers.shape[1]]
        pieces = dropped(functional.layer_norm(pieces, (WIDTH,), self.first_by, self.first_off))
        with torch.autocast("cpu", torch.bfloat16):
            pieces = pieces.bfloat16()
            for layer in self.layers:
                pieces = layer(pieces, mask, dropped)
        pieces = dropped(pieces.float())
        loud = (pieces @ self.loud.T).masked_fill(~words, -1e4)
        mean = (pieces * words).sum(1) / words.sum(1)
        states = functional.one_hot(stated, 3).float()
        by_rules = (states * self.stated.T).sum(-1) + torch.cat([states[..., 1], states[..., 2]], 1) @ self.beside
        return torch.logsumexp(loud, 1) + mean @ self.mean.T + self.bias + by_rules * told

    def groups(self, speed: float) -> list[dict[str, Any]]:
        """What was learned before by its speed, what is new four times as fast; pieces and places do not fade."""
        embedded, new = [self.pieces, self.places], [self.loud, self.mean, self.bias, self.stated, self.beside]
        known = {id(one) for one in (*embedded, *new)}
        others = [one for one in self.parameters() if id(one) not in known]
        return [
            {"params": embedded, "lr": speed, "weight_decay": 0.0}, {"params": new, "lr": 4 * speed}, {"params": others, "lr": speed},
        ]  # fmt: skip


def learned(examples: Sequence[Example], before: Pretrained, tell: Callable[[str], None], seed: int = 0) -> bytes:
    """Learn from examples; the file that the engine reads with. 46,000 orders take two cores that reckon with bfloat16 some 75 minutes."""
    vocabulary = Vocabulary.of([plain(one) for one in examples], before)
    texts = Texts.of(examples, vocabulary)
    reader = Reader(vocabulary, before, seed)
    for number, (rounds, speed) in enumerate(SCHEDULES):
        _learn(reader, texts, rounds, speed, len(vocabulary.pieces) - 1, seed + number, tell)
    return told(reader, vocabulary)


def _learn(reader: Reader, texts: Texts, rounds: int, speed: float, hidden: int, seed: int, tell: Callable[[str], None]) -> None:
    chance, dropped = np.random.default_rng(seed), Dropping(seed)
    steps = rounds * (len(texts.pieces) // AT_ONCE)
    descent = torch.optim.AdamW(reader.groups(speed), weight_decay=FADING, betas=(0.9, 0.98), fused=True)

    def pace(step: int) -> float:
        return min(step / WARMING, 1.0) * (SLOWEST + (1 - SLOWEST) * (1 + math.cos(math.pi * min(step / steps, 1.0))) / 2)

    pacing = torch.optim.lr_scheduler.LambdaLR(descent, pace)
    step, kept = 0, dict[str, Any]()
    for number in range(rounds):
        missed = 0.0
        for numbers, stated, answers in _batches(texts, chance, hidden):
            told = torch.tensor(chance.random((AT_ONCE, 1)) < RULES_SHOWN).float()
            said = reader(numbers, stated, told, dropped)
            wrong = functional.binary_cross_entropy_with_logits(said, answers, reduction="none").sum(1).mean()
            descent.zero_grad(set_to_none=True)
            wrong.backward()
            nn.utils.clip_grad_norm_(reader.parameters(), 5.0)
            descent.step()
            pacing.step()
            missed += wrong.item()
            step += 1
            if step > KEPT_FROM * steps and step % KEPT_EVERY == 0:
                kept = {
                    name: kept.get(name, now) + NEARER * (now - kept.get(name, now)) for name, now in _weights(reader).items()
                }
        tell(f"Round {number + 1} of {rounds}: {missed * rounds / steps:.3f}")
    reader.load_state_dict(kept)


def _weights(reader: Reader) -> dict[str, Any]:
    return {name: weights.detach().clone() for name, weights in reader.state_dict().items()}


def _batches(texts: Texts, chance: np.random.Generator, hidden: int) -> Iterator[tuple[Any, Any, Any]]:
    """Orders by chance, those of about the same length together."""
    alike = defaultdict[Any, list[int]](list)
    for one, kind in enumerate(texts.like):
        alike[kind].append(one)
    drawn = list[tuple[int, int, int]]()
    for one in chance.permutation(len(texts.pieces)).tolist():
        other, length = -1, len(texts.pieces[one])
        if chance.random() < JOINED:
            found = alike[texts.like[one]][int(chance.integers(len(alike[texts.like[one]])))]
            if length + len(texts.pieces[found]) <= MOST_JOINED:
                other, length = found, length + len(texts.pieces[found])
        drawn.append((length, one, other))
    lots = [sorted(drawn[at : at + 40 * AT_ONCE]) for at in range(0, len(drawn), 40 * AT_ONCE)]
    batches = [lot[at : at + AT_ONCE] for lot in lots for at in range(0, len(lot) - AT_ONCE + 1, AT_ONCE)]
    for at in chance.permutation(len(batches)):
        pieces, stated, answers = zip(*(texts.lesson(one, other, chance, hidden) for _, one, other in batches[at]), strict=True)
        numbers = np.full((AT_ONCE, -(-max(map(len, pieces)) // 8) * 8), EMPTY)
        for row, mine in zip(numbers, pieces, strict=True):
            row[: len(mine)] = mine
        yield torch.tensor(numbers), torch.tensor(np.array(stated)), torch.tensor(np.array(answers))


def told(reader: Reader, vocabulary: Vocabulary) -> bytes:
    """As it is kept in a file: a line of JSON that names the tables with their sizes, and the tables. Steps are a byte each."""
    weights = {name: table.float().numpy() for name, table in _weights(reader).items()}
    tables = dict[str, NDArray[Any]]()

    def steps(name: str, numbers: Floats) -> None:
        sizes = np.maximum(np.abs(numbers).max(axis=1), 1e-6) / 127
        tables[name], tables[f"{name}.sizes"] = np.rint(numbers / sizes[:, None]).astype(np.int8), sizes

    steps("pieces", weights["pieces"])
    tables["places"] = weights["places"][:PLACES]
    tables |= {"first.by": weights["first_by"], "first.off": weights["first_off"]}
    for at in range(LAYERS):
        layer = {name.removeprefix(f"layers.{at}."): table for name, table in weights.items() if name.startswith(f"layers.{at}.")}
        for name in ("asks", "heard", "grown", "shrunk"):
            steps(f"{at}.{name}", layer[name])
            tables[f"{at}.{name}.bias"] = layer[f"{name}_bias"]
        for name in ("evened", "settled"):
            tables |= {f"{at}.{name}.by": layer[f"{name}_by"], f"{at}.{name}.off": layer[f"{name}_off"]}
    tables |= {name: weights[name] for name in ("loud", "mean", "bias", "stated", "beside")}
    flat = {name: (table if table.dtype == np.int8 else table.astype("<f4")).tobytes() for name, table in tables.items()}
    line = {
        "tags": list(TAGS), "layers": LAYERS, "pieces": list(vocabulary.pieces), "likely": list(vocabulary.likely),
        "tables": {name: len(table) for name, table in flat.items()},
    }  # fmt: skip
    return json.dumps(line, ensure_ascii=False).encode() + b"\n" + b"".join(flat.values())
