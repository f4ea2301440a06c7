"""Ids of the published language. Each is a UUID; the types keep a vehicle's from being taken for a customer's."""

import secrets
import time
from typing import NewType
from uuid import UUID, uuid5

DealerId = NewType("DealerId", UUID)
WorkshopId = NewType("WorkshopId", UUID)
UserId = NewType("UserId", UUID)
SourceId = NewType("SourceId", UUID)
CustomerId = NewType("CustomerId", UUID)
VehicleId = NewType("VehicleId", UUID)
OrderId = NewType("OrderId", UUID)
AppointmentId = NewType("AppointmentId", UUID)
InvitationId = NewType("InvitationId", UUID)
MessageId = NewType("MessageId", UUID)
LeadId = NewType("LeadId", UUID)
ContractId = NewType("ContractId", UUID)
CampaignId = NewType("CampaignId", UUID)

_NAMESPACE = UUID("6f1d7c58-7a40-4d0e-9f0e-0c9d2b7f3a11")
_CODE_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # no letters that are misread on paper


def new_id() -> UUID:
    """Mint a UUID version 7: random, but sorted by the moment it was made in (to a quarter of a microsecond)."""
    millis, rest = divmod(time.time_ns(), 1_000_000)
    value = (millis & (2**48 - 1)) << 80 | 0x7 << 76 | (rest << 12) // 1_000_000 << 64 | 0b10 << 62 | secrets.randbits(62)
    return UUID(int=value)


def derived_id(*parts: object) -> UUID:
    """The same parts give the same id, so that doing a thing again finds what the first time made."""
    return uuid5(_NAMESPACE, "\x1f".join(str(part) for part in parts))


def dealer_named(slug: str) -> DealerId:
    """A dealer's id follows from its short name, which never changes: so any command can name it, before any look-up."""
    return DealerId(derived_id("dealer", slug.strip().lower()))


def link_code() -> str:
    """The ten random characters that stand in a customer's links (49 bits: guessed only by asking, and asking is limited)."""
    return "".join(secrets.choice(_CODE_LETTERS) for _ in range(10))
