"""Customers' addresses as columns: which of them many share is asked about a few at a time."""

from alembic import op

from common.placeholders import keep_addresses

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    keep_addresses(op, "scheduler", "email", "sms")
