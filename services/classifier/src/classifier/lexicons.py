"""The lexicons that come with the package, ready to search with: one per language, each built once."""

import tomllib
from functools import cache
from importlib.resources import files

from classifier.domain import Matcher, parse_lexicon

DEFAULT = "da"


def languages() -> tuple[str, ...]:
    """The languages that orders can be read in."""
    folder = files("classifier") / "lexicon"
    return tuple(sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml")))


@cache
def matcher(language: str) -> Matcher:
    """The matcher of a language; raises LookupError for one that has no lexicon yet."""
    if language not in languages():
        raise LookupError(f"There is no lexicon for {language!r}; there are: {', '.join(languages())}.")
    text = (files("classifier") / "lexicon" / f"{language}.toml").read_text(encoding="utf-8")
    return Matcher(parse_lexicon(tomllib.loads(text)))
