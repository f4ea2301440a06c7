"""What words beside the work say of it: done or not, here or elsewhere, now or long ago. Counter-examples stand beside each."""

from datetime import date

import pytest

from classifier.domain import Line, Order, Read, read
from classifier.lexicons import rules


def read_text(text: str, on: date | None = None) -> Read:
    """Read a finished order of one line."""
    return read(Order((Line(text),), on=on), rules("da"))


def tags(text: str, on: date | None = None) -> set[str]:
    """The tags of a finished order of one line."""
    return set(read_text(text, on).names())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Serviceeftersyn ved 90.000 km", {"service"}),
        ("Tandrem skiftet ved 120.000 km", {"timing_belt"}),
        ("Tandrem skiftet ved 150.000", {"timing_belt"}),
        ("Udskiftet tandrem ved 180.000 km jf. plan", {"timing_belt"}),
        ("Skift af tandrem ved 120.000 km", {"timing_belt"}),
        ("Service udført ved 90.000 km, tandrem skal skiftes ved 120.000 km", {"service"}),
        ("Service 90.000 km, næste ved 120.000 km", {"service"}),
        ("Tandrem igen ved 240.000 km", set()),
        ("Tandrem skal skiftes ved 180.000 km", set()),
        ("Tandrem bør skiftes ved 180.000 km", set()),
        ("Tandrem skiftes senest ved 180.000 km", set()),
        ("Tandrem anbefales skiftet ved 120.000 km", set()),
    ],
)
def test_kilometres_are_ahead_only_beside_a_word_that_looks_forward(text: str, expected: set[str]) -> None:
    assert tags(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Udført hos os: stort serviceeftersyn", {"service"}),
        ("Hjulskift udført hos os", {"wheel_change"}),
        ("Bremser udført hos os", {"brakes"}),
        ("Syn udført hos os", {"official_inspection"}),
        ("Service lavet her", {"service"}),
        ("Service udført på værkstedet", {"service"}),
        ("Kunden har fået lavet hjulskift hos os", {"wheel_change"}),
        ("Hjulskift udført hjemme hos kunden", {"wheel_change"}),
        ("Serviceeftersyn udført, dele hentet hos Nordlager", {"service"}),
        ("Bilen synet hos Applus, godkendt", {"official_inspection"}),
        ("Service udført hos anden forhandler", set()),
        ("Kunden fik skiftet hjul hos Dækcenter", set()),
        ("Hjulskift foretaget af dækcenter", set()),
        ("Olieskift + filter foretaget hos thansen", set()),
        ("Hjulskift er lavet hjemme", set()),
    ],
)
def test_what_was_done_here_counts_and_what_was_done_elsewhere_does_not(text: str, expected: set[str]) -> None:
    assert tags(text) == expected


@pytest.mark.parametrize(
    ("text", "asks"),
    [
        ("Service lavet hos Nordhavn Auto", True),
        ("Serviceeftersyn udført hos Bilhuset Nord", True),
        ("Service udført hos anden forhandler", False),
        ("Service udført hos os", False),
    ],
)
def test_work_at_a_name_that_may_be_the_workshops_own_asks_for_a_look(text: str, asks: bool) -> None:
    assert read_text(text).review is asks


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Olieservice afvist", set()),
        ("Kundens ønske: olieservice. Afvist", set()),
        ("Kunden afviste olieservice", set()),
        ("Kunden afviser service", set()),
        ("Service afvises", set()),
        ("Afvist: tandrem", set()),
        ("Afslag på tandrem", set()),
        ("Hjulskift afvist", set()),
        ("Synstjek afvist", set()),
        ("Kunden har afvist syn", set()),
        ("Service undtaget", set()),
        ("Alt udført undtaget hjulskift", set()),
        ("Service slettet fra ordre", set()),
        ("Service udført men tandrem afvist, hjulskift lavet", {"service", "wheel_change"}),
        ("Service udført, bremsevæske undtaget", {"service"}),
        ("Koder slettet fra hukommelse, fejlsøgning udført", {"diagnosis"}),
    ],
)
def test_what_the_customer_turned_down_does_not_count(text: str, expected: set[str]) -> None:
    assert tags(text) == expected


