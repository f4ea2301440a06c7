"""When the next official inspection is due: the registry's own date where it gives one, else an estimate by dated rules."""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from importlib import resources
from typing import Literal

from pydantic import BaseModel, ConfigDict, model_validator

from common.events.words import Because, InspectionKind, InspectionResult
from common.months import add_months
from dmr_sync.domain.records import Permit, Record
from dmr_sync.domain.words import GONE

COUNTRIES = ("DK",)  # with a rule pack


class Rule(BaseModel):
    """Which vehicles, for how long, how many months, and where that is written. What is None fits every vehicle."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    kinds: tuple[str, ...] = ()
    uses: tuple[str, ...] = ()  # one of these words stands in a use, or in a permit that holds
    over_kg: int | None = None
    up_to_kg: int | None = None
    over_persons: int | None = None
    registered_before: date | None = None
    periodic: bool = True
    first_months: int = 0
    first_from: Literal["registration", "permit"] = "registration"
    then_months: int = 0
    never_due: tuple[str, str] | None = None  # from and to, as month-day; a date within moves to the day after
    valid_from: date = date.min
    valid_to: date = date.max
    source: str

    @model_validator(mode="after")
    def _has_months(self) -> "Rule":
        if self.periodic != (self.first_months > 0 and self.then_months > 0):
            raise ValueError(f"{self.name}: a periodic rule has months, another has none")
        return self

    def fits(self, record: Record, on: date) -> bool:
        """Whether it is this vehicle's on that day."""
        first = record.first_registered_on
        return (
            self.valid_from <= on <= self.valid_to
            and (not self.kinds or _plain(record.kind) in map(_plain, self.kinds))
            and (not self.uses or any(self._names(text) for text in [*record.uses, *(p.name for p in _held(record, on))]))
            and (self.over_kg is None or (record.total_kg or 0) > self.over_kg)
            and (self.up_to_kg is None or (record.total_kg or 0) <= self.up_to_kg)
            and (self.over_persons is None or (record.persons or 0) > self.over_persons)
            and (self.registered_before is None or (first is not None and first < self.registered_before))
        )

    def _names(self, text: str) -> bool:
        return any(word in _plain(text) for word in self.uses)

    def first_due_on(self, record: Record, on: date) -> date | None:
        """The first inspection's date; None where the registry does not say what it counts from."""
        start = record.first_registered_on
        if self.first_from == "permit":
            permitted = [permit.from_on for permit in _held(record, on) if self._names(permit.name) and permit.from_on]
            start = min(permitted, default=start)
        return self.moved(add_months(start, self.first_months)) if start is not None else None

    def moved(self, day: date) -> date:
        """That day, or the first after the time in which nobody is due."""
        if self.never_due is None:
            return day
        begins, ends = self.never_due
        today, crosses = f"{day:%m-%d}", begins > ends
        within = (today >= begins or today <= ends) if crosses else begins <= today <= ends
        if not within:
            return day
        year = day.year + 1 if crosses and today >= begins else day.year
        return date.fromisoformat(f"{year}-{ends}") + timedelta(days=1)


@dataclass(frozen=True)
class Due:
    """A date, whether it is an estimate, and the rule that gave it."""

    on: date
    rule: str
    estimated: bool = True
    every_months: int | None = None


@dataclass(frozen=True)
class NotDue:
    """Why there is no date. `params` tell a reader what the code alone does not: the kind that has no periodic inspection."""

    because: Because
    params: tuple[tuple[str, str], ...] = ()


@cache
def rules(country: str) -> tuple[Rule, ...]:
    """The rule pack of a country (ISO 3166), in the order of the file; empty where there is none."""
    if country not in COUNTRIES:
        return ()
    pack = tomllib.loads(resources.files("dmr_sync.domain").joinpath(f"{country.lower()}.toml").read_text(encoding="utf-8"))
    return tuple(Rule.model_validate(rule) for rule in pack["rule"])


def next_inspection(record: Record, pack: Iterable[Rule], *, today: date) -> Due | NotDue:
    """When this vehicle is next due. Only a passed periodic inspection starts a period; an estimate in the past stays there."""
    if record.status in GONE:
        return NotDue(Because.VEHICLE_GONE)
    if record.inspection_expires_on is not None:
        return Due(record.inspection_expires_on, rule="registry", estimated=False)
    rule = next((rule for rule in pack if rule.fits(record, today)), None)
    if rule is None or not rule.periodic:
        kind = (("kind", record.kind),) if record.kind else ()
        return NotDue(Because.NO_REGISTRY_ROW, (*kind, ("missing", "rule" if record.kind else "kind")))
    said = f"{rule.name}: {rule.source}"
    periodic = [each for each in record.inspections if each.kind == InspectionKind.PERIODIC]
    known = [each for each in periodic if each.result in (InspectionResult.PASSED, InspectionResult.FAILED)]
    if known and known[-1].result == InspectionResult.FAILED:
        return NotDue(Because.INSPECTION_FAILED, (("on", known[-1].on.isoformat()),))
    if known:
        return Due(rule.moved(add_months(known[-1].on, rule.then_months)), said, every_months=rule.then_months)
    first = rule.first_due_on(record, today)
    if first is None:
        return NotDue(Because.NO_REGISTRY_ROW, (("missing", "first_registration"),))
    return Due(first, said, every_months=rule.then_months)


def _held(record: Record, on: date) -> list[Permit]:
    return [p for p in record.permits if (p.from_on is None or p.from_on <= on) and (p.to_on is None or on <= p.to_on)]


def _plain(text: str | None) -> str:
    return " ".join((text or "").casefold().split())
