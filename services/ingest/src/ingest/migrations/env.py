"""Alembic's entry: ingest's own history."""

from common.migrate import run_env
from ingest import tables

run_env(tables.SCHEMA, tables.metadata)
