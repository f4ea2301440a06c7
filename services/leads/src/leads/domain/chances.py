"""Whether there is a chance to sell, of each type, and on which days its mail may leave (`rules.md` 7)."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from common.events.words import Because, ContractKind, LeadType
from common.months import DAY, add_months
from leads.domain.dates import months_of_term
from leads.domain.facts import Appointment, Contract, VehicleFacts, Why

CONTRACT_LEFT_MONTHS = 1  # of contracts and leases
WARRANTY_LEFT = timedelta(days=14)
NEW_FROM, NEW_MONTHS = timedelta(days=14), 3
OLD_YEARS, OWNED_YEARS = 3, 2
VISIT_LEFT = DAY
ONCE_IN_MONTHS = 6
SAME_CHANCE = timedelta(days=60)  # a day that is corrected by so much at most is the same chance
TELL_LEASES = frozenset({"DK"})  # countries whose registry shows leases; elsewhere it is `not_told`


@dataclass(frozen=True)
class Chance:
    """One chance: what it hangs on, when its mail is planned, and the last day on which it may leave."""

    anchor: date
    due_on: date
    plan_on: date  # a sending day
    last_day: date
    why: Why
    customer_id: UUID | None
    workshop_id: UUID | None = None
    since: date | None = None  # from when on it is known to be this customer's
    once_since: date | None = None  # a lead of this type whose mail left from that day on is this very one
    doubt: Why | None = None  # what speaks against it for now


Found = Chance | Why
"""A chance, or why there is none."""


@dataclass(frozen=True)
class Span:
    """A contract, or several leases that are one. An end of None is not told, a start neither."""

    starts_on: date | None
    ends_on: date | None
    customer_id: UUID | None


def contract_expiry(facts: VehicleFacts, _: date) -> Found:
    """A service contract ends: some months before, while a month is left."""
    return _ending(facts, ContractKind.SERVICE_CONTRACT, facts.policy.leads.contract_expiry_months)


def warranty_expiry(facts: VehicleFacts, _: date) -> Found:
    """A warranty ends: two months before, while fourteen days are left."""
    return _ending(facts, ContractKind.WARRANTY, facts.policy.leads.warranty_expiry_months)


def contract_new_car(facts: VehicleFacts, today: date) -> Found:
    """A car is 14 days to under 3 months old and has no service contract, where those are told at all."""
    registered_on = first_registered_on(facts)
    if not facts.contracts_known:
        return Why(Because.CONTRACTS_NOT_TOLD)
    if registered_on is None:
        return Why(Because.NO_FIRST_REGISTRATION)
    contracts = [
        found for found in facts.of_kind(ContractKind.SERVICE_CONTRACT) if found.ends_on is None or found.ends_on >= today
    ]
    if contracts:
        return _has(ContractKind.SERVICE_CONTRACT, max(found.ends_on or date.max for found in contracts))
    last_day = add_months(registered_on, NEW_MONTHS) - DAY
    return Chance(
        anchor=registered_on, due_on=last_day, plan_on=facts.calendar.moved(registered_on + NEW_FROM), last_day=last_day,
        why=Why(Because.NEW_CAR, {"first_registered_on": registered_on.isoformat()}), customer_id=facts.owner(),
        workshop_id=facts.workshop_id(), once_since=date.min,
    )  # fmt: skip


def lease_expiry(facts: VehicleFacts, today: date) -> Found:
    """A lease ends: by its length some months before, while a month is left; once per lease."""
    leases = merged_leases(_leases(facts))
    lease = max(leases, key=_end, default=None)
    if lease is None or lease.ends_on is None:
        return Why(Because.NO_CONTRACT, {"kind": ContractKind.LEASE})
    months_before = lease_months_before(facts, lease)
    if months_before is None:
        return Why(Because.TYPE_OFF)
    last_day = add_months(lease.ends_on, -CONTRACT_LEFT_MONTHS)
    return Chance(
        anchor=lease.ends_on, due_on=lease.ends_on, plan_on=_planned(facts, add_months(lease.ends_on, -months_before), last_day),
        last_day=last_day, why=_ends(ContractKind.LEASE, lease.ends_on), customer_id=lease.customer_id or facts.owner(),
        workshop_id=facts.workshop_id(), since=lease.starts_on, once_since=lease.starts_on, doubt=_not_active(facts, today),
    )  # fmt: skip


def visit(facts: VehicleFacts, today: date) -> Found:
    """A car of 3 years or more, owned for 2 or more, is expected: a few days before its visit, once in 6 months."""
    whys: list[Why] = []
    for appointment in _appointments(facts, today):
        customer = appointment.customer_id or facts.owner()
        if (why := _too_new(facts, customer, appointment.starts_on)) is not None:
            whys.append(why)
            continue
        plan_on = facts.calendar.moved_back(appointment.starts_on - timedelta(days=facts.policy.leads.visit.days_before))
        if (earlier := _lead_within(facts, appointment, max(plan_on, today))) is not None:
            whys.append(Why(Because.RECENT_LEAD, {"on": earlier.isoformat()}))
            continue
        return Chance(
            anchor=appointment.starts_on, due_on=appointment.starts_on, plan_on=plan_on, last_day=appointment.starts_on - VISIT_LEFT,
            why=Why(
                Because.VISIT_AHEAD,
                {"starts_on": appointment.starts_on.isoformat(), "owned_since": str(owned_since(facts, customer))},
            ),
            customer_id=customer, workshop_id=appointment.workshop_id or facts.workshop_id(), since=owned_since(facts, customer),
        )  # fmt: skip
    return whys[0] if whys else Why(Because.NO_VISIT_AHEAD)


CHANCES: dict[LeadType, Callable[[VehicleFacts, date], Found]] = {
    LeadType.CONTRACT_EXPIRY: contract_expiry,
    LeadType.CONTRACT_NEW_CAR: contract_new_car,
    LeadType.LEASE_EXPIRY: lease_expiry,
    LeadType.WARRANTY_EXPIRY: warranty_expiry,
    LeadType.VISIT: visit,
}


def first_registered_on(facts: VehicleFacts) -> date | None:
    """By the registry, else as the dealer's systems say."""
    return facts.registry.first_registered_on or facts.vehicle.first_registered_on


