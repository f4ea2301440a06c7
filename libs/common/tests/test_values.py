"""Plates, VINs, kilometres, phone numbers and addresses: what is one, how it is written, and where it hides in text."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common import values

LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ"
plates = st.builds(
    lambda letters, digits: f"{letters}{digits:05}", st.sampled_from(["AB", "XY", "HA", "CF"]), st.integers(0, 99999)
)
vins = st.text(LETTERS, min_size=3, max_size=3).flatmap(
    lambda maker: st.text(string.digits + "ABCDEFGHJKLMNPRSTUVWXYZ", min_size=10, max_size=10).map(
        lambda rest: f"{maker}{rest}1234"
    )
)
separators = st.sampled_from(["", " ", "-", "."])


@given(plates, separators, separators)
def test_a_plate_is_found_however_it_is_spaced(plate: str, first: str, second: str) -> None:
    written = f"Reg.nr. {plate[:2]}{first}{plate[2:4]}{second}{plate[4:]}, bil til service"
    assert values.danish_plate_in(written.lower()) == plate
    assert values.plate(f" {plate[:2]}{first}{plate[2:]} ") == plate


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Faktura nr 12345",
        "KM 61.200",
        "DK 12345678",
        "Varenr AB123456",
        "AB 12.345,50 kr",
        "Tlf. 20123456",
        "XAB12345",
        "AB 1234",
        "rest af 12.345 kr",
        "ca 12 345 km",
        "en 12345 ml",
        "Ordre ja 12.345",
        "tillæg AB 12.345 kr",
        "AB 12 345,-",
        "km12345",
        "AB12345-01",
        "01-AB12345",
        "Varenr.: AB12345",
        "OEM AB 12345",
        "Delnummer ab12345",
        "Olie 5W30 VW 50400/50700",
        "MB 22952 olie",
        "Pollenfilter Mann CU 25001",
        "Febi FE 12345",
        "Varta AG 77052",
        "Lånebil AB12345 udleveret",
        "AB12345 og CD23456",
    ],
)
def test_what_only_looks_like_a_plate_is_none(text: str) -> None:
    assert values.danish_plate_in(text) is None


@pytest.mark.parametrize(
    ("text", "plate"),
    [
        ("AF12345", "AF12345"),
        ("reg. nr.: af 12 345", "AF12345"),
        ("Indreg.nr. ST 12 345", "ST12345"),
        ("Varenr AB12345, nummerplade CD 23 456", "CD23456"),
        ("AB 12 345 km 61.000", "AB12345"),
        ("AB12345/61.000 km", "AB12345"),
        ("rest af 12.345 kr, bil EF34567", "EF34567"),
        ("Skoda, AB-12-345.", "AB12345"),
        ("Lånebil AB12345 udleveret. Reg.nr. CD23456", "CD23456"),
        ("CD23456, reg.nr. AB12345", "AB12345"),
    ],
)
def test_a_plate_is_told_from_words_prices_and_part_numbers_around_it(text: str, plate: str) -> None:
    assert values.danish_plate_in(text) == plate


@pytest.mark.parametrize(
    ("text", "plate"),
    [
        ("Olie 5W30 VW 50400/50700", None),
        ("MB 22952 olie", None),
        ("Longlife VW50400", None),
        ("Pollenfilter Mann CU 25001", None),
        ("Febi FE 12345", None),
        ("Varta AG 77052", None),
        ("Bremseskiver BS 12345", None),
        ("Olie VW 50400, AB12345", "AB12345"),
        ("Reg.nr. VW 50 400", "VW50400"),
        ("Nummerplade: MB 22 952", "MB22952"),
        ("Nr.plade AB12345", "AB12345"),
        ("Undervognsplade FE12345, reg. AB12345", "AB12345"),
        ("Olieskift på AB12345", "AB12345"),
        ("Filter til AB 12 345", "AB12345"),
        ("Service inkl. olie og filter, AB12345", "AB12345"),
        ("AB12345 Mann filter", "AB12345"),
    ],
)
def test_oil_specifications_and_part_numbers_are_no_plates(text: str, plate: str | None) -> None:
    assert values.danish_plate_in(text) == plate


@pytest.mark.parametrize(
    ("text", "plate"),
    [
        ("Lånebil AB12345 udleveret. Reg.nr. CD23456", "CD23456"),
        ("Lånebil reg.nr. AB12345", None),
        ("Lejebil:\nAB12345", None),
        ("Byttebil: AB12345\nCD23456 service", "CD23456"),
        ("Udlejningsbil Toyota AB12345", None),
        ("AB12345 (lånebil), CD23456", "CD23456"),
        ("Service CD23456, lånebil AB12345", "CD23456"),
        ("Lånebil AB12345 / kundens bil CD23456", "CD23456"),
        ("Ingen lånebil, AB12345", "AB12345"),
        ("Lånebil udleveret\nAB12345", "AB12345"),
    ],
)
def test_a_car_that_was_lent_is_not_the_one_at_the_workshop(text: str, plate: str | None) -> None:
    assert values.danish_plate_in(text) == plate


@pytest.mark.parametrize(
    ("told", "charged", "plate"),
    [
        (["AB12345"], ["Reg.nr. CD23456"], "CD23456"),
        (["Skoda", "AB12345"], ["CD 23 456"], "AB12345"),
        (["AB12345", "CD23456"], [], "AB12345"),
        (["AB12345 og CD23456"], [], None),
        (["AB12345, igen AB 12 345"], [], "AB12345"),
        (["Skoda"], ["CD 23 456"], None),
        ([], [], None),
    ],
)
def test_the_surest_plate_wins_and_no_guess_is_made(told: list[str], charged: list[str], plate: str | None) -> None:
    assert values.danish_plate_among(told, charged) == plate


@given(st.text())
def test_whatever_is_written_is_a_plate_as_everybody_stores_it_or_none(text: str) -> None:
    found = values.plate(text)
    assert found is None or values.plate(found) == found


@given(vins)
def test_a_vin_is_found_in_text_and_stored_one_way(vin: str) -> None:
    assert values.vin_in(f"Stelnr: {vin.lower()}. Bremser udskiftet") == vin
    assert values.vin(f" {vin[:3]} {vin[3:9]}-{vin[9:]}") == vin


@pytest.mark.parametrize(
    "given", [None, "", "WVWZZZ1KZAW00000", "WVWZZZ1KZAW0000011", "WVWZZZ1KZAW0O0001", "ABCDEFGHJKLMNPRST", "IOQ" * 6]
)
def test_what_cannot_be_a_vin_is_none(given: str | None) -> None:
    assert values.vin(given) is None
    assert values.vin_in(given or "") is None


def test_the_check_digit_of_a_vin_only_informs() -> None:
    assert values.vin_check_digit_fits("1M8GDM9AXKP042788")
    assert not values.vin_check_digit_fits("1M8GDM9A0KP042788")
    assert values.vin("1M8GDM9A0KP042788") is not None


def test_on_lines_that_were_charged_for_only_what_is_called_a_plate_is_one() -> None:
    assert values.danish_plate_among(["Serviceeftersyn"], ["Kabinefilter CU 25001"]) is None
    assert values.danish_plate_among(["Octavia AB12345"], ["Kabinefilter CU 25001"]) == "AB12345"
    assert values.danish_plate_among([], ["Serviceeftersyn reg. AB 12 345"]) == "AB12345"


@given(
    st.integers(1000, 999_999),
    st.sampled_from(["{}", "{:,}", "{: }"]),
    st.sampled_from(["Km-stand: {}", "Kmstand {}", "km {}", "Kørt {} km"]),
)
def test_the_odometer_is_read_however_it_is_written(kilometres: int, grouped: str, text: str) -> None:
    plain = f"{kilometres:,}"
    written = {"{}": str(kilometres), "{:,}": plain.replace(",", "."), "{: }": plain.replace(",", " ")}[grouped]
    assert values.kilometres_in(text.format(written)) == kilometres


@pytest.mark.parametrize(
    ("text", "kilometres"),
    [
        ("30.000 km eftersyn", None),
        ("30.000 km's serviceeftersyn", None),
        ("60.000 km-service udført", None),
        ("Serviceeftersyn 60.000 km", None),
        ("Service ved 60.000 km", None),
        ("Næste service ved 90.000 km", None),
        ("Tandrem skiftes hver 120.000 km", None),
        ("Rækkevidde 400 km", None),
        ("Skiftes om 15.000 km", None),
        ("Service næste gang 90.000 km", None),
        ("garanti 2 år/100.000 km", None),
        ("15.000 km/1 år", None),
        ("15.000 km eller 1 år", None),
        ("Km.stand: 61.000", 61_000),
        ("Kmt. 61.000", 61_000),
        ("Kørt 61.000 kilometer", 61_000),
        ("km 123.456", 123_456),
        ("Km: 61000", 61_000),
        ("30.000 km eftersyn, km-stand: 31.240", 31_240),
        ("Serviceeftersyn 60.000 km\nKm-stand: 61.120", 61_120),
        ("Bilen har kørt 61.120 km. Service udført", 61_120),
        ("61.120 km, service udført", 61_120),
        ("Kørsel 12 km", None),
        ("Service overskredet med 8.000 km", None),
        ("Prøvetur 1.120 km", None),
        ("Kørsel 2.250 km á 3,80", None),
        ("Leasing 45.000 km/år", None),
        ("Dæk holder ca. 10.000 km endnu", None),
        ("Kørt 12.000 km siden sidst", None),
        ("Mangler 4.000 km til næste", None),
        ("Motorolie 5W-30", None),
        ("9.999.999 km", None),
        ("", None),
    ],
)
def test_an_interval_or_a_limit_is_no_reading(text: str, kilometres: int | None) -> None:
    assert values.kilometres_in(text) == kilometres


@pytest.mark.parametrize(
    ("text", "kilometres"),
    [
        ("Service ikke nødvendig, mangler 4.000 km", None),
        ("Service overskredet med 8.000 km - udført i dag", None),
        ("Prøvetur 120 km", None),
        ("Kørsel 250 km á 3,80", None),
        ("Kørsel 1.250 km á 3,80", None),
        ("2.400 km x 3,80", None),
        ("Bugsering 145 km", None),
        ("Leasing 45.000 km/år", None),
        ("Bremser holder ca. 10.000 km endnu", None),
        ("Kørt 12.000 km siden sidst", None),
        ("15.000 km om året", None),
        ("Km 120", None),
        ("Næste service:\n61.120 km", None),
        ("Kørt 12.000 km", 12_000),
        ("Km: 120", 120),
        ("Km-stand 450", 450),
        ("Prøvetur 12 km. Km-stand 61.120", 61_120),
        ("Service\n61.120 km", 61_120),
        ("61.120 km, bremser holder endnu", 61_120),
    ],
)
def test_a_distance_is_no_reading(text: str, kilometres: int | None) -> None:
    assert values.kilometres_in(text) == kilometres


@pytest.mark.parametrize(
    ("given", "country", "stored"),
    [
        ("20 12 34 56", "DK", "+4520123456"),
        ("0045 20123456", "DK", "+4520123456"),
        ("+4520123456", "DE", "+4520123456"),
        ("0151 23456789", "DE", "+4915123456789"),
        ("030 901820", "DE", None),  # a landline, and Germany's numbers tell
        ("112", "DK", None),
        ("se mail", "DK", None),
        (None, "DK", None),
    ],
)
def test_a_mobile_number_is_stored_as_it_is_dialled(given: str | None, country: str, stored: str | None) -> None:
    assert values.mobile(given, country) == stored


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        (" Anne.Holm@Example.COM ", "Anne.Holm@example.com"),
        ("anne@example", None),
        ("anne@@example.com", None),
        ("anne example.com", None),
        ("Anne <anne@example.com>", None),
        ("anne@example.com\r\nBcc: all@example.com", None),
        ("", None),
        (None, None),
    ],
)
def test_an_address_is_compared_as_it_is_used(given: str | None, stored: str | None) -> None:
    assert values.email(given) == stored


@given(st.text())
def test_no_text_breaks_any_reader(text: str) -> None:
    found = values.email(text)
    assert found is None or values.email(found) == found
    number = values.phone(text, "DK")
    assert number is None or values.phone(number, "DK") == number
    kilometres = values.kilometres_in(text)
    assert kilometres is None or 100 <= kilometres <= values.MAX_KM
    values.vin_in(text), values.danish_plate_in(text)
