"""Alembic's entry: the own history of leads."""

from common.migrate import run_env
from leads import tables

run_env(tables.SCHEMA, tables.metadata)
