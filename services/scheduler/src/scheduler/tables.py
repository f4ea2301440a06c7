"""The rows the scheduler owns: facts as they were told, cycles with their contacts, and one decision per vehicle and type."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from common import db

SCHEMA = "scheduler"
metadata = db.schema(SCHEMA)


class Row(SQLModel, registry=registry(metadata=metadata)):
    """The base of the scheduler's tables."""


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


class CycleRow(Row, table=True):
    """One invitation, with what was told of it last."""

    __tablename__ = "cycle"
    __table_args__ = (sa.Index(None, "dealer_id", "vehicle_id"), sa.Index(None, "dealer_id", "type", "anchor"))

    dealer_id: UUID = Field(primary_key=True)
    invitation_id: UUID = Field(primary_key=True)
    vehicle_id: UUID
    type: str
    anchor: date
    code: str
    stage: str
    outcome: str | None = None
    closed_on: date | None = None
    stood_on: date | None = None
    revision: int = Field(sa_type=sa.BigInteger)
    told: dict[str, Any] = Field(sa_type=JSONB)


class ContactRow(Row, table=True):
    """One step of one invitation, from the moment it was handed to the notifier."""

    __tablename__ = "contact"
    __table_args__ = (sa.Index(None, "dealer_id", "customer_id", "on_day"), sa.CheckConstraint("step in (1, 2)", name="step"))

    dealer_id: UUID = Field(primary_key=True)
    invitation_id: UUID = Field(primary_key=True)
    step: int = Field(primary_key=True)
    vehicle_id: UUID
    customer_id: UUID
    message_id: UUID
    state: str
    channel: str
    email: str | None = None
    mobile: str | None = None
    single_channel: bool = False
    refused: list[str] = Field(default_factory=list, sa_type=ARRAY(sa.Text))  # addresses
    handed_on: date
    on_day: date | None = None
    at: datetime | None = Field(default=None, sa_type=sa.DateTime(timezone=True))


class DecisionRow(Row, table=True):
    """The one decision about a vehicle and type: why, and when it is looked at next."""

    __tablename__ = "decision"
    __table_args__ = (sa.Index(None, "dealer_id", "look_on"),)

    dealer_id: UUID = Field(primary_key=True)
    vehicle_id: UUID = Field(primary_key=True)
    type: str = Field(primary_key=True)
    invitation_id: UUID | None = None
    look_on: date | None = None
    decided_on: date
    reasons: list[dict[str, Any]] = Field(sa_type=JSONB)


class CampaignRow(Row, table=True):
    """A wheel season of the dealer, or of one workshop: how often the dealer was asked, and when its days were dealt."""

    __tablename__ = "campaign"

    dealer_id: UUID = Field(primary_key=True)
    campaign_id: UUID = Field(primary_key=True)
    type: str
    workshop_id: UUID | None = None
    season_on: date
    asked: int = 0  # of the three mails to the dealer
    dealt_at: datetime | None = Field(default=None, sa_type=sa.DateTime(timezone=True))
    ticked_on: date | None = None  # the last day on which its days were looked at: later ones were lost to a stop


class PlaceRow(Row, table=True):
    """The day that a vehicle's customer was dealt in a season, or after a type was switched on; None: no room so far."""

    __tablename__ = "place"
    __table_args__ = (sa.Index(None, "dealer_id", "vehicle_id"),)

    dealer_id: UUID = Field(primary_key=True)
    campaign_id: UUID = Field(primary_key=True)
    vehicle_id: UUID = Field(primary_key=True)
    customer_id: UUID
    day: date | None = None
    rank: int | None = None  # in the dealing; None came later


class RolloutRow(Row, table=True):
    """When a type was last switched on, or its interval changed."""

    __tablename__ = "rollout"

    dealer_id: UUID = Field(primary_key=True)
    type: str = Field(primary_key=True)
    changed_on: date
