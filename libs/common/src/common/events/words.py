"""The closed lists of words that events use. On the wire they are open: a reader keeps a word that it does not know."""

from enum import StrEnum


class VisitTag(StrEnum):
    """What a visit was about (`tags.md` defines each)."""

    SERVICE = "service"
    INSPECTION_CHECK = "inspection_check"
    OFFICIAL_INSPECTION = "official_inspection"
    WHEEL_CHANGE_WINTER = "wheel_change_winter"
    WHEEL_CHANGE_SUMMER = "wheel_change_summer"
    WHEEL_CHANGE = "wheel_change"
    TYRE_HOTEL = "tyre_hotel"
    TIMING_BELT = "timing_belt"
    UNDERBODY_TREATMENT = "underbody_treatment"
    BODY_INSPECTION = "body_inspection"
    TYRE_SALE = "tyre_sale"
    BRAKES = "brakes"
    BATTERY = "battery"
    AIR_CONDITIONING = "air_conditioning"
    BODYWORK = "bodywork"
    DIAGNOSIS = "diagnosis"
    ACCESSORY = "accessory"
    WARRANTY_WORK = "warranty_work"
    RECALL = "recall"
    OTHER_REPAIR = "other_repair"


class InvitationType(StrEnum):
    SERVICE = "service"
    SERVICE_MILEAGE = "service_mileage"
    SERVICE_WINBACK = "service_winback"
    INSPECTION_CHECK = "inspection_check"
    WHEEL_WINTER = "wheel_winter"
    WHEEL_SUMMER = "wheel_summer"
    TIMING_BELT = "timing_belt"
    UNDERBODY = "underbody"
    BODY_INSPECTION = "body_inspection"


class LeadType(StrEnum):
    CONTRACT_EXPIRY = "contract_expiry"
    CONTRACT_NEW_CAR = "contract_new_car"
    LEASE_EXPIRY = "lease_expiry"
    WARRANTY_EXPIRY = "warranty_expiry"
    VISIT = "visit"


class ContractKind(StrEnum):
    SERVICE_CONTRACT = "service_contract"
    LEASE = "lease"
    WARRANTY = "warranty"


class RegistryStatus(StrEnum):
    """Where a vehicle stands in the registry; the last four mean that it is gone."""

    REGISTERED = "registered"
    UNDER_WAY = "under_way"  # not registered yet
    DEREGISTERED = "deregistered"
    SCRAPPED = "scrapped"
    EXPORTED = "exported"
    STOLEN = "stolen"


class InspectionKind(StrEnum):
    PERIODIC = "periodic"
    REGISTRATION = "registration"
    CUSTOMS = "customs"
    OTHER = "other"


class InspectionResult(StrEnum):
    PASSED = "passed"  # with remarks, too
    FAILED = "failed"
    NOT_TOLD = "not_told"


class Stage(StrEnum):
    """Where an invitation stands: planned → pending → sent → reminded → closed."""

    PLANNED = "planned"
    PENDING = "pending"
    SENT = "sent"
    REMINDED = "reminded"
    CLOSED = "closed"


class Outcome(StrEnum):
    """How an invitation ended."""

    BOOKED = "booked"
    ANSWERED_NO = "answered_no"
    CALL_ME = "call_me"
    VISITED = "visited"
    MISSED = "missed"
    NO_REACTION = "no_reaction"
    SUPPRESSED = "suppressed"
    EXCLUDED = "excluded"
    OWNER_CHANGED = "owner_changed"
    VEHICLE_GONE = "vehicle_gone"
    HELD_OUT = "held_out"
    SUPERSEDED = "superseded"
    ERASED = "erased"


class OrderStatus(StrEnum):
    OPEN = "open"
    FINISHED = "finished"
    CANCELLED = "cancelled"
    CREDITED = "credited"


class AppointmentStatus(StrEnum):
    BOOKED = "booked"
    MOVED = "moved"
    CANCELLED = "cancelled"
    NO_SHOW = "no_show"


class Channel(StrEnum):
    EMAIL = "email"
    SMS = "sms"


class Answer(StrEnum):
    BOOKED = "booked"
    BOOKING_STARTED = "booking_started"
    CALL_ME = "call_me"
    NO = "no"
    UNSUBSCRIBE = "unsubscribe"


class NoReason(StrEnum):
    SOLD = "sold"
    OTHER_WORKSHOP = "other_workshop"
    PRICE = "price"
    DONE_ELSEWHERE = "done_elsewhere"
    NOT_NOW = "not_now"
    OTHER = "other"


class Because(StrEnum):
    """Why a decision came out as it did. Each has its sentence in `common.reasons`."""

    DUE = "due"
    DONE = "done"
    OPEN_ORDER = "open_order"
    APPOINTMENT_AHEAD = "appointment_ahead"
    HELD = "held"
    OWNER_CHANGED = "owner_changed"
    DISTANCE = "distance"
    NO_ADDRESS = "no_address"
    ORDER_UNREAD = "order_unread"
    FACT_PARKED = "fact_parked"
    SOURCE_STALE = "source_stale"
    ANSWERED = "answered"
    SUPPRESSED = "suppressed"
    EXCLUDED = "excluded"
    NO_CONSENT = "no_consent"
    HELD_OUT = "held_out"
    VEHICLE_GONE = "vehicle_gone"
    ERASED = "erased"
    TOO_LATE = "too_late"
    NO_CAPACITY = "no_capacity"
    BOOKED = "booked"
    NO_REACTION = "no_reaction"
    SUPERSEDED = "superseded"
    NO_SERVICE_KNOWN = "no_service_known"
    NO_INTERVAL = "no_interval"
    NOT_BOUGHT_BEFORE = "not_bought_before"
    NO_REGISTRY_ROW = "no_registry_row"
    INSPECTION_FAILED = "inspection_failed"
    NOT_DUE = "not_due"
    TYPE_OFF = "type_off"
    # of leads
    CONTRACT_ENDS = "contract_ends"
    NEW_CAR = "new_car"
    VISIT_AHEAD = "visit_ahead"
    NO_CONTRACT = "no_contract"
    HAS_CONTRACT = "has_contract"
    CONTRACTS_NOT_TOLD = "contracts_not_told"
    LEASE_NOT_ACTIVE = "lease_not_active"
    NO_FIRST_REGISTRATION = "no_first_registration"
    NO_VISIT_AHEAD = "no_visit_ahead"
    CAR_TOO_NEW = "car_too_new"
    OWNED_TOO_SHORT = "owned_too_short"
    RECENT_LEAD = "recent_lead"
    NO_BASIS = "no_basis"