@pytest.mark.parametrize(
    ("text", "expected", "result"),
    [
        ("Syn afvist på bremser", {"official_inspection"}, "failed"),
        ("Bilen synet hos Applus, afvist", {"official_inspection"}, "failed"),
        ("Fremstillet til syn - afvist", {"official_inspection"}, "failed"),
        ("Klargjort og fremstillet til syn, afvist", {"inspection_check", "official_inspection"}, "failed"),
        ("Serviceeftersyn samt fremstilling til syn, afvist", {"official_inspection", "service"}, "failed"),
        ("Synet og godkendt, tandrem afvist", {"official_inspection"}, "passed"),
    ],
)
def test_only_beside_an_inspection_does_afvist_mean_failed(text: str, expected: set[str], result: str) -> None:
    found = read_text(text)
    assert (set(found.names()), found.inspection_result) == (expected, result)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Bremser skiftet. Service sidst udført 03/2023", {"brakes"}),
        ("Sidst serviceret 2022", set()),
        ("Sidst udført: service", set()),
        ("Sidst service: marts 2023. Nu: bremser", set()),
        ("Reklamation på service fra sidst", {"warranty_work"}),
        ("Tandrem skiftet i 2022", set()),
        ("Skiftet tandrem i marts 2022", set()),
        ("Tandrem er fra 2019", set()),
        ("Tandrem er skiftet tidligere", set()),
        ("Udført service, sidst udført 2022", {"service"}),
        ("Tandrem anbefalet sidst, nu skiftet", {"timing_belt"}),
        ("Service udført sidst på måneden", {"service"}),
        ("Bilen er fra 2019, tandrem skiftet", {"timing_belt"}),
        ("Tandrem skiftet på VW Golf fra 2019", {"timing_belt"}),
        ("Service udført 12-03-2025", {"service"}),
    ],
)
def test_work_of_the_past_does_not_count(text: str, expected: set[str]) -> None:
    assert tags(text) == expected


def test_work_of_the_past_says_why() -> None:
    assert [one.why for one in read_text("Tandrem skiftet i 2022").overruled] == ["earlier"]


def test_the_orders_own_year_is_not_the_past() -> None:
    assert tags("Bremser skiftet i 2025", date(2025, 7, 2)) == {"brakes"}
    assert tags("Bremser skiftet i 2025", date(2026, 7, 2)) == set()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Service overskredet med 8.000 km - udført i dag", {"service"}),
        ("Service overskredet, udført", {"service"}),
        ("Glemte service sidste år, lavet nu", {"service"}),
        ("Service overskredet", set()),
        ("Service ikke udført i dag", set()),
        ("Ingen service udført i dag", set()),
        ("Tandrem kontrolleret i dag", set()),
    ],
)
def test_what_was_done_now_counts_whatever_was_said_of_it_before(text: str, expected: set[str]) -> None:
    assert tags(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Service og hjulskift - hjulskift blev ikke lavet", {"service"}),
        ("Service, hjulskift - hjulskift aflyst", {"service"}),
        ("Hjulskift. Dæk ikke skiftet", {"wheel_change"}),
        ("Hjulskift udført, hjulskift ikke udført sidste år", {"wheel_change"}),
    ],
)
def test_a_mere_name_yields_to_a_later_word_on_it(text: str, expected: set[str]) -> None:
    assert tags(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Tandrem leveret", set()),
        ("Bremseklodser leveret", set()),
        ("Tandrem leveret og monteret", {"timing_belt"}),
        ("Nye bremseklodser for, bil leveret retur", {"brakes"}),
        ("Tandremskift anslået 7.000 kr", set()),
        ("Anslået km 120.000, service udført", {"service"}),
    ],
)
def test_what_was_only_sold_or_quoted_does_not_count(text: str, expected: set[str]) -> None:
    assert tags(text) == expected


