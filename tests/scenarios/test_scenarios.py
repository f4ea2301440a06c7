"""Every story comes out as its file expects, also when facts come in another order and twice."""

from pathlib import Path

import pytest

from autoflows import installed
from autoflows.scenarios import outside
from autoflows.scenarios.command import Stage
from autoflows.scenarios.story import StoryError, read
from common.bus.consumer import Disorder
from common.testing.postgres import Template

HERE = Path(__file__).parent
FILES = sorted(HERE.glob("*.yaml"))


@pytest.mark.parametrize("disorder", [None, Disorder(7)], ids=["in-order", "disorder"])
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
async def test_the_story_comes_out_as_expected(file: Path, disorder: Disorder | None, template: Template) -> None:
    async with outside.opened() as beyond:
        report = await Stage(installed.load(), template, beyond).play(read(file), disorder)
    assert report.differences() == []


async def test_a_wrong_expectation_is_told(template: Template, tmp_path: Path) -> None:
    told = (HERE / "service_first_invitation.yaml").read_text(encoding="utf-8")
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(told.replace("2026-02-10", "2026-02-11").replace("no_reaction", "visited"), encoding="utf-8")
    async with outside.opened() as beyond:
        report = await Stage(installed.load(), template, beyond).play(read(wrong))
    differences = "\n".join(report.differences())
    assert "no contact on 2026-02-11" in differences
    assert "unexpected contact on 2026-02-10" in differences
    assert "closed as visited was expected" in differences


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("cars: []", "cars"),
        (
            "registry: [{at: 2026-02-11, vehicle: v1, inspections: [{on: 2026-01-02, result: Godt}]}]",
            "no result of an inspection",
        ),
        ("registry: [{at: 2026-02-11, vehicle: v1, status: gone}]", "status"),
        ("answers: [{at: 2026-02-11, vehicle: v1, type: service, answer: maybe}]", "answer"),
        ("workshops: [{id: n}, {id: n, town: x}]", "town"),
        ("a: [", "expected"),
    ],
)
def test_a_file_that_cannot_be_read_says_where(line: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "story.yaml"
    file.write_text(f"run: {{from: 2026-01-01, to: 2026-02-01}}\n{line}\n", encoding="utf-8")
    with pytest.raises(StoryError, match=said):
        read(file)


def test_on_and_no_are_words(tmp_path: Path) -> None:
    file = tmp_path / "story.yaml"
    file.write_text(
        "run: {from: 2026-01-01, to: 2026-02-01}\n"
        "answers: [{at: 2026-02-11, vehicle: v1, type: service, answer: no, reason: sold}]\n"
        "expect: {contacts: [{on: 2026-02-10, vehicle: v1, type: service, step: 1}]}\n",
        encoding="utf-8",
    )
    story = read(file)
    assert story.answers[0].answer == "no"
    assert str(story.expect.contacts[0].on) == "2026-02-10"
