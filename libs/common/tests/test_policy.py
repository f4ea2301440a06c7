"""A dealer's settings (`rules.md` 9): what is known is read, what is wrong or not there yet is refused by name."""

from datetime import time
from typing import Any

import pytest

from common.errors import DomainError
from common.policy import read


def test_no_settings_are_the_defaults_of_the_rules() -> None:
    policy = read({})
    assert (policy.lateness_days, policy.source_stale_days, policy.remind_on_single_channel) == (14, 3, True)
    assert policy.sending.days == ("mon", "tue", "wed", "thu", "fri")
    assert (policy.sending.from_, policy.sending.to, policy.sending.closed_24_31_december) == (time(9), time(18), True)
    assert (policy.intervals, policy.excluded_groups, policy.is_on("service")) == ((), frozenset(), True)


def test_every_key_that_is_there_already_is_read() -> None:
    policy = read(
        {
            "remind_on_single_channel": False,
            "excluded_groups": ["insurance", "business"],
            "intervals": [{
                "type": "service", "make": "M", "model": "X", "model_years": [2018, 2022], "fuel": "diesel", "variant": "V",
                "km_from": 0, "km_to": 100000, "months": 12, "km": 30000, "from_first_registration": False,
            }],
            "types": {"service": False, "service_winback": False},
            "sending": {"days": ["tue", "sat"], "from": "08:30", "to": "17:00", "closed_24_31_december": False},
            "lateness_days": 5,
        }
    )  # fmt: skip
    assert not policy.is_on("service")
    assert policy.excluded_groups == {"insurance", "business"}
    assert policy.intervals[0].model_years == (2018, 2022)
    assert (policy.sending.days, policy.sending.from_) == (("tue", "sat"), time(8, 30))
    assert (policy.lateness_days, policy.remind_on_single_channel) == (5, False)


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"lateness": 3}, "lateness"),
        ({"sending": {"until": "17:00"}}, "sending.until"),
        ({"sending": {"days": ["monday"]}}, "sending.days"),
        ({"sending": {"days": []}}, "at least one day"),
        ({"sending": {"from": "18:00", "to": "09:00"}}, "end after it begins"),
        ({"sending": {"from": "25:00"}}, "sending.from"),
        ({"lateness_days": -1}, "lateness_days"),
        ({"intervals": [{"type": "service", "months": 0}]}, "months"),
        ({"intervals": [{"type": "service", "colour": "red"}]}, "colour"),
        ({"intervals": [{"months": 12}]}, "type"),
        ({"types": {"car_wash": True}}, "car_wash"),
    ],
)
def test_what_is_wrong_is_refused_by_name(settings: dict[str, Any], named: str) -> None:
    with pytest.raises(DomainError, match=named) as refused:
        read(settings)
    assert refused.value.code == "bad_settings"


@pytest.mark.parametrize(
    "settings",
    [
        {"inspection": {"audience": "nobody"}},
        {"inspection": {"days_before": 0}},
        {"campaigns": [{"type": "service", "from": "2026-10-01", "to": "2026-11-08"}]},
        {"campaigns": [{"type": "wheel_winter", "from": "2026-11-08", "to": "2026-10-01"}]},
        {"campaigns": [{"type": "wheel_winter", "from": "2026-10-01", "to": "2027-10-01"}]},
        {"campaigns": [{"type": "wheel_winter", "from": "2026-10-01", "to": "2026-11-08", "audience": []}]},
        {"campaigns": [{"type": "wheel_winter", "from": "2026-10-01", "to": "2026-11-08", "capacity_per_day": 0}]},
        {"leads": {"basis": "hope"}},
        {"leads": {"visit": {"days_before": 8}}},
        {"held_out_percent": {"service": 51}},
        {"held_out_percent": {"car_wash": 5}},
        {"intervals": [{"type": "wheel_winter", "months": 12}]},
        {"intervals": [{"type": "underbody"}]},
    ],
)
def test_what_cannot_be_meant_is_refused_by_name(settings: dict[str, Any]) -> None:
    with pytest.raises(DomainError) as refused:
        read(settings)
    assert refused.value.code == "bad_settings"


@pytest.mark.parametrize("kind", ["timing_belt", "underbody", "body_inspection"])
def test_types_by_interval_are_off_until_an_interval_is_set(kind: str) -> None:
    assert not read({}).is_on(kind)
    assert read({"intervals": [{"type": kind, "months": 24}]}).is_on(kind)
    assert not read({"intervals": [{"type": kind, "months": 24}], "types": {kind: False}}).is_on(kind)
