"""What entities are found by, as columns: JSON cannot be searched by an index where rows are secured by dealer."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
SCHEMA = "ingest"


def upgrade() -> None:
    for name in ("vehicle_id", "customer_id"):
        op.add_column("entity", sa.Column(name, sa.Uuid), schema=SCHEMA)
    for name in ("status", "credits"):
        op.add_column("entity", sa.Column(name, sa.String), schema=SCHEMA)
    op.add_column("entity", sa.Column("as_of", sa.String, nullable=False, server_default=""), schema=SCHEMA)
    op.execute(
        "update ingest.entity set vehicle_id = (told->>'vehicle_id')::uuid, customer_id = (told->>'customer_id')::uuid, "
        "status = told->>'status'"
    )
    op.create_index("entity_vehicle_idx", "entity", ["dealer_id", "kind", "vehicle_id"], schema=SCHEMA)
    op.create_index("entity_customer_idx", "entity", ["dealer_id", "kind", "customer_id"], schema=SCHEMA)
    op.create_index("entity_status_idx", "entity", ["dealer_id", "kind", "status"], schema=SCHEMA)
    op.create_index("entity_credits_idx", "entity", ["dealer_id", "kind", "credits"], schema=SCHEMA)
