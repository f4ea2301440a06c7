"""What a decision is made from, and nothing else: frozen values, already sorted out per vehicle."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from common.calendar import Calendar
from common.events.words import Channel, InvitationType, Outcome, Stage
from common.policy import Policy
from scheduler.domain.kinds import KINDS

DEALER = "dealer"  # as a group


@dataclass(frozen=True)
class Vehicle:
    """What intervals depend on."""

    vehicle_id: UUID
    plate: str | None = None
    make: str | None = None
    model: str | None = None
    model_year: int | None = None
    fuel: str | None = None
    variant: str | None = None
    first_registered_on: date | None = None


@dataclass(frozen=True)
class Inspection:
    """An official inspection: of the registry, or of an own visit."""

    on: date
    result: str  # InspectionResult


@dataclass(frozen=True)
class Sign:
    """Something in the registry that may mean another owner since that day."""

    on: date
    sign: str
    certain: bool = False


@dataclass(frozen=True)
class Registry:
    """What the motor registry says of the vehicle. The next date is the registry's own, or an estimate."""

    known: bool = True
    status: str | None = None
    first_registered_on: date | None = None
    inspections: tuple[Inspection, ...] = ()  # periodic ones, oldest first
    next_on: date | None = None
    expires: bool = False  # that date is the registry's own
    because: str | None = None  # Because, where there is no date
    because_params: Mapping[str, str] = field(default_factory=dict)
    rule: str | None = None  # what the estimate rests on
    every_months: int | None = None  # from a passed inspection to the next
    signs: tuple[Sign, ...] = ()
    odometer: tuple[tuple[date, int], ...] = ()  # km


@dataclass(frozen=True)
class Customer:
    """Who would be invited, and by which addresses; one that somebody with this address unsubscribed is not among them."""

    customer_id: UUID
    email: str | None = None
    mobile: str | None = None
    kind: str | None = None
    groups: frozenset[str] = frozenset()
    consents: bool | None = None
    suppressed: bool = False
    excluded: str | None = None  # why, when staff left this customer out
    is_dealer: bool = False  # the workshop's own cars are on its books, too

    def channels(self, but: frozenset[str] = frozenset()) -> tuple[Channel, ...]:
        """The channels that reach this customer at an address other than these, e-mail first."""
        ways = ((Channel.EMAIL, self.email), (Channel.SMS, self.mobile))
        return tuple(channel for channel, address in ways if address and address not in but)

    def is_in(self, groups: frozenset[str]) -> bool:
        """Whether this customer belongs to one of these groups; who is told to be neither counts as private."""
        return bool(groups & (self.groups | {self.kind or "private"}))


@dataclass(frozen=True)
class Order:
    """A work order as it stands. `tags` is what it asks for while open; None while nobody has read this revision."""

    order_id: UUID
    number: str
    status: str
    customer_id: UUID | None = None
    workshop_id: UUID | None = None
    finished_on: date | None = None
    changed_on: date | None = None
    next_service_on: date | None = None
    tags: frozenset[str] | None = None


@dataclass(frozen=True)
class Visit:
    """A finished order that was read."""

    order_id: UUID
    on: date
    tags: frozenset[str]
    words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # by tag
    odometer_km: int | None = None
    next_service_on: date | None = None
    inspection_result: str | None = None  # InspectionResult, of an official inspection
    of_trailer: bool = False  # the inspection was a trailer's

    def said(self, tags: Iterable[str]) -> str:
        """The words that these tags were read from, the first few."""
        return ", ".join([word for tag in sorted(tags) for word in self.words.get(tag, ())][:3])


@dataclass(frozen=True)
class Appointment:
    """When the vehicle is expected. `tags` None: nobody has read it yet; empty: nobody can tell what it is for."""

    appointment_id: UUID
    starts_on: date
    made_at: datetime
    status: str
    changed_on: date
    tags: frozenset[str] | None = None
    invitation_id: UUID | None = None

    @property
    def stands(self) -> bool:
        return self.status in ("booked", "moved")


@dataclass(frozen=True)
class Answer:
    """What a customer, or staff for him, said to one invitation."""

    invitation_id: UUID
    answer: str
    reason: str | None
    at: datetime


@dataclass(frozen=True)
class FollowUp:
    """How staff ended a follow-up."""

    invitation_id: UUID
    outcome: str
    at: datetime


