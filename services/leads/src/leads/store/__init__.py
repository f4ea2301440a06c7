"""All SQL of leads: remembering facts, gathering them per vehicle, and keeping leads, mails and decisions."""

from leads.store.facts import dealer, policy_of, remember, vehicles, vehicles_by_plate, vehicles_of_customers
from leads.store.gathering import vehicle_facts
from leads.store.keeping import (
    Decided,
    decide_alone,
    forget_decisions,
    hand_over,
    next_look_on,
    record_bounced,
    record_left,
    record_refused,
    record_withdrawn,
    save_decisions,
    save_leads,
    stored_decision,
    to_look_at,
    vehicles_of,
)

__all__ = [
    "Decided", "dealer", "decide_alone", "forget_decisions", "hand_over", "next_look_on", "policy_of", "record_bounced", "record_left",
    "record_refused", "record_withdrawn", "remember", "save_decisions", "save_leads", "stored_decision", "to_look_at",
    "vehicle_facts", "vehicles", "vehicles_by_plate", "vehicles_of", "vehicles_of_customers",
]  # fmt: skip
