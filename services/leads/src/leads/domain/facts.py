"""What a decision is made from, and nothing else: frozen values, already sorted out per vehicle."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from common.calendar import Calendar
from common.events.words import ContractKind, Outcome, RegistryStatus, Stage
from common.policy import Policy

DEALER = "dealer"  # as a group
PRIVATE, BUSINESS = "private", "business"
GONE = frozenset({RegistryStatus.DEREGISTERED, RegistryStatus.SCRAPPED, RegistryStatus.EXPORTED, RegistryStatus.STOLEN})
CERTAIN = "certain"


@dataclass(frozen=True)
class Vehicle:
    """A vehicle as the dealer's systems know it, with the customer of its latest order."""

    vehicle_id: UUID
    plate: str | None = None
    customer_id: UUID | None = None
    model_year: int | None = None
    first_registered_on: date | None = None
    owned_since: date | None = None


@dataclass(frozen=True)
class Customer:
    """Who would get the mail; an address at which somebody unsubscribed, or that many share, is not among his."""

    customer_id: UUID
    email: str | None = None
    kind: str | None = None
    groups: frozenset[str] = frozenset()
    consents: bool | None = None  # to leads; None is not told
    suppressed: bool = False
    excluded: str | None = None  # why, when staff left this customer out
    is_dealer: bool = False

    @property
    def kind_counted(self) -> str:
        """Private or business; who is told to be neither counts as private."""
        return BUSINESS if self.kind == BUSINESS else PRIVATE


@dataclass(frozen=True)
class Contract:
    """A service contract, lease or warranty that its source has not taken back."""

    kind: str  # ContractKind
    starts_on: date | None = None
    ends_on: date | None = None
    customer_id: UUID | None = None


@dataclass(frozen=True)
class Visit:
    """A finished work order: who was here, and when."""

    on: date
    customer_id: UUID | None = None
    workshop_id: UUID | None = None


@dataclass(frozen=True)
class Appointment:
    """When the vehicle is expected."""

    starts_on: date
    status: str
    customer_id: UUID | None = None
    workshop_id: UUID | None = None

    @property
    def stands(self) -> bool:
        return self.status in ("booked", "moved")


@dataclass(frozen=True)
class Sign:
    """Something that may mean another owner since that day; only a certain one stops a lead."""

    on: date
    confidence: str


@dataclass(frozen=True)
class Registry:
    """What the motor registry says of a vehicle; before it was asked, or where it has no row, `known` is False."""

    known: bool = False
    tells_leases: bool = False
    status: str | None = None
    first_registered_on: date | None = None
    owner_since: date | None = None
    leases: tuple[tuple[date | None, date | None], ...] = ()
    signs: tuple[Sign, ...] = ()
    read_on: date | None = None


@dataclass(frozen=True)
class Answer:
    """What a customer, or staff for him, said to an invitation or a lead about this vehicle."""

    reference: UUID  # the invitation, or the lead
    answer: str
    reason: str | None
    at: datetime


@dataclass(frozen=True)
class FollowUp:
    """How staff ended a lead."""

    lead_id: UUID
    outcome: str
    at: datetime


@dataclass(frozen=True)
class Mail:
    """The one mail of a lead, from the moment it was handed to the notifier."""

    state: str  # due, accepted, unknown, refused
    customer_id: UUID
    handed_on: date
    on: date | None = None  # local day of the claim, once it left
    bounced_on: date | None = None
    refused: frozenset[str] = frozenset()  # addresses that a mail server refused

    @property
    def left(self) -> bool:
        return self.state in ("accepted", "unknown")


@dataclass(frozen=True)
class Lead:
    """A lead with what happened to it. Without an id it is not minted yet."""

    type: str
    anchor: date
    lead_id: UUID | None = None
    code: str = ""  # in the customer's links
    mail: Mail | None = None
    stage: str = Stage.PLANNED
    outcome: str | None = None
    closed_on: date | None = None
    reasons: tuple["Why", ...] = ()  # as told last; the first says why there was a chance

    @property
    def is_closed(self) -> bool:
        return self.stage == Stage.CLOSED

    @property
    def sent_on(self) -> date | None:
        """The local day on which its mail left, or is just leaving."""
        if self.mail is None or self.mail.state == "refused":
            return None
        return self.mail.on or self.mail.handed_on


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
    calendar: Calendar
    timezone: str
    country: str = "DK"  # the dealer's
    customers: Mapping[UUID, Customer] = field(default_factory=dict)
    contracts: tuple[Contract, ...] = ()
    contracts_known: bool = True  # whether contracts are told for this dealer at all
    visits: tuple[Visit, ...] = ()
    appointments: tuple[Appointment, ...] = ()
    registry: Registry = Registry()
    answers: tuple[Answer, ...] = ()
    follow_ups: tuple[FollowUp, ...] = ()
    leads: tuple[Lead, ...] = ()
    excluded: str | None = None  # why, when staff left this vehicle out
    released_on: date | None = None  # staff knows that the owner is the same: signs until then are cleared
    ignorance: Ignorance = Ignorance()

    def of_kind(self, kind: ContractKind) -> list[Contract]:
        return [contract for contract in self.contracts if contract.kind == kind]

    def latest_visit(self) -> Visit | None:
        return max(self.visits, key=lambda visit: (visit.on, str(visit.customer_id)), default=None)

    def owner(self) -> UUID | None:
        """The customer of the latest finished order, else whom the source names with the vehicle."""
        latest = self.latest_visit()
        return latest.customer_id if latest is not None and latest.customer_id is not None else self.vehicle.customer_id

    def workshop_id(self) -> UUID | None:
        """The workshop of the latest finished order; None: the dealer's own."""
        latest = self.latest_visit()
        return latest.workshop_id if latest is not None else None

    def basis(self) -> str | None:
        """On which basis leads are sent: as declared; in Germany consent without a declaration."""
        return self.policy.leads.basis or ("consent" if self.country == "DE" else None)


@dataclass(frozen=True)
class Why:
    """A reason: a `Because` with its parameters."""

    code: str
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Leaving:
    """The mail of a lead may leave today, and until which day."""

    until: date
    again: bool = False  # another address was refused before


@dataclass(frozen=True)
class Standing:
    """How a lead stands after a decision."""

    lead: Lead
    stage: str
    customer_id: UUID | None = None
    workshop_id: UUID | None = None
    due_on: date | None = None
    send_on: date | None = None
    blocked: str | None = None
    permanent: bool = False
    call_from_on: date | None = None
    closes_on: date | None = None
    outcome: Outcome | None = None
    closed_on: date | None = None
    reasons: tuple[Why, ...] = ()


@dataclass(frozen=True)
class Decision:
    """The one decision about a vehicle and type: the leads as they stand, why, and when it is looked at next."""

    type: str
    reasons: tuple[Why, ...]
    standings: tuple[Standing, ...] = ()  # every lead that must be written
    current: int | None = None  # which of them the reasons are about
    look_on: date | None = None
    leaving: Leaving | None = None  # of the current one
