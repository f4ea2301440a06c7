"""Leads as last told, with the dates that lists filter on, and whose the codes in their links are."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from common import db

revision = "0003"
down_revision = "0002"
SCHEMA = "api"


def upgrade() -> None:
    op.create_table(
        "lead",
        sa.Column("dealer_id", sa.Uuid, primary_key=True),
        sa.Column("lead_id", sa.Uuid, primary_key=True),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("vehicle_id", sa.Uuid, nullable=False),
        sa.Column("customer_id", sa.Uuid),
        sa.Column("type", sa.String, nullable=False),
        sa.Column("stage", sa.String, nullable=False),
        sa.Column("send_on", sa.Date),
        sa.Column("contacted_on", sa.Date),
        sa.Column("call_from_on", sa.Date),
        sa.Column("outcome", sa.String),
        sa.Column("permanent", sa.Boolean, nullable=False),
        sa.Column("body", JSONB, nullable=False),
        schema=SCHEMA,
    )
    op.create_index("lead_dealer_id_stage_send_on_idx", "lead", ["dealer_id", "stage", "send_on"], schema=SCHEMA)
    op.create_index("lead_dealer_id_contacted_on_idx", "lead", ["dealer_id", "contacted_on"], schema=SCHEMA)
    op.create_table(
        "lead_link",
        sa.Column("code", sa.String, primary_key=True),
        sa.Column("dealer_id", sa.Uuid, nullable=False),
        sa.Column("lead_id", sa.Uuid, nullable=False),
        schema=SCHEMA,
    )
    db.grant(op, SCHEMA, "lead_link")
    db.secure(op, SCHEMA, "lead")
