"""What tags rest on: words as written, and what was overruled by which words."""

from typing import NamedTuple


class Words(NamedTuple):
    """Words as written, where they stand, the rule that read them and how strong they are."""

    words: str
    place: str
    rule: str
    strength: float


class Found(NamedTuple):
    """A tag and the words it rests on, the strongest first."""

    tag: str
    evidence: tuple[Words, ...]

    @property
    def strength(self) -> float:
        return max(words.strength for words in self.evidence)


class Overruled(NamedTuple):
    """Words that would have meant a tag, and the words because of which they do not (`because.rule` is `cue.<id>`)."""

    tag: str
    words: Words
    why: str
    because: Words
