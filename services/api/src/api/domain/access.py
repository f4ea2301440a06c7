"""Who may do what, how long sessions stand, and how long a failed try waits."""

from datetime import datetime, timedelta
from enum import StrEnum

IDLE = timedelta(minutes=30)
AT_MOST = timedelta(hours=12)
FREE_TRIES = 5
LONGEST_WAIT = timedelta(minutes=15)


class Role(StrEnum):
    OWNER = "owner"
    MANAGER = "manager"
    ADVISOR = "advisor"
    MECHANIC = "mechanic"
    SALES = "sales"
    READ_ONLY = "read-only"


MAY_DECIDE = frozenset({Role.OWNER, Role.MANAGER, Role.ADVISOR})  # hold, restore, exclude, record how a follow-up ended
MAY_SELL = MAY_DECIDE | {Role.SALES}  # record how a lead ended
MAY_MANAGE = frozenset({Role.OWNER, Role.MANAGER})  # employees, settings, workshops, sources, how campaigns run
ALERTS = ("call_me", "no", "booked", "unsubscribe", "campaigns")


def may_give(own: str, role: str) -> bool:
    """Whether somebody of a role may make, or unmake, somebody of another: only owners make owners."""
    return own in MAY_MANAGE and (role != Role.OWNER or own == Role.OWNER)


def stands(begun_at: datetime, seen_at: datetime, now: datetime) -> bool:
    """Whether a session is still good: used within half an hour, and not older than twelve."""
    return now - seen_at < IDLE and now - begun_at < AT_MOST


def wait_after(failures: int) -> timedelta:
    """How long the next try waits: not at all at first, then twice as long each time, never for good."""
    if failures < FREE_TRIES:
        return timedelta()
    return min(timedelta(seconds=2 ** min(failures - FREE_TRIES, 12)), LONGEST_WAIT)
