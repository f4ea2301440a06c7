"""Text as written, made comparable: words folded, joined without spaces, each with the way back to where it stood.

The words of the whole order stand in one string without anything between them, so that one pass finds `hjulskift`,
`hjul skift` and `HJUL-SKIFT` alike; a match counts only where it begins and ends at the edges of words.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

from classifier.domain.orders import Passage

_WORD = re.compile(r"[^\W_](?:[^\W_]|[\u0300-\u036f])*|[+&?]")
_SENTENCE_END = re.compile(r"[!?;\n\r\u2022|*]|\.(?=\s|$)|^\s*\.{2,}")
_CLAUSE_END = re.compile(r"[,()\[\]]|:|(?<=\s)[-–—]+(?=\s)")
_JOINABLE = re.compile(r"^[\s\-–./'´’]{0,3}$")
_NO_SIGNS: Mapping[str, str] = {}
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
    """One word: `start` and `end` in the joined string, `begins` and `ends` in its passage, `gap` to the word before."""

    start: int
    end: int
    passage: int
    begins: int
    ends: int
    gap: Gap
    colon: bool  # a colon stands right behind it


@dataclass(frozen=True)
class Joined:
    """The whole text of an order: `string` to search in, and for each of its characters the word that it belongs to."""

    passages: tuple[Passage, ...]
    string: str
    words: tuple[Word, ...]
    word_of: Sequence[int]

    def written(self, first: int, last: int) -> str:
        """The words from `first` to `last` exactly as they were written."""
        begin, end = self.words[first], self.words[last]
        return self.passages[begin.passage].text[begin.begins : end.ends]

    def place(self, word: int) -> str:
        return self.passages[self.words[word].passage].place

    def folded(self, word: int) -> str:
        return self.string[self.words[word].start : self.words[word].end]


def fold(text: str) -> str:
    """One spelling for all: lower case, `ae oe aa` for æ ø å, other marks dropped, nothing but letters and digits."""
    if text.isascii():
        lowered = text.lower()
        return lowered if lowered.isalnum() else "".join(c for c in lowered if c.isalnum())
    told = unicodedata.normalize("NFC", text).casefold().translate(_FOLD)
    plain = unicodedata.normalize("NFKD", told)
    return "".join(c for c in plain.casefold() if c.isalnum() and not unicodedata.combining(c))


def join(
    passages: Sequence[Passage], abbreviations: frozenset[str] = frozenset(), *, signs: Mapping[str, str] = _NO_SIGNS
) -> Joined:
    """Put all passages into one string; a full stop behind one of `abbreviations` ends no sentence; `signs` are read as words."""
    words: list[Word] = []
    parts: list[str] = []
    word_of: list[int] = []
    length = 0
    for number, passage in enumerate(passages):
        ended, before = 0, ""
        for match in _WORD.finditer(passage.text):
            sign = match.group() in "+&?"
            told = signs.get(match.group(), "") if sign else fold(match.group())
            if not told:
                continue
            between = passage.text[ended : match.start()]
            gap = _gap(between, before, told, before in abbreviations) if before else Gap.PASSAGE
            if ended and passage.text[ended - 1] == "?":
                gap = Gap.SENTENCE
            ended, before = match.end(), told
            colon = passage.text[ended : ended + 2].lstrip().startswith(":")
            words.append(Word(length, length + len(told), number, match.start(), ended, gap, colon))
            parts.append(told)
            word_of.extend([len(words) - 1] * len(told))
            length += len(told)
    return Joined(tuple(passages), "".join(parts), tuple(words), word_of)


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
