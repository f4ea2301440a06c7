"""All SQL of the scheduler: remembering facts, gathering them per vehicle, and keeping cycles, contacts and decisions."""

from scheduler.store.cycles import (
    decide_alone,
    forget_decision,
    hand_over,
    next_look_on,
    record_left,
    record_refused,
    record_withdrawn,
    save_cycle,
    save_decision,
    stored_decision,
    to_look_at,
)
from scheduler.store.facts import dealer, policy_of, remember, vehicles, vehicles_by_plate, vehicles_of, vehicles_of_customers
from scheduler.store.gathering import vehicle_facts

__all__ = [
    "dealer", "decide_alone", "forget_decision", "hand_over", "next_look_on", "policy_of", "record_left", "record_refused",
    "record_withdrawn", "remember", "save_cycle", "save_decision", "stored_decision", "to_look_at", "vehicle_facts",
    "vehicles", "vehicles_by_plate", "vehicles_of", "vehicles_of_customers",
]  # fmt: skip
