"""Text as written, made comparable: words folded, joined without spaces, each with the way back to where it stood.

The words of a passage stand in one string without anything between them, so that one pass finds `hjulskift`,
`hjul skift` and `HJUL-SKIFT` alike; a match counts only where it begins and ends at the edges of words.
"""

import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache

from classifier.domain.orders import Passage

_WORD = re.compile(r"[^\W_](?:[^\W_]|[\u0300-\u036f])*|[+&?]")
_SENTENCE_END = re.compile(r"[!?;\n\r\u2022|*]|\.(?=\s|$)|^\s*\.{2,}")
_CLAUSE_END = re.compile(r"[,()\[\]]|:|(?<=\s)[-–—]+(?=\s)")
_JOINABLE = re.compile(r"^[\s\-–./'´’]{0,3}$")
_NO_SIGNS: Mapping[str, str] = {}
KEPT = 8_192  # passages that are kept as they were read
_SIGNS = {sign: None for sign in range(128) if not chr(sign).isalnum()}
_FOLD = str.maketrans({"æ": "ae", "ä": "ae", "ø": "oe", "ö": "oe", "å": "aa", "ü": "ue", "œ": "oe"})


class Gap(IntEnum):
    """How much two neighbouring words are apart."""

    NONE = 0  # may be halves of one compound
    WORDS = 1
    CLAUSE = 2
    SENTENCE = 3
    PASSAGE = 4


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a passage: as folded, where it `begins` and `ends` there, and the `gap` to the word before."""

    folded: str
    begins: int
    ends: int
    gap: Gap
    colon: bool  # a colon stands right behind it
    turns: bool  # a new clause begins with it: men, dog
    lists: bool  # a list goes on behind it: og, or `m.m.`, written as two words
    tells: bool  # it is no number, and no word that says nothing


@dataclass(frozen=True, slots=True)
class Part:
    """One passage made comparable: `string` to search in, and for each of its characters the word that it belongs to."""

    words: tuple[Word, ...]
    starts: tuple[int, ...]  # where each word starts in the string
    string: str
    word_of: Sequence[int]

    @property
    def ends(self) -> tuple[int, ...]:
        """Where each word ends in the string."""
        return (*self.starts[1:], len(self.string))[: len(self.words)]

    def together(self, first: int, last: int) -> bool:
        """Whether nothing but a space, a hyphen, a plus, a slash or a full stop stands between these words."""
        return all(word.gap == Gap.NONE for word in self.words[first + 1 : last + 1])


@dataclass(frozen=True, slots=True)
class Joined:
    """The whole text of an order: its words in reading order, each with the number of the passage that it stands in."""

    passages: tuple[Passage, ...]
    parts: tuple[Part, ...]
    words: Sequence[Word]
    passage_of: Sequence[int]
    firsts: Sequence[int]  # the number of each passage's first word

    def written(self, first: int, last: int) -> str:
        """The words from `first` to `last` exactly as they were written."""
        return self.passages[self.passage_of[first]].text[self.words[first].begins : self.words[last].ends]

    def place(self, word: int) -> str:
        return self.passages[self.passage_of[word]].place


def fold(text: str) -> str:
    """One spelling for all: lower case, `ae oe aa` for æ ø å, other marks dropped, nothing but letters and digits."""
    if text.isascii():
        lowered = text.lower()
        return lowered if lowered.isalnum() else lowered.translate(_SIGNS)
    told = unicodedata.normalize("NFC", text).casefold().translate(_FOLD)
    plain = unicodedata.normalize("NFKD", told)
    return "".join(c for c in plain.casefold() if c.isalnum() and not unicodedata.combining(c))


class Joiner:
    """Makes texts comparable in one language's spelling. Lines of workshops repeat: those met of late are kept as they were read."""

    def __init__(
        self,
        *,
        abbreviations: Collection[str] = (),
        signs: Mapping[str, str] = _NO_SIGNS,
        turns: Collection[str] = (),
        lists: Collection[str] = (),
        fillers: Collection[str] = (),
    ) -> None:
        """A full stop behind one of `abbreviations` ends no sentence; `signs` are read as words; `turns` begin a clause, `lists`
        go on with a list, `fillers` say nothing."""
        self._abbreviations, self._signs = frozenset(abbreviations), signs
        self._turns, self._lists = frozenset(turns), frozenset(lists)
        self._idle = frozenset(fillers) | self._turns | self._lists
        self.part = lru_cache(KEPT)(self._part)

    def join(self, passages: Sequence[Passage]) -> Joined:
        """Put all passages into one run of words."""
        parts = tuple(self.part(passage.text) for passage in passages)
        words: list[Word] = []
        passage_of: list[int] = []
        firsts: list[int] = []
        for number, part in enumerate(parts):
            firsts.append(len(words))
            words.extend(part.words)
            passage_of.extend([number] * len(part.words))
        return Joined(tuple(passages), parts, words, passage_of, firsts)

    def _part(self, text: str) -> Part:
        words: list[Word] = []
        starts: list[int] = []
        word_of: list[int] = []
        ended, before, length = 0, "", 0
        for match in _WORD.finditer(text):
            told = match.group()
            told = self._signs.get(told, "") if told in "+&?" else fold(told)
            if not told:
                continue
            begins = match.start()
            gap = _gap(text[ended:begins], before, told, before in self._abbreviations) if before else Gap.PASSAGE
            if ended and text[ended - 1] == "?":
                gap = Gap.SENTENCE
            ended, before = match.end(), told
            colon = text[ended : ended + 2].lstrip().startswith(":")
            word_of.extend([len(words)] * len(told))
            lists = told in self._lists or (bool(words) and words[-1].folded + told in self._lists)
            tells = told not in self._idle and not told.isdigit()
            words.append(Word(told, begins, ended, gap, colon, told in self._turns, lists, tells))
            starts.append(length)
            length += len(told)
        return Part(tuple(words), tuple(starts), "".join(word.folded for word in words), word_of)


def _gap(between: str, before: str, after: str, abbreviated: bool) -> Gap:
    if between == " ":
        return Gap.NONE
    if between == "," and before[-1].isdigit() and after[0].isdigit():
        return Gap.WORDS
    if abbreviated and between.startswith("."):
        between = between[1:]
    if between.strip() == "/" and len(before) > 1 and len(after) > 1:
        return Gap.WORDS
    if not between or between in "-./":
        return Gap.NONE
    if _SENTENCE_END.search(between):
        return Gap.SENTENCE
    if _CLAUSE_END.search(between):
        return Gap.CLAUSE
    return Gap.NONE if _JOINABLE.match(between) else Gap.WORDS
