"""Which lists a change may be seen on: what those who watch should read again."""

from collections.abc import Mapping
from enum import StrEnum


class Changed(StrEnum):
    """Kinds of things that lists and pages are made of."""

    INVITATION = "invitation"
    CUSTOMER = "customer"
    VEHICLE = "vehicle"
    ORDER = "order"
    SOURCE = "source"
    MESSAGE = "message"
    DEALER = "dealer"
    WORKSHOP = "workshop"
    USER = "user"
    CAMPAIGN = "campaign"
    LEAD = "lead"


BEFORE_IT_LEFT = ("pending", "owner-changed")
INVITED = ("pending", "follow-up", "calls", "booked", "no", "owner-changed")
LISTS: Mapping[Changed, tuple[str, ...]] = {
    Changed.INVITATION: INVITED,
    Changed.CUSTOMER: INVITED,
    Changed.VEHICLE: INVITED,
    Changed.ORDER: INVITED,
    Changed.SOURCE: ("sources",),
    Changed.MESSAGE: ("messages",),
    Changed.DEALER: ("settings",),
    Changed.WORKSHOP: ("workshops",),
    Changed.USER: ("users",),
    Changed.CAMPAIGN: ("campaigns",),
    Changed.LEAD: ("leads",),
}


def lists_of(kind: Changed, stage: str | None = None) -> tuple[str, ...]:
    """The lists on which a thing may stand now or stood just before; an invitation that never left is on few."""
    if kind == Changed.INVITATION and stage in ("planned", "pending"):
        return BEFORE_IT_LEFT
    return LISTS[kind]
