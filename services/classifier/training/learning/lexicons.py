"""Lexicons as they once were, made whole for the reader of today."""

from collections.abc import Iterator, Mapping
from typing import Any

from classifier.domain.lexicon import KNOWN

_HEADS = ("helpers", "verbs", "transparent", "opaque", "forgiving")  # lists of groups
_TABLES = ("endings", "abbreviations", "signs", "turns", "lists")


def made_whole(old: Mapping[str, Any], today: Mapping[str, Any]) -> dict[str, Any]:
    """An old lexicon with what it did not have to say yet: a group that the reader asks for by name has no words then, a list of the head
    is today's, as far as its groups were there. Words are never taken over: they may have been learned from what is to be read. What
    finds a group was once a single expression."""
    groups = {**old["groups"], **{name: [] for name in KNOWN if name not in set(_names(old))}}
    cues = {name: _cue(told) for name, told in old["cues"].items()}
    whole = {**old, "groups": groups, "cues": cues, "notes": {**today["notes"], **old.get("notes", {})}}  # these tell no tags
    if "patterns" in old:
        whole["patterns"] = {name: _several(told) for name, told in old["patterns"].items()}
    for key in _TABLES:
        whole.setdefault(key, today[key])
    for key in _HEADS:
        whole.setdefault(key, [name for name in today[key] if name in set(_names(whole))])
    return whole


def _several(told: str | list[str]) -> list[str]:
    return [told] if isinstance(told, str) else told


def _cue(told: Mapping[str, Any]) -> dict[str, Any]:
    cue = dict(told)
    if "pattern" in cue:
        cue["patterns"] = [cue.pop("pattern")]
    return cue


def _names(lexicon: Mapping[str, Any]) -> Iterator[str]:
    """Everything that a lexicon finds."""
    yield from lexicon["groups"]
    yield from lexicon.get("patterns", {})
    yield from (f"cue.{name}" for name in lexicon["cues"])
