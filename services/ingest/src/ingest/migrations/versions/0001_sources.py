"""Sources, entities, their aliases, imports and what is kept for repair."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from common import db

revision = "0001"
down_revision = None
SCHEMA = "ingest"


def upgrade() -> None:
    op.create_table(
        "dealer",
        sa.Column("dealer_id", sa.Uuid, primary_key=True),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("country", sa.String, nullable=False),
        sa.Column("timezone", sa.String, nullable=False),
        schema=SCHEMA,
    )
    op.create_table(
        "source",
        sa.Column("dealer_id", sa.Uuid, primary_key=True),
        sa.Column("source_id", sa.Uuid, primary_key=True),
        sa.Column("title", sa.String, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("config", JSONB, nullable=False),
        sa.Column("secrets", sa.LargeBinary),
        sa.Column("cursor", JSONB, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("problem", sa.String),
        sa.Column("fresh_at", sa.DateTime(timezone=True)),
        sa.Column("calls_on", sa.String),
        sa.Column("calls", sa.Integer, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("told", JSONB),
        schema=SCHEMA,
    )
    op.create_table(
        "entity",
        sa.Column("dealer_id", sa.Uuid, primary_key=True),
        sa.Column("kind", sa.String, primary_key=True),
        sa.Column("entity_id", sa.Uuid, primary_key=True),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("told", JSONB, nullable=False),
        schema=SCHEMA,
    )
    op.create_table(
        "alias",
        sa.Column("dealer_id", sa.Uuid, primary_key=True),
        sa.Column("kind", sa.String, primary_key=True),
        sa.Column("scope", sa.String, primary_key=True),
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("entity_id", sa.Uuid, nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        schema=SCHEMA,
    )
    op.create_index("alias_dealer_id_kind_entity_id_idx", "alias", ["dealer_id", "kind", "entity_id"], schema=SCHEMA)
    op.create_table(
        "import",
        sa.Column("dealer_id", sa.Uuid, primary_key=True),
        sa.Column("import_id", sa.Uuid, primary_key=True),
        sa.Column("source_id", sa.Uuid, nullable=False),
        sa.Column("file", sa.String, nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.Column("recorded", sa.Integer, nullable=False),
        sa.Column("unchanged", sa.Integer, nullable=False),
        sa.Column("bad", sa.Integer, nullable=False),
        schema=SCHEMA,
    )
    op.create_table(
        "kept",
        sa.Column("dealer_id", sa.Uuid, primary_key=True),
        sa.Column("origin_id", sa.Uuid, primary_key=True),
        sa.Column("line", sa.Integer, primary_key=True),
        sa.Column("raw", sa.String, nullable=False),
        sa.Column("problem", sa.String, nullable=False),
        sa.Column("kept_at", sa.DateTime(timezone=True), nullable=False),
        schema=SCHEMA,
    )
    db.secure(op, SCHEMA, "dealer", "source", "entity", "alias", "import", "kept")
