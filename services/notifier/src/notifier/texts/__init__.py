"""The words and layouts of every message: TOML per language and type, MJML and plain text for mails.

Layouts are compiled once to HTML, then filled by Jinja. A name that is not filled in is an error, never an empty place.
"""

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import mrml
from jinja2 import StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from common.events.words import InvitationType, LeadType

_HERE = files("notifier.texts")
_TOGETHER = re.compile(r"(?<=\d) (?=\d)|(?<=\b[A-Z]{2}) (?=\d\d )|(?<=\d\.) (?=[a-z])|(?<=[a-z]{3}) (?=20\d\d\b)")
# 20 12 34 56, AB 12 345, 2. april 2026


def _kept_together(value: Any) -> Any:
    """Numbers, plates and days do not break at the end of a line."""
    return _TOGETHER.sub("\u00a0", value) if isinstance(value, str) else value


_plain = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False, keep_trailing_newline=True)
_html = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=True, finalize=_kept_together)
LANGUAGES = ("da",)


def language_for(wish: str | None) -> str:
    """The language a message is written in: the reader's where we have it, else Danish."""
    return wish if wish in LANGUAGES else LANGUAGES[0]


@cache
def words(language: str, name: str) -> Mapping[str, Any] | None:
    """One file of words; None where there is none."""
    found = _HERE / language / f"{name}.toml"
    return tomllib.loads(found.read_text("utf-8")) if found.is_file() else None


def of_invitation(language: str, kind: str) -> Mapping[str, Any] | None:
    """The words of a type of invitation; None where there are none, or no such type."""
    return words(language, kind) if kind in set(InvitationType) else None


def about(language: str, kind: str) -> Mapping[str, Any] | None:
    """The words of a type of invitation or lead; None where there are none."""
    return of_invitation(language, kind) or (words(language, f"lead_{kind}") if kind in set(LeadType) else None)


def fill(template: str, **values: Any) -> str:
    """One line or paragraph with its places filled in."""
    return str(_one(template).render(values)).strip()


@cache
def _one(template: str) -> Any:
    return _plain.from_string(template)


@cache
def _layout(name: str) -> tuple[Any, Any]:
    html = mrml.to_html((_HERE / f"{name}.mjml").read_text("utf-8")).content
    return _html.from_string(html), _plain.from_string((_HERE / f"{name}.txt").read_text("utf-8"))


def lay_out(name: str, values: Mapping[str, Any]) -> tuple[str, str]:
    """A mail's HTML and its text part."""
    html, text = _layout(name)
    return html.render(values), text.render(values)
