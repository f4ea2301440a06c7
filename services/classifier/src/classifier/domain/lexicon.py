"""The words of one language as data: terms in groups, rules from groups to tags, cues that overrule, all read from a table."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Any, NamedTuple

from reading_engine import fold

from classifier.domain.naming import sieves
from classifier.domain.wording import Wording, parse_wording

_HEADS = ("helpers", "verbs", "transparent", "opaque", "forgiving")  # lists of groups
_LONG = 9  # a slip in a shorter word may be another word
_CLASS = re.compile(r"(\[[^\]]*\])")
_MARKS = "\u0300-\u036f"
_MARKED = re.compile(r"[^\x00-\x7f]")
_SET = re.compile(r"\{(\w+)\}")
WITHIN = ("phrase", "clause", "sentence", "passage", "order")
KNOWN = (  # groups that the reader itself asks for by name; a language that has no words for one leaves it empty
    "wish", "accepted", "now", "passed", "failed", "fine", "next_service", "mechanic_label", "taken_off", "stored", "hotel_name", "put_on",
    "new", "to_winter", "to_summer", "winter_wheels", "summer_wheels", "winter_word", "summer_word",
)  # fmt: skip
DIRECTIONS = ("before", "after", "both")  # where the words stand that a cue overrules, seen from the cue


class LexiconError(ValueError):
    """The lexicon's data does not hold together."""


class Term(NamedTuple):
    """Words to find, folded and joined; open sides may be part of a longer word, else only an ending may follow."""

    group: str
    letters: str
    open_left: bool = False
    open_right: bool = False
    exact: bool = False
    one_word: bool = False  # only written as one: `omsyn`, not `om syn`
    apart: bool = False  # only written apart: `efter syn`, not `eftersyn`


@dataclass(frozen=True)
class Rule:
    """These groups, found together that near, mean that tag. `unless`: groups in the same passage that forbid it."""

    id: str
    tag: str
    strength: float
    groups: tuple[frozenset[str], ...]
    within: str = "clause"
    unless: frozenset[str] = frozenset()
    unless_in_order: frozenset[str] = frozenset()
    in_order: frozenset[str] = frozenset()  # one of these must stand somewhere in the order, whatever is said of it
    bare: bool = False  # the words stand by themselves: their clause names and says nothing else, and is no heading
    in_season: bool = False  # the words name wheels that are put on at that time of the year


@dataclass(frozen=True)
class Cue:
    """Words that say that something did not happen, how far they reach and for which tags."""

    id: str
    why: str
    direction: str = "both"
    reach: str = "clause"  # clause, sentence, passage or order
    status: str | None = None  # finished, open; None is both
    only: frozenset[str] = frozenset()
    spares: frozenset[str] = frozenset()
    stops_at_done: bool = True  # "skiftet" between the cue and the words protects them
    rescued: bool = False  # a later "udført" makes up for it
    across: bool = True  # a short one speaks of the line before, too
    alone: bool = True  # by itself in a clause it speaks of the clause before
    needs: frozenset[str] = frozenset()  # groups of which one must stand beside it: "ved 120.000 km" is ahead beside "næste"
    unless: frozenset[str] = frozenset()  # groups that silence it where they stand beside it: "afvist" beside an inspection
    refutes: bool = False  # said after a mere name of the work, it is said of that too
    turned: bool = (
        False  # it holds where the sentence goes on with `but` and nothing that was done: "ville have service, men ..."
    )
    past: bool = False  # it names a year, and holds where that is before the order's
    review: bool = False  # what it overrules is not sure: somebody should look

    @property
    def protects(self) -> bool:
        """Whether its words only keep other cues from speaking: `uden bemærkninger`."""
        return self.only == frozenset({"nothing"})


