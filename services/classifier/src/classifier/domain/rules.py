"""From hits to tags: each rule asks for groups near each other; cues decide whether what was found counts."""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from classifier.domain.clauses import Clause
from classifier.domain.cues import Overruling
from classifier.domain.lexicon import Rule, RuleBook
from classifier.domain.matching import Hit
from classifier.domain.text import Joined


@dataclass(frozen=True)
class Finding:
    """A rule that fired on these hits, and what overrules it (nothing: it counts)."""

    rule: Rule
    hits: tuple[Hit, ...]
    against: tuple[Overruling, ...] = ()

    @property
    def counts(self) -> bool:
        return not self.against


class Scene:
    """The hits of one order, by their group and by how near they are to each other."""

    def __init__(self, joined: Joined, found: Sequence[Clause], hits: Sequence[Hit]) -> None:
        self._joined, self._found = joined, found
        self.by_group: dict[str, list[Hit]] = {}
        for hit in hits:
            self.by_group.setdefault(hit.group, []).append(hit)
        self.groups = self.by_group.keys()
        self._hits = hits

    @cached_property
    def in_passage(self) -> Mapping[int, set[str]]:
        """The groups of each passage."""
        found: dict[int, set[str]] = {}
        for hit in self._hits:
            found.setdefault(self.passage_of(hit), set()).add(hit.group)
        return found

    @cached_property
    def _starts(self) -> list[int]:
        return [clause.first for clause in self._found]

    def passage_of(self, hit: Hit) -> int:
        return self._joined.passage_of[hit.first]

    def near(self, within: str, anchor: Hit) -> tuple[int, int]:
        """The words from which to which something stands near an anchor."""
        if within == "order":
            return 0, len(self._joined.words)
        if within == "passage":
            firsts, passage = self._joined.firsts, self.passage_of(anchor)
            return firsts[passage], firsts[passage + 1] if passage + 1 < len(firsts) else len(self._joined.words)
        place = bisect_right(self._starts, anchor.first) - 1
        first = last = place
        if within == "sentence":
            sentence = self._found[place].sentence
            while first > 0 and self._found[first - 1].sentence == sentence:
                first -= 1
            while last + 1 < len(self._found) and self._found[last + 1].sentence == sentence:
                last += 1
        return self._found[first].first, self._found[last].last + 1


def findings(rules: RuleBook, scene: Scene, reached: Mapping[Hit, Sequence[Overruling]], *, finished: bool) -> Iterator[Finding]:
    """Every rule that fires, on the words that count where there are such, else on those that are overruled."""
    for rule in rules.that_may_fire(scene.groups):
        if rule.in_order and rule.in_order.isdisjoint(scene.groups):
            continue
        if _counts_somewhere(rule, scene, reached, finished=finished):
            continue
        anchors = sorted(hit for group in rule.groups[0] for hit in scene.by_group.get(group, ()))
        others = [[hit for group in groups for hit in scene.by_group.get(group, ())] for groups in rule.groups[1:]]
        for anchor in anchors:
            if rule.unless and not rule.unless.isdisjoint(scene.in_passage[scene.passage_of(anchor)]):
                continue
            chosen = _chosen(rule, anchor, others, scene, reached, finished=finished)
            if chosen is not None:
                yield Finding(rule, chosen, tuple(_against(rule, chosen, reached, finished)))


def _counts_somewhere(rule: Rule, scene: Scene, reached: Mapping[Hit, Sequence[Overruling]], *, finished: bool) -> bool:
    """Whether the order holds a group that forbids the rule, on words that no cue takes from the rule's tag."""
    forbidding = (hit for group in rule.unless_in_order & scene.groups for hit in scene.by_group[group])
    return any(not _against(rule, [hit], reached, finished) for hit in forbidding)


def _chosen(
    rule: Rule, anchor: Hit, candidates: Sequence[Sequence[Hit]], scene: Scene, reached: Mapping[Hit, Sequence[Overruling]], *,
    finished: bool,
) -> tuple[Hit, ...] | None:  # fmt: skip
    """The anchor with the nearest hit for each further part of the rule, rather one that counts; None: one is missing."""
    chosen = [anchor]
    begin, end = scene.near("clause" if rule.within == "phrase" else rule.within, anchor) if candidates else (0, 0)
    for others in candidates:
        free = sorted(hit for hit in others if begin <= hit.first < end and not _overlap(hit, chosen))
        if not free:
            return None
        good = [hit for hit in free if not _against(rule, [hit], reached, finished)]
        chosen.append(min(good or free, key=lambda hit: abs(hit.first - anchor.first)))
    return tuple(chosen)


def _against(rule: Rule, hits: Sequence[Hit], reached: Mapping[Hit, Sequence[Overruling]], finished: bool) -> list[Overruling]:
    return [
        overruling for hit in hits for overruling in reached.get(hit, ()) if overruling.cue.concerns(rule.tag, finished=finished)
    ]


def _overlap(hit: Hit, chosen: Sequence[Hit]) -> bool:
    """The same words may not stand for two parts of a rule, unless they are of two groups."""
    return any(hit.first <= other.last and other.first <= hit.last and hit.group == other.group for other in chosen)
