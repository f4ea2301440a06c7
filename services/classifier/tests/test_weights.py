"""What weights may do to what the rules read, and what they may not, with weights made up for the purpose."""

import re
from itertools import product
from typing import Any

import pytest
from reading_engine import Network

from classifier import lexicons
from classifier.domain import DealerLexicon, LexiconError, Line, Matcher, Order, Read, Reader, read, sentence
from classifier.domain.unclear import reasons
from classifier.lexicons import matcher, rules, weights
from common.events.words import VisitTag

TAGS = tuple(str(tag) for tag in VisitTag)
NEVER, ALWAYS = -9.0, 9.0
ODD = "bagtilt kvadsnor flimret ogsså hjørnvis sluppen tørklint vindfast skrumlet brigtet ålvang persigt omkolt"


Made = tuple[dict[str, Any], Network]
WIDTH = 64


def made_up(*, yes: float = ALWAYS, over: float = NEVER, none: float = NEVER, words: tuple[str, ...] = (), **sums: float) -> Made:
    """What says the same of every order: how likely a tag is by what the rules say of it, and, by tag, what the network says. It hears
    nothing but `words`, and those for batteries."""
    states = {name: {"bias": bias, "features": {}} for name, bias in (("yes", yes), ("over", over), ("none", none))}
    return {"judge": states}, Network(network(words, **sums))


def network(words: tuple[str, ...] = (), **sums: float) -> dict[str, Any]:
    loud = [float(tag == "battery" and at == 0) for tag in TAGS for at in range(WIDTH)]
    return {
        "tags": list(TAGS), "signs": [f"piece:<{word}>" for word in words], "scales": [1.0] * len(words),
        "rows": bytes([1, *[0] * (WIDTH - 1)]) * len(words), "layers": [], "loud": loud, "mean": [0.0] * len(loud),
        "bias": [sums.get(tag, NEVER) for tag in TAGS], "stated": [0.0] * 3 * len(TAGS), "beside": [0.0] * 2 * len(TAGS) ** 2,
    }  # fmt: skip


def weighed(text: str | Order, learned: Made) -> Read:
    return weighed_by(rules("da").weighing(learned), text)


def weighed_by(made: Matcher, text: str | Order) -> Read:
    return read(text if isinstance(text, Order) else Order((Line(text),)), made)


def test_weights_that_agree_change_nothing() -> None:
    for text in ("Serviceeftersyn 60.000 km", "Synstjek ønskes ikke, hjulskift udført", "Bremseskiver for"):
        assert weighed(text, made_up()) == read(Order((Line(text),)), rules("da"))


def test_what_is_unlikely_is_dropped_with_a_reason_and_somebody_should_look() -> None:
    found = weighed("Koblingssæt m. svinghjul", made_up(yes=NEVER))
    assert found.names() == set()
    assert found.review
    dropped = found.overruled[0]
    assert (dropped.tag, dropped.why, dropped.because.rule) == ("other_repair", "unlikely", "cue.weights")
    assert "usandsynligt" in sentence(dropped, "da")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Varta. Bilen fik en startklods, 70 Ah, i dag her", "Bilen fik en startklods"),
        ("Varta. Bilen fik i dag her en helt splinterny startklods monteret", "startklods"),
        ("STARTKLODS, VARTA", "STARTKLODS"),
    ],
)
def test_what_is_likely_is_added_with_the_words_that_say_so_loudest_and_somebody_should_look(text: str, words: str) -> None:
    found = weighed(text, made_up(none=1.0, battery=-9.0, words=("startklods",)))
    assert found.names() == {"battery"}
    assert found.review
    evidence = found.tags[0].evidence[0]
    assert (evidence.words, evidence.rule, evidence.strength) == (words, "weights", 0.73)
    assert "andre ordrer" in sentence(found.tags[0], "da")


