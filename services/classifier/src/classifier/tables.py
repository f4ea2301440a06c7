"""The rows that the classifier owns: texts as they came, with what was last told of each."""

from datetime import date
from uuid import UUID

from sqlalchemy import BigInteger, LargeBinary
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
