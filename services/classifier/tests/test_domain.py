"""The rules, one table per question: what is read, what overrules it, and how it is said."""

from datetime import date

import pytest

from classifier.domain import Line, Order, Read, read, sentence
from classifier.domain.lexicon import KNOWN, LexiconError, parse_lexicon
from classifier.domain.wording import KEYS
from classifier.lexicons import rules


def read_text(*lines: str, remarks: str = "", on: date | None = None, finished: bool = True) -> Read:
    """Read an order of these lines in Danish."""
    return read(Order(tuple(Line(line) for line in lines), remarks, on, finished), rules("da"))


def tags(*lines: str, on: date | None = None, finished: bool = True) -> set[str]:
    """The tags of an order of these lines."""
    return set(read_text(*lines, on=on, finished=finished).names())


GROUPS: dict[str, list[str]] = {name: [] for name in KNOWN} | {"g": ["service"]}
NOVEMBER, APRIL, JULY = date(2025, 11, 4), date(2025, 4, 2), date(2025, 7, 2)


@pytest.mark.parametrize(
    "text",
    ["Serviceeftersyn", "service eftersyn", "SERVICE-EFTERSYN", "Serv.eftersyn", "Serviceeftersynet", "Serviceefetrsyn",
     "Olie + filter",
     "olie og oliefilter skiftet", "Motorolie og -filter", "30.000 km eftersyn", "Årsservice", "AARSSERVICE", "Aarsservice"],
)  # fmt: skip
def test_a_service_is_read_however_it_is_written(text: str) -> None:
    assert tags(text) == {"service"}


def test_oil_and_oil_filter_on_different_lines_are_a_service() -> None:
    assert tags("Motorolie 5W30", "Oliefilter") == {"service"}


def test_oil_in_an_engine_repair_is_none() -> None:
    assert "service" not in tags("Toppakning", "Motorolie 5W30", "Oliefilter")


@pytest.mark.parametrize(
    "text",
    ["Servicekontrakt marts", "service kontrakt", "Serviceaftale", "Lånebil", "Servicebil udlånt", "Gearkasseservice",
     "Service på klimaanlæg",
     "Bremseservice", "Haldex service", "PDI før levering: serviceeftersyn", "Motorolie efterfyldt", "Feriecheck", "Servicebog"],
)  # fmt: skip
def test_words_with_another_meaning_are_no_service(text: str) -> None:
    assert "service" not in tags(text)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("Serviceeftersyn ikke udført", "not_done"),
        ("Hverken service eller synstjek lavet", "not_done"),
        ("Serviceeftersyn, synstjek og hjulskift ikke udført", "not_done"),
        ("Kunden ønsker ikke service", "refused"),
        ("Service fravalgt", "refused"),
        ("Anbefaler service", "recommended"),
        ("Bilen trænger til service", "recommended"),
        ("Næste gang: service", "later"),
        ("Service udskudt til april", "later"),
        ("Tilbud på service afgivet", "quoted"),
        ("Service udført hos anden forhandler", "elsewhere"),
        ("Kunden spurgte til service", "asked"),
        ("Service krediteret", "credited"),
        ("Aflyst: service", "cancelled"),
    ],
)
def test_what_did_not_happen_does_not_count_and_says_why(text: str, why: str) -> None:
    found = read_text(text)
    assert "service" not in found.names()
    assert why in {one.why for one in found.overruled if one.tag == "service"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Service udført, men synstjek ønskes ikke", {"service"}),
        ("Skiftet tandrem og anbefalet nye bremseklodser", {"timing_belt"}),
        ("Kunden ønsker ikke synstjek. Service udført", {"service"}),
        ("Tandrem anbefalet sidst, nu skiftet", {"timing_belt"}),
        ("Tandrem kontrolleret og skiftet", {"timing_belt"}),
        ("Service uden bemærkninger", {"service"}),
        ("Ingen fejl ved synstjek", {"inspection_check"}),
        ("Tandrem skiftet iht. tilbud nr. 12", {"timing_belt"}),
        ("Service, pollenfilter ikke skiftet", {"service"}),
    ],
)
def test_what_was_done_counts_beside_what_was_not(text: str, expected: set[str]) -> None:
    assert tags(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Serviceeftersyn ved 90.000 km", {"service"}),
        ("Tandrem skiftet ved 120.000 km", {"timing_belt"}),
        ("Udskiftet tandrem ved 180.000 km jf. plan", {"timing_belt"}),
        ("Næste service ved 90.000 km", set()),
        ("Tandrem bør skiftes ved 180.000 km", set()),
        ("Hjulskift udført hos os", {"wheel_change"}),
        ("Hjulskift foretaget af dækcenter", set()),
        ("Olieservice afvist", set()),
        ("Kunden afviste synstjek", set()),
        ("Service udført men tandrem afvist, hjulskift lavet", {"service", "wheel_change"}),
        ("Kørt til syn - afvist", {"official_inspection"}),
        ("Bremser skiftet. Service sidst udført 03/2023", {"brakes"}),
        ("Sidst serviceret 2022", set()),
        ("Tandrem skiftet i 2022", set()),
        ("Tandrem leveret", set()),
        ("Tandremskift anslået 7.000 kr", set()),
        ("Gearolie service automatgear", set()),
        ("Service og hjulskift - hjulskift blev ikke lavet", {"service"}),
        ("Service overskredet med 8.000 km - udført i dag", {"service"}),
        ("Synsklargøring inkl. fremstilling", {"inspection_check", "official_inspection"}),
    ],
)
def test_where_when_and_whether_it_was_done_is_told_by_the_words_beside_it(text: str, expected: set[str]) -> None:
    assert tags(text) == expected


