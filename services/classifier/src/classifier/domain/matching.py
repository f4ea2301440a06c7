"""One pass over the joined text finds every term of a lexicon; the longest reading of the same words wins."""

import re
from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date

import ahocorasick

from classifier.domain.lexicon import Lexicon, Term
from classifier.domain.text import Gap, Joined

_PART = 4  # so many letters of a word at least, where a term goes on with the next: `forskærm lakeret`, not `prøvetur uden`
_YEAR = re.compile(r"(?:19|20)\d\d")


@dataclass(frozen=True, slots=True, order=True)
class Hit:
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

    def hits(self, joined: Joined, on: date | None = None) -> list[Hit]:
        """Every group found, in reading order, without what a longer reading covers. `on`: the day that the text is of."""
        found = {hit for hit in (*self._found(joined), *self._patterns(joined)) if not self._is_of_now(hit, joined, on)}
        return sorted(_longest(found, self.lexicon))

    def _is_of_now(self, hit: Hit, joined: Joined, on: date | None) -> bool:
        """A cue of the past that names the order's own year or a later one: `udført i 2025` on an order of 2025."""
        cue = self.lexicon.cues.get(hit.group)
        if on is None or cue is None or not cue.past:
            return False
        return any(int(year) >= on.year for year in _YEAR.findall(joined.written(hit.first, hit.last)))

    def _found(self, joined: Joined) -> Iterator[Hit]:
        words, word_of, text, endings = joined.words, joined.word_of, joined.string, self.lexicon.endings
        for end, (length, terms) in self._automaton.iter(text):
            start = end - length + 1
            first, last = word_of[start], word_of[end]
            at_start = words[first].start == start
            rest = words[last].end - end - 1
            if first != last and not _together(joined, first, last):
                continue
            for term in terms:
                if not at_start and not (term.open_left and (first == last or words[first].end - start >= _PART)):
                    continue
                if (term.one_word and first != last) or (term.apart and first == last):
                    continue
                if rest and not term.open_right and (term.exact or text[end + 1 : end + 1 + rest] not in endings):
                    continue
                yield Hit(first, last, term.group, length if term.open_left or term.open_right else 0)

    def _patterns(self, joined: Joined) -> Iterator[Hit]:
        for group, pattern in self.lexicon.patterns.items():
            for number, passage in enumerate(joined.passages):
                for match in pattern.finditer(passage.text):
                    inside = [
                        index
                        for index, word in enumerate(joined.words)
                        if word.passage == number and word.begins < match.end() and word.ends > match.start()
                    ]
                    if inside:
                        yield Hit(inside[0], inside[-1], group)


def _together(joined: Joined, first: int, last: int) -> bool:
    """Whether nothing but a space, a hyphen, a plus, a slash or a full stop stands between these words."""
    return all(joined.words[index].gap == Gap.NONE for index in range(first + 1, last + 1))


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
