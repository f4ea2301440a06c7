"""Orders are found by their amount and a customer's by their state; what is kept by what it says and of which order."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
SCHEMA = "ingest"
_FIND_ORDERS = """
update ingest.entity
set amount = coalesce((select sum((line->>'amount')::bigint) from jsonb_array_elements(told->'lines') line), 0),
    vehicle_id = (told->>'vehicle_id')::uuid, customer_id = (told->>'customer_id')::uuid, status = told->>'status'
where kind = 'work_order.changed.v1'
"""


def upgrade() -> None:
    op.add_column("entity", sa.Column("amount", sa.BigInteger), schema=SCHEMA)
    op.add_column("kept", sa.Column("fingerprint", sa.LargeBinary), schema=SCHEMA)
    for table in ("entity", "kept"):  # of every dealer: the owner too sees none while rows are secured by force
        op.execute(f"alter table {SCHEMA}.{table} no force row level security")
    op.execute(_FIND_ORDERS)
    op.execute("update ingest.kept set fingerprint = sha256(convert_to(raw, 'UTF8'))")
    for table in ("entity", "kept"):
        op.execute(f"alter table {SCHEMA}.{table} force row level security")
    op.alter_column("kept", "fingerprint", nullable=False, schema=SCHEMA)
    op.drop_index("entity_customer_idx", "entity", schema=SCHEMA)
    op.create_index("entity_customer_idx", "entity", ["dealer_id", "kind", "customer_id", "status", "amount"], schema=SCHEMA)
    op.drop_index("kept_source_idx", "kept", schema=SCHEMA)
    op.create_index("kept_fingerprint_idx", "kept", ["dealer_id", "source_id", "fingerprint"], schema=SCHEMA)
    op.create_index("kept_number_idx", "kept", ["dealer_id", "source_id", "number"], schema=SCHEMA)
