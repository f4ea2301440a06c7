"""What is kept is found by its source and what it says, whatever brought it: brought again it replaces itself."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
SCHEMA = "ingest"


def upgrade() -> None:
    op.execute("alter table ingest.kept no force row level security")
    op.execute("delete from ingest.kept where source_id is null")  # of before 0003: no command shows them
    op.execute(
        "delete from ingest.kept k using ingest.kept newer"
        " where (newer.dealer_id, newer.source_id, newer.fingerprint) = (k.dealer_id, k.source_id, k.fingerprint)"
        " and (newer.kept_at, newer.origin_id, newer.line) > (k.kept_at, k.origin_id, k.line)"
    )
    op.execute("alter table ingest.kept force row level security")
    op.alter_column("kept", "source_id", existing_type=sa.Uuid, nullable=False, schema=SCHEMA)
    op.drop_constraint("kept_pkey", "kept", schema=SCHEMA)
    op.create_primary_key("kept_pkey", "kept", ["dealer_id", "source_id", "fingerprint"], schema=SCHEMA)
    op.drop_index("kept_fingerprint_idx", "kept", schema=SCHEMA)
