"""The rows leads owns: facts as they were told, leads with their one mail, and one decision per vehicle and type."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from common import db

SCHEMA = "leads"
metadata = db.schema(SCHEMA)


class Row(SQLModel, registry=registry(metadata=metadata)):
    """The base of the tables of leads."""


class FactRow(Row, table=True):
    """An event as it was heard: of a state the newest, of what happened each."""

    __tablename__ = "fact"
    __table_args__ = (sa.Index(None, "dealer_id", "vehicle_id"), sa.Index(None, "dealer_id", "customer_id", "name"))

    dealer_id: UUID = Field(primary_key=True)
    name: str = Field(primary_key=True)
    entity: UUID = Field(primary_key=True)
    revision: int = Field(sa_type=sa.BigInteger)
    vehicle_id: UUID | None = None
    customer_id: UUID | None = None
    at: datetime = Field(sa_type=sa.DateTime(timezone=True))
    body: dict[str, Any] = Field(sa_type=JSONB)


class LeadRow(Row, table=True):
    """One lead, with what was told of it last."""

    __tablename__ = "lead"
    __table_args__ = (sa.Index(None, "dealer_id", "vehicle_id"),)

    dealer_id: UUID = Field(primary_key=True)
    lead_id: UUID = Field(primary_key=True)
    vehicle_id: UUID
    type: str
    anchor: date
    code: str
    stage: str
    outcome: str | None = None
    closed_on: date | None = None
    revision: int = Field(sa_type=sa.BigInteger)
    told: dict[str, Any] = Field(sa_type=JSONB)


class MailRow(Row, table=True):
    """The one mail of a lead, from the moment it was handed to the notifier."""

    __tablename__ = "mail"
    __table_args__ = (sa.Index(None, "dealer_id", "message_id"),)

    dealer_id: UUID = Field(primary_key=True)
    lead_id: UUID = Field(primary_key=True)
    customer_id: UUID
    message_id: UUID
    state: str
    email: str
    refused: list[str] = Field(default_factory=list, sa_type=ARRAY(sa.Text))  # addresses
    handed_on: date
    on_day: date | None = None
    bounced_at: datetime | None = Field(default=None, sa_type=sa.DateTime(timezone=True))


class DecisionRow(Row, table=True):
    """The one decision about a vehicle and type: why, and when it is looked at next."""

    __tablename__ = "decision"
    __table_args__ = (sa.Index(None, "dealer_id", "look_on"),)

    dealer_id: UUID = Field(primary_key=True)
    vehicle_id: UUID = Field(primary_key=True)
    type: str = Field(primary_key=True)
    lead_id: UUID | None = None
    look_on: date | None = None
    decided_on: date
    reasons: list[dict[str, Any]] = Field(sa_type=JSONB)
