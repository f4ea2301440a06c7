"""All SQL of the scheduler: remembering facts, gathering them per vehicle, and keeping cycles, contacts and decisions."""

from scheduler.store.cycles import (
    decide_alone,
    forget_decision,
    hand_over,
    next_look_on,
    record_left,
    record_refused,
    record_withdrawn,
    save_cycles,
    save_decisions,
    stored_decision,
    to_look_at,
)
from scheduler.store.facts import dealer, policy_of, remember, vehicles, vehicles_by_plate, vehicles_of, vehicles_of_customers
from scheduler.store.gathering import House, house, rollout_id, vehicle_facts
from scheduler.store.seasons import (
    free_places,
    keep_campaign,
    lost_days,
    places_taken,
    roll_out,
    save_places,
    waiting_vehicles,
    without_a_day,
)

__all__ = [
    "House", "dealer", "decide_alone", "forget_decision", "free_places", "hand_over", "house", "keep_campaign", "lost_days",
    "next_look_on", "places_taken", "policy_of", "record_left", "record_refused", "record_withdrawn", "remember", "roll_out",
    "rollout_id", "save_cycles", "save_decisions", "save_places", "stored_decision", "to_look_at", "vehicle_facts", "vehicles",
    "vehicles_by_plate", "vehicles_of", "vehicles_of_customers", "waiting_vehicles",
    "without_a_day",
]  # fmt: skip
