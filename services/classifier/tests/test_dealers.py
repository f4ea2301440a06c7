"""A dealer's own words, codes and exceptions, read beside the language's."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from classifier import lexicons
from classifier.domain import DealerLexicon, Line, Order, Read, Reader, read, unfindable
from common.events.words import VisitTag

APRIL = date(2026, 4, 2)
OWN: dict[str, Any] = {
    "words": [
        {"words": "stor tur", "tag": "service"},
        {"words": "vinterklar*", "tag": "wheel_change_winter"},
        {"words": "gul pakke + filter", "tag": "service"},
    ],
    "codes": [
        {"code": "S1", "tags": ["service"]},
        {"code": "S10", "tags": ["brakes", "battery"]},
        {"code": "DH", "prefix": True, "tags": ["tyre_hotel"]},
        {"code": "DH-X", "prefix": True, "tags": ["diagnosis"]},
        {"code": "W1", "tags": ["wheel_change_winter"]},
    ],
    "exceptions": [{"words": "service lampe"}, {"words": "lille service", "not": "service"}],
}


def reader(own: dict[str, Any] | None = None, number: int = 1) -> Reader:
    return Reader(lexicons.matcher("da"), DealerLexicon.model_validate(OWN if own is None else own), number)


def order(*lines: str | Line, remarks: str = "", on: date | None = APRIL, finished: bool = True) -> Order:
    return Order(tuple(Line(one) if isinstance(one, str) else one for one in lines), remarks, on, finished)


def tags(*lines: str | Line, **more: Any) -> frozenset[str]:
    return reader().read(order(*lines, **more)).names()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Stor tur udført", {"service"}),
        ("STORTUR", {"service"}),
        ("Stor-turen", {"service"}),
        ("stor, tur", set()),
        ("en stor turbo", {"other_repair"}),
        ("Kunden ønsker ikke stor tur", set()),
        ("Stor tur, ikke udført", set()),
        ("Vinterklargøring", {"wheel_change_winter"}),
        ("Gul pakke & filter", {"service"}),
        ("Bremseklodser bag", {"brakes"}),
    ],
)
def test_a_dealers_words_are_read_as_the_languages_are(text: str, found: set[str]) -> None:
    assert tags(text) == found


@pytest.mark.parametrize(
    ("line", "found"),
    [
        (Line("Sædvanligt", "S1"), {"service"}),
        (Line("Sædvanligt", " s1 "), {"service"}),
        (Line("", "S1"), {"service"}),
        (Line("S1 sædvanligt", "S1"), {"service"}),
        (Line("Sædvanligt", "S10"), {"brakes", "battery"}),
        (Line("Sædvanligt", "S100"), set()),
        (Line("Plads 12", "DH-12"), {"tyre_hotel"}),
        (Line("Plads 12", "DH-X1"), {"diagnosis"}),
        (Line("Se S1", None), set()),
        (Line("Hjul", "W1"), {"wheel_change_winter"}),
        (Line("Hjulskift", "W1"), {"wheel_change_winter"}),
        (Line("Sædvanligt, ikke udført", "S1"), set()),
        (Line("Ikke udført: sædvanligt", "S1"), set()),
        (Line("Kunden ønsker ikke det sædvanlige", "S1"), set()),
        (Line("Kunden ønsker ikke", "S1"), set()),
        (Line("Sædvanligt udført, ikke andet", "S1"), {"service"}),
    ],
)
def test_a_code_says_what_its_line_is_about_unless_the_line_says_that_it_was_not_done(line: Line, found: set[str]) -> None:
    assert tags(line) == found


def test_a_code_of_a_wheel_change_says_nothing_of_where_the_other_wheels_are_kept() -> None:
    code = {"codes": [{"code": "D0", "tags": ["wheel_change_summer"]}]}
    assert reader(code).read(order(Line("Xyz", "D0"), on=None)).names() == {"wheel_change_summer"}


def test_codes_of_a_cancelled_line_and_of_a_credited_one_do_not_count() -> None:
    taken_back = [Line("Besøg", "S1", amount=10000), Line("Besøg", "S1", amount=-10000)]
    assert tags(*taken_back) == set()
    assert tags(taken_back[0]) == {"service"}
    assert tags(Line("Det hele krediteret", "S1")) == set()


def test_evidence_names_the_code_or_the_words_and_their_rule() -> None:
    found = reader().read(order(Line("Sædvanligt", "S1"), "Stor tur", Line("Plads", "dh-7"), Line("Alt", "W1")))
    told = {(one.tag, words.words, words.place, words.rule) for one in found.tags for words in one.evidence}
    assert told >= {
        ("service", "S1", "line 1", "code.S1"),
        ("service", "Stor tur", "line 2", "own.service"),
        ("tyre_hotel", "dh-7", "line 3", "code.DH*"),
        ("wheel_change_winter", "W1", "line 4", "code.W1"),
        ("wheel_change_winter", "W1", "line 4", "season.words"),
    }


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Service lampe nulstillet", set()),
        ("Service lampe nulstillet, bremseklodser skiftet", {"brakes"}),
        ("Service lampe nulstillet og serviceeftersyn", {"service"}),
        ("Lille service", set()),
        ("Lille service og stort serviceeftersyn", {"service"}),
        ("Kunden ønsker service. Lille service", {"service"}),
    ],
)
def test_an_exception_takes_its_own_words_away_and_no_others(text: str, found: set[str]) -> None:
    assert tags(text) == found


def test_what_an_exception_took_away_is_told_with_the_words_that_did_it() -> None:
    (told,) = reader().read(order("Lille service")).overruled
    assert (told.tag, told.words.words, told.because.words, told.because.rule) == (
        "service", "Lille service", "Lille service", "exception.not.service",
    )  # fmt: skip
    (told,) = reader({"exceptions": [{"words": "gul service"}]}).read(order("Gul service")).overruled
    assert (told.tag, told.words.words, told.because.words, told.because.rule) == (
        "service",
        "service",
        "Gul service",
        "exception",
    )


def test_words_that_do_not_mean_one_tag_may_mean_another() -> None:
    own = {"exceptions": [{"words": "hjulskift", "not": "brakes"}]}
    assert reader(own).read(order("Hjulskift til vinter")).names() == {"wheel_change_winter"}
    own = {"exceptions": [{"words": "hjulskift", "not": "wheel_change_winter"}]}
    assert reader(own).read(order("Hjulskift til vinter")).names() == set()


@pytest.mark.parametrize(
    ("language", "not_done"),
    [("da", "ikke udført"), ("de", "nicht durchgeführt"), ("en", "not carried out"), ("nl", "niet uitgevoerd")],
)
def test_a_dealers_codes_and_words_are_read_beside_every_language(language: str, not_done: str) -> None:
    own = {"codes": [*OWN["codes"]], "words": [{"words": "gelbe runde", "tag": "service"}]}
    found = Reader(lexicons.matcher(language), DealerLexicon.model_validate(own), 1)
    read_as = {
        text: found.read(order(Line(text, code))).names()
        for text, code in (("Xyz", "W1"), ("Xyzz", "S1"), (f"Xyz {not_done}", "S1"), ("Gelbe Runde", None))
    }
    assert list(read_as.values()) == [{"wheel_change_winter"}, {"service"}, set(), {"service"}]


def test_a_tag_that_only_codes_give_is_found_by_no_words() -> None:
    own = {"codes": [{"code": "T", "tags": ["timing_belt"]}], "only_by_code": ["timing_belt"]}
    assert read(order("Tandrem skiftet"), lexicons.matcher("da")).names() == {"timing_belt"}
    assert reader(own).read(order("Tandrem skiftet")).names() == set()
    assert reader(own).read(order(Line("Tandrem skiftet", "T"))).names() == {"timing_belt"}


def test_the_version_names_the_languages_and_the_dealers() -> None:
    base = lexicons.matcher("da").lexicon.version
    assert (reader({}, 0).version, reader(number=3).version) == (base, f"{base}+3")


@pytest.mark.parametrize(
    ("own", "says"),
    [
        ({"word": []}, "Extra inputs"),
        ({"words": [{"words": "ab", "tag": "service"}]}, "at least 3 letters"),
        ({"words": [{"words": "a" * 81, "tag": "service"}]}, "at most 80"),
        ({"words": [{"words": "stor, tur", "tag": "service"}]}, "* at an end"),
        ({"words": [{"words": "stor tur", "tag": "holiday"}]}, "Input should be"),
        ({"words": [{"words": "stor tur", "tag": "service"}, {"words": "STORTUR", "tag": "service"}]}, "twice"),
        ({"words": [{"words": f"stor tur {n:05}", "tag": "service"} for n in range(501)]}, "at most 500"),
        ({"codes": [{"code": "S1", "tags": []}]}, "at least 1"),
        ({"codes": [{"code": "--", "tags": ["service"]}]}, "letter or digit"),
        ({"codes": [{"code": "S1", "tags": ["service"]}, {"code": "s1", "tags": ["brakes"]}]}, "twice"),
        ({"codes": [{"code": "x" * 41, "tags": ["service"]}]}, "at most 40"),
        (
            {"words": [{"words": "stor tur", "tag": "service"}], "exceptions": [{"words": "stor tur"}]},
            "in words and in exceptions",
        ),
        ({"only_by_code": ["service"]}, "add a code"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_what_to_do(own: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError) as caught:
        DealerLexicon.model_validate(own)
    assert says in str(caught.value)


def test_words_that_a_sentence_would_cut_in_two_are_named() -> None:
    own = DealerLexicon.model_validate(
        {"exceptions": [{"words": "stor. tur"}], "words": [{"words": "årl. tur", "tag": "service"}]}
    )
    (told,) = unfindable(own, lexicons.matcher("da"))
    assert told["where"] == "exceptions.0.words"


LETTERS = st.text("abcdefghijklmnopqrstuvwxyzæøå", min_size=4, max_size=12)
PHRASES = st.lists(LETTERS, min_size=1, max_size=3).map(" ".join)
CODES = st.text("ABCDEF0123456789-", min_size=2, max_size=8).filter(lambda code: any(c.isalnum() for c in code))
TAGS = st.sampled_from(list(VisitTag))
LEXICONS = st.builds(
    lambda words, codes, exceptions: DealerLexicon.model_validate(
        {
            "words": [{"words": phrase, "tag": tag} for phrase, tag in words.items()],
            "codes": [{"code": code, "prefix": prefix, "tags": [tag]} for code, (prefix, tag) in codes.items()],
            "exceptions": [{"words": f"q{phrase}", "not": tag} for phrase, tag in exceptions.items()],
        }
    ),
    st.dictionaries(PHRASES, TAGS, max_size=5).filter(lambda found: len({k.replace(" ", "") for k in found}) == len(found)),
    st.dictionaries(CODES, st.tuples(st.booleans(), TAGS), max_size=5),
    st.dictionaries(PHRASES, st.none() | TAGS, max_size=3).filter(
        lambda found: len({k.replace(" ", "") for k in found}) == len(found)
    ),
)
SAID = ["service", "ikke", "hjulskift", "udført", ",", ".", "og", "anbefaler", "bremser", "til vinter", "S1", ""]


@given(LEXICONS, st.data())
@settings(max_examples=150, deadline=None)
def test_whatever_a_dealer_adds_any_order_is_read_and_evidence_stands_in_it(own: DealerLexicon, data: st.DataObject) -> None:
    pieces = st.sampled_from([*SAID, *(one.words for one in own.words), *(one.words for one in own.exceptions)])
    codes = st.none() | st.sampled_from([code.code for code in own.codes] or ["none"])
    lines = st.builds(Line, text=st.lists(pieces, max_size=6).map(" ".join), code=codes, amount=st.none() | st.integers(-9, 9))
    given_order = Order(tuple(data.draw(st.lists(lines, max_size=4))), data.draw(st.lists(pieces, max_size=4)).__str__(), APRIL)
    found = Reader(lexicons.matcher("da"), own, 1).read(given_order)
    for words in evidence(found):
        kind, _, number = words.place.partition(" ")
        if kind == "line":
            line = given_order.lines[int(number) - 1]
            assert words.words in f"{line.text}\n{line.code}"
            assert words.words


@given(LEXICONS)
@settings(max_examples=100, deadline=None)
def test_a_code_alone_on_a_line_gives_its_tags_and_the_lexicon_survives_being_written(own: DealerLexicon) -> None:
    again = DealerLexicon.model_validate(own.as_data())
    assert again == own
    found = Reader(lexicons.matcher("da"), again, 1)
    for code in own.codes:
        if not code.prefix:
            assert found.read(order(Line("Xyz", code.code), on=None)).names() == frozenset(map(str, code.tags))


@given(st.lists(st.sampled_from(SAID), max_size=8).map(" ".join))
@settings(max_examples=100, deadline=None)
def test_what_says_nothing_of_a_text_changes_nothing_in_it(text: str) -> None:
    own = {"words": [{"words": "qqqqq", "tag": "service"}], "exceptions": [{"words": "zzzzz", "not": "brakes"}],
           "codes": [{"code": "qq", "tags": ["battery"]}]}  # fmt: skip
    plain = read(order(text), lexicons.matcher("da"))
    assert replace(reader(own).read(order(text)), overruled=()) == replace(plain, overruled=())


def evidence(found: Read) -> list[Any]:
    told = [words for one in found.tags for words in one.evidence]
    return told + [words for one in found.overruled for words in (one.words, one.because)]
