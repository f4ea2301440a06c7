"""Customers' addresses as a column: which of them many share is asked about a few at a time."""

from alembic import op

from common.placeholders import keep_addresses

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    keep_addresses(op, "leads", "email")
