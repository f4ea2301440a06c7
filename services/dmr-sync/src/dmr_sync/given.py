"""A row of a registry that a story gives for a vehicle by name: from there on it goes the way of every row that was read."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from common import values
from common.events.registry import LeasingPeriod, RegistryInspection
from common.events.words import RegistryStatus
from common.work import Work
from dmr_sync import store
from dmr_sync.domain import records, words
from dmr_sync.domain.records import Record
from dmr_sync.settling import VEHICLE, tell_read


async def give_row(work: Work, fact: Mapping[str, Any]) -> None:
    """`fact` has `vehicle_id`, `country`, `day`, what the vehicle is known by (`known_plate`, `first_registered_on`), and the keys of
    `rules.md` 9 that the story names; what it leaves out is as the vehicle's row before had it."""
    key = f"given {fact['vehicle_id']}"
    earlier = (await store.records(work.session, [key])).get(key)
    now = row(fact, earlier)
    await store.save_records(work.session, {key: records.follow(earlier, now, fact["day"])}, fact["day"])
    await store.give(work.session, work.dealer, fact["vehicle_id"], key)
    work.touch(VEHICLE, fact["vehicle_id"])
    await tell_read(work, fact["country"], fact["day"])


def row(fact: Mapping[str, Any], earlier: Record | None) -> Record:
    """The record that a story's row is, after the one before. A row without a status is of a registered vehicle."""
    before = earlier or Record(status=RegistryStatus.REGISTERED)
    changes: dict[str, Any] = {name: fact[name] for name in ("kind", "owner_since", "inspection_expires_on") if name in fact}
    changes["first_registered_on"] = first = fact.get("first_registered_on") or before.first_registered_on
    if "use" in fact:
        changes["uses"] = (fact["use"],) if fact["use"] else ()
    if fact.get("status") is not None:
        changes["status"] = words.status(fact["status"])
    if "status_on" in fact:
        changes["status_on"] = changes["changed_on"] = fact["status_on"]
    if "odometer_km" in fact:
        changes |= {"odometer_km": fact["odometer_km"], "odometer_on": fact["day"]}
    if "inspections" in fact:
        inspections = tuple(_inspection(told) for told in fact["inspections"])
        changes["inspections"] = tuple(sorted(inspections, key=lambda each: each.on))
        read = [each for each in changes["inspections"] if each.odometer_km]
        if read and "odometer_km" not in fact:
            changes |= {"odometer_km": read[-1].odometer_km, "odometer_on": read[-1].on}
    if "leasing" in fact:
        changes["leasing"] = tuple(LeasingPeriod(from_on=told["from"], to_on=told["to"]) for told in fact["leasing"])
    if (plate := values.plate(fact.get("plate"))) is not None:
        changes["plate"] = plate
        if plate != (before.plate or values.plate(fact.get("known_plate"))):
            changes["plate_since"] = _changed_on(fact.get("status_on"), first, fact["day"])
    return before.model_copy(update=changes | {"signs": ()})


def _inspection(told: Mapping[str, Any]) -> RegistryInspection:
    return RegistryInspection(
        on=told["on"],
        kind=words.inspection_kind(told["type"]),
        result=words.inspection_result(told["result"]),
        odometer_km=told["odometer_km"],
    )


def _changed_on(status_on: date | None, first: date | None, day: date) -> date:
    return status_on if status_on is not None and status_on != first else day
