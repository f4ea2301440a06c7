"""What another lexicon would change in one visit: tags gained and lost, each with the words that decide."""

from collections.abc import Iterator
from dataclasses import dataclass

from classifier.domain.evidence import Words
from classifier.domain.reading import Read

_OWN = ("own.", "code.")


@dataclass(frozen=True)
class Change:
    """A tag that a visit would gain by these words, or lose: what it rests on now, and what speaks against it then."""

    tag: str
    gained: bool
    words: Words
    because: Words | None = None


def changes(before: Read, after: Read) -> Iterator[Change]:
    """By tag, what one reading says and the other does not."""
    had, has = ({found.tag: found for found in read.tags} for read in (before, after))
    against = {one.tag: one.because for one in reversed(after.overruled)}
    for tag in sorted(had.keys() ^ has.keys()):
        found = has.get(tag) or had[tag]
        own = [words for words in found.evidence if words.rule.startswith(_OWN)]
        yield Change(tag, tag in has, next(iter(own), found.evidence[0]), None if tag in has else against.get(tag))