@pytest.mark.parametrize("text", ["Arbejdsløn", "Diverse", "S1", "BAE", "Udført", "70 Ah"])
def test_where_nothing_is_named_nothing_is_added_however_likely(text: str) -> None:
    assert weighed(text, made_up(none=ALWAYS, **dict.fromkeys(("battery", "service", "other_repair"), 0.0))).names() == set()


def test_where_something_is_named_more_may_be_than_rules_have_words_for() -> None:
    found = weighed("Bremseklodser, startklods", made_up(none=1.0, battery=-9.0, words=("startklods",)))
    assert found.names() == {"brakes", "battery"}
    assert [one.evidence[0].words for one in found.tags if one.tag == "battery"] == ["startklods"]


def test_words_of_a_line_that_was_cancelled_tell_nothing() -> None:
    lines = (Line("Startklods", amount=50_000), Line("Startklods", amount=-50_000), Line("Varta"))
    (found,) = weighed(Order(lines), made_up(none=1.0, battery=0.0, words=("startklods",))).tags
    assert found.evidence[0].words == "Varta"


@pytest.mark.parametrize(
    ("text", "likely", "expected"),
    [
        ("Serviceeftersyn udført på bilen i dag", 1.0, set()),
        ("Serviceeftersyn udført på bilen i dag", 1.2, {"service"}),
        ("Koblingssæt skiftet på bilen i dag her", 0.0, {"other_repair"}),
        ("Serviceeftersyn udført på bilen nu", 0.0, {"service"}),  # so few words leave no room for doubt,
        ("Serviceeftersyn, ikke bremser", 1.0, set()),  # unless one of them is a cue
        ("Serviceeftersyn, ikke bremser", 1.2, {"service"}),
        ("Serviceeftersyn", -0.4, set()),
    ],
)
def test_what_invites_must_be_surer_to_stay(text: str, likely: float, expected: set[str]) -> None:
    assert weighed(text, made_up(yes=likely)).names() == expected


@pytest.mark.parametrize(("likely", "expected"), [(1.3, set()), (1.5, {"service"})])
def test_what_invites_must_be_surer_where_no_rule_says_it(likely: float, expected: set[str]) -> None:
    assert weighed("Motorolie", made_up(none=likely, service=0.0)).names() == expected


def test_what_a_cue_speaks_against_counts_where_it_is_likely_and_where_it_invites_only_from_nine_tenths_on() -> None:
    likely_by_89, likely_by_91 = 2.09, 2.31
    assert weighed("Service blev ikke udført", made_up(over=likely_by_89)).names() == set()
    assert weighed("Service blev ikke udført", made_up(over=likely_by_91)).names() == {"service"}
    belt = weighed("Tandrem blev ikke skiftet", made_up(over=likely_by_89))  # it invites nobody by itself
    assert belt.names() == {"timing_belt"}


def test_a_text_is_read_alike_whatever_words_were_met_before() -> None:
    drops_what_is_likely = {"bias": 0.0, "features": {"z": -0.3}}
    judge = {"judge": dict.fromkeys(("yes", "over", "none"), drops_what_is_likely)}
    endings = ["".join(letters) for letters in product("bdfgklmnprst", "aeiouyæøå", "bdfgklmnprst")]
    others = [f"{word}{ending}" for word in ODD.split() for ending in endings]
    assert len(others) > 16_384  # than are remembered

    def fresh() -> Matcher:
        return rules("da").weighing((judge, lexicons.network.__wrapped__()))

    def told(made: Matcher) -> list[float]:
        texts = (f"Serviceeftersyn {ODD}", f"Bremseklods {ODD}")
        return [one.because.strength for text in texts for one in weighed_by(made, text).overruled]

    at_first, used = told(fresh()), fresh()
    assert len(at_first) >= 2
    for most in (3000, len(others)):
        for at in range(0, most, 500):
            weighed_by(used, " ".join(others[at : at + 500]))
        assert told(used) == at_first
        assert told(used) == at_first  # now that they were met