def owned_since(facts: VehicleFacts, customer: UUID | None) -> date | None:
    """Since when the customer has the car: by the registry, else as the source says, else since the first visit here."""
    own = [found.on for found in facts.visits if found.customer_id == customer]
    return facts.registry.owner_since or facts.vehicle.owned_since or min(own, default=None)


def merged_leases(leases: Iterable[Span]) -> list[Span]:
    """Leases that overlap are one: from the first start to the last end that is told. One that begins where another ends
    (or a day later) is a later one."""
    found: list[Span] = []
    for lease in sorted(leases, key=lambda one: (one.starts_on or date.min, one.ends_on or date.max, str(one.customer_id))):
        last = found[-1] if found else None
        if last is not None and (lease.starts_on or date.min) < (last.ends_on or date.max):
            ends_on = max((end for end in (last.ends_on, lease.ends_on) if end is not None), default=None)
            found[-1] = Span(last.starts_on or lease.starts_on, ends_on, last.customer_id or lease.customer_id)
        else:
            found.append(lease)
    return found


def lease_months_before(facts: VehicleFacts, lease: Span) -> int | None:
    """How long before its end a lease of that length is written about; None where the dealer's rules leave it out.

    A length that is not told fits only the rule for any length.
    """
    rules = sorted(facts.policy.leads.lease_expiry, key=lambda rule: rule.max_term_months or 10_000)
    term = months_of_term(lease.starts_on, lease.ends_on) if lease.starts_on and lease.ends_on else None
    for rule in rules:
        if rule.max_term_months is None or (term is not None and term <= rule.max_term_months):
            return rule.months_before
    return None


def _appointments(facts: VehicleFacts, today: date) -> list[Appointment]:
    """Those that stand, the next first; where none is ahead in time, the one that was missed."""
    stand = sorted(
        (found for found in facts.appointments if found.stands),
        key=lambda found: (found.starts_on, str(found.workshop_id), str(found.customer_id)),
    )
    in_time = [found for found in stand if found.starts_on - VISIT_LEFT >= today]
    return in_time or [found for found in stand if today - SAME_CHANCE <= found.starts_on][-1:]


