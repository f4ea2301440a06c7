"""Which hits a cue overrules: how far its words reach, in which direction, and what protects from it."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from classifier.domain.clauses import Clause
from classifier.domain.lexicon import Cue, Lexicon
from classifier.domain.matching import Hit
from classifier.domain.text import Joined

_NEAR = 2  # a verb at most this many words behind a cue belongs to the cue: "ikke blevet udført"
NOW = "now"
NEW = "new"
ACCEPTED = "accepted"
_SHORT = 7  # a clause of at most this many words may speak of the line before,
_UNKNOWN = 0  # if no more than this many of them are unknown


@dataclass(frozen=True)
class Overruling:
    """A cue that reaches a hit, with the words that it stands in."""

    cue: Cue
    hit: Hit


def overrulings(found: list[Clause], lexicon: Lexicon, joined: Joined) -> Mapping[Hit, list[Overruling]]:
    """For each hit the cues that reach it; what happened after all is taken out again."""
    reached: dict[Hit, list[Overruling]] = defaultdict(list)
    for number, clause in enumerate(found):
        for hit in clause.cues:
            cue = lexicon.cues[hit.group]
            for thing in _reached(cue, hit, number, found, joined):
                reached[thing].append(Overruling(cue, hit))
    for number in range(len(found)):
        _rescue(number, found, reached, lexicon)
    return reached


def _reached(cue: Cue, hit: Hit, number: int, found: list[Clause], joined: Joined) -> list[Hit]:
    clause = found[number]
    if cue.reach != "clause":
        near = [other for other in found if cue.reach == "order" or _where(cue, other) == _where(cue, clause)]
        open_to_it = [other for other in near if not (cue.stops_at_done and other.done)]
        return [thing for other in open_to_it for thing in other.things if _on_side(cue, hit, thing)]
    mine = [thing for thing in clause.things if _in_reach(cue, hit, thing, clause)]
    before, after = cue.direction in ("before", "both"), cue.direction in ("after", "both")
    done_after = cue.stops_at_done and any(verb.first > hit.last for verb in clause.done)
    if clause.heading and clause.last - hit.last <= 1 and not done_after:
        mine.extend(_under_heading(number, found, joined))
        after = False
    if after and (mine or (clause.bare and not cue.turned)):
        mine.extend(_list_after(number, found, alone=clause.bare, cue=cue))
    if before and any(t.last < clause.joint for t in mine) and any(clause.joint < t.first < hit.first for t in mine):
        mine.extend(_list_before(number, found))
    if before and clause.bare:
        mine.extend(_said_before(number, found, cue))
    return mine


def _where(cue: Cue, clause: Clause) -> int:
    return clause.passage if cue.reach == "passage" else clause.sentence


def _on_side(cue: Cue, hit: Hit, thing: Hit) -> bool:
    return cue.direction == "both" or (thing.first > hit.last) == (cue.direction == "after")


def _in_reach(cue: Cue, hit: Hit, thing: Hit, clause: Clause) -> bool:
    if thing.first > hit.last:
        if cue.direction == "before":
            return False
        between = [verb for verb in clause.done if hit.last + _NEAR < verb.first < thing.first]
        return not (cue.stops_at_done and between and any(hit.last < t.first < between[0].first for t in clause.things))
    if cue.direction == "after":
        return False
    others = any(thing.last < other.first and other.last < hit.first for other in clause.things)
    told_done = (verb for verb in clause.done if thing.first < verb.first < hit.first)  # `HU gemacht` has its verb within
    return not (cue.stops_at_done and any(verb.first > thing.last or others for verb in told_done))


def _list_after(number: int, found: list[Clause], *, alone: bool, cue: Cue) -> list[Hit]:
    """The rest of a list, as in `ønsker ikke service, synstjek eller hjulskift`: clauses without a verb, up to the `eller`."""
    run: list[Clause] = []
    for other in found[number + 1 :]:
        if other.sentence != found[number].sentence or other.has_verb or any(hit.group == NOW for hit in other.things):
            break
        run.append(other)
    if not run or (found[number].listed and not alone) or (alone and found[number].done and cue.stops_at_done):
        return []
    if alone and (cue.direction == "after" or not _said_before(number, found, cue)):
        run = run[: next((i + 1 for i, clause in enumerate(run) if clause.listed), 1)]
        return [thing for clause in run for thing in clause.things]
    end = next((i for i, clause in enumerate(run) if clause.listed), None)
    return [] if end is None else [thing for clause in run[: end + 1] for thing in clause.things]


def _list_before(number: int, found: list[Clause]) -> list[Hit]:
    """The list before, as in `service, synstjek og hjulskift ikke udført`, as long as its clauses have no verb."""
    taken: list[Hit] = []
    for other in reversed(found[:number]):
        if other.sentence != found[number].sentence or other.has_verb:
            break
        taken.extend(other.things)
    return taken


def _said_before(number: int, found: list[Clause], cue: Cue) -> list[Hit]:
    """A clause of nothing but the cue speaks of the clause before, as in `Hjulskift, ikke udført`; a short one across lines."""
    clause, other = found[number], _before(number, found)
    if other is None or cue.direction == "after" or not (cue.alone or clause.done):
        return []
    if other.done and cue.stops_at_done and other.sentence != clause.sentence:
        return []
    says_only_that = clause.unknown <= _UNKNOWN and clause.last - clause.first < _SHORT
    if other.sentence == clause.sentence or (says_only_that and cue.across):
        return [] if other.done and cue.stops_at_done else list(other.things)
    return []


def _before(number: int, found: list[Clause]) -> Clause | None:
    """The clause before, or the one before that where it says nothing: `Inspektion, hat angerufen, kommt nicht`."""
    for other in reversed(found[:number]):
        if other.sentence != found[number].sentence or not other.bare or other.has_verb or other.unknown:
            return other
    return None


def _under_heading(number: int, found: list[Clause], joined: Joined) -> list[Hit]:
    """`Anbefalinger:` speaks of all that follows, up to the next heading or a line that was charged for."""
    taken: list[Hit] = []
    own = found[number]
    ends_line = number + 1 == len(found) or found[number + 1].sentence != own.sentence
    for other in found[number + 1 :]:
        if other.sentence != own.sentence and (other.heading or other.done or not ends_line):
            break
        if other.passage != own.passage and joined.passages[other.passage].priced:
            break
        if other.passage != own.passage and joined.passages[other.passage].place == "remarks":
            break
        taken.extend(other.things)
    return taken


def _rescue(number: int, found: list[Clause], reached: dict[Hit, list[Overruling]], lexicon: Lexicon) -> None:
    """What was recommended, asked or checked and then done counts: `anbefalet tandrem er nu skiftet`, `anbefalet, nu udført`."""
    clause = found[number]
    if not clause.done:
        if number > 0 and _says_only_new(clause):
            _lift_rescued(found[number - 1].things, reached)
        return
    last_done = clause.done[-1]
    things = [t for t in clause.things if any(_made_up_for(t, o.hit, last_done, clause) for o in reached.get(t, ()))]
    if clause.bare and not clause.cues and number > 0:
        before = found[number - 1]
        if before.passage == clause.passage:
            things.extend(before.things)
            if any(hit.group == NOW for hit in clause.things):
                _lift(before.things, reached)
        if any(hit.group == ACCEPTED for hit in clause.done):
            things.extend(_offered(number, found, lexicon))
    _lift_rescued(things, reached)


def _made_up_for(thing: Hit, cue: Hit, verb: Hit, clause: Clause) -> bool:
    """`Anbefalet tandrem er nu skiftet`, `vandpumpe utæt, skiftet`: nothing else stands between the cue and the verb."""
    if cue.last < thing.first:
        return thing.last < verb.first
    between = any(cue.last < other.first and other.last < verb.first for other in clause.things)
    return thing.last < cue.first and cue.last < verb.first and not between


def _says_only_new(clause: Clause) -> bool:
    """`Hjulleje brummer, nyt`, `ring revnet, ny ring`: it was put in."""
    new = [hit for hit in clause.things if hit.group == NEW]
    return bool(new) and new[0].first == clause.first and clause.bare and not clause.cues and clause.unknown <= 1


def _lift_rescued(things: Iterable[Hit], reached: dict[Hit, list[Overruling]]) -> None:
    for thing in things:
        reached[thing] = [overruling for overruling in reached.get(thing, []) if not overruling.cue.rescued]


def _offered(number: int, found: list[Clause], lexicon: Lexicon) -> Iterator[Hit]:
    """What stands before an acceptance that names no work: `Tilbud tandrem 7.000 kr. Kunden har sagt ja`."""
    for other in reversed(found[:number]):
        if any(not lexicon.cues[hit.group].rescued for hit in other.cues):
            return
        yield from other.things


def _lift(things: Sequence[Hit], reached: dict[Hit, list[Overruling]]) -> None:
    """`Udført i dag` makes up for whatever a clause said of what it names."""
    for thing in things:
        reached[thing] = [overruling for overruling in reached.get(thing, []) if overruling.cue.reach != "clause"]
