"""Alembic's entry: notifier's schema."""

from common.migrate import run_env
from notifier import tables

run_env("notifier", tables.metadata)
