"""Logins and sessions, links and webhooks, users, answers, and what the lists are made of."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from common import db

revision = "0001"
down_revision = None
SCHEMA = "api"
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    before_the_dealer_is_known()
    of_a_dealer()
    db.grant(op, SCHEMA, "login", "session", "attempt", "link", "endpoint")
    db.secure(op, SCHEMA, "endpoint_secret", "delivery", '"user"', "told", "invitation", "answer")


def before_the_dealer_is_known() -> None:
    op.create_table(
        "login",
        sa.Column("email", sa.String, primary_key=True),
        sa.Column("dealer_id", sa.Uuid, nullable=False),
        sa.Column("user_id", sa.Uuid, nullable=False),
        schema=SCHEMA,
    )
    op.create_table(
        "session",
        sa.Column("token_hash", sa.LargeBinary, primary_key=True),
        sa.Column("dealer_id", sa.Uuid, nullable=False),
        sa.Column("user_id", sa.Uuid, nullable=False),
        sa.Column("begun_at", INSTANT, nullable=False),
        sa.Column("seen_at", INSTANT, nullable=False),
        schema=SCHEMA,
    )
    op.create_table(
        "attempt",
        sa.Column("what", sa.LargeBinary, primary_key=True),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("not_before", INSTANT, nullable=False),
        schema=SCHEMA,
    )
    op.create_table(
        "link",
        sa.Column("code", sa.String, primary_key=True),
        sa.Column("dealer_id", sa.Uuid, nullable=False),
        sa.Column("invitation_id", sa.Uuid, nullable=False),
        schema=SCHEMA,
    )
    op.create_table(
        "endpoint",
        sa.Column("endpoint", sa.String, primary_key=True),
        sa.Column("dealer_id", sa.Uuid, nullable=False),
        sa.Column("source", sa.String, nullable=False),
        schema=SCHEMA,
    )


def of_a_dealer() -> None:
    op.create_table(
        "endpoint_secret",
        sa.Column("dealer_id", sa.Uuid, primary_key=True),
        sa.Column("endpoint", sa.String, primary_key=True),
        sa.Column("secret", sa.String, primary_key=True),
        sa.Column("added_at", INSTANT, nullable=False),
        schema=SCHEMA,
    )
    op.create_table(
        "delivery",
        sa.Column("dealer_id", sa.Uuid, primary_key=True),
        sa.Column("source", sa.String, primary_key=True),
        sa.Column("delivery_id", sa.String, primary_key=True),
        sa.Column("at", INSTANT, nullable=False),
        schema=SCHEMA,
    )
    op.create_table(
        "user",
        sa.Column("dealer_id", sa.Uuid, primary_key=True),
        sa.Column("user_id", sa.Uuid, primary_key=True),
        sa.Column("email", sa.String, nullable=False),
        sa.Column("role", sa.String, nullable=False),
        sa.Column("password_hash", sa.String, nullable=False),
        sa.Column("alerts", JSONB, nullable=False),
        sa.Column("language", sa.String, nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        schema=SCHEMA,
    )
    op.create_table(
        "told",
        sa.Column("dealer_id", sa.Uuid, primary_key=True),
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("entity", sa.Uuid, primary_key=True),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("vehicle_id", sa.Uuid),
        sa.Column("customer_id", sa.Uuid),
        sa.Column("body", JSONB, nullable=False),
        schema=SCHEMA,
    )
    op.create_index("told_dealer_id_name_vehicle_id_idx", "told", ["dealer_id", "name", "vehicle_id"], schema=SCHEMA)
    op.create_index("told_dealer_id_name_customer_id_idx", "told", ["dealer_id", "name", "customer_id"], schema=SCHEMA)
    op.create_table(
        "invitation",
        sa.Column("dealer_id", sa.Uuid, primary_key=True),
        sa.Column("invitation_id", sa.Uuid, primary_key=True),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("vehicle_id", sa.Uuid, nullable=False),
        sa.Column("customer_id", sa.Uuid),
        sa.Column("stage", sa.String, nullable=False),
        sa.Column("step", sa.Integer, nullable=False),
        sa.Column("send_on", sa.Date),
        sa.Column("call_from_on", sa.Date),
        sa.Column("closed_on", sa.Date),
        sa.Column("outcome", sa.String),
        sa.Column("permanent", sa.Boolean, nullable=False),
        sa.Column("body", JSONB, nullable=False),
        schema=SCHEMA,
    )
    op.create_index("invitation_dealer_id_stage_send_on_idx", "invitation", ["dealer_id", "stage", "send_on"], schema=SCHEMA)
    op.create_index("invitation_dealer_id_call_from_on_idx", "invitation", ["dealer_id", "call_from_on"], schema=SCHEMA)
    op.create_table(
        "answer",
        sa.Column("dealer_id", sa.Uuid, primary_key=True),
        sa.Column("answer_id", sa.Uuid, primary_key=True),
        sa.Column("invitation_id", sa.Uuid, nullable=False),
        sa.Column("vehicle_id", sa.Uuid, nullable=False),
        sa.Column("customer_id", sa.Uuid),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("reason", sa.String),
        sa.Column("by", sa.String, nullable=False),
        sa.Column("user_id", sa.Uuid),
        sa.Column("at", INSTANT, nullable=False),
        schema=SCHEMA,
    )
    op.create_index("answer_dealer_id_invitation_id_idx", "answer", ["dealer_id", "invitation_id"], schema=SCHEMA)
