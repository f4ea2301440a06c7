"""Bookings of other systems, each with what is known of it; those that were moved into each other share a chain."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from common import db

revision = "0007"
down_revision = "0006"
SCHEMA = "ingest"


def upgrade() -> None:
    op.create_table(
        "booking",
        sa.Column("dealer_id", sa.Uuid, primary_key=True),
        sa.Column("source_id", sa.Uuid, primary_key=True),
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("chain_id", sa.Uuid, nullable=False),
        sa.Column("facts", JSONB, nullable=False),
        sa.Column("invitation_id", sa.Uuid),
        schema=SCHEMA,
    )
    op.create_index("booking_chain_idx", "booking", ["dealer_id", "source_id", "chain_id"], schema=SCHEMA)
    db.secure(op, SCHEMA, "booking")
