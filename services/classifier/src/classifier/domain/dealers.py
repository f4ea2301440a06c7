"""Reads an order with the lexicon of a language and with what a dealer added to it.

The language's words are found first. Then the dealer's words cover what they contain, exceptions take away, and a code stands
for the work that its line names: so what was cancelled, declined or credited counts for a code no more than for words.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from reading_engine import Engine, Finder, Text

from classifier.domain import wheels
from classifier.domain.evidence import Found, Overruled, Words
from classifier.domain.lexicon import Lexicon, Rule, Term
from classifier.domain.matching import Hit, Matcher
from classifier.domain.orders import Line, Order
from classifier.domain.own import FEWEST_LETTERS, NOTHING, DealerLexicon, OwnCode, family, told_code
from classifier.domain.reading import Read, read, whole
from common.events.words import VisitTag

BY_WORDS, BY_CODE = 0.9, 0.95  # how strong a dealer's words and codes are
_OWN, _NOTHING, _NOT, _CODE = "own.", "exception.", "exception.not.", "code."
_SEASON = {VisitTag.WHEEL_CHANGE_WINTER: "to_winter", VisitTag.WHEEL_CHANGE_SUMMER: "to_summer"}  # groups that vote


class Reader:
    """Reads a dealer's texts: with the lexicon of its language, and with what the dealer added. Build it once and keep it."""

    def __init__(self, base: Matcher, own: DealerLexicon = NOTHING, number: int = 0) -> None:
        self.base, self.own = base, own
        self.version = f"{base.lexicon.version}+{number}" if number else base.lexicon.version
        self.lexicon = replace(base.lexicon, version=self.version, rules=tuple(_rules(base.lexicon.rules, own)))
        self._exact = {told_code(one.code): one for one in own.codes if not one.prefix}
        self._prefixes = {told_code(one.code): one for one in own.codes if one.prefix}
        self._lengths = sorted({len(code) for code in self._prefixes}, reverse=True)
        self._excepted = {
            (tag, group)
            for tag in {one.but_not for one in own.exceptions if one.but_not}
            for group in _telling(base.lexicon, tag)
        }

    def read(self, order: Order) -> Read:
        """Read an order. Evidence of the dealer's own has the rules `own.<tag>` and `code.<code>`."""
        return read(order, self.base) if self.own.is_empty else _OfOrder(self, order).read()

    @cached_property
    def engine(self) -> Engine:
        """Reads by the dealer's rules."""
        return self.base.engine.with_rules(self.lexicon)

    @cached_property
    def words(self) -> Finder | None:
        """Finds the dealer's words."""
        return self._finder((_OWN + family(one.tag), one.words) for one in self.own.words)

    @cached_property
    def seasons(self) -> Finder | None:
        """Finds those of the dealer's words that tell the season of a wheel change."""
        return self._finder((_SEASON[one.tag], one.words) for one in self.own.words if one.tag in _SEASON)

    @cached_property
    def exceptions(self) -> Finder | None:
        """Finds the words that mean nothing, or not a tag."""
        named = ((f"{_NOT}{one.but_not.value}" if one.but_not else _NOTHING, one.words) for one in self.own.exceptions)
        return self._finder(named)

    def _finder(self, phrases: Iterable[tuple[str, str]]) -> Finder | None:
        terms = []
        for group, phrase in phrases:
            if (letters := _letters(phrase, self.base)) is not None:
                terms.append(Term(group, letters, phrase.startswith("*"), phrase.endswith("*")))
        return self.base.engine.finder(terms, self.lexicon.endings) if terms else None

    def code(self, written: str | None) -> OwnCode | None:
        """What the dealer says of a line's code: the exact one, else the longest that it begins with."""
        told = told_code(written)
        if not told:
            return None
        if (exact := self._exact.get(told)) is not None:
            return exact
        return next((self._prefixes[told[:n]] for n in self._lengths if told[:n] in self._prefixes), None)

    def found(self, text: Text) -> list[Hit]:
        """What the language finds, as far as the dealer's words do not cover it, and they themselves."""
        theirs: list[Hit] = self.base.engine.hits(text)
        mine = _hits(self.words, text)
        if not mine:
            return theirs
        solid = [hit for hit in theirs if hit.group not in self.lexicon.transparent]
        mine = [hit for hit in mine if not any(_within(hit, other) and not _within(other, hit) for other in solid)]
        kept = [hit for hit in theirs if hit.group in self.lexicon.transparent or not any(_within(hit, one) for one in mine)]
        spans = {(hit.first, hit.last) for hit in mine}
        return [*kept, *mine, *(hit for hit in _hits(self.seasons, text) if (hit.first, hit.last) in spans)]

    def excepted(self, text: Text, hits: Sequence[Hit]) -> tuple[list[Hit], list["Taken"]]:
        """The hits without those inside an exception. What must only not mean one tag stays for the others under another name."""
        against = _hits(self.exceptions, text)
        kept, taken = [], []
        for hit in hits:
            over = [one for one in against if _within(hit, one)]
            tags = {one.group.removeprefix(_NOT) for one in over if one.group != _NOTHING}
            if len(tags) == len(over) == 1:
                tag = next(iter(tags))
                if (tag, hit.group) in self._excepted or hit.group == _OWN + family(tag):
                    taken.append(Taken(hit, over[0], tag))
                    hit = hit._replace(group=_but(hit.group, tag))
                kept.append(hit)
            elif over:
                taken.append(Taken(hit, over[0], None))
            else:
                kept.append(hit)
        return kept, taken


