"""Alembic's entry: the scheduler's own history."""

from common.migrate import run_env
from scheduler import tables

run_env(tables.SCHEMA, tables.metadata)