def _ending(facts: VehicleFacts, kind: ContractKind, months_before: int) -> Found:
    """The contract of that kind that ends last decides: none is written about while a later one exists."""
    latest = max(facts.of_kind(kind), key=_end, default=None)
    if latest is None:
        return Why(Because.NO_CONTRACT, {"kind": kind})
    if latest.ends_on is None:
        return _has(kind, date.max)
    left = WARRANTY_LEFT if kind == ContractKind.WARRANTY else None
    last_day = latest.ends_on - left if left else add_months(latest.ends_on, -CONTRACT_LEFT_MONTHS)
    return Chance(
        anchor=latest.ends_on, due_on=latest.ends_on, plan_on=_planned(facts, add_months(latest.ends_on, -months_before), last_day),
        last_day=last_day, why=_ends(kind, latest.ends_on), customer_id=latest.customer_id or facts.owner(),
        workshop_id=facts.workshop_id(), since=latest.starts_on,
    )  # fmt: skip


def _planned(facts: VehicleFacts, day: date, last_day: date) -> date:
    """The next sending day, unless it is too late then: the one before."""
    moved = facts.calendar.moved(day)
    return moved if moved <= last_day else facts.calendar.moved_back(day)


def _end(contract: Contract | Span) -> tuple[date, date, str]:
    return contract.ends_on or date.max, contract.starts_on or date.min, str(contract.customer_id)


def _leases(facts: VehicleFacts) -> Iterable[Span]:
    for contract in facts.of_kind(ContractKind.LEASE):
        yield Span(contract.starts_on, contract.ends_on, contract.customer_id)
    for starts_on, ends_on in facts.registry.leases:
        yield Span(starts_on, ends_on, None)


def _not_active(facts: VehicleFacts, today: date) -> Why | None:
    """A lease that only the dealer's papers know, where the registry would show it if it still stood."""
    registry = facts.registry
    if not (registry.known and registry.tells_leases):
        return None
    if any((start or date.min) <= today <= (end or date.max) for start, end in registry.leases):
        return None
    return Why(Because.LEASE_NOT_ACTIVE, {"read_on": registry.read_on.isoformat() if registry.read_on else None})


def _too_new(facts: VehicleFacts, customer: UUID | None, on: date) -> Why | None:
    """Whether the car, or the customer's ownership, is too young on the day of the visit. What is not told is too young."""
    registered_on = first_registered_on(facts)
    if registered_on is None and facts.vehicle.model_year is not None:
        registered_on = date(facts.vehicle.model_year, 12, 31)  # not later, as far as that tells
    if registered_on is None:
        return Why(Because.NO_FIRST_REGISTRATION)
    if on < add_months(registered_on, OLD_YEARS * 12):
        return Why(Because.CAR_TOO_NEW, {"years": OLD_YEARS, "starts_on": on.isoformat()})
    since = owned_since(facts, customer)
    if since is None or on < add_months(since, OWNED_YEARS * 12):
        return Why(Because.OWNED_TOO_SHORT, {"years": OWNED_YEARS, "starts_on": on.isoformat()})
    return None


def _lead_within(facts: VehicleFacts, appointment: Appointment, day: date) -> date | None:
    """When another visit's lead left less than 6 months before that day."""
    others = [lead for lead in facts.leads if lead.type == LeadType.VISIT and lead.anchor != appointment.starts_on]
    sent = [lead.sent_on for lead in others if lead.sent_on is not None]
    return max((on for on in sent if day < add_months(on, ONCE_IN_MONTHS)), default=None)


def _ends(kind: ContractKind, ends_on: date) -> Why:
    return Why(Because.CONTRACT_ENDS, {"kind": kind.value, "ends_on": ends_on.isoformat()})


def _has(kind: ContractKind, until: date) -> Why:
    return Why(Because.HAS_CONTRACT, {"kind": kind.value, "until": None if until == date.max else until.isoformat()})
