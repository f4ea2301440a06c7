"""The rows ingest owns: sources with their secrets and cursors, and everything a source told, under ids that ingest minted."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from common import db

SCHEMA = "ingest"
metadata = db.schema(SCHEMA)


class Row(SQLModel, registry=registry(metadata=metadata)):
    """The base of ingest's tables."""


class DealerRow(Row, table=True):
    """What ingest needs to know of a dealer."""

    __tablename__ = "dealer"

    dealer_id: UUID = Field(primary_key=True)
    revision: int = Field(sa_type=sa.BigInteger)
    country: str
    timezone: str


class SourceRow(Row, table=True):
    """A connection: where it is, how often it is asked, how far it was read, and how it fares."""

    __tablename__ = "source"

    dealer_id: UUID = Field(primary_key=True)
    source_id: UUID = Field(primary_key=True)
    title: str
    kind: str
    config: dict[str, Any] = Field(sa_type=JSONB)
    secrets: bytes | None = None  # sealed; never on the bus, never in a log
    cursor: dict[str, Any] = Field(sa_type=JSONB)
    state: str = "new"  # new, fine, waits, fails
    problem: str | None = None
    fresh_at: datetime | None = Field(default=None, sa_type=sa.DateTime(timezone=True))
    calls_on: str | None = None  # the day that `calls` counts
    calls: int = 0
    revision: int = Field(default=0, sa_type=sa.BigInteger)
    told: dict[str, Any] | None = Field(default=None, sa_type=JSONB)


class EntityRow(Row, table=True):
    """A customer, vehicle, contract, order or appointment as last told, under the id that ingest minted."""

    __tablename__ = "entity"
    __table_args__ = (
        sa.Index("entity_vehicle_idx", "dealer_id", "kind", "vehicle_id"),
        sa.Index("entity_customer_idx", "dealer_id", "kind", "customer_id", "status", "amount"),
        sa.Index("entity_status_idx", "dealer_id", "kind", "status"),
        sa.Index("entity_credits_idx", "dealer_id", "kind", "credits"),
        *(
            sa.Index(f"entity_{name}_idx", "dealer_id", name, postgresql_where=sa.text(f"{name} is not null"))
            for name in ("owner_id", "email", "mobile")
        ),
    )

    dealer_id: UUID = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    entity_id: UUID = Field(primary_key=True)
    revision: int = Field(sa_type=sa.BigInteger)
    told: dict[str, Any] = Field(sa_type=JSONB)
    vehicle_id: UUID | None = None
    customer_id: UUID | None = None
    status: str | None = None
    amount: int | None = Field(default=None, sa_type=sa.BigInteger)  # of an order, net
    credits: str | None = None  # the number of the order that this credit note takes back
    as_of: str = ""  # what an older snapshot than this one says only fills gaps
    given: dict[str, str] | None = Field(default=None, sa_type=JSONB)  # of a customer: the source of what a list may take back
    owner_id: UUID | None = None  # of a vehicle: its customer as a list of vehicles has it,
    owner_since: date | None = None  # and since when
    email: str | None = None  # of a customer, in lower case
    mobile: str | None = None


class AliasRow(Row, table=True):
    """A name by which an entity is known again: a source's own id, a VIN, a plate."""

    __tablename__ = "alias"
    __table_args__ = (
        sa.Index(None, "dealer_id", "kind", "entity_id"),
        sa.Index("alias_name_idx", "dealer_id", "kind", "name"),
    )

    dealer_id: UUID = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    scope: str = Field(primary_key=True)  # vin, plate, or the source's id
    name: str = Field(primary_key=True)
    entity_id: UUID
    since: datetime = Field(sa_type=sa.DateTime(timezone=True))  # the latest moment of which a source told so


class ImportRow(Row, table=True):
    """One file that was brought, or is to be: what was asked for, and how far it is."""

    __tablename__ = "import"
    __table_args__ = (sa.Index("import_key_idx", "dealer_id", "key", unique=True, postgresql_where=sa.text("key is not null")),)

    dealer_id: UUID = Field(primary_key=True)
    import_id: UUID = Field(primary_key=True)
    source_id: UUID
    file: str
    header: str | None = None  # of a CSV, so that its bad rows can be written as a file again
    begun_at: datetime = Field(sa_type=sa.DateTime(timezone=True))
    ended_at: datetime | None = Field(default=None, sa_type=sa.DateTime(timezone=True))
    recorded: int = 0
    unchanged: int = 0
    bad: int = 0  # rows
    state: str = Field(default="done", sa_column_kwargs={"server_default": "done"})  # waiting, running, done, failed
    kind: str | None = None  # of its content; None where the lines say it themselves
    mapping: dict[str, Any] | None = Field(default=None, sa_type=JSONB)
    dry_run: bool = Field(default=False, sa_column_kwargs={"server_default": "false"})
    complete: bool = Field(default=False, sa_column_kwargs={"server_default": "false"})
    upload_id: UUID | None = None  # its file, where that is kept
    repairs: UUID | None = None  # the import whose bad rows it brings again
    key: str | None = None  # what the asker calls this request
    request: bytes | None = None  # what was asked, in brief: the same key must mean the same
    problem: str | None = None
    note: str | None = None
    examples: list[dict[str, str]] | None = Field(default=None, sa_type=JSONB)
    rows: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    rows_read: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    things: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    done: int = Field(default=0, sa_column_kwargs={"server_default": "0"})  # of the things: where it goes on after a crash
    new: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    changed: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    taken_back: int = Field(default=0, sa_column_kwargs={"server_default": "0"})


class UploadRow(Row, table=True):
    """A file that was sent, kept so that it can be read again with another mapping."""

    __tablename__ = "upload"

    dealer_id: UUID = Field(primary_key=True)
    upload_id: UUID = Field(primary_key=True)
    content: bytes
    stored_at: datetime = Field(sa_type=sa.DateTime(timezone=True))


class FindingRow(Row, table=True):
    """A row of a file that could not be used, as the import's report has it."""

    __tablename__ = "finding"

    dealer_id: UUID = Field(primary_key=True)
    import_id: UUID = Field(primary_key=True)
    line: int = Field(primary_key=True)
    field: str | None = None  # the file's own column
    problem: str
    todo: str
    raw: str


class KeptRow(Row, table=True):
    """What could not be used, kept for repair: a row of a file, an invoice, or the body of a webhook."""

    __tablename__ = "kept"
    __table_args__ = (sa.Index("kept_number_idx", "dealer_id", "source_id", "number"),)

    dealer_id: UUID = Field(primary_key=True)
    source_id: UUID = Field(primary_key=True)
    fingerprint: bytes = Field(primary_key=True)  # of what makes it the same when it is told again
    origin_id: UUID  # the import, the kind of thing, or the event of a webhook
    line: int
    raw: str
    problem: str
    kept_at: datetime = Field(sa_type=sa.DateTime(timezone=True))
    number: str | None = None  # of the order; when that is recorded, nothing is left to repair


class BookingRow(Row, table=True):
    """A booking of another system, and what its webhooks told of it. One that was moved is a new one in the same chain."""

    __tablename__ = "booking"
    __table_args__ = (sa.Index("booking_chain_idx", "dealer_id", "source_id", "chain_id"),)

    dealer_id: UUID = Field(primary_key=True)
    source_id: UUID = Field(primary_key=True)
    name: str = Field(primary_key=True)
    chain_id: UUID
    facts: dict[str, Any] = Field(sa_type=JSONB)
    invitation_id: UUID | None = None
