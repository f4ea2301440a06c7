"""How often a contact was handed over: what was refused is an address, and another may be tried."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
SCHEMA = "scheduler"


def upgrade() -> None:
    op.add_column("contact", sa.Column("tries", sa.Integer, nullable=False, server_default="0"), schema=SCHEMA)
