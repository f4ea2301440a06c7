"""Contracts, lists of customers and vehicles: who said what of a customer, whose a list says a vehicle is; customers by address."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0006"
down_revision = "0005"
SCHEMA = "ingest"
_ADDRESSES = """
update ingest.entity set email = lower(told->>'email'), mobile = told->>'mobile' where kind = 'customer.changed.v1'
"""


def upgrade() -> None:
    op.add_column("entity", sa.Column("given", JSONB), schema=SCHEMA)
    op.add_column("entity", sa.Column("owner_id", sa.Uuid), schema=SCHEMA)
    op.add_column("entity", sa.Column("owner_since", sa.Date), schema=SCHEMA)
    op.add_column("entity", sa.Column("email", sa.String), schema=SCHEMA)
    op.add_column("entity", sa.Column("mobile", sa.String), schema=SCHEMA)
    op.execute("alter table ingest.entity no force row level security")
    op.execute(_ADDRESSES)
    op.execute("alter table ingest.entity force row level security")
    for name in ("owner_id", "email", "mobile"):
        op.create_index(
            f"entity_{name}_idx", "entity", ["dealer_id", name], schema=SCHEMA, postgresql_where=sa.text(f"{name} is not null")
        )
