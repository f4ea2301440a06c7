"""The inner part of the reader of workshop text, compiled: from passages and a lexicon to tags with evidence. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Protocol

MOST_LETTERS: int  # of an order that are read
SURE_FROM: float  # weaker evidence is for somebody to look at

class _Term(Protocol):
    """Words to find, folded and joined; open sides may be part of a longer word, else only an ending may follow."""

    @property
    def group(self) -> str: ...
    @property
    def letters(self) -> str: ...
    @property
    def open_left(self) -> bool: ...
    @property
    def open_right(self) -> bool: ...
    @property
    def exact(self) -> bool: ...
    @property
    def one_word(self) -> bool: ...
    @property
    def apart(self) -> bool: ...

class _Rules(Protocol):
    """What is read from words: rules and cues have the attributes of `classifier.domain.lexicon`."""

    @property
    def rules(self) -> Sequence[Any]: ...
    @property
    def cues(self) -> Mapping[str, Any]: ...
    @property
    def helpers(self) -> frozenset[str]: ...
    @property
    def verbs(self) -> frozenset[str]: ...

class _Lexicon(_Rules, Protocol):
    """A lexicon: the words of groups, and how texts are cut."""

    @property
    def language(self) -> str: ...
    @property
    def terms(self) -> Sequence[_Term]: ...
    @property
    def patterns(self) -> Mapping[str, tuple[str, ...]]: ...
    @property
    def endings(self) -> frozenset[str]: ...
    @property
    def transparent(self) -> frozenset[str]: ...
    @property
    def opaque(self) -> frozenset[str]: ...
    @property
    def past(self) -> frozenset[str]: ...
    @property
    def abbreviations(self) -> frozenset[str]: ...
    @property
    def signs(self) -> Mapping[str, str]: ...
    @property
    def turns(self) -> frozenset[str]: ...
    @property
    def lists(self) -> frozenset[str]: ...
    @property
    def fillers(self) -> frozenset[str]: ...
    @property
    def wording(self) -> Any:
        """Expressions around numbers, as texts: reading_before, reading_behind, kilometres, miles, unit_before, ahead, distance, hours,
        worked."""
    @property
    def sieves(self) -> Sequence[str]:
        """Expressions of what a passage may hold for others to read."""

class _Line(Protocol):
    @property
    def text(self) -> str: ...
    @property
    def code(self) -> str | None: ...
    @property
    def quantity(self) -> float | None: ...
    @property
    def amount(self) -> int | None: ...

class _Order(Protocol):
    @property
    def lines(self) -> Sequence[_Line]: ...
    @property
    def remarks(self) -> str: ...
    @property
    def on(self) -> date | None: ...
    @property
    def finished(self) -> bool: ...

class Engine:
    """A lexicon made ready to read with. Build it once and keep it; several threads may use it. Answers are made of the classes given:
    named tuples of `(first, last, group, part)`, `(words, place, rule, strength)`, `(tag, evidence)`, `(tag, words, why, because)`."""

    def __new__(cls, lexicon: _Lexicon, hit: type, words: type, found: type, overruled: type) -> Engine:
        """Raises ValueError where the lexicon cannot be used: an expression that cannot be read."""

    def with_rules(self, lexicon: _Rules) -> Engine:
        """The same words and weights, read with other rules."""

    def with_weights(self, weights: tuple[Mapping[str, Any], Network] | None, counsel: Counsel | None = None) -> Engine:
        """The same words and rules, with what was learned from labelled orders: weights as in the classifier's file of a language, and the
        network; with None the rules alone read. Counsel is asked where these are in doubt. Raises ValueError where the weights do not hold
        together."""

    def plain(self, order: _Order) -> str:
        """An order as counsel reads it: to learn from."""

    def counselled(self, order: _Order, counsel: Counsel) -> dict[str, float] | None:
        """What counsel says of an order, by tag (log odds); None of one that is too long."""

    def signs(self, order: _Order) -> list[list[str]]:
        """The signs of each word of an order, as the network knows them: to learn from."""

    def tag_features(self, order: _Order, logits: Mapping[str, float]) -> list[tuple[str, str, dict[str, float]]]:
        """What is weighed of each tag that is worth it, with what the rules say of it (yes, over, none): to learn from. `logits`: what
        the network says, by tag."""

    def read(self, order: _Order) -> Any:
        """Read an order: its tags, what was overruled, how an inspection ended, whether somebody should look.

        Then what numbers say, the odometer in kilometres and hours worked; and where more may be read: behind labels of mechanics, behind
        words for the next service (the passage, and how many letters lead up to there), and in the passages that may hold what the
        lexicon's sieves look for (the passage, which sieves as bits, whether it was charged for, whether it is the remarks)."""

    def text(self, order: _Order) -> Text:
        """An order's text made comparable, to look into it."""

    def hits(self, text: Text) -> list[Any]:
        """Every group found, in reading order, without what a longer reading covers."""

    def read_hits(self, text: Text, hits: Sequence[tuple[int, int, str, int]], settled: set[str]) -> Any:
        """As `read`, with these hits instead of those that were found. The weights leave tags that are `settled` as the rules say.
        Raises ValueError for hits on words that there are not."""

    def finder(self, terms: Iterable[_Term], endings: frozenset[str]) -> Finder:
        """A finder of a few more terms in texts that are cut as this lexicon's are."""

    def letters(self, phrase: str) -> str | None:
        """A phrase as it stands in a text made comparable; None where a text would be cut within it."""

class Network:
    """A network that was learned from labelled orders of all languages. Build it once and keep it."""

    def __new__(cls, told: Mapping[str, Any]) -> Network:
        """`told` is as in the classifier's file, with `rows` as bytes. Raises ValueError where it does not hold together."""

class Pieces:
    """Pieces that texts are cut into, so that all of a word together are the likeliest."""

    def __new__(cls, pieces: Sequence[str], likely: Sequence[float]) -> Pieces:
        """`likely`: the logarithm of how likely each is. They are numbered as they come; the first four say where a text begins, what is
        empty, where it ends, and what is unknown."""

    def cut(self, text: str) -> list[int]:
        """The numbers of a text's pieces, and of where it begins and ends."""

class Counsel:
    """A larger reader of all languages. Build it once and keep it."""

    def __new__(cls, told: Mapping[str, Any]) -> Counsel:
        """`told` is as in the classifier's file, with `tables` as bytes. Raises ValueError where it does not hold together."""

class Finder:
    """Finds terms in a text."""

    def hits(self, text: Text) -> list[Any]: ...

class Text:
    """The whole text of an order: its words in reading order."""

    def written(self, first: int, last: int) -> str:
        """The words from `first` to `last` exactly as they were written. Raises ValueError where they are not of one passage."""

    def place(self, word: int) -> str: ...
    def words_of(self, passage: int) -> tuple[int, int]:
        """The numbers of a passage's first word and of the word behind its last."""

    def ends(self, word: int) -> int:
        """How many letters of its passage lead up to the end of a word."""

def fold(text: str) -> str:
    """One spelling for all: lower case, `ae oe aa` for æ ø å, other marks dropped, nothing but letters and digits."""
