"""What dealers add to their lexicon and try before they publish it, what people said of unclear visits, and mechanics."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from common import db

revision = "0002"
down_revision = "0001"
SCHEMA = "classifier"
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    versions_and_drafts()
    reviews()
    mechanics()
    replies()
    db.secure(op, SCHEMA, "lexicon_version", "draft", "draft_change", "verdict", "mechanic", "order_mechanic", "reply")


def versions_and_drafts() -> None:
    op.create_table(
        "lexicon_version",
        sa.Column("dealer_id", sa.Uuid, primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("content", JSONB, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("user_id", sa.Uuid),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("again_of", sa.Integer),
        schema=SCHEMA,
    )
    op.create_table(
        "draft",
        sa.Column("dealer_id", sa.Uuid, primary_key=True),
        sa.Column("draft_id", sa.Uuid, primary_key=True),
        sa.Column("content", JSONB, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("user_id", sa.Uuid),
        sa.Column("made_at", INSTANT, nullable=False),
        sa.Column("against", sa.Integer, nullable=False),
        sa.Column("total", sa.Integer, nullable=False),
        sa.Column("tried", sa.Integer, nullable=False),
        sa.Column("after_id", sa.Uuid),
        sa.Column("ended_at", INSTANT),
        schema=SCHEMA,
    )
    op.create_table(
        "draft_change",
        sa.Column("dealer_id", sa.Uuid, primary_key=True),
        sa.Column("draft_id", sa.Uuid, primary_key=True),
        sa.Column("order_id", sa.Uuid, primary_key=True),
        sa.Column("tag", sa.Text, primary_key=True),
        sa.Column("gained", sa.Boolean, nullable=False),
        sa.Column("vehicle_id", sa.Uuid),
        sa.Column("number", sa.Text, nullable=False),
        sa.Column("visited_on", sa.Date, nullable=False),
        sa.Column("words", JSONB, nullable=False),
        sa.Column("because", JSONB),
        sa.Column("tags_after", ARRAY(sa.Text), nullable=False),
        sa.ForeignKeyConstraint(
            ["dealer_id", "draft_id"], [f"{SCHEMA}.draft.dealer_id", f"{SCHEMA}.draft.draft_id"], ondelete="cascade"
        ),
        schema=SCHEMA,
    )
    op.create_index(
        "draft_change_dealer_id_draft_id_vehicle_id_idx", "draft_change", ["dealer_id", "draft_id", "vehicle_id"], schema=SCHEMA
    )


def reviews() -> None:
    op.create_table(
        "verdict",
        sa.Column("dealer_id", sa.Uuid, primary_key=True),
        sa.Column("verdict_id", sa.Uuid, primary_key=True),
        sa.Column("order_id", sa.Uuid, nullable=False),
        sa.Column("tags", ARRAY(sa.Text), nullable=False),
        sa.Column("remark", sa.Text, nullable=False),
        sa.Column("user_id", sa.Uuid),
        sa.Column("given_at", INSTANT, nullable=False),
        sa.Column("text_mark", sa.Text, nullable=False),
        sa.Column("ended_at", INSTANT),
        sa.Column("ended_by", sa.Uuid),
        schema=SCHEMA,
    )
    op.create_index(
        "verdict_dealer_id_order_id_key", "verdict", ["dealer_id", "order_id"], unique=True, schema=SCHEMA,
        postgresql_where=sa.text("ended_at is null"),
    )  # fmt: skip
    op.add_column("work_order", sa.Column("unclear_on", sa.Date), schema=SCHEMA)
    op.create_index(
        "work_order_dealer_id_unclear_on_order_id_idx", "work_order", ["dealer_id", "unclear_on", "order_id"], schema=SCHEMA,
        postgresql_where=sa.text("unclear_on is not null"),
    )  # fmt: skip


def mechanics() -> None:
    op.create_table(
        "mechanic",
        sa.Column("dealer_id", sa.Uuid, primary_key=True),
        sa.Column("code", sa.Text, primary_key=True),
        sa.Column("name", sa.Text),
        sa.Column("user_id", sa.Uuid),
        sa.Column("at", INSTANT, nullable=False),
        schema=SCHEMA,
    )
    op.create_table(
        "order_mechanic",
        sa.Column("dealer_id", sa.Uuid, primary_key=True),
        sa.Column("code", sa.Text, primary_key=True),
        sa.Column("order_id", sa.Uuid, primary_key=True),
        sa.Column("is_code", sa.Boolean, nullable=False),
        sa.Column("told_as", sa.Text),
        schema=SCHEMA,
    )
    op.create_index("order_mechanic_dealer_id_order_id_idx", "order_mechanic", ["dealer_id", "order_id"], schema=SCHEMA)


def replies() -> None:
    op.create_table(
        "reply",
        sa.Column("dealer_id", sa.Uuid, primary_key=True),
        sa.Column("user_id", sa.Uuid, primary_key=True),
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("asked", sa.LargeBinary, nullable=False),
        sa.Column("status", sa.Integer),
        sa.Column("body", sa.Text),
        sa.Column("at", INSTANT, nullable=False),
        schema=SCHEMA,
    )
    op.create_index("reply_dealer_id_at_idx", "reply", ["dealer_id", "at"], schema=SCHEMA)
