"""The data folder: one product at a time, and its secrets for its owner only."""

import json
import os
from pathlib import Path

import pytest

from autoflows.folder import Folder, InUse, write_private


def test_a_second_one_on_the_same_data_is_refused_and_told_who_runs(tmp_path: Path) -> None:
    with Folder(tmp_path).taken("http://127.0.0.1:8080") as run:
        Folder(tmp_path).tell(run)
        with (
            pytest.raises(InUse, match=rf"process {os.getpid()}, started by .* answering at http://127.0.0.1:8080.*--data"),
            Folder(tmp_path).taken("http://127.0.0.1:9090"),
        ):
            pass
    with Folder(tmp_path).taken("http://127.0.0.1:8080"):
        """Free again."""


def test_commands_find_what_runs_and_only_while_it_runs(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    assert folder.running() is None
    with folder.taken("http://127.0.0.1:8080") as run:
        run.environment["AUTOFLOWS_DATABASE_URL"] = "postgresql://127.0.0.1:5544/autoflows"
        run.processes["api"] = {"pid": 1, "port": 8080, "services": ["api"]}
        run.processes["demo-world"] = {"pid": 2, "port": 8090, "services": []}
        folder.tell(run)
        found = Folder(tmp_path).running()
        assert found == run
        assert found.ports() == {"api": 8080}
    assert folder.running() is None


def test_what_a_killed_one_left_behind_is_not_taken_for_running(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    with folder.taken("http://127.0.0.1:8080") as run:
        left = (tmp_path / "run.json").read_text()
        assert json.loads(left)["pid"] == run.pid
    (tmp_path / "run.json").write_text(left.replace(str(run.pid), str(2**22 + 1)))
    assert folder.running() is None


def test_secrets_are_made_once_and_readable_by_their_owner_only(tmp_path: Path) -> None:
    secret = Folder(tmp_path).secret()
    assert Folder(tmp_path).secret() == secret
    with Folder(tmp_path).taken("http://127.0.0.1:8080"):
        for name in ("secret", "run.json"):
            assert (tmp_path / name).stat().st_mode & 0o777 == 0o600


def test_a_private_file_is_replaced_whole(tmp_path: Path) -> None:
    write_private(tmp_path / "file", "a longer text")
    write_private(tmp_path / "file", "short")
    assert (tmp_path / "file").read_text() == "short"
    assert list(tmp_path.iterdir()) == [tmp_path / "file"]
