"""The rows that the classifier owns: texts as they came, what was last told of each, and what dealers and people said of them."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, LargeBinary, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from common import db

metadata = db.schema("classifier")


class Row(SQLModel, registry=registry(metadata=metadata)):
    """The base of the rows below."""


class WorkOrderRow(Row, table=True):
    """An order as it was last heard (`body`: the event's bytes), and what was last told of it by event name."""

    __tablename__ = "work_order"
    dealer_id: UUID = Field(primary_key=True)
    order_id: UUID = Field(primary_key=True)
    revision: int = Field(sa_type=BigInteger)
    body: bytes = Field(sa_type=LargeBinary)
    heard_on: date
    lexicon: str | None = None
    told: bytes = Field(default=b"{}", sa_type=LargeBinary)
    unclear_on: date | None = None  # the day of the visit, while somebody should look at it


class AppointmentRow(Row, table=True):
    """An appointment as it was last heard, and what was told of it."""

    __tablename__ = "appointment"
    dealer_id: UUID = Field(primary_key=True)
    appointment_id: UUID = Field(primary_key=True)
    revision: int = Field(sa_type=BigInteger)
    body: bytes = Field(sa_type=LargeBinary)
    heard_on: date
    lexicon: str | None = None
    told: bytes = Field(default=b"{}", sa_type=LargeBinary)


class DealerRow(Row, table=True):
    """A dealer's language: which lexicon reads its texts."""

    __tablename__ = "dealer"
    dealer_id: UUID = Field(primary_key=True)
    revision: int = Field(sa_type=BigInteger)
    language: str


class LexiconVersionRow(Row, table=True):
    """What a dealer added to its lexicon, as it was published under that number."""

    __tablename__ = "lexicon_version"
    dealer_id: UUID = Field(primary_key=True)
    number: int = Field(primary_key=True)
    content: dict[str, Any] = Field(sa_type=JSONB)
    digest: str  # of the content
    note: str
    user_id: UUID | None = None  # None: by the command line
    at: datetime = Field(sa_type=DateTime(timezone=True))
    again_of: int | None = None  # the earlier version whose content it has


class DraftRow(Row, table=True):
    """An addition that is tried on the history: how far (`after_id` is the last order), and against which version."""

    __tablename__ = "draft"
    dealer_id: UUID = Field(primary_key=True)
    draft_id: UUID = Field(primary_key=True)
    content: dict[str, Any] = Field(sa_type=JSONB)
    note: str
    user_id: UUID | None = None
    made_at: datetime = Field(sa_type=DateTime(timezone=True))
    against: int
    total: int
    tried: int
    after_id: UUID | None = None
    ended_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))


class DraftChangeRow(Row, table=True):
    """A visit that a draft would give a tag, or take it from, with the words that decide."""

    __tablename__ = "draft_change"
    dealer_id: UUID = Field(primary_key=True)
    draft_id: UUID = Field(primary_key=True)
    order_id: UUID = Field(primary_key=True)
    tag: str = Field(primary_key=True)
    gained: bool
    vehicle_id: UUID | None = None
    number: str
    visited_on: date
    words: dict[str, Any] = Field(sa_type=JSONB)
    because: dict[str, Any] | None = Field(default=None, sa_type=JSONB)
    tags_after: list[str] = Field(sa_type=ARRAY(Text))


class VerdictRow(Row, table=True):
    """What somebody said a visit was about, and of which text (`text_mark`); it holds until it is ended."""

    __tablename__ = "verdict"
    dealer_id: UUID = Field(primary_key=True)
    verdict_id: UUID = Field(primary_key=True)
    order_id: UUID
    tags: list[str] = Field(sa_type=ARRAY(Text))
    remark: str
    user_id: UUID | None = None
    given_at: datetime = Field(sa_type=DateTime(timezone=True))
    text_mark: str
    ended_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    ended_by: UUID | None = None


class MechanicRow(Row, table=True):
    """The name that a code of a mechanic stands for; None: it was taken away."""

    __tablename__ = "mechanic"
    dealer_id: UUID = Field(primary_key=True)
    code: str = Field(primary_key=True)
    name: str | None = None
    user_id: UUID | None = None
    at: datetime = Field(sa_type=DateTime(timezone=True))


class OrderMechanicRow(Row, table=True):
    """A mechanic of a visit, whether it is written by a code, and the name under which he was told last (None: as written)."""

    __tablename__ = "order_mechanic"
    dealer_id: UUID = Field(primary_key=True)
    code: str = Field(primary_key=True)
    order_id: UUID = Field(primary_key=True)
    is_code: bool
    told_as: str | None = None


class ReplyRow(Row, table=True):
    """What was answered to a request with an Idempotency-Key."""

    __tablename__ = "reply"
    dealer_id: UUID = Field(primary_key=True)
    user_id: UUID = Field(primary_key=True)
    key: str = Field(primary_key=True)
    asked: bytes = Field(sa_type=LargeBinary)
    status: int | None = None
    body: str | None = None
    at: datetime = Field(sa_type=DateTime(timezone=True))


def columns(row: Any) -> Any:
    """The table of a row class, for statements (sqlmodel does not type it)."""
    return row.__table__
