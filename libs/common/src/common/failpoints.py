"""Named points at which a test may have a process die: `AUTOFLOWS_FAILPOINT=name[:n]` kills it at the n-th time it gets there."""

import os
import signal
from collections.abc import Callable

_name: str | None = None
_left = 0


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)  # as a power cut does: nothing is tidied up


_act: Callable[[], None] = _die


def arm(spec: str | None, act: Callable[[], None] = _die) -> None:
    """Die (or `act`) at that point, `name` or `name:n`; None disarms."""
    global _name, _left, _act
    name, _, count = (spec or "").partition(":")
    _name, _left, _act = name or None, int(count or 1), act


def hit(name: str) -> None:
    """Say that this point is reached."""
    global _name, _left
    if _name is None or name != _name:
        return
    _left -= 1
    if _left == 0:
        _name = None
        _act()