@pytest.mark.parametrize(
    ("text", "is_service"),
    [
        ("Gearolie service automatgear", False),
        ("Gearkasseolie service", False),
        ("Olieservice DSG", False),
        ("Service af varmepumpe", False),
        ("Servicetjek af bremser", False),
        ("Service af bil", True),
        ("Service på Golf", True),
        ("Olieservice", True),
    ],
)
def test_the_service_of_one_part_is_no_service_of_the_car(text: str, is_service: bool) -> None:
    assert ("service" in tags(text)) is is_service


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Synsklargøring inkl. fremstilling", {"inspection_check", "official_inspection"}),
        ("Synsklargøring og fremstilling", {"inspection_check", "official_inspection"}),
        ("Synstjek, bilen er klar til fremstilling", {"inspection_check"}),
        ("Synstjek udført, fremstilling fravalgt", {"inspection_check"}),
    ],
)
def test_prepared_and_presented_is_both(text: str, expected: set[str]) -> None:
    assert tags(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Serviceaftale oprettet", set()),
        ("Kunde oprettet i system", set()),
        ("Dækhotel oprettet", {"tyre_hotel"}),
        ("Bule oprettet", {"bodywork"}),
        ("Oprettet dør og skærm", {"bodywork"}),
    ],
)
def test_oprettet_is_bodywork_only_beside_a_part_of_the_body(text: str, expected: set[str]) -> None:
    assert tags(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Overslag tandrem 7.450,-\nKunden har sagt ja", {"timing_belt"}),
        ("Tilbud på bremseskiver\nFravalgt: synstjek\nKunden har sagt ja", set()),
        ("Overslag tandrem 7.450,-\nKunden overvejer", set()),
    ],
)
def test_what_was_offered_counts_once_it_was_accepted(text: str, expected: set[str]) -> None:
    order = Order(tuple(Line(line) for line in text.splitlines()), finished=False)
    assert read(order, rules("da")).names() == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Kørt til serviceeftersyn, han ville dog, alligevel ikke", set()),
        ("Bærearm skiftet\nBeskyttelsesplade under motor mangler", {"other_repair"}),
        ("Hjulskift\nblev desværre ikke udført", set()),
    ],
)
def test_a_cue_by_itself_speaks_of_what_was_named_before_it(text: str, expected: set[str]) -> None:
    order = Order(tuple(Line(line) for line in text.splitlines()))
    assert read(order, rules("da")).names() == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Kunden ville have service, men vi havde ikke filtre hjemme", set()),
        ("Kunden ville have service, men fik også lavet hjulskift", {"service", "wheel_change"}),
        ("Kunden ville have service", {"service"}),
    ],
)
def test_a_wish_is_taken_back_by_a_but_without_anything_done(text: str, expected: set[str]) -> None:
    assert tags(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Tandrem revnet skiftet", {"timing_belt"}),
        ("Serviceeftersyn\nHjulskift\nHjulskift blev aflyst", {"service"}),
        ("Hjulskift udført og tandrem ikke skiftet", {"wheel_change"}),
    ],
)
def test_a_verb_behind_makes_up_and_a_later_line_takes_back(text: str, expected: set[str]) -> None:
    order = Order(tuple(Line(line) for line in text.splitlines()))
    assert read(order, rules("da")).names() == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Vinterhjul på", {"wheel_change_winter"}),
        ("Vinterdæk på, sommerdæk i hotel", {"wheel_change_winter", "tyre_hotel"}),
        ("Sommerhjul på", {"wheel_change_summer"}),
        ("Vinterhjul på hotel", {"tyre_hotel"}),
    ],
)
@pytest.mark.parametrize("month", [4, 11])
def test_wheels_that_are_put_on_tell_the_season_and_not_the_date(text: str, expected: set[str], month: int) -> None:
    assert tags(text, date(2025, month, 14)) == expected
