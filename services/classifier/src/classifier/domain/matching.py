"""A lexicon made ready to read with."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from reading_engine import Engine

from classifier.domain.evidence import Found, Overruled, Words
from classifier.domain.lexicon import Lexicon, LexiconError


class Hit(NamedTuple):
    """Words of one group, from word `first` to word `last`."""

    first: int
    last: int
    group: str
    part: int = 0  # letters found, where the term is only a part of its word; 0 when it is whole words


class Matcher:
    """A lexicon with the engine that reads by it; build it once and keep it. Raises LexiconError where an expression cannot be read."""

    def __init__(self, lexicon: Lexicon, weights: Mapping[str, Any] | None = None) -> None:
        """`weights`: what was learned from labelled orders; without them the rules alone read. Of the lexicon's terms, of which there may
        be hundreds of thousands, only the engine keeps what it needs."""
        try:
            self.engine = Engine(lexicon, weights, Hit, Words, Found, Overruled)
        except ValueError as error:
            raise LexiconError(str(error)) from None
        self.lexicon = replace(lexicon, terms=())