def test_a_year_is_past_only_where_it_is_before_the_orders() -> None:
    assert "timing_belt" in tags("Tandrem skiftet i 2025", on=date(2025, 5, 1))
    assert "timing_belt" not in tags("Tandrem skiftet i 2024", on=date(2025, 5, 1))


def test_work_done_at_a_name_that_nobody_knows_is_looked_at() -> None:
    found = read_text("Service lavet hos Nordhavn Auto")
    assert (found.names(), found.review) == (frozenset(), True)


def test_a_heading_speaks_of_the_lines_below_until_one_that_was_charged_for() -> None:
    order = Order((Line("Anbefalinger:"), Line("- tandrem"), Line("Serviceeftersyn", amount=150_000)))
    assert read(order, rules("da")).names() == {"service"}


def test_a_line_that_was_taken_back_does_not_count() -> None:
    taken_back = Line("Serviceeftersyn", quantity=-1, amount=-100)
    lines = (Line("Serviceeftersyn", amount=100), Line("Nyt batteri", amount=50), taken_back)
    assert read(Order(lines), rules("da")).names() == {"battery"}


def test_a_discount_changes_nothing() -> None:
    lines = (Line("Serviceeftersyn", amount=100), Line("Rabat serviceeftersyn", amount=-10))
    assert read(Order(lines), rules("da")).names() == {"service"}


@pytest.mark.parametrize(
    ("text", "on", "tag"),
    [
        ("Hjulskift", NOVEMBER, "wheel_change_winter"),
        ("Hjulskift", APRIL, "wheel_change_summer"),
        ("Hjulskift", JULY, "wheel_change"),
        ("Hjulskift", None, "wheel_change"),
        ("Hjulskift til sommerhjul", NOVEMBER, "wheel_change_summer"),
        ("hjul skifte til vinterdaek", APRIL, "wheel_change_winter"),
        ("Skiftet fra sommer til vinter", JULY, "wheel_change_winter"),
        ("Vinterhjul af, sommerhjul på", JULY, "wheel_change_summer"),
        ("Hjulskift, opbevaring af sommerhjul", JULY, "wheel_change_winter"),
        ("Monteret kundens sommerhjul", NOVEMBER, "wheel_change_summer"),
        ("Hjulskift. Sommerhjul ligger på hotellet", NOVEMBER, "wheel_change_winter"),
        ("Hjulskift. Sommerhjul ligger på hotellet", APRIL, "wheel_change_summer"),  # merely named: the date tells
        ("Hjulskift. Vinterhjul ligger på hotellet", NOVEMBER, "wheel_change_winter"),
        ("Hjulskift. Vinterhjul ligger på hotellet", JULY, "wheel_change_summer"),
    ],
)
def test_the_season_comes_from_the_words_else_from_the_date(text: str, on: date | None, tag: str) -> None:
    assert {name for name in tags(text, on=on) if name.startswith("wheel")} == {tag}


