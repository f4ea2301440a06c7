"""Reads one order: the tags with their evidence, what was overruled and why, and what else its text tells."""

from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass, replace
from datetime import date

from classifier.domain import notes, wheels
from classifier.domain.clauses import Clause, clauses, holding
from classifier.domain.cues import Overruling, overrulings
from classifier.domain.lexicon import Cue
from classifier.domain.matching import Hit, Matcher
from classifier.domain.orders import Order, is_too_long, passages
from classifier.domain.rules import Finding, Scene, findings
from classifier.domain.text import Joined

COUNTS_FROM = 0.5
SURE_FROM = 0.6
REMARKS = "remarks"
FOR_NOTHING = ("cue.discount", "warranty")  # groups that say of a credit that the work was done, for less or for nothing
WARRANTY = "warranty_work"
MENTIONED = Cue("mentioned", why="mentioned", review=True)


@dataclass(frozen=True)
class Words:
    """Words as written, where they stand, the rule that read them and how strong they are."""

    words: str
    place: str
    rule: str
    strength: float


@dataclass(frozen=True)
class Found:
    """A tag and the words it rests on, the strongest first."""

    tag: str
    evidence: tuple[Words, ...]

    @property
    def strength(self) -> float:
        return max(words.strength for words in self.evidence)


@dataclass(frozen=True)
class Overruled:
    """Words that would have meant a tag, and the words because of which they do not (`because.rule` is `cue.<id>`)."""

    tag: str
    words: Words
    why: str
    because: Words


@dataclass(frozen=True)
class Read:
    """All that was read of one order."""

    tags: tuple[Found, ...] = ()
    overruled: tuple[Overruled, ...] = ()
    inspection_result: str | None = None
    odometer_km: int | None = None
    mechanics: tuple[str, ...] = ()
    hours: float | None = None
    next_service_on: date | None = None
    plate: str | None = None
    vin: str | None = None
    review: bool = False

    def names(self) -> frozenset[str]:
        return frozenset(found.tag for found in self.tags)


def read(order: Order, matcher: Matcher) -> Read:
    """Read an order with the lexicon of its language."""
    lexicon = matcher.lexicon
    joined = lexicon.joiner.join(tuple(passages(order)))
    hits = matcher.hits(joined, order.on)
    found = clauses(joined, hits, lexicon)
    scene = Scene(joined, found, hits)
    reached = overrulings(found, lexicon, joined)
    everything = list(findings(lexicon.rule_book, scene, reached, finished=order.finished))
    taken_back = _taken_back(everything, joined, scene)
    fired = [finding for finding in everything if not _is_dropped(finding, joined, taken_back)]
    if order.finished:
        fired = list(_without_mentions(list(_without_mere_wishes(fired, found, joined)), found, joined))
    told = notes.read(order, joined, hits, lexicon)
    silent = {hit for hit, all_ in reached.items() if any(o.cue.concerns(wheels.CHANGE, finished=order.finished) for o in all_)}
    season = wheels.season(found, fired, silent, order.on)
    inspected = (
        [hit for one in fired if one.counts and one.rule.tag == notes.INSPECTION for hit in one.hits] if order.finished else []
    )
    result = notes.inspection_result(found, inspected, reached, lexicon)
    assembled = replace(_assemble(joined, fired, season, told, order.on), inspection_result=result)
    return replace(assembled, review=True) if is_too_long(order) else assembled


def _without_mere_wishes(fired: Sequence[Finding], found: Sequence[Clause], joined: Joined) -> Iterator[Finding]:
    """What was wished for or merely named counts as done, unless the same order says that it was not."""
    refuting = [finding for finding in fired if finding.against]
    for finding in fired:
        against = _against(finding, refuting, found, joined) if finding.counts else ()
        yield replace(finding, against=against) if against else finding


def _against(finding: Finding, refuting: Sequence[Finding], found: Sequence[Clause], joined: Joined) -> tuple[Overruling, ...]:
    """A wish yields to any other word, a mere name to a later one near it: `service, hjulskift - hjulskift blev ikke lavet`."""
    clause = holding(found, finding.hits[0].first)
    if clause.done:
        return ()
    is_wish = any(hit.group == "wish" for one in found if _leads(one, clause) for hit in one.things)
    others = [other for other in refuting if other.rule.tag == finding.rule.tag]
    free = not joined.passages[clause.passage].priced
    return next((other.against for other in others if is_wish or _refutes(other, finding, clause, found, free=free)), ())


def _leads(one: Clause, clause: Clause) -> bool:
    """Whether a clause is another one or stands before it in its sentence: `Auftrag: Inspektion, Reifen, TÜV`."""
    return one.sentence == clause.sentence and one.first <= clause.first


def _refutes(other: Finding, finding: Finding, clause: Clause, found: Sequence[Clause], *, free: bool) -> bool:
    """`free`: the line was not charged for, so that a word on a later line may take it back, too."""
    is_later = other.hits[0].first > finding.hits[0].first
    same_passage = holding(found, other.hits[0].first).passage == clause.passage
    return is_later and (same_passage or free) and any(overruling.cue.refutes for overruling in other.against)


