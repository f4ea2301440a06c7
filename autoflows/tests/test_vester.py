"""The demo's second dealer: files that can be read, a season that is about to begin, and contracts that are about to end."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from autoflows.demo import holm, registry, vester
from common import policy

STARTS = [date(2026, 2, 28), date(2026, 7, 1), date(2026, 11, 27), date(2026, 12, 29)]


@pytest.mark.parametrize("started_on", STARTS)
def test_a_wheel_season_begins_within_a_week_and_its_customers_changed_the_other_season(started_on: date) -> None:
    settings = policy.read({"campaigns": [vester.season(started_on)]})
    (season,) = settings.campaigns
    assert started_on < season.from_ <= started_on + timedelta(days=7)
    other = "sommerhjul" if season.type == "wheel_winter" else "vinterhjul"
    changed = [line for line in vester.lines(started_on) if any(other in text for text in line.get("lines", ()))]
    assert len(changed) >= 12
    assert all(started_on - timedelta(days=500) < date.fromisoformat(line["date"]) < started_on for line in changed)


@pytest.mark.parametrize("started_on", STARTS)
def test_contracts_end_when_their_mails_are_about_to_leave(started_on: date) -> None:
    ends = {line["contract"]: date.fromisoformat(line["ends_on"]) for line in vester.lines(started_on) if "contract" in line}
    assert set(ends) == {"lease", "warranty", "service_contract"}
    assert all(started_on + timedelta(days=60) < day < started_on + timedelta(days=210) for day in ends.values())


def test_everyone_is_invented_and_no_car_stands_twice() -> None:
    people = [line["customer"] for line in vester.lines(STARTS[0])]
    assert all(person.get("email", "@example.com").endswith("@example.com") for person in people)
    assert all(person.get("mobile", "+45201235").startswith("+45201235") for person in people)
    plates = [owner.plate for owner in (*holm.owners(), *vester.owners())]
    assert len(set(plates)) == len(plates)


def test_ids_are_given_once_and_the_registry_has_the_cars_of_both(tmp_path: Path) -> None:
    ids = [line["id"] for line in vester.lines(STARTS[0])]
    assert len(set(ids)) == len(ids)
    assert registry.write(tmp_path, STARTS[0]).stat().st_size > 1000