@pytest.mark.parametrize(
    ("text", "on", "expected"),
    [
        ("Vinterhjul", NOVEMBER, {"wheel_change_winter"}),
        ("Oliefilter og motorolie, sommerhjul", APRIL, {"wheel_change_summer"}),
        ("Vinterhjul", APRIL, set()),
        ("Vinterhjul", JULY, set()),
        ("Vinterhjul", None, set()),
        ("Vinterhjul: profil 3 mm", NOVEMBER, set()),
        ("Vinterhjul Michelin 205/55R16", NOVEMBER, set()),
        ("Vinterhjul tilbudt", NOVEMBER, set()),
    ],
)
def test_wheels_named_by_themselves_at_their_time_of_the_year_were_put_on(text: str, on: date | None, expected: set[str]) -> None:
    assert {name for name in tags(text, on=on) if name.startswith("wheel")} == expected


@pytest.mark.parametrize(
    "text", ["Hjulleje skiftet", "4 nye vinterdæk monteret", "Vinterdæk solgt uden montering", "Hjul rotation", "Punktering"]
)
def test_other_work_at_the_wheels_is_no_wheel_change(text: str) -> None:
    assert not [name for name in tags(text, on=NOVEMBER) if name.startswith("wheel")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Synstjek", {"inspection_check"}),
        ("Klargøring til syn", {"inspection_check"}),
        ("Fremstillet til syn", {"official_inspection"}),
        ("Klargøring og fremstilling til syn", {"inspection_check", "official_inspection"}),
        ("Fejl fra syn udbedret", set()),
        ("Husk syn inden august", set()),
        ("Kunden spurgte om syn", set()),
        ("Lygter rettet efter syn", {"other_repair"}),
    ],
)
def test_the_check_before_an_inspection_is_not_the_inspection(text: str, expected: set[str]) -> None:
    assert tags(text) == expected


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("Fremstillet til syn, godkendt", "passed"),
        ("Syn betinget godkendt", "passed"),
        ("Kørt til syn - ikke godkendt", "failed"),
        ("Syn: ikke godkendt. Omsyn: godkendt", "passed"),
        ("Fremstillet til syn", None),
        ("Service godkendt af kunden", None),
    ],
)
def test_the_result_of_an_inspection_is_its_last_word(text: str, result: str | None) -> None:
    assert read_text(text).inspection_result == result


@pytest.mark.parametrize(
    ("line", "remarks", "dropped"),
    [
        ("Synstjek", "Kunden ringede: synstjek afbestilt, resten står ved magt", "inspection_check"),
        ("Hjulskift", "Kunden ringer 12/3, hjulskift aflyst", "wheel_change"),
        ("Tandrem", "Kunden vil ikke have skiftet tandrem alligevel", "timing_belt"),
    ],
)
def test_a_later_word_takes_back_what_an_open_order_asks_for(line: str, remarks: str, dropped: str) -> None:
    found = read(Order((Line(line), Line("Service")), remarks, finished=False), rules("da"))
    assert found.names() == {"service"}
    assert dropped in {one.tag for one in found.overruled}


