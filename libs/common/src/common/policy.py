"""A dealer's settings as values (`rules.md` 9). An unknown key is refused by name."""

from collections.abc import Mapping, Sequence
from datetime import date, time, timedelta
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from common.errors import DomainError
from common.events.words import InvitationType, LeadType

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
CustomerKind = Literal["private", "business"]
Audience = Literal["changed", "hotel"]
BY_INTERVAL = frozenset({InvitationType.TIMING_BELT, InvitationType.UNDERBODY, InvitationType.BODY_INSPECTION})
WHEELS = frozenset({InvitationType.WHEEL_WINTER, InvitationType.WHEEL_SUMMER})


class Part(BaseModel):
    """A part of the settings: strict about its keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class IntervalRule(Part):
    """A dealer's own interval for some vehicles; what is None fits every vehicle. Months, or km, or both."""

    type: str
    make: str | None = None
    model: str | None = None
    model_years: tuple[int, int] | None = None
    fuel: str | None = None
    variant: str | None = None
    km_from: int | None = Field(default=None, ge=0)
    km_to: int | None = Field(default=None, ge=0)
    months: int | None = Field(default=None, ge=1, le=120)
    km: int | None = Field(default=None, ge=1000, le=500_000)
    from_first_registration: bool = False


class Sending(Part):
    """When messages may leave, by the workshop's wall clock."""

    days: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri")
    from_: time = Field(default=time(9), alias="from")
    to: time = time(18)
    closed_24_31_december: bool = True

    @field_validator("days")
    @classmethod
    def _some_day(cls, days: tuple[Weekday, ...]) -> tuple[Weekday, ...]:
        if not days:
            raise ValueError("name at least one day of the week")
        return days

    @field_validator("to")
    @classmethod
    def _after_from(cls, to: time, info: Any) -> time:
        if "from_" in info.data and to <= info.data["from_"]:
            raise ValueError("the window must end after it begins")
        return to


class Inspection(Part):
    """Who is invited before the official inspection, and how long before."""

    audience: Literal["bought_before", "any_visit"] = "bought_before"
    days_before: int = Field(default=21, ge=1, le=90)


class Campaign(Part):
    """How one wheel season of a workshop runs (without one: of every workshop), where it differs from the default."""

    type: Literal["wheel_winter", "wheel_summer"]
    workshop: str | None = None  # its id, or its name in a scenario
    from_: date = Field(alias="from")
    to: date
    audience: frozenset[Audience] = frozenset({"changed", "hotel"})
    capacity_per_day: int | None = Field(default=None, ge=1, le=10_000)  # customers

    @field_validator("to")
    @classmethod
    def _after_from(cls, to: date, info: Any) -> date:
        if "from_" in info.data and not info.data["from_"] <= to <= info.data["from_"] + timedelta(days=180):
            raise ValueError("a season ends after it begins, and within half a year")
        return to

    @field_validator("audience")
    @classmethod
    def _somebody(cls, audience: frozenset[Audience]) -> frozenset[Audience]:
        if not audience:
            raise ValueError("name changed, hotel or both")
        return audience


class LeaseLead(Part):
    """How many months before the end of leases up to that length; None is any length."""

    max_term_months: int | None = Field(default=None, ge=1, le=120)
    months_before: int = Field(ge=1, le=24)


class VisitLead(Part):
    days_before: int = Field(default=3, ge=1, le=7)


class Leads(Part):
    """Sales leads: to whom, on what basis, and when."""

    customer_kinds: frozenset[CustomerKind] = frozenset({"private", "business"})
    excluded_groups: frozenset[str] = frozenset()
    basis: Literal["existing_customer", "consent"] | None = None  # declared at go-live; without it no lead leaves
    send_at: time = time(10)
    lease_expiry: tuple[LeaseLead, ...] = (LeaseLead(months_before=6),)
    contract_expiry_months: int = Field(default=6, ge=1, le=24)
    warranty_expiry_months: int = Field(default=2, ge=1, le=24)
    visit: VisitLead = VisitLead()


class Policy(Part):
    """Everything a dealer can set, with the defaults of `rules.md`."""

    intervals: tuple[IntervalRule, ...] = ()
    types: Mapping[str, bool] = {}
    sending: Sending = Sending()
    remind_on_single_channel: bool = True
    excluded_groups: frozenset[str] = frozenset()
    inspection: Inspection = Inspection()
    campaigns: tuple[Campaign, ...] = ()
    held_out_percent: Mapping[str, Annotated[int, Field(ge=0, le=50)]] = {}
    leads: Leads = Leads()
    lateness_days: int = Field(default=14, ge=0, le=60)
    source_stale_days: int = Field(default=3, ge=1, le=60)
    open_tracking: bool = True  # whether mails carry a pixel

    def is_on(self, kind: str) -> bool:
        """Whether the dealer invites for this type; those by interval alone only once an interval is set."""
        if kind in BY_INTERVAL and not any(rule.type == kind for rule in self.intervals):
            return False
        return self.types.get(kind, True)


def read(settings: Mapping[str, Any]) -> Policy:
    """Read settings. Raises DomainError that names every key that is wrong."""
    policy = _validated(settings)
    invitations, leads = set(InvitationType), set(LeadType)
    intervals = [(f"intervals.{place}", rule) for place, rule in enumerate(policy.intervals)]
    named = [(f"{part}.{kind}", kind) for part in ("types", "held_out_percent") for kind in getattr(policy, part)]
    wrong = [
        (where, f"{kind}: there is no invitation or lead of this type")
        for where, kind in [*named, *((where, rule.type) for where, rule in intervals)]
        if kind not in invitations | leads
    ]
    for where, rule in intervals:
        if rule.type in invitations | leads and rule.type != InvitationType.SERVICE and rule.type not in BY_INTERVAL:
            wrong.append((where, f"{rule.type} has no interval of its own"))
        if rule.months is None and rule.km is None:
            wrong.append((where, f"a rule for {rule.type} needs months or km"))
    if wrong:
        raise _unusable(wrong)
    return policy


def understood(settings: Mapping[str, Any]) -> Policy:
    """Read settings that somebody newer may have allowed: a key unknown here is left out. Raises DomainError where a known
    one cannot be read, for nobody can tell what was meant."""
    return _validated({key: value for key, value in settings.items() if key in Policy.model_fields})


def _validated(settings: Mapping[str, Any]) -> Policy:
    try:
        return Policy.model_validate(settings)
    except ValidationError as error:
        raise _unusable([(".".join(map(str, found["loc"])), found["msg"]) for found in error.errors()]) from error


def _unusable(wrong: Sequence[tuple[str, str]]) -> DomainError:
    """Names each key that is wrong, in the sentence and one by one."""
    told = "; ".join(f"{where}: {problem}" for where, problem in wrong)
    errors = [{"where": where, "problem": problem} for where, problem in wrong]
    return DomainError(f"These settings cannot be used: {told}.", code="bad_settings", errors=errors)
