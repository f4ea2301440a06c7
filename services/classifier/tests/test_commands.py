"""`classify` as a user runs it: a text, or a file of orders."""

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from classifier.main import service


@pytest.fixture
def run() -> object:
    app = typer.Typer()
    assert service.commands is not None
    service.commands(app)

    def invoke(*arguments: str, given: bytes | None = None) -> Result:
        return CliRunner().invoke(app, list(arguments), input=given)

    return invoke


def lines(result: Result) -> list[dict[str, object]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_a_text_is_answered_in_sentences(run) -> None:  # type: ignore[no-untyped-def]
    result = run("classify", "Service udført, synstjek ønskes ikke")
    assert result.exit_code == 0
    assert "Service, fordi linje 1 siger »Service" in result.stdout
    assert "Ikke synstjek" in result.stdout


def test_a_text_is_answered_in_json(run) -> None:  # type: ignore[no-untyped-def]
    (answer,) = lines(run("classify", "Tandrem skiftet", "--json"))
    assert answer["tags"] == ["timing_belt"]
    assert answer["evidence"][0]["place"] == "line 1"  # type: ignore[index]


def test_a_file_is_answered_line_by_line_in_the_same_order(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    file = tmp_path / "orders.jsonl"
    file.write_text(
        '{"id": "b", "lang": "da", "date": "2025-11-03", "status": "finished", "odometer_km": 1200, "remarks": null,'
        ' "lines": [{"code": null, "text": "Hjulskift", "qty": 1, "unit": "stk", "amount": 499.0}]}\n'
        '{"id": "a", "lines": ["Næste service 01-02-2027"], "date": "2026-02-01"}\n'
    )
    result = run("classify", "--file", str(file))
    assert result.exit_code == 0
    first, second = lines(result)
    assert (first["id"], first["tags"], first["odometer_km"]) == ("b", ["wheel_change_winter"], 1200)
    assert (second["id"], second["tags"], second["next_service"]) == ("a", [], "2027-02-01")


def test_bad_lines_are_reported_by_number_and_the_rest_goes_through(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    file = tmp_path / "orders.jsonl"
    bad = (b"no json", b'{"id": 3, "lang": "xx"}', b"\xff\xfe", b'{"id": 5, "status": "odd"}')
    file.write_bytes(b"\n".join((b'{"id": 1, "lines": ["Service"]}', *bad, b'{"id": 6}\n')))
    result = run("classify", "--file", str(file))
    assert result.exit_code == 1
    assert [answer["id"] for answer in lines(result)] == [1, 6]
    assert [part.split(":")[0] for part in result.stderr.splitlines()] == ["line 2", "line 3", "line 4", "line 5"]


def test_text_and_file_together_are_refused(run) -> None:  # type: ignore[no-untyped-def]
    assert run("classify", "x", "--file", "y").exit_code == 2
    assert run("classify").exit_code == 2
