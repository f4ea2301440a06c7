"""What German expressions say beside the work: a word with figures, a verb whose other half stands behind, a year."""

from collections.abc import Callable
from datetime import date

import pytest

from classifier.domain import DealerLexicon, Line, Matcher, Order, Read, Reader, read
from classifier.lexicons import matcher, rules

ON = date(2025, 3, 11)
OWN = DealerLexicon.model_validate({"words": [{"words": "große Durchsicht", "tag": "service"}]})


def read_text(text: str, by: Matcher) -> Read:
    """Read a finished order of one line, of March 2025."""
    return read(Order((Line(text),), on=ON), by)


def overruled(text: str, by: Matcher) -> set[tuple[str, str]]:
    """What does not count, and why."""
    return {(found.tag, found.why) for found in read_text(text, by).overruled}


@pytest.mark.parametrize("by", [pytest.param(rules, id="rules"), pytest.param(matcher, id="weighed")])
@pytest.mark.parametrize(
    ("text", "tag", "why"),
    [
        ("Inspektion in KW 15", "service", "later"),
        ("Inspektion in 3 Monaten", "service", "later"),
        ("Ölwechsel mit Filter in 4 Wochen", "service", "later"),
        ("Inspektion nach ca. 6 Wochen", "service", "later"),
        ("Räderwechsel bei 60.000 km", "wheel_change_summer", "later"),
        ("Inspektion ab 90.000", "service", "later"),
        ("Inspektion erst am 12.03.", "service", "later"),
        ("Inspektion macht sein Schwager", "service", "elsewhere"),
        ("Räderwechsel hat der Nachbar erledigt", "wheel_change_summer", "elsewhere"),
        ("Räderwechsel beim Kumpel", "wheel_change_summer", "elsewhere"),
        ("Inspektion lehnt er wegen der Kosten ab", "service", "refused"),
        ("Für Inspektion winkt er aus Kostengründen ab", "service", "refused"),
        ("Räderwechsel fällt heute aus", "wheel_change_summer", "refused"),
        ("Gegen den Zahnriemen entschieden", "timing_belt", "refused"),
        ("Inspektion war 03/2023", "service", "earlier"),
        ("Zahnriemen 2021 erneuert", "timing_belt", "earlier"),
        ("Inspektion im März 2023", "service", "earlier"),
        ("Inspektion Duplikat ausgestellt", "service", "earlier"),
        ("Inspektion sagt er kurzfristig ab", "service", "cancelled"),
        ("Kommt er dafür wieder, Inspektion", "service", "later"),
        ("Zahnriemen lässt er lieber weg", "timing_belt", "refused"),
        ("Inspektion schlug er aus Kostengründen aus", "service", "refused"),
        ("Alte Rechnung Inspektion", "service", "earlier"),
        ("Zahnriemen erst 2 Jahre alt", "timing_belt", "earlier"),
        ("Ruft an wegen Inspektion", "service", "asked"),
        ("Über Inspektion ausführlich informiert", "service", "asked"),
        ("Einlagerung, Lagerplatz 7 wieder frei", "tyre_hotel", "cancelled"),
        ("Reifenhotel löst Kunde auf", "tyre_hotel", "cancelled"),
        ("Bremsbeläge 40 %", "brakes", "checked"),
    ],
)
def test_what_an_expression_speaks_against_does_not_count_and_says_why(
    text: str, tag: str, why: str, by: Callable[[str], Matcher]
) -> None:
    assert read_text(text, by("de")).names() == frozenset()
    assert (tag, why) in overruled(text, by("de"))


@pytest.mark.parametrize("by", [pytest.param(rules, id="rules"), pytest.param(matcher, id="weighed")])
@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("Inspektion bei km 60.000 durchgeführt", "service"),
        ("Zahnriemen erneuert 2025", "timing_belt"),
        ("Inspektion laut Angebot 4711 durchgeführt", "service"),
        ("Große Inspektion, Sohn hat Auto gebracht", "service"),
        ("Inspektion, Fahrzeug bringt der Sohn", "service"),
        ("Rostschutz doppelt gestrichen", "underbody_treatment"),  # painted, not struck out
    ],
)
def test_what_only_looks_like_it_counts(text: str, tag: str, by: Callable[[str], Matcher]) -> None:
    assert tag in read_text(text, by("de")).names()


@pytest.mark.parametrize(
    ("text", "counts"),
    [
        ("Große Durchsicht macht sein Schwager", False),
        ("Große Durchsicht war im März 2023", False),
        ("Große Durchsicht in KW 15", False),
        ("Große Durchsicht lehnt er heute ab", False),
        ("Große Durchsicht durchgeführt", True),
    ],
)
def test_an_expression_speaks_of_a_dealers_own_words_too(text: str, counts: bool) -> None:
    found = Reader(matcher("de"), OWN).read(Order((Line(text),), on=ON))
    assert ("service" in found.names()) is counts
