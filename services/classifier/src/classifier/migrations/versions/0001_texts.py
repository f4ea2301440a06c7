"""The texts that are read, what was last told of each, and the language that a dealer writes in."""

import sqlalchemy as sa
from alembic import op

from common import db

revision = "0001"
down_revision = None


def upgrade() -> None:
    for table, key in (("work_order", "order_id"), ("appointment", "appointment_id")):
        op.create_table(
            table,
            sa.Column("dealer_id", sa.Uuid, nullable=False),
            sa.Column(key, sa.Uuid, nullable=False),
            sa.Column("revision", sa.BigInteger, nullable=False),
            sa.Column("body", sa.LargeBinary, nullable=False),
            sa.Column("heard_on", sa.Date, nullable=False),
            sa.Column("lexicon", sa.Text, nullable=True),
            sa.Column("told", sa.LargeBinary, nullable=False),
            sa.PrimaryKeyConstraint("dealer_id", key),
            schema="classifier",
        )
        op.create_index(f"{table}_dealer_id_lexicon_idx", table, ["dealer_id", "lexicon"], schema="classifier")
        db.secure(op, "classifier", table)
    op.create_table(
        "dealer",
        sa.Column("dealer_id", sa.Uuid, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("language", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("dealer_id"),
        schema="classifier",
    )
    db.secure(op, "classifier", "dealer")
