"""Every reason has its sentence in Danish and English, with its parameters, and none ever fails to be said."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.events.words import Because
from common.reasons import sentence, table

DUE: dict[str, Any] = {"last_on": "2025-03-10", "months": 12, "interval_from": "learned", "due_on": "2026-03-10"}


@pytest.mark.parametrize("language", ["da", "en"])
@pytest.mark.parametrize("code", list(Because))
def test_every_code_has_a_sentence_even_without_parameters(code: Because, language: str) -> None:
    said = sentence(code, {}, language)
    assert said.endswith(".")
    assert "{" not in said


def test_parameters_are_said_in_the_readers_language() -> None:
    danish, english = sentence(Because.DUE, DUE, "da"), sentence(Because.DUE, DUE, "en")
    assert "10.3.2025" in danish
    assert "bilens egen historik" in danish
    assert "2025-03-10" in english
    assert "this vehicle's history" in english


def test_other_languages_read_english() -> None:
    assert sentence(Because.DUE, DUE, "de") == sentence(Because.DUE, DUE, "en")


def test_an_unknown_code_stands_for_itself() -> None:
    assert sentence("struck_by_lightning", {"on": "2026-01-01"}, "da") == "struck_by_lightning"


@given(st.sampled_from(list(Because)), st.dictionaries(st.text(max_size=8), st.none() | st.text(max_size=12) | st.integers()))
def test_no_parameters_make_a_sentence_fail(code: Because, params: dict[str, Any]) -> None:
    assert sentence(code, params, "da")


def test_text_of_people_in_a_reason_is_said_as_it_is() -> None:
    assert "{months} & {}" in sentence(Because.HELD, {"reason": "{months} & {}"}, "da")


def test_the_list_of_codes_is_as_the_code_has_it() -> None:
    stored = Path(__file__).parents[3] / "docs" / "reasons.md"
    assert stored.read_text(encoding="utf-8") == table()


def test_a_date_that_an_order_notes_is_said_instead_of_an_interval() -> None:
    params = {"last_on": "2025-03-10", "months": 12, "basis": "noted", "due_on": "2026-04-10"}
    said = sentence("due", params, "da")
    assert said == "Seneste service var den 10.3.2025; på en ordre er næste service noteret til den 10.4.2026."
