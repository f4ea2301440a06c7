"""The larger reader: that it reckons as it should, with weights made up by chance, and that it is asked where the network is in doubt."""

from collections.abc import Mapping
from datetime import date
from math import erf, log
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from reading_engine import Counsel, Network, Pieces
from test_weights import NEVER, TAGS, network

from classifier.domain import Line, Order, read
from classifier.lexicons import counsel, matcher, rules

WIDTH, HEADS, INNER, PLACES = 384, 12, 1536, 152
LETTERS = "abcdefghijklmnopqrstuvwxyzæøåäöüß0123456789|.,-"
PIECES = ("<s>", "<pad>", "</s>", "<unk>", "▁", *LETTERS, "▁service", "▁olie", "filter", "▁|", "▁da", "▁done", "<mask>")
LIKELY = (*[0.0] * 4, -6.0, *[-8.0] * len(LETTERS), *[-9.0] * 6, 0.0)
DOUBTED = "Serviceeftersyn udført på bilen i dag"

Table = NDArray[np.float32]


def by_chance(seed: int = 0) -> dict[str, Table]:
    """Weights of one layer: how many rows and columns, and about how large they are."""
    chance = np.random.default_rng(seed)

    def some(*shape: int, by: float = 1.0, around: float = 0.0) -> Table:
        return (around + chance.normal(size=shape) * by).astype(np.float32)

    found = {"pieces": some(len(PIECES), WIDTH), "places": some(PLACES, WIDTH, by=0.2)}
    for name, rows, columns in (
        ("asks", 3 * WIDTH, WIDTH),
        ("heard", WIDTH, WIDTH),
        ("grown", INNER, WIDTH),
        ("shrunk", WIDTH, INNER),
    ):
        found |= {f"0.{name}": some(rows, columns, by=1.5 / columns**0.5), f"0.{name}.bias": some(rows, by=0.1)}
    for name in ("first", "0.evened", "0.settled"):
        found |= {f"{name}.by": some(WIDTH, by=0.1, around=1.0), f"{name}.off": some(WIDTH, by=0.1)}
    found |= {"loud": some(len(TAGS), WIDTH, by=0.1), "mean": some(len(TAGS), WIDTH, by=0.1), "bias": some(len(TAGS))}
    return found | {"stated": np.zeros((3, len(TAGS)), np.float32), "beside": np.zeros((2 * len(TAGS), len(TAGS)), np.float32)}


def saying(**sums: float) -> dict[str, Table]:
    """Weights that say the same of every text."""
    silent = {name: np.zeros_like(table) for name, table in by_chance().items()}
    return silent | {"bias": np.array([sums.get(tag, NEVER) for tag in TAGS], np.float32)}


def told(weights: Mapping[str, Table]) -> dict[str, Any]:
    """As a file keeps them."""
    tables = dict[str, bytes]()
    for name, table in weights.items():
        if _in_steps(name, table):
            steps, sizes = _steps(table)
            tables |= {name: steps.astype(np.int8).tobytes(), f"{name}.sizes": sizes.astype("<f4").tobytes()}
        else:
            tables[name] = table.astype("<f4").tobytes()
    return {"tags": list(TAGS), "layers": 1, "pieces": list(PIECES), "likely": list(LIKELY), "tables": tables}


def _in_steps(name: str, table: Table) -> bool:
    return name == "pieces" or (name.startswith("0.") and table.ndim == 2)


def _steps(table: Table) -> tuple[Table, Table]:
    sizes = np.maximum(np.abs(table).max(axis=1), 1e-6) / 127
    return np.rint(table / sizes[:, None]), sizes


def reckoned(weights: Mapping[str, Table], pieces: list[int]) -> NDArray[np.float64]:
    """What the weights say as a file keeps them, with all digits."""
    own = dict[str, Any]()
    for name, table in weights.items():
        steps, sizes = _steps(table) if _in_steps(name, table) else (table, None)
        own[name] = steps.astype(np.float64) if sizes is None else steps.astype(np.float64) * sizes[:, None]

    def even(numbers: Any, name: str) -> Any:
        apart = numbers - numbers.mean(-1, keepdims=True)
        return apart / np.sqrt(apart.var(-1, keepdims=True)) * own[f"{name}.by"] + own[f"{name}.off"]

    def change(numbers: Any, name: str) -> Any:
        return numbers @ own[name].T + own[f"{name}.bias"]

    numbers = even(own["pieces"][pieces] + own["places"][: len(pieces)], "first")
    asks, answers, tells = change(numbers, "0.asks").reshape(len(pieces), 3, HEADS, -1).transpose(1, 2, 0, 3)
    shares = np.exp(asks @ answers.transpose(0, 2, 1) / (WIDTH / HEADS) ** 0.5)
    heard = (shares / shares.sum(-1, keepdims=True) @ tells).transpose(1, 0, 2).reshape(len(pieces), WIDTH)
    numbers = even(numbers + change(heard, "0.heard"), "0.evened")
    grown = change(numbers, "0.grown")
    softened = grown * (1 + np.vectorize(erf)(grown / 2**0.5)) / 2
    numbers = even(numbers + change(softened, "0.shrunk"), "0.settled")
    return np.asarray(np.log(np.exp(numbers @ own["loud"].T).sum(0)) + numbers.mean(0) @ own["mean"].T + own["bias"])


