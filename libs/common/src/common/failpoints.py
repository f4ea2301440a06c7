"""Named points at which a test may have a process die: `AUTOFLOWS_FAILPOINT=name[:n][,name[:n]…][@folder]` kills it at the n-th
time it gets there; with a folder each point kills once, whichever process reaches it and however often that starts again."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

_left: dict[str, int] = {}
_folder = ""


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)  # as a power cut does: nothing is tidied up


_act: Callable[[], None] = _die


def arm(spec: str | None, act: Callable[[], None] = _die) -> None:
    """Die (or `act`) at those points; None disarms."""
    global _left, _folder, _act
    points, _, _folder = (spec or "").partition("@")
    named = [point.partition(":") for point in points.split(",") if point]
    _left, _act = {name: int(count or 1) for name, _, count in named}, act


def hit(name: str) -> None:
    """Say that this point is reached."""
    if name not in _left:
        return
    _left[name] -= 1
    if _left[name] == 0:
        del _left[name]
        if _is_first(name):
            _act()


def _is_first(name: str) -> bool:
    if not _folder:
        return True
    try:
        (Path(_folder) / name).touch(exist_ok=False)
    except FileExistsError:
        return False
    return True
