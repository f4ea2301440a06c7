"""Wheel seasons with the days that customers were dealt, and types that were switched on."""

import sqlalchemy as sa
from alembic import op

from common import db

revision = "0002"
down_revision = "0001"
SCHEMA = "scheduler"


def upgrade() -> None:
    op.create_table(
        "campaign",
        sa.Column("dealer_id", sa.Uuid, primary_key=True),
        sa.Column("campaign_id", sa.Uuid, primary_key=True),
        sa.Column("type", sa.String, nullable=False),
        sa.Column("workshop_id", sa.Uuid),
        sa.Column("season_on", sa.Date, nullable=False),
        sa.Column("asked", sa.Integer, nullable=False, server_default="0"),
        sa.Column("dealt_at", sa.DateTime(timezone=True)),
        sa.Column("ticked_on", sa.Date),
        schema=SCHEMA,
    )
    op.create_table(
        "place",
        sa.Column("dealer_id", sa.Uuid, primary_key=True),
        sa.Column("campaign_id", sa.Uuid, primary_key=True),
        sa.Column("vehicle_id", sa.Uuid, primary_key=True),
        sa.Column("customer_id", sa.Uuid, nullable=False),
        sa.Column("day", sa.Date),
        sa.Column("rank", sa.Integer),
        schema=SCHEMA,
    )
    op.create_index("place_dealer_id_vehicle_id_idx", "place", ["dealer_id", "vehicle_id"], schema=SCHEMA)
    op.create_table(
        "rollout",
        sa.Column("dealer_id", sa.Uuid, primary_key=True),
        sa.Column("type", sa.String, primary_key=True),
        sa.Column("changed_on", sa.Date, nullable=False),
        schema=SCHEMA,
    )
    op.create_index("cycle_dealer_id_type_anchor_idx", "cycle", ["dealer_id", "type", "anchor"], schema=SCHEMA)
    db.secure(op, SCHEMA, "campaign", "place", "rollout")
