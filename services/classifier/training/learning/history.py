"""Which commit brought an order, and what files held before: told by git alone."""

import json
import subprocess
from pathlib import Path


class HistoryError(Exception):
    """The history cannot be read, or not as far back as it is needed."""


class History:
    """The commits of the repository that a folder belongs to."""

    def __init__(self, folder: Path) -> None:
        """Raises HistoryError where there is no history, or where it is cut off."""
        self._root = folder
        self._root = Path(self._asked("rev-parse", "--show-toplevel").strip()).resolve()  # names are told from there
        if self._asked("rev-parse", "--is-shallow-repository").strip() == "true":
            raise HistoryError(
                "This clone is shallow: what a lexicon knew before it learned from an order cannot be told. "
                "Get the whole history first: git fetch --unshallow"
            )

    def brought(self, path: Path) -> dict[str, str]:
        """The commit that first held each order of a file, by the order's id; none where the file is outside of the repository."""
        brought: dict[str, str] = {}
        if not path.resolve().is_relative_to(self._root):
            return brought
        for commit in self._asked("log", "--topo-order", "--reverse", "--format=%H", "--", self._name(path)).split():
            for line in (self.file(commit, path) or "").splitlines():
                brought.setdefault(str(json.loads(line)["id"]), commit)
        return brought

    def file(self, commit: str, path: Path) -> str | None:
        """A file as a commit holds it; None where it does not, or where there is no such commit."""
        done = self._git("show", f"{commit}:{self._name(path)}")
        return done.stdout if done.returncode == 0 else None

    def _name(self, path: Path) -> str:
        return path.resolve().relative_to(self._root).as_posix()

    def _asked(self, *words: str) -> str:
        done = self._git(*words)
        if done.returncode != 0:
            raise HistoryError(f"git cannot tell the history of {self._root}: {done.stderr.strip()}")
        return done.stdout

    def _git(self, *words: str) -> subprocess.CompletedProcess[str]:
        command = ["git", "-C", str(self._root), *words]
        return subprocess.run(command, capture_output=True, encoding="utf-8", check=False)  # noqa: S603 - no shell
