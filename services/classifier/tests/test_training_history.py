"""Each order to learn from is read with the lexicon as it was before the order came."""

import json
import subprocess
import tomllib
from pathlib import Path

import pytest

from classifier.domain import Matcher, parse_lexicon
from classifier.domain.lexicon import KNOWN
from classifier.domain.wording import KEYS
from learning.examples import MOST_NONSENSE, Editions, NotToLearnFrom, as_of_now, examples, nonsense
from learning.history import History, HistoryError
from learning.lexicons import made_whole

HEAD = """
endings = []
abbreviations = []
signs = {}
turns = ["men"]
lists = ["og"]
helpers = ["done"]
verbs = ["done", "later"]
transparent = []
opaque = ["later"]
forgiving = ["service"]
"""
EMPTY = "\n".join(f"{name} = []" for name in KNOWN if name != "fine")
NOTES = "[notes]\n" + "\n".join(f"{key} = []" for key in KEYS)
OLD_NOTES = "[notes]\nplates = ['DK']"
RULES = """
[cues]
[[rules]]
id = "service"
tag = "service"
all = ["service"]
"""


def lexicon(
    *words: str, head: str = HEAD, groups: str = f'fine = ["i orden"]\nlater = ["senere"]\n{EMPTY}', notes: str = NOTES
) -> str:
    """A lexicon that knows these words for a service; today's unless it is said otherwise."""
    return f'language = "da"\nversion = "1"\n{head}\n{notes}\n[groups]\ndone = ["lavet"]\nservice = {json.dumps(words)}\n{groups}\n{RULES}'


OLD = lexicon("service", head="endings = []", groups="", notes=OLD_NOTES)


def order(number: int, text: str) -> str:
    """A labelled order: a service."""
    expect = {"tags": ["service"]}
    return json.dumps({"id": number, "lang": "da", "lines": [{"text": text}], "expect": expect, "hard": False}) + "\n"


