"""What a dealer adds to the lexicon of its language: words, codes and exceptions as data, checked and bounded."""

import re
from collections.abc import Iterable, Sequence
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator
from reading_engine import fold

from classifier.domain import wheels
from common.events.words import VisitTag

MOST_WORDS, MOST_CODES, MOST_EXCEPTIONS = 500, 2000, 500
FEWEST_LETTERS = 3
_WRITABLE = re.compile(r"\*?[^\W_](?:[^\W_]|[ \-/.'’+&])*\*?")


def _findable(phrase: str) -> str:
    if not _WRITABLE.fullmatch(phrase):
        raise ValueError("write letters, digits and single signs of - / . ' + & only; * at an end stands for the rest of a word")
    if len(fold(phrase)) < FEWEST_LETTERS:
        raise ValueError(f"give at least {FEWEST_LETTERS} letters: shorter words are found everywhere")
    return phrase


def _code(code: str) -> str:
    if not any(letter.isalnum() for letter in code):
        raise ValueError("a code has at least one letter or digit")
    return code


Phrase = Annotated[str, StringConstraints(strip_whitespace=True, max_length=80), AfterValidator(_findable)]
Code = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40), AfterValidator(_code)]


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class OwnWords(Part):
    """These words, in any case and with any usual ending, mean that tag."""

    words: Phrase = Field(examples=["stor tur"])
    tag: VisitTag


class OwnCode(Part):
    """A line with this operation code (`prefix`: one that begins so) is about these tags, whatever it says."""

    code: Code = Field(examples=["SRV"])
    prefix: bool = False
    tags: tuple[VisitTag, ...] = Field(min_length=1, max_length=5)

    @property
    def name(self) -> str:
        return f"{self.code}*" if self.prefix else self.code


class OwnException(Part):
    """These words mean nothing; with `not`, they do not mean that tag."""

    words: Phrase = Field(examples=["service light"])
    but_not: VisitTag | None = Field(default=None, alias="not")


class DealerLexicon(Part):
    """What a dealer adds to the lexicon of its language."""

    words: tuple[OwnWords, ...] = Field(default=(), max_length=MOST_WORDS)
    codes: tuple[OwnCode, ...] = Field(default=(), max_length=MOST_CODES)
    exceptions: tuple[OwnException, ...] = Field(default=(), max_length=MOST_EXCEPTIONS)
    only_by_code: tuple[VisitTag, ...] = Field(
        default=(), max_length=len(VisitTag), description="Tags that only codes give: words mean them no more."
    )

    @model_validator(mode="after")
    def _says_each_thing_once(self) -> "DealerLexicon":
        _must_differ("words", ((fold(one.words), one.tag) for one in self.words), [one.words for one in self.words])
        _must_differ("codes", ((told_code(one.code), one.prefix) for one in self.codes), [one.name for one in self.codes])
        _must_differ(
            "exceptions", ((fold(one.words), one.but_not) for one in self.exceptions), [one.words for one in self.exceptions]
        )
        meant = {(fold(one.words), one.tag) for one in self.words}
        letters = {phrase for phrase, _ in meant}
        for one in self.exceptions:
            phrase = fold(one.words)
            if (phrase, one.but_not) in meant or (one.but_not is None and phrase in letters):
                raise ValueError(f"{one.words!r} stands in words and in exceptions: keep one of the two")
        coded = {family(tag) for one in self.codes for tag in one.tags}
        for tag in self.only_by_code:
            if family(tag) not in coded:
                raise ValueError(f"only_by_code names {tag.value}, which no code gives: add a code for it")
        return self

    @property
    def is_empty(self) -> bool:
        return self == NOTHING

    def as_data(self) -> dict[str, Any]:
        """As it is written in a file and kept."""
        return self.model_dump(mode="json", by_alias=True)


def _must_differ(where: str, keys: Iterable[object], written: Sequence[str]) -> None:
    seen: set[object] = set()
    for key, said in zip(keys, written, strict=True):
        if key in seen:
            raise ValueError(f"{where} say {said!r} twice: keep one of them")
        seen.add(key)


def told_code(code: str | None) -> str:
    """A code as it is compared: whatever its case and its spaces."""
    return " ".join((code or "").casefold().split())


def family(tag: str) -> str:
    """The tag of the rules that give it: a wheel change has its season from elsewhere."""
    return wheels.CHANGE if tag in wheels.TAGS else str(tag)


NOTHING = DealerLexicon()
