"""The rows notifier owns. A contact's primary key is the promise that nobody is contacted twice for one thing."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, DateTime
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from common import db

SCHEMA = "notifier"
metadata = db.schema(SCHEMA)


class Row(SQLModel, registry=registry(metadata=metadata)):
    """Base of notifier's rows."""


def _instant(*, nullable: bool = True) -> Any:
    return Field(default=None, sa_column=Column(DateTime(timezone=True), nullable=nullable))


class FactRow(Row, table=True):
    """The newest state heard of a customer, vehicle, dealer, workshop or user."""

    __tablename__ = "fact"
    dealer_id: UUID = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    id: UUID = Field(primary_key=True)
    revision: int
    body: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))


class AliasRow(Row, table=True):
    """Two customers, or two vehicles, that turned out to be one."""

    __tablename__ = "alias"
    dealer_id: UUID = Field(primary_key=True)
    id: UUID = Field(primary_key=True)
    into_id: UUID = Field(index=True)
    revision: int


class AppointmentRow(Row, table=True):
    """An appointment as it stands, and when (business time) it last changed."""

    __tablename__ = "appointment"
    dealer_id: UUID = Field(primary_key=True)
    appointment_id: UUID = Field(primary_key=True)
    revision: int
    vehicle_id: UUID | None = None
    customer_id: UUID | None = None
    invitation_id: UUID | None = None
    status: str
    changed_at: datetime = _instant(nullable=False)


class AnswerRow(Row, table=True):
    """What a customer or staff said that ends or suspends contact; `alert` while employees are still to be told."""

    __tablename__ = "answer"
    dealer_id: UUID = Field(primary_key=True)
    event_id: UUID = Field(primary_key=True)
    kind: str  # answered, suppressed, followed_up, campaign
    invitation_id: UUID | None = None  # or the lead that it is about
    vehicle_id: UUID | None = None
    customer_id: UUID | None = None
    type: str | None = None
    channel: str | None = None
    answer: str | None = None
    reason: str | None = None
    said_at: datetime = _instant(nullable=False)  # as the event says
    heard_at: datetime = _instant(nullable=False)  # of its envelope
    alert: str | None = None


class CampaignQuestionRow(Row, table=True):
    """A question about a wheel season to the dealer, once each; `told` when its mails were made due."""

    __tablename__ = "campaign_question"
    dealer_id: UUID = Field(primary_key=True)
    campaign_id: UUID = Field(primary_key=True)
    question: str = Field(primary_key=True)
    event_id: UUID
    body: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    heard_at: datetime = _instant(nullable=False)
    told: bool = False


class HoldRow(Row, table=True):
    """When an invitation, vehicle or customer was last held back by staff, and when last let go; the later one counts."""

    __tablename__ = "hold"
    dealer_id: UUID = Field(primary_key=True)
    subject_id: UUID = Field(primary_key=True)
    held_at: datetime | None = _instant()
    restored_at: datetime | None = _instant()


class MessageRow(Row, table=True):
    """One message: what is due, as sent, and what became of it."""

    __tablename__ = "message"
    dealer_id: UUID = Field(primary_key=True)
    message_id: UUID = Field(primary_key=True)
    purpose: str
    channel: str
    customer_id: UUID | None = None
    user_id: UUID | None = None
    workshop_id: UUID | None = None
    due: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    cause_id: UUID  # the event that said so
    decided_at: datetime = _instant(nullable=False)
    state: str
    waits: str | None = None
    send_at: datetime = _instant(nullable=False)  # when to look at it next
    claim: UUID | None = None
    leased_until: datetime | None = _instant()  # the database's clock
    looked: bool = False  # the last look is behind it: from here on it may have left
    attempts: int = 0
    local_on: date | None = None
    language: str | None = None
    address: str | None = None
    subject: str | None = None
    text: str | None = None
    html: str | None = None
    provider_ref: str | None = None
    because: str | None = None
    sent_at: datetime | None = _instant()
    listed_at: datetime = _instant(nullable=False)  # where it stands in lists


class ContactRow(Row, table=True):
    """One contact that was claimed: once per purpose, reference and step, ever."""

    __tablename__ = "contact"
    __table_args__ = (CheckConstraint("step in (1, 2)", name="step"),)
    dealer_id: UUID = Field(primary_key=True)
    purpose: str = Field(primary_key=True)
    reference: UUID = Field(primary_key=True)
    step: int = Field(primary_key=True)
    message_id: UUID
    vehicle_id: UUID | None = None
    type: str | None = None
    state: str
    claimed_at: datetime = _instant(nullable=False)


class LinkRow(Row, table=True):
    """A followable place in a message: its token, and the path that it leads to."""

    __tablename__ = "link"
    dealer_id: UUID = Field(primary_key=True)
    token: str = Field(primary_key=True)
    message_id: UUID
    kind: str
    path: str
    reference: UUID | None = None
    step: int | None = None


class HistoryRow(Row, table=True):
    """What happened to a message, in order: states, opens, clicks."""

    __tablename__ = "history"
    dealer_id: UUID = Field(primary_key=True)
    message_id: UUID = Field(primary_key=True)
    number: int = Field(primary_key=True)
    at: datetime = _instant(nullable=False)
    what: str
    detail: str | None = None
    token: str | None = None
    by_machine: bool = False


class StrayRow(Row, table=True):
    """How many callbacks of a provider came on a day that belong to no message of ours, or that we cannot read."""

    __tablename__ = "stray"
    dealer_id: UUID = Field(primary_key=True)
    source: str = Field(primary_key=True)
    on_day: date = Field(primary_key=True)
    seen: int


def columns(row: type[Row]) -> Any:
    """The columns of a row's table, for statements."""
    return metadata.tables[f"notifier.{row.__tablename__}"].c
