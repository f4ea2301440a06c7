"""The published language: every event that services tell each other, one module per topic."""

from common.events import (
    answers,
    appointments,
    customers,
    due,
    invitations,
    leads,
    messages,
    registry,
    settings,
    visits,
    webhooks,
    work_orders,
)
from common.events.base import PARTITIONS, Event, Fact, State, Topic, event_named, events_of, topics

__all__ = [
    "PARTITIONS",
    "Event",
    "Fact",
    "State",
    "Topic",
    "answers",
    "appointments",
    "customers",
    "due",
    "event_named",
    "events_of",
    "invitations",
    "leads",
    "messages",
    "registry",
    "settings",
    "topics",
    "visits",
    "webhooks",
    "work_orders",
]
