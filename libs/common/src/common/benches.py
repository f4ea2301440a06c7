"""What a benchmark says: how fast we are, how fast a peer is at the same work, and how fast it could be at all."""

import json
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Speed:
    """Several runs of one contender."""

    runs: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.runs)


@dataclass(frozen=True)
class Measured:
    """Runs of us, of a peer and of the limit, taken by turns, so that what else the machine does hits all of them."""

    name: str
    unit: str
    ours: Speed
    peer: Speed
    limit: Speed
    what: Mapping[str, str] = field(default_factory=dict)  # what peer and limit are
    beside: Mapping[str, Any] = field(default_factory=dict)  # what else was seen

    def line(self) -> str:
        """One line of JSON; each number is a median, `spread` has the slowest and the fastest run."""
        contenders: Sequence[tuple[str, Speed]] = (("ours", self.ours), ("peer", self.peer), ("limit", self.limit))
        told = {
            "name": self.name,
            **{who: round(speed.median, 1) for who, speed in contenders},
            "unit": self.unit,
            "ratio": round(self.ours.median / self.peer.median, 2),
            "of_limit": round(self.ours.median / self.limit.median, 2),
            "spread": {who: [round(min(speed.runs), 1), round(max(speed.runs), 1)] for who, speed in contenders},
            "runs": len(self.ours.runs),
            "what": dict(self.what),
            **self.beside,
        }
        return json.dumps(told, ensure_ascii=False)