def test_an_open_order_asks_for_what_a_finished_one_would_only_need() -> None:
    assert tags("Service planlægges, husk bremseklodser", finished=False) == {"service", "brakes"}
    assert "brakes" not in tags("Service, husk bremseklodser", finished=True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Næste service: 10.03.2027", date(2027, 3, 10)),
        ("næste service den 10/3-27", date(2027, 3, 10)),
        ("NÆSTE EFTERSYN 2027-03-10", date(2027, 3, 10)),
        ("næste service om 12 mdr", None),
        ("næste service 31.02.2027", None),
        ("Service 10.03.2027", None),
    ],
)
def test_only_a_date_is_a_next_service_date(text: str, expected: date | None) -> None:
    assert read_text(text, on=date(2026, 3, 10)).next_service_on == expected


def test_a_next_service_date_is_no_service() -> None:
    assert tags("Næste service: 10.03.2027") == set()


def test_hours_and_mechanics_are_read_where_no_field_has_them() -> None:
    work = (Line("Arbejdsløn", quantity=1.5, unit="timer"), Line("Arbejdsløn", quantity=0.5, unit="t."))
    lines = (*work, Line("Mekaniker: Jens Holm"))
    found = read(Order(lines), rules("da"))
    assert (found.hours, found.mechanics) == (2.0, ("Jens Holm",))
    told = read(Order(lines, hours=3.0, mechanics=("MH",)), rules("da"))
    assert (told.hours, told.mechanics) == (3.0, ("MH",))


def test_a_code_behind_a_line_about_a_mechanic_is_no_name() -> None:
    assert read(Order((Line("Arbejdsløn mekaniker", "TIMER"),)), rules("da")).mechanics == ()
    assert read(Order((Line("Mekaniker:\nJens"),)), rules("da")).mechanics == ("Jens",)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Km 61.240", 61240),
        ("KM-STAND: 123456", 123456),
        ("kmstand 9 870", 9870),
        ("Kilometerstand 104.870", 104870),
        ("Bilen har kørt 88.000 km", 88000),
        ("Serviceeftersyn 60.000 km", None),
        ("Bil afleveret ved 61.240 km", 61240),
        ("Serviceprogram 6 år / 120.000 km", None),
        ("30.000 km 12 mdr eftersyn", None),
        ("Næste service ved km 90.000", None),
        ("Næste service 10.03.2027, km 61.240", 61240),
        ("Tandrem skiftes ved 180.000 km", None),
    ],
)
def test_the_odometer_is_the_reading_of_this_visit(text: str, expected: int | None) -> None:
    assert read_text(text).odometer_km == expected


def test_the_field_of_the_order_wins_over_its_text() -> None:
    assert read(Order((Line("Km 61.240"),), odometer_km=61300), rules("da")).odometer_km == 61300


@pytest.mark.parametrize(
    ("text", "plate", "vin"),
    [
        ("AB12345 Service", "AB12345", None),
        ("Reg.nr. AB 12 345", "AB12345", None),
        ("Stelnr. TMBZZZ1Z2A3456789", None, "TMBZZZ1Z2A3456789"),
        ("Ordre 12345678901234567", None, None),
    ],
)
def test_plate_and_vin_are_read_from_text(text: str, plate: str | None, vin: str | None) -> None:
    found = read_text(text)
    assert (found.plate, found.vin) == (plate, vin)


def test_text_longer_than_anyone_writes_is_read_in_part_and_marked() -> None:
    found = read_text("Serviceeftersyn", "ikke hjulskift, " * 100_000, remarks="Tandrem skiftet. " + "x" * 500_000)
    assert {"service", "timing_belt"} <= found.names()
    assert found.review


