"""A dealer's settings as values (`rules.md` 9). An unknown key, or one for what does not exist yet, is refused by name."""

from collections.abc import Mapping
from datetime import time
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from common.errors import DomainError
from common.events.words import InvitationType

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
_NOT_YET = {
    "inspection": "inspection checks",
    "campaigns": "wheel campaigns",
    "leads": "leads",
    "held_out_percent": "hold-out groups",
}
_LATER_TYPES = {
    "service_mileage", "service_winback", "inspection_check", "wheel_winter", "wheel_summer", "timing_belt", "underbody",
    "body_inspection", "contract_expiry", "contract_new_car", "lease_expiry", "warranty_expiry", "visit",
}  # fmt: skip


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


class Policy(Part):
    """Everything a dealer can set, with the defaults of `rules.md`."""

    intervals: tuple[IntervalRule, ...] = ()
    types: Mapping[str, bool] = {}
    sending: Sending = Sending()
    remind_on_single_channel: bool = True
    excluded_groups: frozenset[str] = frozenset()
    lateness_days: int = Field(default=14, ge=0, le=60)
    source_stale_days: int = Field(default=3, ge=1, le=60)
    open_tracking: bool = True  # whether mails carry a pixel

    def is_on(self, kind: str) -> bool:
        """Whether the dealer invites for this type."""
        return self.types.get(kind, True)


def read(settings: Mapping[str, Any]) -> Policy:
    """Read settings. Raises DomainError that names every key that is wrong."""
    for key, what in _NOT_YET.items():
        if key in settings:
            raise DomainError(f"{key}: {what} do not exist yet.", code="not_available_yet")
    policy = _validated(settings)
    for kind in [*policy.types, *(rule.type for rule in policy.intervals)]:
        if kind in _LATER_TYPES and policy.types.get(kind) is not False:
            raise DomainError(f"{kind}: invitations of this type do not exist yet.", code="not_available_yet")
        if kind not in _LATER_TYPES and kind not in set(InvitationType):
            raise DomainError(f"{kind}: there is no invitation of this type.", code="bad_settings")
    return policy


def understood(settings: Mapping[str, Any]) -> Policy:
    """Read settings that somebody newer may have allowed: a key unknown here is left out. Raises DomainError where a known
    one cannot be read, for nobody can tell what was meant."""
    return _validated({key: value for key, value in settings.items() if key in Policy.model_fields})


def _validated(settings: Mapping[str, Any]) -> Policy:
    try:
        return Policy.model_validate(settings)
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, found['loc']))}: {found['msg']}" for found in error.errors())
        raise DomainError(f"These settings cannot be used: {wrong}.", code="bad_settings") from error
