"""The season of a wheel change: from the words first, else from the date."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from classifier.domain.clauses import Clause
from classifier.domain.matching import Hit
from classifier.domain.rules import Finding

Side = Literal["winter", "summer"]
CHANGE = "wheel_change"
TAGS = frozenset({"wheel_change", "wheel_change_winter", "wheel_change_summer"})
_OTHER: dict[Side, Side] = {"winter": "summer", "summer": "winter"}
_SIDES: tuple[Side, ...] = ("winter", "summer")
_AWAY = frozenset({"taken_off", "stored", "hotel_name"})
_MONTHS: dict[int, Side] = {10: "winter", 11: "winter", 12: "winter", 3: "summer", 4: "summer", 5: "summer"}


@dataclass(frozen=True)
class Vote:
    """Words that speak for a season, and how loudly."""

    side: Side
    weight: int
    hit: Hit


@dataclass(frozen=True)
class Season:
    """The season that was read, the rule by which, and the words it rests on (none: the date decided)."""

    side: Side
    rule: str
    hit: Hit | None


def tag_of(season: Season | None) -> str:
    return f"{CHANGE}_{season.side}" if season else CHANGE


def season(found: Sequence[Clause], fired: Iterable[Finding], overruled: Collection[Hit], on: date | None) -> Season | None:
    """Which wheels the car stands on afterwards; None: neither text nor date tells, or there was no change."""
    changed = {hit for finding in fired if finding.rule.tag == CHANGE for hit in finding.hits}
    if not changed:
        return None
    votes = [vote for clause in found for vote in _votes(clause, changed) if vote.hit not in overruled]
    loudest = max((vote.weight for vote in votes), default=0)
    sides = {vote.side for vote in votes if vote.weight == loudest}
    if len(sides) == 1:
        chosen = next(vote for vote in votes if vote.weight == loudest)
        return Season(chosen.side, "season.words", chosen.hit)
    side = _MONTHS.get(on.month) if on else None
    return Season(side, "season.date", None) if side else None


def _votes(clause: Clause, changed: set[Hit]) -> Iterator[Vote]:
    hits = [*clause.things, *clause.done]
    away = any(hit.group in _AWAY for hit in hits)
    put_on = any(hit.group == "put_on" for hit in hits)
    for hit in hits:
        for side in _SIDES:
            if hit.group == f"to_{side}":
                yield Vote(side, 3, hit)
            elif hit.group == f"{side}_wheels":
                yield Vote(_OTHER[side], 2, hit) if away and not put_on else Vote(side, 2 if put_on else 1, hit)
            elif hit.group == f"{side}_word":
                yield Vote(_OTHER[side], 1, hit) if away and not put_on and not changed.intersection(hits) else Vote(side, 1, hit)
