"""A lexicon made ready to read with."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from reading_engine import Counsel, Engine, Network

from classifier.domain.evidence import Found, Overruled, Words
from classifier.domain.lexicon import Lexicon, LexiconError


class Hit(NamedTuple):
    """Words of one group, from word `first` to word `last`."""

    first: int
    last: int
    group: str
    part: int = 0  # letters found, where the term is only a part of its word; 0 when it is whole words


class Matcher:
    """A lexicon made ready to read with; build it once and keep it. Raises LexiconError where an expression cannot be read."""

    def __init__(self, lexicon: Lexicon, engine: Engine | None = None) -> None:
        """Of the lexicon's terms, of which there may be hundreds of thousands, only the engine keeps what it needs."""
        try:
            self.engine = engine or Engine(lexicon, Hit, Words, Found, Overruled)
        except ValueError as error:
            raise LexiconError(str(error)) from None
        self.lexicon = replace(lexicon, terms=())

    def weighing(
        self, learned: tuple[Mapping[str, Any], Network] | None, learned_as: str = "", counsel: Counsel | None = None
    ) -> "Matcher":
        """The same with what was learned from labelled orders, and with counsel that is asked where that is in doubt; with None the rules
        alone read. The version names both, where what was learned has a name (`da-2026.12.3f9a1c`). Raises LexiconError."""
        version = ".".join(filter(None, (self.lexicon.version, learned_as)))
        try:
            return Matcher(replace(self.lexicon, version=version), self.engine.with_weights(learned, counsel))
        except ValueError as error:
            raise LexiconError(str(error)) from None
