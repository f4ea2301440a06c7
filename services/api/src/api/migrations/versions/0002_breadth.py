"""Filters of the lists, what staff does to a customer or vehicle, kept answers, and what changed."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from common import db

revision = "0002"
down_revision = "0001"
SCHEMA = "api"
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    filters()
    acts_replies_and_changes()
    op.add_column("user", sa.Column("workshops", JSONB, nullable=False, server_default="[]"), schema=SCHEMA)
    db.secure(op, SCHEMA, "act", "reply", "change")


def filters() -> None:
    """Computed by the database, for the owner cannot see the rows of dealers to fill them in."""
    op.execute(
        f"""alter table {SCHEMA}.invitation add column dated_at timestamptz,
        add column type text generated always as (body->>'type') stored,
        add column blocked text generated always as (body->>'blocked') stored,
        add column workshop_id uuid generated always as (cast(body->>'workshop_id' as uuid)) stored"""
    )
    for names in (["outcome", "closed_on"], ["blocked"], ["vehicle_id"], ["customer_id"]):
        columns = ["dealer_id", *names]
        op.create_index(f"invitation_{'_'.join(columns)}_idx", "invitation", columns, schema=SCHEMA)
    op.create_index("answer_dealer_id_kind_at_idx", "answer", ["dealer_id", "kind", "at"], schema=SCHEMA)


def acts_replies_and_changes() -> None:
    op.create_table(
        "act",
        sa.Column("dealer_id", sa.Uuid, primary_key=True),
        sa.Column("act_id", sa.Uuid, primary_key=True),
        sa.Column("subject_id", sa.Uuid, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("reason", sa.String),
        sa.Column("user_id", sa.Uuid),
        sa.Column("at", INSTANT, nullable=False),
        schema=SCHEMA,
    )
    op.create_index("act_dealer_id_subject_id_idx", "act", ["dealer_id", "subject_id"], schema=SCHEMA)
    op.create_table(
        "reply",
        sa.Column("dealer_id", sa.Uuid, primary_key=True),
        sa.Column("user_id", sa.Uuid, primary_key=True),
        sa.Column("key", sa.String, primary_key=True),
        sa.Column("asked", sa.LargeBinary, nullable=False),
        sa.Column("status", sa.Integer),
        sa.Column("body", sa.String),
        sa.Column("at", INSTANT, nullable=False),
        schema=SCHEMA,
    )
    op.create_index("reply_dealer_id_at_idx", "reply", ["dealer_id", "at"], schema=SCHEMA)
    op.execute(
        f"""create table {SCHEMA}.change (
            dealer_id uuid not null, change_id uuid not null, xid xid8 not null default pg_current_xact_id(),
            kind varchar not null, lists jsonb not null, ids jsonb, at timestamptz not null,
            constraint change_pkey primary key (dealer_id, change_id))"""
    )
    op.create_index("change_dealer_id_xid_idx", "change", ["dealer_id", "xid"], schema=SCHEMA)
    op.create_index("change_dealer_id_at_idx", "change", ["dealer_id", "at"], schema=SCHEMA)
