"""Alembic's entry: api's own history."""

from api import tables
from common.migrate import run_env

run_env(tables.SCHEMA, tables.metadata)
