"""Facts, leads, their mails and decisions."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from common import db

revision = "0001"
down_revision = None
SCHEMA = "leads"
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "fact",
        sa.Column("dealer_id", sa.Uuid, primary_key=True),
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("entity", sa.Uuid, primary_key=True),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("vehicle_id", sa.Uuid),
        sa.Column("customer_id", sa.Uuid),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("body", JSONB, nullable=False),
        schema=SCHEMA,
    )
    op.create_index("fact_dealer_id_vehicle_id_idx", "fact", ["dealer_id", "vehicle_id"], schema=SCHEMA)
    op.create_index("fact_dealer_id_customer_id_name_idx", "fact", ["dealer_id", "customer_id", "name"], schema=SCHEMA)
    op.create_table(
        "lead",
        sa.Column("dealer_id", sa.Uuid, primary_key=True),
        sa.Column("lead_id", sa.Uuid, primary_key=True),
        sa.Column("vehicle_id", sa.Uuid, nullable=False),
        sa.Column("type", sa.String, nullable=False),
        sa.Column("anchor", sa.Date, nullable=False),
        sa.Column("code", sa.String, nullable=False),
        sa.Column("stage", sa.String, nullable=False),
        sa.Column("outcome", sa.String),
        sa.Column("closed_on", sa.Date),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("told", JSONB, nullable=False),
        schema=SCHEMA,
    )
    op.create_index("lead_dealer_id_vehicle_id_idx", "lead", ["dealer_id", "vehicle_id"], schema=SCHEMA)
    op.create_table(
        "mail",
        sa.Column("dealer_id", sa.Uuid, primary_key=True),
        sa.Column("lead_id", sa.Uuid, primary_key=True),
        sa.Column("customer_id", sa.Uuid, nullable=False),
        sa.Column("message_id", sa.Uuid, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("email", sa.String, nullable=False),
        sa.Column("refused", ARRAY(sa.Text), nullable=False),
        sa.Column("handed_on", sa.Date, nullable=False),
        sa.Column("on_day", sa.Date),
        sa.Column("bounced_at", INSTANT),
        schema=SCHEMA,
    )
    op.create_index("mail_dealer_id_message_id_idx", "mail", ["dealer_id", "message_id"], schema=SCHEMA)
    op.create_table(
        "decision",
        sa.Column("dealer_id", sa.Uuid, primary_key=True),
        sa.Column("vehicle_id", sa.Uuid, primary_key=True),
        sa.Column("type", sa.String, primary_key=True),
        sa.Column("lead_id", sa.Uuid),
        sa.Column("look_on", sa.Date),
        sa.Column("decided_on", sa.Date, nullable=False),
        sa.Column("reasons", JSONB, nullable=False),
        schema=SCHEMA,
    )
    op.create_index("decision_dealer_id_look_on_idx", "decision", ["dealer_id", "look_on"], schema=SCHEMA)
    db.secure(op, SCHEMA, "fact", "lead", "mail", "decision")
