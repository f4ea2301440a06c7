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
    found = _cut(joined, {hit.first for hit in hits if hit.group in lexicon.verbs or hit.group in lexicon.cues}, lexicon)
    for hit in hits:
        clause = holding(found, hit.first)
        kind = clause.cues if hit.group in lexicon.cues else clause.done if hit.group in lexicon.verbs else clause.things
        kind.append(hit)
        clause.bare &= kind is not clause.things or hit.group in lexicon.helpers
    known = {word for hit in hits for word in range(hit.first, hit.last + 1)}
    for clause in found:
        clause.unknown = sum(
            _says_something(joined, word, lexicon) for word in range(clause.first, clause.last + 1) if word not in known
        )
    named = _named(found)
    standing = [[hit for hit in clause.cues if _stands(hit, place, named, lexicon)] for place, clause in enumerate(named)]
    for clause, cues in zip(named, standing, strict=True):
        clause.cues = cues
    return named


def _says_something(joined: Joined, word: int, lexicon: Lexicon) -> bool:
    folded = joined.folded(word)
    return folded not in lexicon.fillers and folded not in lexicon.lists and folded not in lexicon.turns and not folded.isdigit()


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


def _cut(joined: Joined, verbs: set[int], lexicon: Lexicon) -> list[Clause]:
    found: list[Clause] = []
    sentence = -1
    for index, word in enumerate(joined.words):
        folded = joined.folded(index)
        lists = _lists(joined, index, lexicon)
        turns = folded in lexicon.turns or (lists and index + 1 in verbs)
        if word.gap >= Gap.SENTENCE:
            sentence += 1
        if word.gap >= Gap.CLAUSE or turns:
            found.append(Clause(index, index, sentence, word.passage, word.colon))
            found[-1].turned = folded in lexicon.turns
        found[-1].last, found[-1].heading = index, word.colon
        found[-1].listed |= lists
        found[-1].joint = index if lists else found[-1].joint
    return found


def _lists(joined: Joined, index: int, lexicon: Lexicon) -> bool:
    """Whether a list goes on here: `og`, or `m.m.`, written as two words."""
    folded = joined.folded(index)
    return folded in lexicon.lists or (index > 0 and joined.folded(index - 1) + folded in lexicon.lists)


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
