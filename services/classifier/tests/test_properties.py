"""What holds for any text at all."""

import unicodedata
from dataclasses import replace
from pathlib import Path

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from classifier.corpus import Labelled, load
from classifier.domain import Line, Order, Read, Words, read, sentence
from classifier.lexicons import languages, matcher

FILES = sorted((Path(__file__).parent / "corpus").glob("*.jsonl"))
CORPUS = [labelled for path in FILES for labelled in load(path) if labelled.language in languages()]
WORDS = ["service", "ikke", "hjulskift", ",", "og", "syn", "tandrem", ".", "anbefaler", "udført", "til", ":", "\n", "æøå"]
ASCII = str.maketrans(
    {"æ": "ae", "ø": "oe", "å": "aa", "ä": "ae", "ö": "oe", "ü": "ue", "Æ": "AE", "Ø": "OE", "Å": "AA", "Ä": "AE", "Ö": "OE"}
)
TEXT = st.one_of(st.text(), st.lists(st.sampled_from(WORDS)).map(" ".join))
ORDERS = st.builds(
    Order,
    lines=st.lists(st.builds(Line, text=TEXT, code=st.none() | TEXT, amount=st.none() | st.integers())).map(tuple),
    remarks=TEXT,
    on=st.none() | st.dates(),
    finished=st.booleans(),
)


def evidence(found: Read) -> list[Words]:
    told = [words for one in found.tags for words in one.evidence]
    return told + [words for one in found.overruled for words in (one.words, one.because)]


@given(ORDERS, st.sampled_from(languages()))
@settings(max_examples=300, deadline=None)
def test_any_text_is_read_and_evidence_stands_in_it(order: Order, language: str) -> None:
    found = read(order, matcher(language))
    for words in evidence(found):
        kind, _, number = words.place.partition(" ")
        if kind == "line":
            line = order.lines[int(number) - 1]
            assert words.words
            assert words.words in f"{line.text}\n{line.code}"
        elif kind == "remarks":
            assert words.words in order.remarks
        else:
            assert kind == "date"
    for one in (*found.tags, *found.overruled):
        assert sentence(one, "da") and sentence(one, "en")  # noqa: PT018


@given(st.sampled_from(CORPUS), st.sampled_from(["upper", "title", "ascii", "decomposed"]))
@settings(max_examples=300, deadline=None)
def test_case_and_spelling_of_letters_change_no_tag(labelled: Labelled, way: str) -> None:
    order = labelled.order
    lines = tuple(replace(line, text=_written(line.text, way)) for line in order.lines)
    changed = replace(order, lines=lines, remarks=_written(order.remarks, way))
    assume(labelled.language != "de" or way not in ("upper", "title"))  # German tells Kd (customer) from KD (service) by case
    words = matcher(labelled.language)
    assert read(changed, words).names() == read(order, words).names()


def _written(text: str, way: str) -> str:
    if way == "upper":
        return text.upper()
    if way == "title":
        return text.capitalize()
    if way == "ascii":
        return text.translate(ASCII)
    return unicodedata.normalize("NFD", text)