@dataclass(frozen=True)
class Taken:
    """Words that an exception took away: from one tag, or (None) from all."""

    hit: Hit
    exception: Hit
    tag: str | None


class _OfOrder:
    """Reads one order of a dealer, by its words and the codes of its lines."""

    def __init__(self, reader: Reader, order: Order) -> None:
        self._reader, self._order = reader, order
        self._text = reader.base.engine.text(order)
        self._seasons: set[tuple[str, str]] = set()  # words and place at which a code tells the season

    def read(self) -> Read:
        order = self._order
        told = {word for number, line in enumerate(order.lines) for word in self._told_by_code(number, line)}
        found = [hit for hit in self._reader.found(self._text) if hit.first not in told]
        kept, taken = self._reader.excepted(self._text, found)
        hits = list({*kept, *self._codes(kept)})
        answer = self._reader.engine.read_hits(self._text, hits, set(self._settled(hits, taken)))
        return self._told(whole(order, answer, self._reader.lexicon), taken)

    def _settled(self, hits: Sequence[Hit], taken: Sequence[Taken]) -> Iterator[str]:
        """The tags of which the dealer says something here: no weights that were learned elsewhere overturn that."""
        gone = {one.hit.group for one in taken}
        spoken = {hit.group for hit in hits if hit.group.startswith((_OWN, _CODE))}
        for rule in self._reader.lexicon.rules:
            if any(not part.isdisjoint(gone | spoken) for part in rule.groups):
                yield from _with_seasons(rule.tag)
        for tag in self._reader.own.only_by_code:
            yield from _with_seasons(tag)

    def _told_by_code(self, number: int, line: Line) -> Iterator[int]:
        """The words of a code that the dealer explains: they mean what the dealer says, and not what their letters look like."""
        if self._reader.code(line.code) is not None:
            first, end = self._text.words_of(number)
            yield from (at for at in range(first, end) if self._text.ends(at) > len(line.text))

    def _codes(self, hits: Sequence[Hit]) -> Iterator[Hit]:
        """A code stands where its line names the work, so that what is said of the work is said of the code."""
        for number, line in enumerate(self._order.lines):
            words = range(*self._text.words_of(number))
            if (code := self._reader.code(line.code)) is None or not words:
                continue
            said = [index for index in words if self._text.ends(index) <= len(line.text)]
            place = _named(said or words, hits, self._reader.lexicon)
            yield Hit(place, place, _CODE + code.name)
            for tag in code.tags:
                if tag in _SEASON:
                    self._seasons.add((self._text.written(place, place), self._text.place(place)))
                    yield Hit(place, place, _SEASON[tag])

    def _told(self, found: Read, taken: Sequence[Taken]) -> Read:
        """With codes as they were written, and with what exceptions took away."""
        tags = tuple(Found(one.tag, tuple(dict.fromkeys(map(self._as_written, one.evidence)))) for one in found.tags)
        overruled = tuple(one._replace(words=self._as_written(one.words)) for one in found.overruled)
        return replace(found, tags=tags, overruled=tuple(dict.fromkeys((*overruled, *self._taken_away(taken))))[:10])

    def _as_written(self, words: Words) -> Words:
        if not words.rule.startswith(_CODE) and not (
            words.rule == "season.words" and (words.words, words.place) in self._seasons
        ):
            return words
        line = self._order.lines[int(words.place.removeprefix("line ")) - 1]
        return words._replace(words=(line.code or "").strip())

    def _taken_away(self, all_taken: Sequence[Taken]) -> Iterator[Overruled]:
        """What one of the words alone would have meant."""
        for taken in all_taken:
            for rule in self._reader.lexicon.rules:
                if len(rule.groups) > 1 or taken.hit.group not in rule.groups[0] or taken.tag not in (None, rule.tag):
                    continue
                words = self._quoted(taken.hit, rule.id, rule.strength)
                yield Overruled(
                    rule.tag, words, "other", self._quoted(taken.exception, taken.exception.group.rstrip("."), rule.strength)
                )

    def _quoted(self, hit: Hit, rule: str, strength: float) -> Words:
        return Words(self._text.written(hit.first, hit.last), self._text.place(hit.first), rule, strength)