@dataclass(frozen=True)
class Request:
    """Staff asked for one invitation by hand."""

    type: str
    at: datetime


@dataclass(frozen=True)
class Season:
    """One wheel season of the workshop that invites, and the day that this vehicle's customer was dealt."""

    campaign_id: UUID
    type: str
    anchor: date  # the season, whatever happens to its window
    from_on: date
    to_on: date
    audience: frozenset[str]  # of: changed, hotel
    is_dealt: bool = False
    day: date | None = None
    stopped: bool = False

    @property
    def dealt_from(self) -> date:
        """The day on which the days are dealt: a week ahead, so that everyone is seen on pending."""
        return self.from_on - timedelta(days=7)


@dataclass(frozen=True)
class Rollout:
    """A type that was switched on, or whose interval changed, on a day: what is overdue is dealt over the days after it."""

    changed_on: date
    day: date | None = None  # this vehicle's customer's


@dataclass(frozen=True)
class Contact:
    """One step of one invitation, from the moment it was handed to the notifier."""

    step: int
    state: str  # due, accepted, unknown, refused
    channel: str
    customer_id: UUID
    handed_on: date
    on: date | None = None  # local day of the claim, once it left
    at: datetime | None = None
    single_channel: bool = False  # by the addresses at that time
    refused: frozenset[str] = frozenset()  # addresses that a provider refused

    @property
    def left(self) -> bool:
        return self.state in ("accepted", "unknown")

    def is_answered_by(self, appointment: Appointment) -> bool:
        """Whether an appointment was made after this contact left, so that it may be the booking it asked for."""
        return self.at is not None and appointment.made_at > self.at


@dataclass(frozen=True)
class Cycle:
    """An invitation of one anchor with what happened to it. Without an id it is not minted yet."""

    anchor: date
    invitation_id: UUID | None = None
    code: str = ""  # in the customer's links
    contacts: Mapping[int, Contact] = field(default_factory=dict)
    stage: str = Stage.PLANNED
    outcome: str | None = None
    closed_on: date | None = None
    stood_on: date | None = None  # the last day on which something stopped the lateness clock
    held: str | None = None  # why, when staff holds it
    invite_on: date | None = None  # as told last
    type: str = InvitationType.SERVICE

    @property
    def in_hand(self) -> bool:
        """Whether step 1 left, or is just leaving."""
        contact = self.contacts.get(1)
        return contact is not None and contact.state != "refused"

    def first(self) -> Contact | None:
        """Step 1, if it left."""
        contact = self.contacts.get(1)
        return contact if contact is not None and contact.left else None

    def first_on(self) -> date | None:
        """The day of step 1, or on which it was handed over."""
        contact = self.contacts.get(1)
        return (contact.on or contact.handed_on) if contact is not None and self.in_hand else None

    def second(self) -> Contact | None:
        """Step 2, if it left."""
        contact = self.contacts.get(2)
        return contact if contact is not None and contact.left else None

    @property
    def is_closed(self) -> bool:
        return self.stage == Stage.CLOSED


@dataclass(frozen=True)
class Ignorance:
    """What is known to be not known."""

    parked: bool = False
    stale_source: str | None = None
    stale_since: date | None = None


