"""Imports that are asked for over REST: what they are to do, how far they are, their file, and each row that was bad."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from common import db

revision = "0008"
down_revision = "0007"
SCHEMA = "ingest"


def upgrade() -> None:
    for name, kind in (("kind", sa.String), ("problem", sa.String), ("note", sa.String), ("key", sa.String)):
        op.add_column("import", sa.Column(name, kind), schema=SCHEMA)
    for name in ("mapping", "examples"):
        op.add_column("import", sa.Column(name, JSONB), schema=SCHEMA)
    for name in ("upload_id", "repairs"):
        op.add_column("import", sa.Column(name, sa.Uuid), schema=SCHEMA)
    op.add_column("import", sa.Column("request", sa.LargeBinary), schema=SCHEMA)
    op.add_column("import", sa.Column("state", sa.String, nullable=False, server_default="done"), schema=SCHEMA)
    for name in ("dry_run", "complete"):
        op.add_column("import", sa.Column(name, sa.Boolean, nullable=False, server_default="false"), schema=SCHEMA)
    for name in ("rows", "rows_read", "things", "done", "new", "changed", "taken_back"):
        op.add_column("import", sa.Column(name, sa.Integer, nullable=False, server_default="0"), schema=SCHEMA)
    op.create_index(
        "import_key_idx", "import", ["dealer_id", "key"], schema=SCHEMA, unique=True, postgresql_where=sa.text("key is not null")
    )
    op.create_table(
        "upload",
        sa.Column("dealer_id", sa.Uuid, primary_key=True),
        sa.Column("upload_id", sa.Uuid, primary_key=True),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.Column("stored_at", sa.DateTime(timezone=True), nullable=False),
        schema=SCHEMA,
    )
    op.create_table(
        "finding",
        sa.Column("dealer_id", sa.Uuid, primary_key=True),
        sa.Column("import_id", sa.Uuid, primary_key=True),
        sa.Column("line", sa.Integer, primary_key=True),
        sa.Column("field", sa.String),
        sa.Column("problem", sa.String, nullable=False),
        sa.Column("todo", sa.String, nullable=False),
        sa.Column("raw", sa.String, nullable=False),
        schema=SCHEMA,
    )
    db.secure(op, SCHEMA, "upload", "finding")
