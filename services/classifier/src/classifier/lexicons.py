"""The lexicons that come with the package, and dealers' readers made of them: each built once, as many kept as are in use."""

import json
import tomllib
from base64 import b64decode
from collections import OrderedDict
from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Any

from reading_engine import Counsel, Network

from classifier.domain import DealerLexicon, Lexicon, Matcher, Reader, parse_lexicon

DEFAULT = "da"
MOST_READERS = 256
_FOLDER = files("classifier") / "weights"
_NETWORK = "network.json"
_COUNSEL = "counsel.bin"
Key = tuple[str, int, str | None]  # language, version, digest of its content
_readers: OrderedDict[Key, Reader] = OrderedDict()


def languages() -> tuple[str, ...]:
    """The languages that orders can be read in."""
    folder = files("classifier") / "lexicon"
    return tuple(sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml")))


@cache
def matcher(language: str) -> Matcher:
    """The matcher of a language; raises LookupError for one that has no lexicon yet. Its version names the weights as well: once others are
    learned, what is stored was read with another version, and is read again."""
    return rules(language).weighing(weights(language), _learned_as(language), counsel())


@cache
def rules(language: str) -> Matcher:
    """The same without weights: the rules alone read."""
    return Matcher(lexicon(language))


def lexicon(language: str) -> Lexicon:
    """The words of a language as data, read anew; raises LookupError for one that has none yet."""
    if language not in languages():
        raise LookupError(f"There is no lexicon for {language!r}; there are: {', '.join(languages())}.")
    text = (files("classifier") / "lexicon" / f"{language}.toml").read_text(encoding="utf-8")
    return parse_lexicon(tomllib.loads(text))


def weights(language: str) -> tuple[dict[str, Any], Network] | None:
    """What was learned from labelled orders, for a language; None where nothing was."""
    found = _FOLDER / f"{language}.json"
    return (json.loads(found.read_text(encoding="utf-8")), network()) if found.is_file() else None


def _learned_as(language: str) -> str:
    """A short name of what was learned for a language: by its content."""
    told = (_FOLDER / name for name in (f"{language}.json", _NETWORK, _COUNSEL))
    return sha256(b"".join(each.read_bytes() for each in told if each.is_file())).hexdigest()[:6]


@cache
def network() -> Network:
    """The network that reads all languages."""
    return readable(json.loads((_FOLDER / _NETWORK).read_text(encoding="utf-8")))


def readable(told: Mapping[str, Any]) -> Network:
    """A network as it is kept in a file, made ready to read with. Raises ValueError where it does not hold together."""
    return Network({**told, "rows": b64decode(told["rows"])})


@cache
def counsel() -> Counsel | None:
    """The larger reader of all languages, which is asked where the network is in doubt; None where there is none. Its file is a line of
    JSON that names its tables with their sizes in bytes, and those tables."""
    found = _FOLDER / _COUNSEL
    if not found.is_file():
        return None
    line, _, numbers = found.read_bytes().partition(b"\n")
    told, tables, at = json.loads(line), dict[str, bytes](), 0
    for name, size in told["tables"].items():
        tables[name] = numbers[at : at + size]
        at += size
    return Counsel({**told, "tables": tables})


def known_reader(key: Key) -> Reader | None:
    """The reader that was made of these, if it is still kept."""
    found = _readers.get(key)
    if found is not None:
        _readers.move_to_end(key)
    return found


def reader(key: Key, own: DealerLexicon) -> Reader:
    """Make and keep a reader; the one that was used least lately gives way."""
    language, number, _ = key
    _readers[key] = made = Reader(matcher(language), own, number)
    while len(_readers) > MOST_READERS:
        _readers.popitem(last=False)
    return made
