"""Dealers and their vehicles with what was told of each, the registry's own copy, and the files that were read."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from common import db

revision = "0001"
down_revision = None
SCHEMA = "dmr_sync"


def upgrade() -> None:
    op.create_table(
        "dealer",
        sa.Column("dealer_id", sa.Uuid, primary_key=True),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("country", sa.Text, nullable=False),
        schema=SCHEMA,
    )
    op.create_table(
        "vehicle",
        sa.Column("dealer_id", sa.Uuid, primary_key=True),
        sa.Column("vehicle_id", sa.Uuid, primary_key=True),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("vin", sa.Text),
        sa.Column("plate", sa.Text),
        sa.Column("country", sa.Text),
        sa.Column("into_id", sa.Uuid),
        sa.Column("given", sa.Text),
        sa.Column("file_id", sa.Uuid),
        sa.Column("looked_on", sa.Date),
        sa.Column("told_revision", sa.BigInteger, nullable=False),
        sa.Column("told", JSONB),
        schema=SCHEMA,
    )
    op.create_table(
        "connected",
        sa.Column("dealer_id", sa.Uuid, primary_key=True),
        sa.Column("country", sa.Text, primary_key=True),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("read_on", sa.Date, nullable=False),
        schema=SCHEMA,
    )
    op.create_table(
        "record",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("vin", sa.Text),
        sa.Column("plate", sa.Text),
        sa.Column("read_on", sa.Date, nullable=False),
        sa.Column("body", JSONB, nullable=False),
        schema=SCHEMA,
    )
    op.create_index("record_vin_idx", "record", ["vin"], schema=SCHEMA)
    op.create_index("record_plate_idx", "record", ["plate"], schema=SCHEMA)
    op.create_table(
        "file",
        sa.Column("file_id", sa.Uuid, primary_key=True),
        sa.Column("country", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("read_on", sa.Date, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True)),
        sa.Column("bytes", sa.BigInteger, nullable=False),
        sa.Column("rows", sa.BigInteger, nullable=False),
        sa.Column("vehicles", sa.BigInteger, nullable=False),
        sa.Column("problem", sa.Text),
        schema=SCHEMA,
    )
    op.create_table(
        "staged",
        sa.Column("file_id", sa.Uuid, primary_key=True),
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("place", sa.BigInteger, primary_key=True),
        sa.Column("body", JSONB, nullable=False),
        schema=SCHEMA,
    )
    db.secure(op, SCHEMA, "vehicle", "connected")
    db.grant(op, SCHEMA, "dealer", "record", "file", "staged")
