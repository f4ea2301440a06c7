"""Questions about wheel seasons that the dealer is asked by mail."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB, UUID

from common import db

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "campaign_question",
        sa.Column("dealer_id", UUID, primary_key=True),
        sa.Column("campaign_id", UUID, primary_key=True),
        sa.Column("question", sa.Text, primary_key=True),
        sa.Column("event_id", UUID, nullable=False),
        sa.Column("body", JSONB, nullable=False),
        sa.Column("heard_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("told", sa.Boolean, nullable=False, server_default=sa.false()),
        schema="notifier",
    )
    op.create_index(
        "campaign_question_open_idx", "campaign_question", ["dealer_id"], schema="notifier", postgresql_where=sa.text("not told")
    )
    db.secure(op, "notifier", "campaign_question")
