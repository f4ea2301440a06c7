"""Numbers, names and dates in the text, in the words that the lexicon's table `notes` gives."""

from dataclasses import replace
from datetime import date

import pytest

from classifier.domain import Line, Matcher, Order, Read, read
from classifier.domain.wording import KEYS, parse_wording
from classifier.lexicons import matcher

ENGLISH = parse_wording(
    {
        **dict.fromkeys(KEYS, ()),
        "reading": ["mileage", "on clock"],
        "kilometres": ["km"],
        "miles": ["miles", "mi"],
        "ahead": ["next", "due at"],
    }
)


def read_text(text: str, on: date | None = None) -> Read:
    """Read an order of one Danish line."""
    return read(Order((Line(text),), on=on), matcher("da"))


@pytest.mark.parametrize(
    ("text", "kilometres"),
    [
        ("118.402 km på uret", 118_402),
        ("Polo, aflæst 104.233 km", 104_233),
        ("Serviceinterval 30.000 km, sidste service 2024. Km-stand 44.870", 44_870),
        ("Service 60.000 km\nTæller 61.120", 61_120),
        ("Tandrem skiftet ved 168.220 km", 168_220),
        ("Km-stand 60.000", 60_000),
        ("Næste 90.000. Km 74.890", 74_890),
        ("KM 61.870 / NÆSTE SERVICE 18.04.2027", 61_870),
        ("Kørsel 2.250 km / 3,80 kr.", None),
        ("Næste service ved km-stand 90.000", None),
        ("Næste: 91.240 km", None),
        ("Kørsel 2.250 km á 3,80", None),
        ("Kms. 62.018 – næste service d. 18.09.2025 eller 90.000 km", 62_018),
    ],
)
def test_a_reading_is_told_from_what_only_has_a_number(text: str, kilometres: int | None) -> None:
    assert read_text(text).odometer_km == kilometres


@pytest.mark.parametrize(
    ("text", "kilometres"),
    [
        ("Mileage 61,240 miles", 98_556),
        ("61,241 miles on clock", 98_558),
        ("132,450 km", 132_450),
        ("next due at 70,100 miles", None),
        ("15,000 miles", None),
    ],
)
def test_miles_are_told_in_kilometres(text: str, kilometres: int | None) -> None:
    english = Matcher(replace(matcher("en").lexicon, wording=ENGLISH))
    assert read(Order((Line(text),)), english).odometer_km == kilometres


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Mekaniker: Jens Holm", ("Jens Holm",)),
        ("Mekaniker: Jens Holm og Ole", ("Jens Holm", "Ole")),
        ("Mek. JH/OP", ("JH", "OP")),
        ("MEK: 14", ("14",)),
        ("Tekniker Per H.", ("Per H.",)),
        ("Mekaniker: Joris. Næste service 27/11/2025", ("Joris",)),
        ("Mek. T. Rabe, 5,5 timer", ("T. Rabe",)),
        ("Mek. 7, km 45.120", ("7",)),
        ("Mekaniker ringer i morgen", ()),
    ],
)
def test_mechanics_are_the_names_behind_their_label(text: str, names: tuple[str, ...]) -> None:
    assert read_text(text).mechanics == names


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("Næste service 18. april 2027", date(2027, 4, 18)),
        ("Næste service d. 3 maj 27", date(2027, 5, 3)),
        ("Næste service 2027-04-18", date(2027, 4, 18)),
        ("Næste service 18 bananer 2027", None),
    ],
)
def test_a_next_service_date_may_name_its_month(text: str, day: date | None) -> None:
    assert read_text(text, date(2026, 4, 1)).next_service_on == day


@pytest.mark.parametrize(
    ("language", "remarks", "hours"),
    [
        ("da", "Forbrugt 1,5 timer.", 1.5),
        ("da", "Mek: Ali. 1,2 timer. KM 96.510", 1.2),
        ("da", "Brugt 3½ time", 3.5),
        ("da", "Brugt 1 ¾ time", 1.75),
        ("da", "Ring om 2 timer.", None),
        ("de", "Garantieantrag abgelehnt. 3,2 Std.", 3.2),
        ("de", "Mech. Jovanovic 1,2 Std., KM 41.210", 1.2),
        ("de", "Kunde kommt in 2 Std.", None),
    ],
)
def test_hours_in_the_remarks_count_where_they_are_called_worked(language: str, remarks: str, hours: float | None) -> None:
    assert read(Order((), remarks), matcher(language)).hours == hours


@pytest.mark.parametrize(
    ("text", "vin"),
    [
        ("1M8GDM9AXKP042788", "1M8GDM9AXKP042788"),
        ("1M8GDM9A0KP042788", None),
        ("VIN 1M8GDM9A0KP042788", "1M8GDM9A0KP042788"),
        ("WAUZZZ4G8EN118822", "WAUZZZ4G8EN118822"),
    ],
)
def test_a_check_digit_is_asked_for_where_makers_must_keep_to_it(text: str, vin: str | None) -> None:
    assert read_text(text).vin == vin


@pytest.mark.parametrize(("text", "plate"), [("Bådtrailer, reg. XR 20 54", "XR2054"), ("Bådtrailer XR 20 54", None)])
def test_what_is_called_a_plate_may_look_like_another_country_s(text: str, plate: str | None) -> None:
    assert read_text(text).plate == plate


@pytest.mark.parametrize(
    ("language", "text", "amount"),
    [
        ("da", "Service udført. I alt 2.450,00 kr.", 245_000),
        ("da", "Ialt kr. 1250,-", 125_000),
        ("da", "Sum 800,00 ekskl. moms, i alt 1.000,00", 80_000),
        ("da", "I alt 3,25 timer", None),
        ("da", "I alt 4 stk", None),
        ("da", "Total 2024", None),
        ("de", "Gesamtbetrag: 345,60 EUR inkl. MwSt.", 34_560),
        ("de", "Summe netto 1'290.50 CHF", 129_050),
        ("nl", "Totaal € 89,95", 8_995),
        ("en", "Total due £230.50 incl VAT", 23_050),
    ],
)
def test_a_sum_is_read_where_no_line_has_an_amount(language: str, text: str, amount: int | None) -> None:
    assert read(Order(remarks=text), matcher(language)).sums.amount == amount
    assert read(Order((Line("Service", amount=10_000),), remarks=text), matcher(language)).sums.amount is None


def test_parts_are_read_by_name_and_sum() -> None:
    told = read(
        Order(remarks="Service. Dele: oliefilter, luftfilter + 4,5 l olie. Ring til kunden, dele bestilt"), matcher("da")
    ).sums
    assert told.parts == ("oliefilter", "luftfilter", "4,5 l olie")
    assert read(Order(remarks="Reservedele: 1.234,50 kr. Arbejdsløn: 900,00 kr."), matcher("da")).sums.parts_amount == 123_450
    assert read(Order(remarks="Reservedele: 1.234,50 kr."), matcher("da")).sums.parts == ()