def _rules(base: Sequence[Rule], own: DealerLexicon) -> Iterator[Rule]:
    """The language's rules and the dealer's; groups that an exception keeps from one tag serve the others under other names."""
    coded = {family(tag) for tag in own.only_by_code}
    mine = [
        Rule(f"{_OWN}{tag}", tag, BY_WORDS, (frozenset({_OWN + tag}),)) for tag in sorted({family(one.tag) for one in own.words})
    ]
    tags = sorted({family(one.but_not) for one in own.exceptions if one.but_not})
    for rule in (*base, *mine):
        if family(rule.tag) not in coded:
            spared = [tag for tag in tags if tag != family(rule.tag)]
            yield replace(
                rule, groups=tuple(group | {_but(one, tag) for one in group for tag in spared} for group in rule.groups)
            )
    for code in own.codes:
        for tag in dict.fromkeys(map(family, code.tags)):
            yield Rule(_CODE + code.name, tag, BY_CODE, (frozenset({_CODE + code.name}),))


def _with_seasons(tag: str) -> Iterator[str]:
    """A tag that rules give, and what the season makes of it."""
    yield from wheels.TAGS if tag in wheels.TAGS else (tag,)


def _telling(lexicon: Lexicon, tag: str) -> Iterator[str]:
    """The groups that tell a tag: those of its rules, but for the ones that only help."""
    helping = lexicon.helpers | lexicon.verbs | set(lexicon.cues)
    for rule in lexicon.rules:
        if family(rule.tag) == family(tag):
            yield from frozenset[str]().union(*rule.groups) - helping


def _but(group: str, tag: str) -> str:
    return f"{group}~{family(tag)}"


def _named(words: Sequence[int], hits: Sequence[Hit], lexicon: Lexicon) -> int:
    """The word of a line that names its work: the first that means a thing, else the first that says nothing of what was done
    with it (behind a cue that speaks of what follows)."""
    mine = [hit for hit in hits if words[0] <= hit.first <= words[-1]]
    speaking = [hit for hit in mine if hit.group in lexicon.cues or hit.group in lexicon.verbs]
    things = [hit.first for hit in mine if hit not in speaking and hit.group not in lexicon.helpers]
    if things:
        return min(things)
    taken = {word for hit in speaking for word in range(hit.first, hit.last + 1)}
    free = [word for word in words if word not in taken]
    led = max((hit.last for hit in speaking if (cue := lexicon.cues.get(hit.group)) and cue.direction == "after"), default=-1)
    return next((word for word in free if word > led), next(iter(free), words[0]))


def _letters(phrase: str, language: Matcher) -> str | None:
    """The phrase as it stands in a text made comparable; None where a text would be cut within it."""
    letters = language.engine.letters(phrase.strip("*"))
    return letters if letters is not None and len(letters) >= FEWEST_LETTERS else None


def unfindable(own: DealerLexicon, language: Matcher) -> Iterator[dict[str, str]]:
    """Where in it a phrase stands that this language would never find, for it is cut in two where sentences are cut."""
    words = ((f"words.{number}.words", one.words) for number, one in enumerate(own.words))
    exceptions = ((f"exceptions.{number}.words", one.words) for number, one in enumerate(own.exceptions))
    for where, phrase in (*words, *exceptions):
        if _letters(phrase, language) is None:
            said = f"{phrase!r} is never found as one: leave out the full stop or the dash, or give its parts apart"
            yield {"where": where, "problem": said}


def _hits(finder: Finder | None, text: Text) -> list[Hit]:
    return finder.hits(text) if finder is not None else []


def _within(inner: Hit, outer: Hit) -> bool:
    return outer.first <= inner.first and inner.last <= outer.last