def _without_mentions(fired: Sequence[Finding], found: Sequence[Clause], joined: Joined) -> Iterator[Finding]:
    """Remarks tell of all sorts of work: where lines name what was done, a name in the remarks counts only beside a word that it
    was done, or for work that a line names, too. Who pays for it all may stand anywhere."""
    tags = {one.rule.tag for one in fired if one.counts and joined.place(one.hits[0].first) != REMARKS}
    for finding in fired:
        is_mention = (
            bool(tags)
            and finding.counts
            and finding.rule.tag not in tags
            and finding.rule.tag != WARRANTY
            and joined.place(finding.hits[0].first) == REMARKS
            and not holding(found, finding.hits[0].first).done
        )
        yield replace(finding, against=(Overruling(MENTIONED, finding.hits[0]),)) if is_mention else finding


def _taken_back(everything: Sequence[Finding], joined: Joined, scene: Scene) -> frozenset[tuple[str, int]]:
    """The work and the amount that lines take back in words of their own: `MOT class 7`, `credit MOT cl7`. What was given away was
    done all the same."""
    given = {scene.passage_of(hit) for group in FOR_NOTHING for hit in scene.by_group.get(group, ())}
    credits = {number: passage.takes_back for number, passage in enumerate(joined.passages) if passage.takes_back}
    places = ((finding.rule.tag, scene.passage_of(finding.hits[0])) for finding in everything)
    return frozenset((tag, credits[place]) for tag, place in places if place in credits and place not in given)


def _is_dropped(finding: Finding, joined: Joined, taken_back: Set[tuple[str, int]]) -> bool:
    """Words on a line that was cancelled on the same invoice do not count, and are not worth a word."""
    passages = [joined.passages[joined.passage_of[hit.first]] for hit in finding.hits]
    return any(one.dropped or (one.amount is not None and (finding.rule.tag, one.amount) in taken_back) for one in passages)


def _assemble(
    joined: Joined,
    fired: Iterable[Finding],
    season: wheels.Season | None,
    told: notes.Notes,
    on: date | None,
) -> Read:
    good: dict[str, list[Words]] = {}
    bad: list[Overruled] = []
    unsure = False
    for finding in fired:
        unsure |= bool(finding.against) and all(overruling.cue.review for overruling in finding.against)
        tag = wheels.tag_of(season) if finding.rule.tag == wheels.CHANGE else finding.rule.tag
        words = _words(joined, finding)
        if finding.counts:
            good.setdefault(tag, []).append(words)
        else:
            bad.append(_overruled(joined, tag, words, finding.against[0]))
    tags = tuple(
        Found(tag, _strongest(evidence) + (_season_words(joined, season, on) if season and tag in wheels.TAGS else ()))
        for tag, evidence in sorted(good.items())
        if max(w.strength for w in evidence) >= COUNTS_FROM
    )
    names = {one.tag for one in tags}
    return Read(
        tags=tags,
        overruled=_distinct(bad),
        odometer_km=told.odometer_km,
        mechanics=told.mechanics,
        hours=told.hours,
        next_service_on=told.next_service_on,
        plate=told.plate,
        vin=told.vin,
        review=_unclear(good, bad, names) or unsure,
    )


def _season_words(joined: Joined, season: wheels.Season, on: date | None) -> tuple[Words, ...]:
    if season.hit is None:
        return (Words(on.isoformat() if on else "", "date", season.rule, 0.7),)
    return (Words(joined.written(season.hit.first, season.hit.last), joined.place(season.hit.first), season.rule, 0.9),)


def _words(joined: Joined, finding: Finding) -> Words:
    """The span from the first to the last of its words where they stand in one passage, else those of the first group."""
    passage = joined.passage_of[finding.hits[0].first]
    here = [hit for hit in finding.hits if joined.passage_of[hit.first] == passage]
    first, last = min(hit.first for hit in here), max(hit.last for hit in here)
    return Words(joined.written(first, last), joined.place(first), finding.rule.id, finding.rule.strength)


def _overruled(joined: Joined, tag: str, words: Words, against: Overruling) -> Overruled:
    hit: Hit = against.hit
    because = Words(joined.written(hit.first, hit.last), joined.place(hit.first), f"cue.{against.cue.id}", words.strength)
    return Overruled(tag, words, against.cue.why, because)


def _strongest(evidence: Sequence[Words]) -> tuple[Words, ...]:
    return tuple(sorted(dict.fromkeys(evidence), key=lambda words: -words.strength)[:5])


def _distinct(overruled: Sequence[Overruled]) -> tuple[Overruled, ...]:
    return tuple(dict.fromkeys(overruled))[:10]


def _unclear(good: dict[str, list[Words]], bad: Sequence[Overruled], names: set[str]) -> bool:
    """Weak evidence, or words for and against the same tag at one place."""
    weak = any(max(w.strength for w in evidence) < SURE_FROM for evidence in good.values())
    places = {(tag, words.place) for tag in names for words in good[tag]}
    return weak or any((one.tag, one.words.place) in places for one in bad)