def test_what_the_same_invoice_takes_back_is_not_weighed() -> None:
    lines = (Line("Hjulskift", amount=50_000), Line("Hjulskift", amount=-50_000), Line("Arbejdsløn", amount=10_000))
    assert weighed(Order(lines), made_up(none=ALWAYS, wheel_change=0.0, wheel_change_winter=0.0)).names() == set()


def test_of_several_seasons_the_likeliest_stays() -> None:
    told = made_up(none=2.0, wheel_change_winter=0.0, wheel_change_summer=0.0)
    told[0]["judge"]["none"]["features"] = {"t:wheel_change_summer": 1.0}
    assert weighed("Vinterhjul ligger i bilen", told).names() == {"wheel_change_summer"}


def test_what_a_dealer_says_of_an_order_is_not_weighed() -> None:
    own = DealerLexicon.model_validate({"words": [{"words": "stor tur", "tag": "service"}]})
    reader = Reader(rules("da").weighing(made_up(yes=NEVER)), own)
    assert reader.read(Order((Line("Stor tur"),))).names() == {"service"}
    assert reader.read(Order((Line("Stor service"),))).names() == set()


def test_tags_that_only_codes_give_are_not_added() -> None:
    own = DealerLexicon.model_validate({"codes": [{"code": "S1", "tags": ["service"]}], "only_by_code": ["service"]})
    reader = Reader(rules("da").weighing(made_up(none=ALWAYS, service=ALWAYS)), own)
    assert reader.read(Order((Line("Stor service"),))).names() == set()


def test_weights_that_lack_something_are_refused() -> None:
    with pytest.raises(LexiconError, match="lack"):
        rules("da").weighing(({"judge": {}}, made_up()[1]))


@pytest.mark.parametrize(
    "harm",
    [
        {"bias": [0.0]}, {"rows": b"1"}, {"scales": [1.0]}, {"loud": []}, {"mean": [1.0]}, {"stated": []}, {"beside": [0.0]},
        {"layers": [{"apart": 1, "near": [], "mix": [], "bias": [], "share": []}]}, {"signs": ["piece:<olie>"]},
    ],
)  # fmt: skip
def test_a_network_that_does_not_hold_together_is_refused(harm: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="does not hold together"):
        Network({**network(), **harm})


@pytest.mark.parametrize("language", ["da", "de", "en", "nl"])
def test_every_language_has_weights_for_all_that_rules_may_say(language: str) -> None:
    learned = weights(language)
    assert learned is not None
    assert set(learned[0]["judge"]) == {"yes", "over", "none"}


@pytest.mark.parametrize("other", ["wheel_change", "wheel_change_summer"])
def test_a_wheel_change_that_was_not_done_is_not_added_under_another_season(other: str) -> None:
    assert weighed("Hjulskift til vinterhjul blev ikke udført", made_up(none=ALWAYS, **{other: 0.0})).names() == set()


def test_the_season_that_is_less_likely_is_overturned() -> None:
    for likely, expected in ((3.0, "wheel_change_winter"), (1.5, "wheel_change_summer")):
        told = made_up(yes=likely, none=2.0, wheel_change_summer=0.0)
        assert weighed("Hjulskift til vinterhjul udført", told).names() == {expected}


def test_the_review_list_says_what_was_weighed() -> None:
    added, dropped = (
        weighed("Varta", made_up(none=ALWAYS, battery=0.0)),
        weighed("Koblingssæt m. svinghjul", made_up(yes=NEVER)),
    )
    for found in (added, dropped):
        (why,) = reasons(found, too_long=False, changed=False, language="da")
        assert why.startswith("Det er ikke sikkert:")


@pytest.mark.parametrize("language", ["da", "de", "en", "nl"])
def test_the_version_that_orders_are_read_with_names_what_was_learned(language: str) -> None:
    words = rules(language).lexicon.version
    assert rules(language).weighing(made_up(), "3f9a1c").lexicon.version == f"{words}.3f9a1c"
    assert re.fullmatch(re.escape(words) + r"\.[0-9a-f]{6}", matcher(language).lexicon.version)
