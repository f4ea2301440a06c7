"""The rows dmr-sync owns: each dealer's vehicles with what was told of them, and, without a dealer, the registry's own copy."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from common import db

SCHEMA = "dmr_sync"
metadata = db.schema(SCHEMA)


class Row(SQLModel, registry=registry(metadata=metadata)):
    """The base of dmr-sync's tables."""


class DealerRow(Row, table=True):
    """Which dealers there are, and in which country: they are gone through one by one, so this is found without a dealer."""

    __tablename__ = "dealer"

    dealer_id: UUID = Field(primary_key=True)
    revision: int = Field(sa_type=sa.BigInteger)
    country: str = Field(sa_type=sa.Text)


class VehicleRow(Row, table=True):
    """A dealer's vehicle: by what it is looked for, and what was told of it last."""

    __tablename__ = "vehicle"

    dealer_id: UUID = Field(primary_key=True)
    vehicle_id: UUID = Field(primary_key=True)
    revision: int = Field(sa_type=sa.BigInteger)
    vin: str | None = Field(default=None, sa_type=sa.Text)
    plate: str | None = Field(default=None, sa_type=sa.Text)
    country: str | None = Field(default=None, sa_type=sa.Text)  # None: the dealer's
    into_id: UUID | None = None  # merged into that one
    given: str | None = Field(default=None, sa_type=sa.Text)  # the key of a record that was given for this vehicle by name
    file_id: UUID | None = None  # the newest file in which this VIN and plate are, or were, looked for
    looked_on: date | None = None  # the day of the newest file in which they were looked for to its end
    told_revision: int = Field(default=0, sa_type=sa.BigInteger)
    told: dict[str, Any] | None = Field(default=None, sa_type=JSONB)


class ConnectedRow(Row, table=True):
    """Up to which day a registry was read for a dealer."""

    __tablename__ = "connected"

    dealer_id: UUID = Field(primary_key=True)
    country: str = Field(primary_key=True, sa_type=sa.Text)
    revision: int = Field(sa_type=sa.BigInteger)
    read_on: date


class RecordRow(Row, table=True):
    """The registry's own copy: a vehicle that some dealer has, as all reads until now showed it."""

    __tablename__ = "record"
    __table_args__ = (sa.Index("record_vin_idx", "vin"), sa.Index("record_plate_idx", "plate"))

    key: str = Field(primary_key=True, sa_type=sa.Text)
    vin: str | None = Field(default=None, sa_type=sa.Text)
    plate: str | None = Field(default=None, sa_type=sa.Text)
    read_on: date
    body: dict[str, Any] = Field(sa_type=JSONB)


class FileRow(Row, table=True):
    """A file of the registry that was read, or is: reading → telling → done, or failed."""

    __tablename__ = "file"

    file_id: UUID = Field(primary_key=True)
    country: str = Field(sa_type=sa.Text)
    name: str = Field(sa_type=sa.Text)
    path: str = Field(sa_type=sa.Text)
    read_on: date
    state: str = Field(sa_type=sa.Text)
    began_at: datetime = Field(sa_type=sa.DateTime(timezone=True))
    done_at: datetime | None = Field(default=None, sa_type=sa.DateTime(timezone=True))  # when it was last read to its end
    bytes: int = Field(
        default=0, sa_type=sa.BigInteger
    )  # of XML; like what follows, of the last time that it was read to its end
    rows: int = Field(default=0, sa_type=sa.BigInteger)
    vehicles: int = Field(default=0, sa_type=sa.BigInteger)
    problem: str | None = Field(default=None, sa_type=sa.Text)


class StagedRow(Row, table=True):
    """A row of a wanted vehicle in a file that is not known to be whole yet."""

    __tablename__ = "staged"

    file_id: UUID = Field(primary_key=True)
    key: str = Field(primary_key=True, sa_type=sa.Text)
    place: int = Field(primary_key=True, sa_type=sa.BigInteger)
    body: dict[str, Any] = Field(sa_type=JSONB)