def order(text: str) -> Order:
    return Order((Line(text),), on=date(2025, 11, 3))


def test_an_order_is_told_with_its_language_month_and_state_and_what_was_taken_back() -> None:
    lines = (Line("SERVICE  60.000", code="S1", amount=100), Line("Olie", amount=500), Line("Olie", amount=-500))
    asked = Order(lines, remarks="Kunden\nventer", on=date(2025, 3, 1), finished=False)
    assert rules("da").engine.plain(asked) == "da 03 open service 60.000 s1 | minus olie | minus olie | kunden venter"
    assert rules("de").engine.plain(Order((Line("ﬁlter"),))) == "de 00 done filter"


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("service", ["▁service"]),
        ("oliefilter", ["▁olie", "filter"]),
        ("olief", ["▁olie", "f"]),
        ("ol", ["▁", "o", "l"]),
        ("da ☃", ["▁da", "▁", "<unk>"]),
        ("", []),
    ],
)
def test_a_text_is_cut_into_the_pieces_that_are_likeliest_together(text: str, pieces: list[str]) -> None:
    begin, *found, end = Pieces(PIECES, LIKELY).cut(text)
    assert [PIECES[number] for number in found] == pieces
    assert (PIECES[begin], PIECES[end]) == ("<s>", "</s>")


@pytest.mark.parametrize(
    "text", ["service", "oliefilter skiftet på bilen", "abc " * 11, "Serviceeftersyn 60.000 km, bremser ok - ingen bem."]
)
def test_counsel_reckons_as_it_should(text: str) -> None:
    weights, engine = by_chance(len(text)), rules("da").engine
    pieces = Pieces(PIECES, LIKELY).cut(engine.plain(order(text)))
    said = engine.counselled(order(text), Counsel(told(weights)))
    assert said is not None
    assert [said[tag] for tag in TAGS] == pytest.approx(reckoned(weights, pieces), abs=0.01)
    assert max(said.values()) - min(said.values()) > 1  # else all of it may be nothing


def test_a_long_text_is_not_read() -> None:
    made, engine = Counsel(told(saying())), rules("da").engine
    head = len(Pieces(PIECES, LIKELY).cut(engine.plain(order("")))) + 1  # and what begins a word
    assert engine.counselled(order("x" * (110 - head)), made) is not None
    assert engine.counselled(order("x" * (111 - head)), made) is None
    assert engine.counselled(order("service " * 5_000), made) is None


@pytest.mark.parametrize(
    ("network_says", "counsel_says", "expected"),
    [
        (1.0, 4.0, {"service"}),
        (1.0, -4.0, set()),
        (-0.5, 4.0, {"service"}),
        (3.0, -9.0, {"service"}),  # likely enough to go without
        (-2.0, 9.0, set()),  # nor where it is that unlikely
    ],
)
def test_counsel_is_asked_where_the_network_is_in_doubt(network_says: float, counsel_says: float, expected: set[str]) -> None:
    judge = {"judge": {state: {"bias": 0.0, "features": {"z": 1.0}} for state in ("yes", "over", "none")}}
    asked = order(DOUBTED)
    words, pieces = len(DOUBTED.split()), len(Pieces(PIECES, LIKELY).cut(rules("da").engine.plain(asked)))  # each has its say
    learned = judge, Network(network(service=network_says - log(words)))
    alone = read(asked, rules("da").weighing(learned)).names()
    assert alone == ({"service"} if network_says > 2 else set())
    made = Counsel(told(saying(service=counsel_says - log(pieces))))
    assert read(asked, rules("da").weighing(learned, counsel=made)).names() == expected


@pytest.mark.parametrize(
    "harm", [{"bias": b""}, {"pieces": b"1"}, {"places": b"1234"}, {"0.asks.sizes": b""}, {"0.grown": b""}, {"beside": b"12"}]
)
def test_counsel_that_does_not_hold_together_is_refused(harm: dict[str, bytes]) -> None:
    whole = told(saying())
    with pytest.raises(ValueError, match="does not hold together"):
        Counsel({**whole, "tables": {**whole["tables"], **harm}})


def test_there_is_counsel_for_every_language() -> None:
    made = counsel()
    assert made is not None
    for language in ("da", "de", "en", "nl"):
        assert matcher(language).engine.counselled(order("Service"), made)