def test_evidence_reads_as_a_sentence_in_danish_and_english() -> None:
    found = read_text("Bremser målt", "Serviceeftersyn 60.000", remarks="Synstjek fravalgt")
    (service,), (check,) = found.tags, [one for one in found.overruled if one.tag == "inspection_check"]
    assert sentence(service, "da") == "Service, fordi linje 2 siger »Serviceeftersyn«."
    assert sentence(service, "en") == "Service, because line 2 says “Serviceeftersyn”."
    assert sentence(check, "da") == (
        "Ikke synstjek: bemærkningerne siger »Synstjek«, men kunden ønskede det ikke (bemærkningerne siger »fravalgt«)."
    )


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("de", "Inspektion, denn in Zeile 1 steht „Serviceeftersyn“."),
        ("nl", "Onderhoudsbeurt, want regel 1 zegt ‘Serviceeftersyn’."),
        ("fr", "Service, because line 1 says “Serviceeftersyn”."),
    ],
)
def test_a_sentence_is_said_in_the_reader_s_language_else_in_english(language: str, said: str) -> None:
    (service,) = read_text("Serviceeftersyn").tags
    assert sentence(service, language) == said


def test_weak_or_contradicting_words_ask_for_a_look() -> None:
    assert read_text("Eftersyn").review
    assert not read_text("Serviceeftersyn").review


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"rules": [{"id": "r", "tag": "service", "all": ["nothing"]}]}, "nothing"),
        ({"groups": GROUPS | {"g": ["{nobody} x"]}}, "nobody"),
        ({"groups": GROUPS | {"g": ["s"]}}, "too short"),
        ({"patterns": {"p": "a+"}}, "a list"),
        ({"groups": {"g": ["service"]}}, "the reader names the group"),
        ({"verbs": ["did"]}, "did"),
        ({"notes": {}}, "the table notes lacks"),
        ({"cues": {"c": {"why": "w", "words": ["ikke"], "direction": "up"}}}, "direction"),
    ],
)
def test_a_lexicon_that_does_not_hold_together_is_refused(change: dict[str, object], said: str) -> None:
    base: dict[str, object] = {
        "language": "da", "version": "1", "endings": [], "abbreviations": [], "turns": [], "lists": [], "signs": {},
        "helpers": [], "verbs": [], "transparent": [], "opaque": [],
        "forgiving": [], "groups": GROUPS, "cues": {}, "rules": [], "notes": dict.fromkeys(KEYS, ()),
    }  # fmt: skip
    with pytest.raises(LexiconError, match=said):
        parse_lexicon(base | change)


@pytest.mark.parametrize(
    ("credit", "expected"),
    [
        (Line("Refunderet hjulskifte, fejl", amount=-39900), {"service"}),
        (Line("Refunderet hjulskifte, fejl", amount=-10000), {"service", "wheel_change_winter"}),  # another amount
        (Line("Rabat hjulskifte", amount=-39900), {"service", "wheel_change_winter"}),  # given away, and done
        (Line("Goodwill hjulskifte", amount=-39900), {"service", "wheel_change_winter"}),
        (Line("Refunderet", amount=-39900), {"service", "wheel_change_winter"}),  # of what, nobody says
    ],
)
def test_a_credit_in_other_words_takes_back_the_work_of_that_amount(credit: Line, expected: set[str]) -> None:
    lines = (Line("Serviceeftersyn", amount=149900), Line("Skiftet til vinterhjul", amount=39900), credit)
    assert read(Order(lines, on=date(2025, 11, 3)), rules("da")).names() == expected


@pytest.mark.parametrize(
    ("remarks", "tags", "review"),
    [
        ("Stort eftersyn", {"brakes"}, True),  # named beside other work: somebody should look
        ("Stort eftersyn udført", {"brakes", "service"}, False),
        ("Bremseklodser bag", {"brakes"}, False),  # the lines say so, too
        ("Garanti", {"brakes", "warranty_work"}, False),
    ],
)
def test_a_name_in_the_remarks_beside_work_on_the_lines_is_a_mention(remarks: str, tags: set[str], review: bool) -> None:
    found = read(Order((Line("Bremseklodser for skiftet"),), remarks), rules("da"))
    assert (found.names(), found.review) == (tags, review)


def test_remarks_alone_say_what_was_done() -> None:
    assert read(Order((Line("Arbejdsløn"),), "Stort eftersyn"), rules("da")).names() == {"service"}
