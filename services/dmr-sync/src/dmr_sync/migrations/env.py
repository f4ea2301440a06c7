"""Alembic's entry: dmr-sync's own history."""

from common.migrate import run_env
from dmr_sync import tables

run_env(tables.SCHEMA, tables.metadata)
