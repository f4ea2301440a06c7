"""From hits to tags: each rule asks for groups near each other; cues decide whether what was found counts."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from classifier.domain.clauses import Clause
from classifier.domain.cues import Overruling
from classifier.domain.lexicon import Rule
from classifier.domain.matching import Hit
from classifier.domain.text import Joined

Near = Mapping[int, Sequence[Hit]]


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
    """The hits of one order, by how near they are to each other."""

    def __init__(self, joined: Joined, found: Sequence[Clause], hits: Sequence[Hit]) -> None:
        self.joined = joined
        clause_of = {word: number for number, clause in enumerate(found) for word in range(clause.first, clause.last + 1)}
        self.places: dict[str, dict[int, list[Hit]]] = {w: defaultdict(list) for w in ("clause", "sentence", "passage", "order")}
        for hit in hits:
            clause = found[clause_of[hit.first]]
            for within, number in (
                ("clause", clause_of[hit.first]),
                ("sentence", clause.sentence),
                ("passage", clause.passage),
                ("order", 0),
            ):
                self.places[within][number].append(hit)
        self.groups = frozenset(hit.group for hit in hits)
        self.in_passage = {number: {hit.group for hit in here} for number, here in self.places["passage"].items()}

    def passage_of(self, hit: Hit) -> int:
        return self.joined.words[hit.first].passage


def findings(
    rules: Sequence[Rule], scene: Scene, reached: Mapping[Hit, Sequence[Overruling]], *, finished: bool
) -> Iterator[Finding]:
    """Every rule that fires, on the words that count where there are such, else on those that are overruled."""
    standing = {hit.group for hit in scene.places["order"][0] if not reached.get(hit)}
    for rule in rules:
        if any(not (group & scene.groups) for group in rule.groups) or rule.unless_in_order & standing:
            continue
        if rule.in_order and not rule.in_order & scene.groups:
            continue
        within = "clause" if rule.within == "phrase" else rule.within
        for near in scene.places[within].values():
            yield from _at(rule, near, scene, reached, finished=finished)


def _at(
    rule: Rule, near: Sequence[Hit], scene: Scene, reached: Mapping[Hit, Sequence[Overruling]], *, finished: bool
) -> Iterator[Finding]:
    candidates = [[hit for hit in near if hit.group in group] for group in rule.groups]
    if not all(candidates):
        return
    for anchor in candidates[0]:
        if rule.unless & scene.in_passage[scene.passage_of(anchor)]:
            continue
        chosen = [anchor]
        for others in candidates[1:]:
            free = [hit for hit in others if not _overlap(hit, chosen)]
            if not free:
                break
            good = [hit for hit in free if not _against(rule, [hit], reached, finished)]
            chosen.append(min(good or free, key=lambda hit: abs(hit.first - anchor.first)))
        else:
            yield Finding(rule, tuple(chosen), tuple(_against(rule, chosen, reached, finished)))


def _against(rule: Rule, hits: Sequence[Hit], reached: Mapping[Hit, Sequence[Overruling]], finished: bool) -> list[Overruling]:
    return [
        overruling for hit in hits for overruling in reached.get(hit, ()) if overruling.cue.concerns(rule.tag, finished=finished)
    ]


def _overlap(hit: Hit, chosen: Sequence[Hit]) -> bool:
    """The same words may not stand for two parts of a rule, unless they are of two groups."""
    return any(hit.first <= other.last and other.first <= hit.last and hit.group == other.group for other in chosen)
