"""What the repository must never contain."""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
REGISTRY = "|".join(
    (r"pypi\.", r"pythonhosted\.", r"registry\.npmjs", r"repo[0-9]?\.maven", r"repo\.maven", r"deb\.debian", r"crates\.io")
)
MACHINE = "|".join((r"/work/(main|shared|steering|\.library|\.mirror)", r"/tmp/bash_jobs", r"/farm/", r"/root/"))


def tracked() -> list[Path]:
    names = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\n")
    return [ROOT / name for name in names if name and name != str(Path(__file__).relative_to(ROOT)) and (ROOT / name).is_file()]


def found(pattern: str) -> list[str]:
    wanted = re.compile(pattern)
    lines = []
    for path in tracked():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        lines += [f"{path.relative_to(ROOT)}:{n}" for n, line in enumerate(text.splitlines(), 1) if wanted.search(line)]
    return lines


def test_no_address_of_a_package_registry_stands_in_any_file() -> None:
    assert found(REGISTRY) == []


def test_no_path_of_a_machine_stands_in_any_file() -> None:
    assert found(MACHINE) == []


def test_every_locked_package_has_a_hash() -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    entries = re.split(r"\n(?=[a-z0-9])", lock.strip())
    assert [entry.split("==")[0] for entry in entries if "--hash=sha256:" not in entry] == []


def test_every_module_says_what_it_is_for() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in tracked()
        if path.suffix == ".py"
        and path.stat().st_size
        and not path.read_text(encoding="utf-8").lstrip().startswith(('"""', "#!"))
    ]
    assert silent == []