@dataclass(frozen=True)
class Lexicon:
    """Everything the reader knows of one language."""

    language: str
    version: str
    endings: frozenset[str]
    abbreviations: frozenset[str]  # a full stop behind one of these ends no sentence
    signs: Mapping[str, str]  # signs that are read as words
    turns: frozenset[str]  # words that begin a clause: men, dog
    lists: frozenset[str]  # words that go on with a list: og, samt, eller
    fillers: frozenset[str]  # words that say nothing
    helpers: frozenset[str]  # groups that mean nothing without another one beside them
    verbs: frozenset[str]  # groups that say that something happened: udført, skiftet, godkendt af kunden
    transparent: frozenset[str]  # groups that may stand inside a longer reading
    opaque: frozenset[str]  # groups that cover even those: cues, and `have lavet`
    terms: tuple[Term, ...]
    rules: tuple[Rule, ...]
    cues: Mapping[str, Cue]  # by the group that holds their words
    patterns: Mapping[str, tuple[str, ...]]  # expressions, by the group that they find
    wording: Wording  # what stands around numbers, names and dates

    @cached_property
    def sieves(self) -> tuple[str, ...]:
        """What the engine looks for on behalf of `notes`."""
        return sieves(self.wording)

    @cached_property
    def past(self) -> frozenset[str]:
        """The groups of cues that name a year."""
        return frozenset(group for group, cue in self.cues.items() if cue.past)


def parse_lexicon(data: Mapping[str, Any]) -> Lexicon:
    """Read a lexicon from its table; what does not hold together is refused with a sentence."""
    sets = {name: list(words) for name, words in data.get("sets", {}).items()}
    groups: dict[str, list[str]] = {name: list(words) for name, words in data["groups"].items()}
    patterns = {name: _patterns(name, texts) for name, texts in data.get("patterns", {}).items()}
    cues: dict[str, Cue] = {}
    for name, entry in data["cues"].items():
        group = f"cue.{name}"
        groups[group] = list(entry.get("words", ()))
        cues[group] = _cue(name, entry)
        if "patterns" in entry:
            patterns[group] = _patterns(group, entry["patterns"])
    written = {term: text for name, words in groups.items() for term, text in _terms(name, words, sets)}
    terms = (*written, *_misspelt(written, frozenset(data["forgiving"])))
    rules = tuple(_rule(entry, {*groups, *patterns}) for entry in data["rules"])
    _must_know("the reader", frozenset(KNOWN), {*groups, *patterns})
    _must_know("the head", frozenset(name for key in _HEADS for name in data[key]), {*groups, *patterns})
    for cue in cues.values():
        _must_know(f"cue {cue.id}", cue.needs | cue.unless, {*groups, *patterns})
    turns, lists = (frozenset(fold(word) for word in data[key]) for key in ("turns", "lists"))
    fillers = frozenset(fold(word) for word in data.get("fillers", ()))
    abbreviations = frozenset(fold(word) for word in data["abbreviations"])
    signs = {sign: fold(word) for sign, word in data["signs"].items()}
    return Lexicon(
        language=str(data["language"]),
        version=str(data["version"]),
        endings=frozenset(data["endings"]) | {""},
        abbreviations=abbreviations,
        signs=signs,
        turns=turns,
        lists=lists,
        fillers=fillers,
        verbs=frozenset(data["verbs"]),
        helpers=frozenset(data["helpers"]),
        transparent=frozenset(data["transparent"]),
        opaque=frozenset(data["opaque"]) | set(cues),
        terms=terms,
        rules=rules,
        cues=cues,
        patterns=patterns,
        wording=_wording(data),
    )


def _wording(data: Mapping[str, Any]) -> Wording:
    try:
        return parse_wording(data["notes"])
    except KeyError as error:
        raise LexiconError(f"the table notes lacks {error.args[0]!r}") from None


def _patterns(group: str, texts: list[str]) -> tuple[str, ...]:
    if isinstance(texts, str):
        raise LexiconError(f"{group}: expressions are a list, also where there is only one")
    return tuple(_pattern(text) for text in texts)


def _pattern(text: str) -> str:
    """An expression that finds `ü` also where it was written as `u` with a mark behind it (not where it stands in brackets)."""
    parts = _CLASS.split(text)  # every second one is a class in brackets
    parts[::2] = [_MARKED.sub(_either, part).replace(r"\w", rf"[\w{_MARKS}]") for part in parts[::2]]
    parts[1::2] = [part.replace(r"\w", rf"\w{_MARKS}") for part in parts[1::2]]
    return "".join(parts)


def _either(letter: re.Match[str]) -> str:
    apart = unicodedata.normalize("NFD", letter[0])
    return letter[0] if apart == letter[0] else f"(?:{letter[0]}|{apart})"


