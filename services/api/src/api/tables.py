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


def columns(row: Any) -> Any:
    """The table of a row class, for statements (sqlmodel does not type it)."""
    return row.__table__


class Xid8(sa.types.UserDefinedType[str]):
    """A transaction's number, as the database counts them."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        return "xid8"


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
    workshops: list[str] = Field(default=[], sa_type=JSONB)  # that this employee may see; none named: all
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
    __table_args__ = (
        sa.Index(None, "dealer_id", "stage", "send_on"),
        sa.Index(None, "dealer_id", "call_from_on"),
        sa.Index(None, "dealer_id", "outcome", "closed_on"),
        sa.Index(None, "dealer_id", "blocked"),
        sa.Index(None, "dealer_id", "vehicle_id"),
        sa.Index(None, "dealer_id", "customer_id"),
    )

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
    dated_at: datetime | None = Field(default=None, sa_type=INSTANT)  # since when its day is near enough to be listed
    type: str | None = Field(default=None, sa_column=sa.Column(sa.String, sa.Computed("body->>'type'")))
    blocked: str | None = Field(default=None, sa_column=sa.Column(sa.String, sa.Computed("body->>'blocked'")))
    workshop_id: UUID | None = Field(
        default=None, sa_column=sa.Column(sa.Uuid, sa.Computed("cast(body->>'workshop_id' as uuid)"))
    )


class AnswerRow(Row, table=True):
    """What a customer or staff said to an invitation or a lead: api's own fact."""

    __tablename__ = "answer"
    __table_args__ = (sa.Index(None, "dealer_id", "invitation_id"), sa.Index(None, "dealer_id", "kind", "at"))

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


class ActRow(Row, table=True):
    """What staff did to a customer or a vehicle as a whole: excluded, restored, suppressed, owner_released, requested."""

    __tablename__ = "act"
    __table_args__ = (sa.Index(None, "dealer_id", "subject_id"),)

    dealer_id: UUID = Field(primary_key=True)
    act_id: UUID = Field(primary_key=True)
    subject_id: UUID  # a customer, vehicle or campaign
    kind: str
    reason: str | None = None
    user_id: UUID | None = None
    at: datetime = Field(sa_type=INSTANT)


class ReplyRow(Row, table=True):
    """The answer to a request with an Idempotency-Key, kept for a day; sealed, for it may have a password in it."""

    __tablename__ = "reply"
    __table_args__ = (sa.Index(None, "dealer_id", "at"),)

    dealer_id: UUID = Field(primary_key=True)
    user_id: UUID = Field(primary_key=True)
    key: str = Field(primary_key=True)
    asked: bytes  # a hash of the request
    status: int | None = None
    body: str | None = None
    at: datetime = Field(sa_type=INSTANT)


class ChangeRow(Row, table=True):
    """What one transaction changed, for those who watch: kinds, lists and ids, kept for an hour."""

    __tablename__ = "change"
    __table_args__ = (sa.Index(None, "dealer_id", "xid"), sa.Index(None, "dealer_id", "at"))

    dealer_id: UUID = Field(primary_key=True)
    change_id: UUID = Field(primary_key=True)
    xid: str | None = Field(default=None, sa_column=sa.Column(Xid8, server_default=sa.text("pg_current_xact_id()")))
    kind: str
    lists: list[str] = Field(sa_type=JSONB)
    ids: list[str] | None = Field(default=None, sa_type=JSONB)  # None: too many to name
    at: datetime = Field(sa_type=INSTANT)
