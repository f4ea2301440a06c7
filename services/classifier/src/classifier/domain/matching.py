"""One pass over a text finds every term of a lexicon; the longest reading of the same words wins."""

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator
from datetime import date
from functools import lru_cache
from typing import NamedTuple

import ahocorasick

from classifier.domain.lexicon import Lexicon, Term
from classifier.domain.text import KEPT, Joined, Part

_PART = 4  # so many letters of a word at least, where a term goes on with the next: `forskærm lakeret`, not `prøvetur uden`
_YEAR = re.compile(r"(?:19|20)\d\d")


class Hit(NamedTuple):
    """Words of one group, from word `first` to word `last`."""

    first: int
    last: int
    group: str
    part: int = 0  # letters found, where the term is only a part of its word; 0 when it is whole words


class Matcher:
    """A lexicon made ready to search with; build it once and keep it."""

    def __init__(self, lexicon: Lexicon) -> None:
        self.lexicon = lexicon
        by_letters: dict[str, list[Term]] = defaultdict(list)
        for term in lexicon.terms:
            by_letters[term.letters].append(term)
        self._automaton = ahocorasick.Automaton()
        for letters, terms in by_letters.items():
            self._automaton.add_word(letters, (len(letters), tuple(terms)))
        self._automaton.make_automaton()
        self._past = frozenset(group for group, cue in lexicon.cues.items() if cue.past)
        self._in_passage = lru_cache(KEPT)(self._of_passage)

    def hits(self, joined: Joined, on: date | None = None) -> list[Hit]:
        """Every group found, in reading order, without what a longer reading covers. `on`: the day that the text is of."""
        year = on.year if on is not None else None
        found: list[Hit] = []
        for passage, first in zip(joined.passages, joined.firsts, strict=True):
            here = self._in_passage(passage.text)
            if callable(here):
                here = here(year)
            if first:
                found += [Hit(hit[0] + first, hit[1] + first, hit[2], hit[3]) for hit in here]
            else:
                found += here
        return found

    def _of_passage(self, text: str) -> tuple[Hit, ...] | Callable[[int | None], tuple[Hit, ...]]:
        """What stands in a passage, by its own words; where a year may matter, what tells it for the order's year."""
        part = self.lexicon.joiner.part(text)
        found = {*self._found(part), *self._patterns(part, text)}
        dated = {hit: years for hit in found if hit.group in self._past and (years := _years(hit, part, text))}

        def of_year(year: int | None) -> tuple[Hit, ...]:
            """Without a cue of the past that names the order's own year or a later one: `udført i 2025` on an order of 2025."""
            now = {hit for hit, years in dated.items() if year is not None and max(years) >= year}
            return tuple(sorted(_longest(found - now, self.lexicon)))

        return of_year if dated else of_year(None)

    def _found(self, part: Part) -> Iterator[Hit]:
        word_of, text, endings, starts, ends = part.word_of, part.string, self.lexicon.endings, part.starts, part.ends
        for end, (length, terms) in self._automaton.iter(text):
            start = end - length + 1
            first, last = word_of[start], word_of[end]
            at_start = starts[first] == start
            rest = ends[last] - end - 1
            if first != last and not part.together(first, last):
                continue
            for term in terms:
                if not at_start and not (term.open_left and (first == last or ends[first] - start >= _PART)):
                    continue
                if (term.one_word and first != last) or (term.apart and first == last):
                    continue
                if rest and not term.open_right and (term.exact or text[end + 1 : end + 1 + rest] not in endings):
                    continue
                yield Hit(first, last, term.group, length if term.open_left or term.open_right else 0)

    def _patterns(self, part: Part, text: str) -> Iterator[Hit]:
        for group, pattern in self.lexicon.patterns.items():
            for match in pattern.finditer(text):
                begins, ends = match.span()
                inside = [index for index, word in enumerate(part.words) if word.begins < ends and word.ends > begins]
                if inside:
                    yield Hit(inside[0], inside[-1], group)


def _years(hit: Hit, part: Part, text: str) -> list[int]:
    """The years that stand in the words of a hit."""
    return [int(year) for year in _YEAR.findall(text[part.words[hit.first].begins : part.words[hit.last].ends])]


def _longest(hits: Collection[Hit], lexicon: Lexicon) -> list[Hit]:
    """Drop each hit that lies inside a longer one: `service` in `service aftale`, `syn` in `klargøring til syn`."""
    solid = [hit for hit in hits if hit.group not in lexicon.transparent]
    kept: set[tuple[int, int]] = set()
    reach = -1
    for span in sorted({(hit.first, hit.last) for hit in solid}, key=lambda span: (span[0], -span[1])):
        if span[1] > reach:
            kept.add(span)
            reach = span[1]
    whole = {(hit.first, hit.last) for hit in solid if not hit.part}
    longest: dict[tuple[int, int], int] = defaultdict(int)  # the most letters of a part, where no term is the whole of the words
    for hit in solid:
        longest[hit.first, hit.last] = max(longest[hit.first, hit.last], hit.part)
    opaque = {word for hit in solid if hit.group in lexicon.opaque for word in range(hit.first, hit.last + 1)}
    return [
        hit
        for hit in hits
        if (not {hit.first, hit.last} <= opaque if hit.group in lexicon.transparent else (hit.first, hit.last) in kept)
        and not (hit.part and ((hit.first, hit.last) in whole or hit.part < longest[hit.first, hit.last]))
    ]
