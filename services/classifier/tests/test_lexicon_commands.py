"""`lexicon show|try|publish|rollback` as somebody at a terminal runs them, on a real database."""

import json
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest
import typer
from classifier_house import DEALER, House, named
from typer.testing import CliRunner

from classifier import settling
from classifier.commands import lexicon
from classifier.main import service
from common.errors import Conflict, DomainError, NotFound
from common.events.work_orders import WorkOrderChanged

MakeOrder = Callable[..., WorkOrderChanged]
D = str(DEALER)
TOML = """
[[words]]
words = "stor tur"
tag = "service"

[[exceptions]]
words = "gul service"
not = "service"
"""


@pytest.fixture
def terminal(house: House, monkeypatch: pytest.MonkeyPatch) -> House:
    """A house whose database the commands find."""
    monkeypatch.setenv("AUTOFLOWS_DATABASE_URL", house.rt.settings.database_url)
    monkeypatch.setenv("AUTOFLOWS_DATABASE_SECRET", house.rt.settings.database_secret.get_secret_value())
    return house


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "own.toml"
    path.write_text(TOML, encoding="utf-8")
    return path


async def test_a_file_is_tried_published_shown_and_rolled_back(
    terminal: House, work_order: MakeOrder, file: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settling, "SLICE", 2)
    await terminal.hear(*(work_order("Stor tur", **named(n)) for n in range(3)), work_order("Gul service", **named("gul")))
    await terminal.rt.published()

    await lexicon.try_lexicon(service, D, file, "", as_json=False)
    said = capsys.readouterr().out
    assert "Tried on 4 orders. Nothing was changed" in said
    assert "service: 3 gained, 1 lost" in said
    assert "- service: order gul of 2026-02-27: »service« (line 1, service.word), because of »Gul service«" in said
    assert await terminal.rt.published() == []

    await lexicon.publish_lexicon(service, D, "Vores ord", file=file)
    said = capsys.readouterr().out
    assert "Version 1 is in force." in said
    assert "4 texts were read again" in said
    assert sorted(map(len, (await terminal.visits()).values())) == [0, 1, 1, 1]

    await lexicon.show_lexicon(service, D, None, as_json=False)
    said = capsys.readouterr().out
    for told in ("Version 1 is in force.", "Vores ord", "»stor tur« is service", "»gul service« is not service", "4 of 4 texts"):
        assert told in said

    await lexicon.roll_back(service, D, 0, "")
    assert "Version 2 is in force; it says what version 0 said." in capsys.readouterr().out
    assert len(await terminal.visits()) == 4
    await lexicon.show_lexicon(service, D, 1, as_json=False)
    assert "Version 1; version 2 is in force." in capsys.readouterr().out


async def test_what_is_shown_in_json_can_be_published_again_and_a_tried_draft_too(
    terminal: House, file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await lexicon.publish_lexicon(service, D, "", file=file)
    capsys.readouterr()
    await lexicon.show_lexicon(service, D, None, as_json=True)
    shown = tmp_path / "shown.json"
    shown.write_text(capsys.readouterr().out, encoding="utf-8")
    assert lexicon.read_file(shown) == lexicon.read_file(file)
    empty = tmp_path / "empty.json"
    empty.write_text("{}")
    await lexicon.try_lexicon(service, D, empty, "", as_json=True)
    draft = UUID(json.loads(capsys.readouterr().out)["draft"])
    await lexicon.publish_lexicon(service, D, "", draft=draft)
    assert "Version 2 is in force." in capsys.readouterr().out
    with pytest.raises(Conflict):
        await lexicon.publish_lexicon(service, D, "", draft=draft)


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.json", '{"words": [{"words": "x", "tag": "service"}]}', "words.0.words"),
        ("a.json", "{", "cannot be read"),
        ("a.json", '{"words": [], "words": []}', "twice"),
        ("a.json", "[]", "is no lexicon"),
        ("a.toml", "words = ", "cannot be read"),
        ("a.toml", "words = 1", "words"),
    ],
)
def test_a_file_that_says_nothing_of_use_is_refused_in_a_sentence(tmp_path: Path, name: str, content: str, says: str) -> None:
    path = tmp_path / name
    path.write_text(content)
    with pytest.raises(DomainError) as caught:
        lexicon.read_file(path)
    assert says in str(caught.value)


async def test_what_there_is_not_is_said(terminal: House, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    await lexicon.show_lexicon(service, D, None, as_json=False)
    said = capsys.readouterr().out
    assert "Version 0 is in force." in said
    assert "nothing of its own" in said
    with pytest.raises(NotFound):
        await lexicon.show_lexicon(service, D, 7, as_json=True)
    with pytest.raises(NotFound):
        await lexicon.roll_back(service, D, 7, "")
    with pytest.raises(NotFound):
        await lexicon.show_lexicon(service, "nobody", None, as_json=True)
    with pytest.raises(DomainError):
        lexicon.read_file(tmp_path / "missing.json")


def test_publish_takes_a_file_or_a_draft() -> None:
    app = typer.Typer()
    lexicon.add_lexicon(app, service)
    said = CliRunner().invoke(app, ["lexicon", "publish", "--dealer", "x"])
    assert said.exit_code == 2
    assert "either --file or --draft" in said.output
