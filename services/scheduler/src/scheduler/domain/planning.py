"""What a type plans for a vehicle: the days of one cycle and what they rest on, or why there is none."""

from dataclasses import dataclass
from datetime import date, timedelta

from scheduler.domain.facts import Why

SAME_CYCLE = timedelta(days=60)


@dataclass(frozen=True)
class Plan:
    """The days of one cycle. Without `invite_on` it has no day yet: `wait_until` says when it gets one."""

    type: str
    anchor: date  # what the cycle hangs on
    because: Why
    due_on: date | None = None
    invite_on: date | None = None  # by the rule, before it is moved to a sending day
    begun_by_visit: bool = True  # a visit is the anchor, so that one after a contact begins another cycle
    same_cycle: timedelta = SAME_CYCLE  # an anchor corrected by so much stays the same cycle
    never_after: date | None = None  # the last day for step 1, whatever held it
    no_reminder_after: date | None = None
    done: Why | None = None  # the work is done already
    wait_until: date | None = None
    ends_on: date | None = None  # without a day by then it is missed
    since: date | None = None  # what staff asked for by hand from that day on is this cycle's; None: from the anchor on


Planned = Plan | Why
