"""What is kept for repair belongs to a source and, where it is known, to an order; names are looked up in every source."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
SCHEMA = "ingest"


def upgrade() -> None:
    op.add_column("kept", sa.Column("source_id", sa.Uuid), schema=SCHEMA)
    op.add_column("kept", sa.Column("number", sa.String), schema=SCHEMA)
    op.create_index("kept_source_idx", "kept", ["dealer_id", "source_id"], schema=SCHEMA)
    op.add_column("import", sa.Column("header", sa.String), schema=SCHEMA)
    op.create_index("alias_name_idx", "alias", ["dealer_id", "kind", "name"], schema=SCHEMA)