@dataclass(frozen=True)
class VehicleFacts:
    """Everything about one vehicle that a decision may rest on."""

    vehicle: Vehicle
    policy: Policy
    calendar: Calendar  # the dealer's, or of the workshop that invites (`at_workshop`)
    timezone: str
    workshops: Mapping[UUID, tuple[Calendar, str]] = field(default_factory=dict)  # calendar and zone, of each that has its own
    customers: Mapping[UUID, Customer] = field(default_factory=dict)
    orders: tuple[Order, ...] = ()
    visits: tuple[Visit, ...] = ()
    appointments: tuple[Appointment, ...] = ()
    answers: tuple[Answer, ...] = ()
    follow_ups: tuple[FollowUp, ...] = ()
    cycles: tuple[Cycle, ...] = ()
    registry: Registry | None = None  # None: nothing was told of it
    released_at: datetime | None = None  # when staff last said that the owner is the same
    requests: tuple[Request, ...] = ()
    seasons: tuple[Season, ...] = ()
    rollouts: Mapping[str, Rollout] = field(default_factory=dict)  # by type
    held_out: frozenset[str] = frozenset()  # types for which the customer is in the hold-out group
    odometer: tuple[tuple[date, int], ...] = ()  # readings of orders, km
    excluded: str | None = None  # why, when staff left this vehicle out
    bookings_reach_us: bool = True
    ignorance: Ignorance = Ignorance()
    firsts: tuple[tuple[UUID, date, date | None], ...] = ()  # step 1s to the same customer or address: invitation, day, day due

    def at_workshop(self, kind: str) -> "VehicleFacts":
        """The same, by the calendar and the clock of the workshop that invites to that type."""
        workshop = self.workshop_id(kind) if self.workshops else None
        found = self.workshops.get(workshop) if workshop is not None else None
        return replace(self, calendar=found[0], timezone=found[1]) if found is not None else self

    def finished(self) -> list[Order]:
        """Finished orders, oldest first."""
        return finished(self.orders)

    def unread(self) -> Order | None:
        """A finished order whose visit has not come with that revision."""
        return next((order for order in self.finished() if order.tags is None or self._is_strange(order)), None)

    def _is_strange(self, order: Order) -> bool:
        """Whether nobody has told yet who its customer is."""
        return order.customer_id is not None and order.customer_id not in self.customers

    def excluded_group(self) -> str | None:
        """The group for which the customer of the latest finished order is left out; the dealer itself is one."""
        customers = [self.customers.get(order.customer_id) for order in reversed(self.finished()) if order.customer_id]
        latest = next((customer for customer in customers if customer is not None), None)
        if latest is not None and latest.is_dealer:
            return DEALER
        return min(self.policy.excluded_groups & (latest.groups | {latest.kind or "private"}), default=None) if latest else None

    def invited(self) -> Customer | None:
        """The customer of the latest finished order who is in no excluded group and not the dealer itself (`rules.md` 5)."""
        for order in reversed(self.finished()):
            customer = self.customers.get(order.customer_id) if order.customer_id else None
            if customer is not None and not customer.is_dealer and not customer.is_in(self.policy.excluded_groups):
                return customer
        return None

    def workshop_id(self, kind: str) -> UUID | None:
        """The workshop that invites to that type (`inviting_workshop`)."""
        return inviting_workshop(self.finished(), self.visits, kind)

    def history(self, customer: Customer) -> list[Visit]:
        """Visits from this customer's first order on, oldest first: what came before was another's."""
        mine = [order.finished_on for order in self.finished() if order.customer_id == customer.customer_id]
        since = min((day for day in mine if day is not None), default=date.max)
        return sorted((visit for visit in self.visits if visit.on >= since), key=lambda visit: (visit.on, visit.order_id.int))


def finished(orders: Iterable[Order]) -> list[Order]:
    """The finished ones of some orders, oldest first."""
    done = [order for order in orders if order.status == "finished" and order.finished_on is not None]
    return sorted(done, key=lambda order: (order.finished_on or date.min, order.number, order.order_id.int))


def inviting_workshop(done: Sequence[Order], visits: Iterable[Visit], kind: str) -> UUID | None:
    """The workshop of the latest finished order of that kind, else of the latest finished order; None: the dealer's own."""
    served = {visit.order_id for visit in visits if KINDS[kind].is_met_by(visit.tags, visit.on)}
    of_kind = [order for order in done if order.order_id in served] or done
    return of_kind[-1].workshop_id if of_kind else None


@dataclass(frozen=True)
class Why:
    """A reason: a `Because` with its parameters."""

    code: str
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Leaving:
    """A step that may leave today."""

    step: int
    channel: Channel
    until: date  # the last day on which it may be sent
    again: bool = False  # another channel refused it: it may leave at once


@dataclass(frozen=True)
class Standing:
    """How an invitation stands after a decision."""

    cycle: Cycle
    stage: str
    customer_id: UUID | None = None
    due_on: date | None = None
    invite_on: date | None = None
    send_on: date | None = None
    blocked: str | None = None
    permanent: bool = False
    call_from_on: date | None = None
    closes_on: date | None = None
    outcome: Outcome | None = None
    closed_on: date | None = None
    stood_on: date | None = None
    reasons: tuple[Why, ...] = ()


@dataclass(frozen=True)
class Decision:
    """The one decision about a vehicle and type: the invitations as they stand, why, and when it is looked at next."""

    reasons: tuple[Why, ...]
    standings: tuple[Standing, ...] = ()  # every cycle that must be written; the current one last
    look_on: date | None = None
    leaving: Leaving | None = None