class Project:
    """A repository with a Danish lexicon and one file of orders."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lexicon, self.orders = folder / "lexicons" / "da.toml", folder / "corpus" / "da_own.jsonl"
        for path in (self.lexicon, self.orders):
            path.parent.mkdir(parents=True)
        self.git("init", "-q")

    def git(self, *words: str) -> None:
        named = ("-c", "user.name=Test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false")
        subprocess.run(["git", "-C", str(self.folder), *named, *words], check=True, capture_output=True)

    def commit(self, *, lexicon: str | None = None, orders: str | None = None) -> None:
        for path, text in ((self.lexicon, lexicon), (self.orders, orders)):
            if text is not None:
                path.write_text(text, encoding="utf-8")
        self.git("add", ".")
        self.git("commit", "-qm", "more")

    def read(self) -> dict[str, set[str]]:
        """What the rules say of each order, by its id, with the lexicon that it is read with."""
        history = History(self.folder / "corpus")
        found = examples([self.orders], history, Editions(self.lexicon.parent, history))
        return {one.labelled.id: set(one.rules) for one in found}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path / "project")


def test_an_order_is_read_with_what_was_known_before_it_came(project: Project) -> None:
    project.commit(lexicon=lexicon("service"))
    project.commit(lexicon=lexicon("service", "stor tur"), orders=order(1, "stor tur"))
    project.commit(lexicon=lexicon("service", "stor tur", "eftersyn"), orders=order(1, "Stor tur!") + order(2, "stor tur"))
    assert project.read() == {"1": set(), "2": {"service"}}


def test_an_order_that_no_commit_brought_yet_is_read_with_the_lexicon_that_was_committed_last(project: Project) -> None:
    project.commit(lexicon=lexicon("service"))
    project.lexicon.write_text(lexicon("service", "stor tur"), encoding="utf-8")
    project.orders.write_text(order(1, "stor tur") + order(2, "service"), encoding="utf-8")
    assert project.read() == {"1": set(), "2": {"service"}}


def test_a_branch_is_read_with_what_was_known_on_it(project: Project) -> None:
    project.commit(lexicon=lexicon("service"))
    project.git("checkout", "-qb", "side")
    project.commit(lexicon=lexicon("service", "stor tur"), orders=order(1, "stor tur"))
    project.git("checkout", "-q", "-")
    (project.folder / "other").write_text("meanwhile", encoding="utf-8")
    project.commit()
    project.git("merge", "-q", "--no-edit", "side")
    assert project.read() == {"1": set()}


def test_an_order_that_came_with_the_first_lexicon_is_left_out(project: Project) -> None:
    project.commit(lexicon=lexicon("service"), orders=order(1, "service"))
    project.commit(orders=order(1, "service") + order(2, "service"))
    assert project.read() == {"2": {"service"}}


def test_what_is_kept_to_judge_by_is_read_with_the_last_lexicon_and_not_learned_from(project: Project) -> None:
    project.orders = project.orders.with_name("da_final.jsonl")
    project.commit(lexicon=lexicon("service"))
    project.commit(lexicon=lexicon("service", "stor tur"), orders=order(1, "stor tur"))
    history = History(project.folder)
    assert [set(one.rules) for one in as_of_now(project.orders, Editions(project.lexicon.parent, history))] == [{"service"}]
    with pytest.raises(NotToLearnFrom, match=r"da_final\.jsonl"):
        project.read()


def test_a_file_from_elsewhere_is_read_with_the_lexicon_that_was_committed_last(project: Project, tmp_path: Path) -> None:
    project.commit(lexicon=lexicon("service"))
    project.orders = tmp_path / "da_more.jsonl"
    project.orders.write_text(order(1, "service"), encoding="utf-8")
    assert project.read() == {"1": {"service"}}


def test_letters_by_chance_mean_nothing_and_are_the_same_each_time(project: Project) -> None:
    project.commit(lexicon=lexicon("service"))
    editions = Editions(project.lexicon.parent, History(project.folder))
    found, again = (list(nonsense("da", editions)) for _ in range(2))
    texts = [tuple(line.text for line in one.labelled.order.lines) for one in found]
    assert [one.labelled for one in found] == [one.labelled for one in again]
    assert len(set(texts)) == len(found) == MOST_NONSENSE
    assert not any(one.labelled.tags for one in found)
    assert all(one.signs for one in found)
    assert {one.labelled.order.on.month for one in found if one.labelled.order.on} == set(range(1, 13))
    assert not list(nonsense("de", editions))  # of which there is no lexicon


def test_a_shallow_clone_is_refused_with_a_way_out(project: Project, tmp_path: Path) -> None:
    project.commit(lexicon=lexicon("service"))
    project.commit(orders=order(1, "service"))
    project.git("clone", "-q", "--depth", "1", f"file://{project.folder}", str(tmp_path / "shallow"))
    with pytest.raises(HistoryError, match="git fetch --unshallow"):
        History(tmp_path / "shallow")


def test_a_folder_without_history_is_refused(tmp_path: Path) -> None:
    with pytest.raises(HistoryError, match="cannot tell the history"):
        History(tmp_path)


def test_an_old_lexicon_is_made_whole_without_words_that_it_did_not_know() -> None:
    old, today = tomllib.loads(OLD), tomllib.loads(lexicon("service", "stor tur"))
    whole = made_whole(old, today)
    parsed = parse_lexicon(whole)
    assert {term.letters for term in parsed.terms} >= {"service", "lavet"}
    assert not {term.letters for term in parsed.terms} & {"stor tur", "i orden", "senere"}
    assert parsed.helpers == parsed.verbs == {"done"}  # `later` is a group of today
    assert (parsed.turns, parsed.lists) == ({"men"}, {"og"})
    assert parsed.wording.plates == ("DK",)
    assert all(whole["groups"][name] == [] for name in KNOWN)
    Matcher(parsed)


def test_an_old_lexicon_that_finds_a_group_by_a_single_expression_has_a_list_of_one() -> None:
    old = tomllib.loads(
        lexicon("service", notes=NOTES + "\n[patterns]\nstrange = 'a+b'").replace(
            "[cues]", "[cues.late]\nwhy = \"later\"\npattern = 'kw ?3'"
        )
    )
    whole = made_whole(old, old)
    assert whole["patterns"] == {"strange": ["a+b"]}
    assert whole["cues"]["late"] == {"why": "later", "patterns": ["kw ?3"]}
    assert made_whole(whole, old) == whole


def test_a_whole_lexicon_stays_as_it_is() -> None:
    old = tomllib.loads(lexicon("service", head=HEAD.replace('turns = ["men"]', "turns = []")))
    assert made_whole(old, tomllib.loads(lexicon("service", "stor tur"))) == old
