"""The rows api owns: dealers, users and sessions, answers, and what the others told for the lists."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from common import db

SCHEMA = "api"
metadata = db.schema(SCHEMA)
INSTANT = sa.DateTime(timezone=True)


class Row(SQLModel, registry=registry(metadata=metadata)):
    """The base of api's tables."""


class LoginRow(Row, table=True):
    """Whose an e-mail address is: looked up before the dealer is known, so it says no more than that."""

    __tablename__ = "login"

    email: str = Field(primary_key=True)
    dealer_id: UUID
    user_id: UUID


class SessionRow(Row, table=True):
    """A login that stands. The token itself is nowhere, only its hash."""

    __tablename__ = "session"

    token_hash: bytes = Field(primary_key=True)
    dealer_id: UUID
    user_id: UUID
    begun_at: datetime = Field(sa_type=INSTANT)
    seen_at: datetime = Field(sa_type=INSTANT)


class AttemptRow(Row, table=True):
    """Failed tries of an account, of an address, or of guessing codes; by a hash of what it counts."""

    __tablename__ = "attempt"

    what: bytes = Field(primary_key=True)
    failures: int
    not_before: datetime = Field(sa_type=INSTANT)


class LinkRow(Row, table=True):
    """Whose the code in a customer's link is."""

    __tablename__ = "link"

    code: str = Field(primary_key=True)
    dealer_id: UUID
    invitation_id: UUID


class EndpointRow(Row, table=True):
    """Whose a webhook's address is."""

    __tablename__ = "endpoint"

    endpoint: str = Field(primary_key=True)
    dealer_id: UUID
    source: str


class SecretRow(Row, table=True):
    """The secrets that sign an endpoint's webhooks; two may live side by side while one is replaced."""

    __tablename__ = "endpoint_secret"

    dealer_id: UUID = Field(primary_key=True)
    endpoint: str = Field(primary_key=True)
    secret: str = Field(primary_key=True)
    added_at: datetime = Field(sa_type=INSTANT)


class DeliveryRow(Row, table=True):
    """A webhook that was taken; kept longer than its signature is good."""

    __tablename__ = "delivery"

    dealer_id: UUID = Field(primary_key=True)
    source: str = Field(primary_key=True)
    delivery_id: str = Field(primary_key=True)
    at: datetime = Field(sa_type=INSTANT)


class UserRow(Row, table=True):
    """Somebody who works for a dealer."""

    __tablename__ = "user"

    dealer_id: UUID = Field(primary_key=True)
    user_id: UUID = Field(primary_key=True)
    email: str
    role: str
    password_hash: str
    alerts: list[str] = Field(sa_type=JSONB)
    language: str
    active: bool
    revision: int = Field(sa_type=sa.BigInteger)


class ToldRow(Row, table=True):
    """A state as last told: by api itself (dealers, workshops) or by the others (customers, vehicles, orders, sources)."""

    __tablename__ = "told"
    __table_args__ = (sa.Index(None, "dealer_id", "name", "vehicle_id"), sa.Index(None, "dealer_id", "name", "customer_id"))

    dealer_id: UUID = Field(primary_key=True)
    name: str = Field(primary_key=True)
    entity: UUID = Field(primary_key=True)
    revision: int = Field(sa_type=sa.BigInteger)
    vehicle_id: UUID | None = None
    customer_id: UUID | None = None
    body: dict[str, Any] = Field(sa_type=JSONB)


class InvitationRow(Row, table=True):
    """An invitation as last told, with the dates that lists filter on."""

    __tablename__ = "invitation"
    __table_args__ = (sa.Index(None, "dealer_id", "stage", "send_on"), sa.Index(None, "dealer_id", "call_from_on"))

    dealer_id: UUID = Field(primary_key=True)
    invitation_id: UUID = Field(primary_key=True)
    revision: int = Field(sa_type=sa.BigInteger)
    vehicle_id: UUID
    customer_id: UUID | None = None
    stage: str
    step: int
    send_on: date | None = None
    call_from_on: date | None = None
    closed_on: date | None = None
    outcome: str | None = None
    permanent: bool = False
    body: dict[str, Any] = Field(sa_type=JSONB)


class AnswerRow(Row, table=True):
    """What a customer or staff said to an invitation or a lead: api's own fact."""

    __tablename__ = "answer"
    __table_args__ = (sa.Index(None, "dealer_id", "invitation_id"),)

    dealer_id: UUID = Field(primary_key=True)
    answer_id: UUID = Field(primary_key=True)
    invitation_id: UUID  # or the lead
    vehicle_id: UUID
    customer_id: UUID | None = None
    kind: str  # an Answer; or held, restored, excluded, follow_up
    reason: str | None = None
    by: str
    user_id: UUID | None = None
    at: datetime = Field(sa_type=INSTANT)


class LeadRow(Row, table=True):
    """A lead as last told, with the dates that lists filter on."""

    __tablename__ = "lead"
    __table_args__ = (sa.Index(None, "dealer_id", "stage", "send_on"), sa.Index(None, "dealer_id", "contacted_on"))

    dealer_id: UUID = Field(primary_key=True)
    lead_id: UUID = Field(primary_key=True)
    revision: int = Field(sa_type=sa.BigInteger)
    vehicle_id: UUID
    customer_id: UUID | None = None
    type: str
    stage: str
    send_on: date | None = None
    contacted_on: date | None = None
    call_from_on: date | None = None
    outcome: str | None = None
    permanent: bool = False
    body: dict[str, Any] = Field(sa_type=JSONB)


class LeadLinkRow(Row, table=True):
    """Whose the code in the link of a lead's mail is."""

    __tablename__ = "lead_link"

    code: str = Field(primary_key=True)
    dealer_id: UUID
    lead_id: UUID
