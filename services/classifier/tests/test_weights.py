"""What weights may do to what the rules read, and what they may not, with weights made up for the purpose."""

from typing import Any

import pytest

from classifier.domain import DealerLexicon, LexiconError, Line, Order, Read, Reader, read, sentence
from classifier.domain.unclear import reasons
from classifier.lexicons import rules, weights
from common.events.words import VisitTag

TAGS = tuple(str(tag) for tag in VisitTag)
NEVER, ALWAYS = -9.0, 9.0


def made_up(*, yes: float = ALWAYS, over: float = NEVER, none: float = NEVER, **sums: float) -> dict[str, Any]:
    """Weights that say the same of every order: how likely a tag is by what the rules say of it, and, by tag, what the text weighs."""
    states = {name: {"bias": bias, "features": {}} for name, bias in (("yes", yes), ("over", over), ("none", none))}
    return {"tags": list(TAGS), "text": {"bias": [sums.get(tag, NEVER) for tag in TAGS], "features": {}}, "judge": states}


def weighed(text: str | Order, weights: dict[str, Any]) -> Read:
    order = text if isinstance(text, Order) else Order((Line(text),))
    return read(order, rules("da").weighing(weights))


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


def test_what_a_clause_says_was_done_is_not_dropped() -> None:
    assert weighed("Tandrem skiftet", made_up(yes=NEVER)).names() == {"timing_belt"}


def test_what_is_likely_is_added_with_the_words_that_weigh_most_and_somebody_should_look() -> None:
    told = made_up(none=1.0, battery=0.0)
    told["text"]["features"] = {"w:da|startklods": [1.0, {str(TAGS.index("battery")): 5.0}]}
    found = weighed("Arbejdsløn. Bilen fik en startklods, 70 Ah, i dag her", told)
    assert found.names() == {"battery"}
    assert found.review
    evidence = found.tags[0].evidence[0]
    assert "startklods" in evidence.words
    assert (evidence.rule, evidence.strength) == ("weights", 0.73)
    assert "andre ordrer" in sentence(found.tags[0], "da")


@pytest.mark.parametrize(
    ("text", "likely", "expected"),
    [
        ("Serviceeftersyn", 0.8, set()),
        ("Serviceeftersyn", 0.9, {"service"}),
        ("Serviceeftersyn udført", 0.8, {"service"}),
        ("Koblingssæt", 0.0, {"other_repair"}),
    ],
)
def test_what_invites_must_be_surer_to_stay(text: str, likely: float, expected: set[str]) -> None:
    assert weighed(text, made_up(yes=likely)).names() == expected


@pytest.mark.parametrize(("likely", "expected"), [(1.3, set()), (1.5, {"service"})])
def test_what_invites_must_be_surer_where_no_rule_says_it(likely: float, expected: set[str]) -> None:
    assert weighed("Arbejdsløn", made_up(none=likely, service=0.0)).names() == expected


def test_what_a_cue_speaks_against_invites_nobody_whatever_it_weighs() -> None:
    assert weighed("Service blev ikke udført", made_up(over=ALWAYS, service=ALWAYS)).names() == set()
    assert weighed("Tandrem blev ikke skiftet", made_up(over=ALWAYS)).names() == {"timing_belt"}  # it invites nobody by itself


def test_what_the_same_invoice_takes_back_is_not_weighed() -> None:
    lines = (Line("Hjulskift", amount=50_000), Line("Hjulskift", amount=-50_000), Line("Arbejdsløn", amount=10_000))
    assert weighed(Order(lines), made_up(none=ALWAYS, wheel_change=0.0, wheel_change_winter=0.0)).names() == set()


def test_of_several_seasons_the_likeliest_stays() -> None:
    told = made_up(none=2.0, wheel_change_winter=0.0, wheel_change_summer=0.0)
    told["judge"]["none"]["features"] = {"t:wheel_change_summer": 1.0}
    assert weighed("Arbejdsløn", told).names() == {"wheel_change_summer"}


def test_what_a_dealer_says_of_an_order_is_not_weighed() -> None:
    own = DealerLexicon.model_validate({"words": [{"words": "stor tur", "tag": "service"}]})
    reader = Reader(rules("da").weighing(made_up(yes=NEVER)), own)
    assert reader.read(Order((Line("Stor tur"),))).names() == {"service"}
    assert reader.read(Order((Line("Stor service"),))).names() == set()


def test_tags_that_only_codes_give_are_not_added() -> None:
    own = DealerLexicon.model_validate({"codes": [{"code": "S1", "tags": ["service"]}], "only_by_code": ["service"]})
    reader = Reader(rules("da").weighing(made_up(none=ALWAYS, service=ALWAYS)), own)
    assert reader.read(Order((Line("Stor service"),))).names() == set()


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        ({"judge": {}}, "lack"),
        ({"text": {"bias": [], "features": {}}}, "more tags"),
        ({"text": {"bias": [0.0] * len(TAGS), "features": {"w:da|olie": [1.0, {"99": 1.0}]}}}, "more tags"),
        ({"text": {"bias": [0.0] * len(TAGS), "features": {"w:da|olie": [1.0, {"x": 1.0}]}}}, "no number"),
    ],
)
def test_weights_that_do_not_hold_together_are_refused(harm: dict[str, Any], said: str) -> None:
    with pytest.raises(LexiconError, match=said):
        rules("da").weighing({**made_up(), **harm})


@pytest.mark.parametrize("language", ["da", "de", "en", "nl"])
def test_every_language_has_weights_for_every_tag(language: str) -> None:
    told = weights(language)
    assert told is not None
    assert set(told["tags"]) == set(TAGS)


@pytest.mark.parametrize("other", ["wheel_change", "wheel_change_summer"])
def test_a_wheel_change_that_was_not_done_is_not_added_under_another_season(other: str) -> None:
    assert weighed("Hjulskift til vinterhjul blev ikke udført", made_up(none=ALWAYS, **{other: 0.0})).names() == set()


def test_the_season_of_a_change_that_was_done_is_not_overturned() -> None:
    told = made_up(yes=NEVER, none=2.0, wheel_change_summer=0.0)
    assert weighed("Hjulskift til vinterhjul udført", told).names() == {"wheel_change_winter"}


def test_the_review_list_says_what_was_weighed() -> None:
    added, dropped = (
        weighed("Arbejdsløn", made_up(none=ALWAYS, battery=0.0)),
        weighed("Koblingssæt m. svinghjul", made_up(yes=NEVER)),
    )
    for found in (added, dropped):
        (why,) = reasons(found, too_long=False, changed=False, language="da")
        assert why.startswith("Det er ikke sikkert:")
