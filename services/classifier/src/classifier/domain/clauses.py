"""Clauses of the text: where the words stop that belong together, and what was found in each."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from classifier.domain.lexicon import Lexicon
from classifier.domain.matching import Hit
from classifier.domain.text import Gap, Joined


@dataclass
class Clause:
    """The words from `first` to `last` that belong together, and what was found in them."""

    first: int
    last: int
    sentence: int
    passage: int
    heading: bool  # a colon ends it
    turned: bool = False  # it begins with men, dog ...
    listed: bool = False  # og, samt or eller is among its words
    joint: int = -1  # where the last of them stands
    bare: bool = True  # it names nothing: all that was found in it are helpers, verbs and cues
    unknown: int = 0  # how many of its words say something that nobody knows
    things: list[Hit] = field(default_factory=list)
    done: list[Hit] = field(default_factory=list)
    cues: list[Hit] = field(default_factory=list)

    @property
    def has_verb(self) -> bool:
        return bool(self.done or self.cues)


def clauses(joined: Joined, hits: Iterable[Hit], lexicon: Lexicon) -> list[Clause]:
    """Cut the text at commas, brackets, dashes, `men`, and where `og` leads on to a new verb or cue."""
    hits = list(hits)
    verbs = {hit.first for hit in hits if hit.group in lexicon.verbs or hit.group in lexicon.cues}
    within = {word for hit in hits for word in range(hit.first + 1, hit.last + 1)}  # `ikke men` of a term cuts nothing
    found = _cut(joined, verbs, within)
    known: set[int] = set()
    mine = iter(found)
    clause = next(mine, None)
    for hit in hits:
        while clause is not None and clause.last < hit.first:
            clause = next(mine)
        assert clause is not None  # every word stands in one
        cue = lexicon.cues.get(hit.group)
        if cue is not None:
            if not cue.protects:
                clause.cues.append(hit)
        elif hit.group in lexicon.verbs:
            clause.done.append(hit)
        else:
            clause.things.append(hit)
            clause.bare &= hit.group in lexicon.helpers
        known.update(range(hit.first, hit.last + 1))
    for clause in found:
        words = range(clause.first, clause.last + 1)
        clause.unknown = sum(joined.words[word].tells for word in words if word not in known)
    named = _named(found)
    standing = [[hit for hit in clause.cues if _stands(hit, place, named, lexicon)] for place, clause in enumerate(named)]
    for clause, cues in zip(named, standing, strict=True):
        clause.cues = cues
    return named


def _stands(hit: Hit, place: int, found: list[Clause], lexicon: Lexicon) -> bool:
    """Whether the words beside a cue let it speak; one that leads its clause has those of the clause before beside it, too."""
    cue, clause = lexicon.cues[hit.group], found[place]
    if cue.turned and not _turns(place, found):
        return False
    if not (cue.needs or cue.unless):
        return True
    leads = not any(thing.first < hit.first and thing.group not in lexicon.helpers for thing in clause.things)
    near = [clause, *(found[place - 1 : place] if leads and cue.alone else ())]
    beside = {other.group for one in near for other in (*one.things, *one.done, *one.cues)}
    return (not cue.needs or bool(cue.needs & beside)) and not cue.unless & beside


def _turns(place: int, found: list[Clause]) -> bool:
    """Whether the sentence goes on with a `but` and nothing that was done."""
    rest = [other for other in found[place + 1 :] if other.sentence == found[place].sentence]
    at = next((number for number, other in enumerate(rest) if other.turned), None)
    return at is not None and not any(other.done for other in rest[at:])


def _cut(joined: Joined, verbs: set[int], within: set[int]) -> list[Clause]:
    found: list[Clause] = []
    sentence = -1
    for index, word in enumerate(joined.words):
        if word.gap >= Gap.SENTENCE:
            sentence += 1
        if word.gap >= Gap.CLAUSE or (word.turns and index not in within) or (word.lists and index + 1 in verbs):
            clause = Clause(
                index, index, sentence, joined.passage_of[index], word.colon, turned=word.turns and index not in within
            )
            found.append(clause)
        clause.last, clause.heading = index, word.colon
        if word.lists:
            clause.listed, clause.joint = True, index
    return found


def _named(found: list[Clause]) -> list[Clause]:
    """A colon cuts no clause that only says something of what it names: `Tandrem: skiftet sidste år`."""
    merged: list[Clause] = []
    for clause in found:
        before = merged[-1] if merged else None
        if before and before.heading and not before.cues and clause.bare and before.sentence == clause.sentence:
            before.last, before.heading, before.joint = clause.last, clause.heading, max(before.joint, clause.joint)
            before.listed |= clause.listed
            before.unknown += clause.unknown
            before.things += clause.things
            before.done += clause.done
            before.cues += clause.cues
        else:
            merged.append(clause)
    return merged


def holding(found: Sequence[Clause], word: int) -> Clause:
    """The clause that a word stands in."""
    low, high = 0, len(found) - 1
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if found[middle].first <= word else (low, middle - 1)
    return found[low]