def _terms(group: str, words: list[str], sets: Mapping[str, list[str]]) -> Iterator[tuple[Term, str]]:
    for written in words:
        for text in (cut for whole in _expanded(written, sets) for cut in _cut(whole)):
            letters = fold(text)
            if len(letters) < 2:
                raise LexiconError(f"{group}: {written!r} is too short to be found safely")
            signs = text[: len(text) - len(text.lstrip("*=!"))]
            yield Term(group, letters, "*" in signs, text.endswith("*"), "=" in signs, "!" in signs, "_" in text), text


def _cut(text: str) -> Iterator[str]:
    """`hjulsk|ift` stands for itself and for all that a narrow column leaves of it: `hjulsk`, `hjulski`, `hjulskif`."""
    telling, _, rest = text.partition("|")
    yield telling + rest
    yield from (f"={telling}{rest[:end]}" for end in range(len(rest)))


def _misspelt(written: Mapping[Term, str], forgiving: frozenset[str]) -> Iterator[Term]:
    """The usual slips in long single words of these groups: two letters swapped, one left out, one doubled."""
    known = {term.letters for term in written}
    for term, text in written.items():
        if term.group not in forgiving or len(term.letters) < _LONG or " " in text:
            continue
        for letters in sorted(_slips(term.letters) - known):
            yield term._replace(letters=letters, one_word=True)


def _slips(letters: str) -> set[str]:
    places = range(1, len(letters) - 1)  # first and last letters are rarely mistaken
    swapped = {letters[:i] + letters[i + 1] + letters[i] + letters[i + 2 :] for i in places}
    dropped = {letters[:i] + letters[i + 1 :] for i in places}
    doubled = {letters[:i] + letters[i] + letters[i:] for i in places}
    return swapped | dropped | doubled


def _expanded(text: str, sets: Mapping[str, list[str]]) -> Iterator[str]:
    """`{change} af {belt}` stands for every pair of words of the two sets."""
    if "{" not in text:
        yield text
        return
    names = _SET.findall(text)
    if unknown := [name for name in names if name not in sets]:
        raise LexiconError(f"{text!r} names the set {unknown[0]!r}, which there is not")
    for choice in product(*(sets[name] for name in names)):
        chosen = iter(choice)
        yield from _expanded(_SET.sub(lambda _: next(chosen), text), sets)  # noqa: B023 - used at once


def _rule(entry: Mapping[str, Any], known: set[str]) -> Rule:
    groups = tuple(frozenset(one.split("|")) for one in entry["all"])
    unless, not_in_order, in_order = (frozenset(entry.get(key, ())) for key in ("unless", "unless_in_order", "in_order"))
    _must_know(f"rule {entry['id']}", frozenset[str]().union(*groups, unless, not_in_order, in_order), known)
    within = str(entry.get("within", "clause"))
    if within not in WITHIN:
        raise LexiconError(f"rule {entry['id']}: within is one of {', '.join(WITHIN)}")
    strength = float(entry.get("strength", 0.9))
    bare, in_season = (bool(entry.get(key, False)) for key in ("bare", "in_season"))
    return Rule(str(entry["id"]), str(entry["tag"]), strength, groups, within, unless, not_in_order, in_order, bare, in_season)


def _must_know(whose: str, names: frozenset[str], known: set[str]) -> None:
    if unknown := sorted(names - known):
        raise LexiconError(f"{whose} names the group {unknown[0]!r}, which there is not")


def _cue(name: str, entry: Mapping[str, Any]) -> Cue:
    direction, reach = str(entry.get("direction", "both")), str(entry.get("reach", "clause"))
    if direction not in DIRECTIONS or reach not in WITHIN[1:]:
        raise LexiconError(f"cue {name}: direction {direction!r} or reach {reach!r} is not known")
    return Cue(
        id=name,
        why=str(entry["why"]),
        direction=direction,
        reach=reach,
        status=entry.get("status"),
        only=frozenset(entry.get("only", ())),
        spares=frozenset(entry.get("spares", ())),
        stops_at_done=bool(entry.get("stops_at_done", True)),
        rescued=bool(entry.get("rescued", False)),
        alone=bool(entry.get("alone", True)),
        across=bool(entry.get("across", not entry.get("rescued", False))),
        needs=frozenset(entry.get("needs", ())),
        unless=frozenset(entry.get("unless", ())),
        refutes=bool(entry.get("refutes", False)),
        turned=bool(entry.get("turned", False)),
        past=bool(entry.get("past", False)),
        review=bool(entry.get("review", False)),
    )
