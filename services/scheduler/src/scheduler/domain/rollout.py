"""What a change of settings switches on (`rules.md` 4)."""

from common.events.words import InvitationType
from common.policy import WHEELS, IntervalRule, Policy
from scheduler.domain.kinds import SERVICE_TYPES

SENDING_DAYS = 20  # over which what is overdue is dealt


def switched_on(before: Policy, after: Policy) -> tuple[InvitationType, ...]:
    """The types that are on now and were off, or whose intervals are others; wheel seasons deal their days themselves."""
    return tuple(
        kind
        for kind in InvitationType
        if kind not in WHEELS and after.is_on(kind) and (not before.is_on(kind) or _rules(before, kind) != _rules(after, kind))
    )


def _rules(policy: Policy, kind: InvitationType) -> list[IntervalRule]:
    of = InvitationType.SERVICE if kind in SERVICE_TYPES else kind
    return [rule for rule in policy.intervals if rule.type == of]
