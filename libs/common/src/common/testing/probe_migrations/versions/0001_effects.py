"""What the listener did, in the order it did it."""

import sqlalchemy as sa
from alembic import context, op

from common import db

revision = "0001"
down_revision = None


def upgrade() -> None:
    schema = context.config.attributes["schema"]
    op.create_table(
        "effect",
        sa.Column("dealer_id", sa.Uuid, nullable=False),
        sa.Column("nth", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("item", sa.Uuid, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("dealer_id", "nth"),
        schema=schema,
    )
    db.secure(op, schema, "effect")
