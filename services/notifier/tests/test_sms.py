"""SMS parts as phones count them, and texts that keep to two."""

from math import ceil
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.events.customers import CustomerChanged, VehicleChanged
from common.ids import CustomerId, VehicleId
from common.testing.nordhavn import SENDER
from notifier import composing
from notifier.domain.letters import Letter, Part, Places
from notifier.domain.sms import fitting, parts, plain, sender_name

GSM = st.text("@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCXYZÄÖÑÜ§¿abcxyzäöñüà")
ESCAPED = st.text("^{}\\[~]|€ab", min_size=1)


@pytest.mark.parametrize(
    ("text", "encoding", "count"),
    [
        ("", "GSM7", 1),
        ("a" * 160, "GSM7", 1),
        ("a" * 161, "GSM7", 2),
        ("a" * 306, "GSM7", 2),
        ("a" * 307, "GSM7", 3),
        ("æøåÆØÅäöüß€", "GSM7", 1),
        ("€" * 80, "GSM7", 1),
        ("€" * 81, "GSM7", 2),
        ("a" * 152 + "€" + "a" * 152, "GSM7", 3),  # the escaped letter is not cut in two, so it takes another part
        ("ë" * 70, "UCS2", 1),
        ("ë" * 71, "UCS2", 2),
        ("ë" * 134, "UCS2", 2),
        ("ë" * 135, "UCS2", 3),
        ("😀" * 35, "UCS2", 1),
        ("😀" * 36, "UCS2", 2),
        ("😀" * 67, "UCS2", 3),
    ],
)
def test_parts_are_counted_as_phones_do(text: str, encoding: str, count: int) -> None:
    assert (parts(text).encoding, parts(text).count) == (encoding, count)


@given(GSM)
def test_plain_letters_take_153_of_each_part(text: str) -> None:
    found = parts(text)
    assert found.encoding == "GSM7"
    assert found.units == len(text)
    assert found.count == (1 if len(text) <= 160 else ceil(len(text) / 153))


@given(ESCAPED)
def test_escaped_letters_take_two_and_are_never_cut(text: str) -> None:
    found = parts(text)
    escaped = sum(letter not in "ab" for letter in text)
    assert found.units == len(text) + escaped
    assert found.count == 1 if found.units <= 160 else found.count in (ceil(found.units / 153), ceil(found.units / 152))


@given(st.text(min_size=1))
def test_one_letter_beyond_gsm_makes_it_ucs2(text: str) -> None:
    found = parts(text)
    units = len(text.encode("utf-16-le", "surrogatepass")) // 2
    assert found.encoding == "GSM7" or found.units == units


@given(st.text(), st.text("abcæøå€"))
def test_adding_letters_never_makes_fewer_parts(text: str, more: str) -> None:
    assert parts(text + more).count >= parts(text).count


@given(st.text())
def test_plain_is_always_gsm_and_changes_nothing_that_is(text: str) -> None:
    assert parts(plain(text)).encoding == "GSM7"
    assert plain(plain(text)) == plain(text)


def test_what_gsm_lacks_becomes_its_nearest_letter() -> None:
    assert plain("Citroën – »Zoë« “hej”…") == 'Citroen - Zoe "hej"...'


def test_the_longest_wording_that_fits_is_taken() -> None:
    assert fitting(["a" * 400, "b" * 200, "c"]) == "b" * 200


@given(
    st.text(max_size=200),
    st.text(max_size=60),
    st.text(max_size=60),
    st.text(max_size=12),
    st.integers(1, 2),
    st.text(max_size=80),
)
def test_an_sms_about_one_vehicle_keeps_to_two_parts_with_its_link(
    name: str, make: str, model: str, plate: str, step: int, workshop: str
) -> None:
    customer = CustomerChanged(revision=1, customer_id=CustomerId(UUID(int=1)), full_name=name, mobile="+4520123456")
    vehicle = VehicleChanged(revision=1, vehicle_id=VehicleId(UUID(int=2)), make=make, model=model, plate=plate)
    part = Part(UUID(int=3), step, "service", "abcdefghjk", None, vehicle)
    sender = SENDER.model_copy(update={"name": workshop})
    places = Places("https://svar.nordhavn-auto.example", "https://klik.example", lambda: "token")
    written = composing.write(Letter("sms", customer, (part,), sender, "da"), places, pixel=False)
    assert written is not None
    assert parts(written.text).count <= 2
    assert parts(written.text).encoding == "GSM7"
    assert "https://svar.nordhavn-auto.example/s/abcdefghjk" in written.text
    assert "afmeld" in written.text.lower()


@pytest.mark.parametrize(
    ("wishes", "name"),
    [
        (("Nordhavn",), "Nordhavn"),
        ((None, "Nordhavn Auto ApS"), "NordhavnAut"),
        (("Bil & Dæk",), "BilDaek"),
        (("Ærø Autø",), "AeroeAutoe"),
        (("!!", "Müller"), "Mueller"),
        ((None, ""), "Vaerksted"),
    ],
)
def test_a_sender_is_eleven_letters_or_digits(wishes: tuple[str | None, ...], name: str) -> None:
    assert sender_name(*wishes) == name
